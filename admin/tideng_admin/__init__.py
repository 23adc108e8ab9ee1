"""The admin panel, the portal and the REST API.

Each folder imports only those above it in this list, at run time:

1. ``screens``: what a plugin declares to add a page
2. ``request``: the deployment, the directory, the viewer and the language of one request
3. ``display``: how values, reasons, rules and previews look on a page
4. ``auth``: users, sessions, passwords and API keys
5. ``api``: the interface for programs
6. ``desk``, ``employee``, ``rules``: the pages of HR, of everybody, and of whoever writes rules (``rules`` checks a draft as ``api`` does)
7. ``app``: the web process: it builds the application from the folders above
"""
