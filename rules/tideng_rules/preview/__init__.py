"""A draft tried on the past before it is published."""
