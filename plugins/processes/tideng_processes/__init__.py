"""Processes: documents with steps, owners and deadlines; and the cases that run on them.

The folders import in one direction, from the last line of this list to the first:

- ``document``: a process as plain values: read, checked, told in sentences, drawn. Knows no database.
- ``customer_keys``, ``tables``: a customer's name as a key; the rows.
- ``publication``: versions of documents: shipped, from the client's files, edited by people, tried for a while.
- ``cases``: cases that run: who may do what, owners, deadlines, moves from step to step, the events that tell of them.
- ``forms``: what is handed in at a step: fields, files, questions, and the hand-in itself.
- ``measurement``: how a process performs: figures, estimates, trials, event logs held against a process.
- ``views``: what pages and other readers are shown, as far as the viewer may see it.
- ``screens``, ``cli``: pages and commands.
- ``plugin``: the hooks.
"""
