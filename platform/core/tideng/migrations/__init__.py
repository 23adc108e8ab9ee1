"""Alembic migrations of the core."""
