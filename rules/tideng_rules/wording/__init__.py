"""A rule in sentences of every language, and the differences between two versions."""
