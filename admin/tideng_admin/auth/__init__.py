"""Signing in, accounts, passwords and roles."""
