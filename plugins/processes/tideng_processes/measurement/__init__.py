"""How a process performs: figures, estimates, trials and conformance of an event log."""
