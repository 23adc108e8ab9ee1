"""What every other folder stands on: errors, clock, durations, settings, logs, the bell, and the sandbox for untrusted files."""
