"""Packs and rule files: read, and filled with parameters."""
