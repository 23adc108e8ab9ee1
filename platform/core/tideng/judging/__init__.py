"""Judging: which rules an event or a moment concerns, in which order they are asked, and what is recorded of their findings."""
