"""Intake: make an `Event` of a payload, or an `InvalidPayload` with everything that is wrong with it."""
