"""The organisation as stored, with what happened to people since."""
