"""The organisation as plain values in dated periods: read, compared, written; and what hangs on it."""
