"""Rules: the document, its check, and the two engines that judge by it."""
