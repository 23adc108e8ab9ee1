"""A payload becomes an `Event`, or an `InvalidPayload` that names everything wrong with it."""
