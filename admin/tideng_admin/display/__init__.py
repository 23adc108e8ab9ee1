"""Values made ready for templates: filters, assets, words for reasons, the tree of a "why"."""
