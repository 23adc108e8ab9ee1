"""The organisation: units, posts and people in dated periods; from the client's files, from HR's events, and changed on pages.

The folders import in one direction, from the last line of this list to the first:

- ``tables``, ``declarations``: the rows; the events, states and facts that the plugin declares.
- ``organisation``: the organisation as plain values: read, compared and written; events folded in; facts; photos; rights.
- ``views``: what pages show of one day, as far as the viewer may see it.
- ``edit``: what HR changes: a unit, a post, a whole table; and how that stands beside the client's files.
- ``screens``: the pages.
- ``plugin``: the hooks.
"""
