"""The organisation: units, positions, people and duty sheets, for any day."""
