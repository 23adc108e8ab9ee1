"""Tideng: payload → event → stored → facts → findings → outbox → channel → effect."""
