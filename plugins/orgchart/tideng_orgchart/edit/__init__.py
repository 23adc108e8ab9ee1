"""What HR changes: a unit, a post, a whole table; and how changes stand beside the client's files."""
