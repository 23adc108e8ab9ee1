"""Cases that run: begun, moved from step to step, owned, due, and what they emit."""
