"""Connectors: files and event logs read into events; messages delivered by e-mail, portal and memory."""
