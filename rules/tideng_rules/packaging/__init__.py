"""Packs of rules: read, given parameters, applied and upgraded."""
