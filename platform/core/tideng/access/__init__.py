"""Who asks, what they may see, and how a long list is cut into pages."""
