"""``tideng demo``: the command, the evening it plays with real processes, and the narrator who says what happens."""
