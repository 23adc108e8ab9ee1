"""Who receives a message: a rule's `to` resolved to people, and who substitutes for somebody absent."""
