"""Cases as people may see them."""
