"""Findings become messages: when one may go out, what holds it back, and how it is delivered once."""
