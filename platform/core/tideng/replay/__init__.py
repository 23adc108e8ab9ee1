"""Replay: judge the past with the same code as the present, from stored events or from files."""
