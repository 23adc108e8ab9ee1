"""The plain values that the whole line speaks of: events, catalogue, metrics, calendars, money, messages."""
