"""The pages of HR, supervisors and implementers, except those about rules."""
