"""What people may look at, authorised here and not in the screens: web, REST and command line read the same way.

Scope: hr, auditor, implementer and admin see everything; a supervisor sees the people below them and themselves;
everyone else sees what was said to them and what is held on them. Every read is one or two statements, however many
rows it returns.
"""
