"""Help while a rule is being written: the vocabulary, fixes, kinder wording, examples, and whom it would reach."""
