"""What pages show of the organisation on one day, as far as the viewer may see it."""
