"""Facts about people, units and cases at a moment, and the state of the world from which they are computed."""
