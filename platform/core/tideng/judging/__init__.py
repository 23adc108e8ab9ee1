"""Stored events and due schedules become findings: which rules to ask, in which order, and what to record."""
