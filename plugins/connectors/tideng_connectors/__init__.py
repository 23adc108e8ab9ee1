"""Connectors: read files and event logs into events; deliver messages by e-mail or to memory."""
