"""Measures how a process performs: figures, estimates, trials, and the conformance of event logs."""
