"""The organisation as people may see it, on any day."""
