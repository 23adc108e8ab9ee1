"""Processes as documents, with the cases that run on them."""
