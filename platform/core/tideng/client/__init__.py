"""A client as files: the bundle that an implementer writes, read into plain values, with all problems at once."""
