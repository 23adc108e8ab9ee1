"""The organisation as the core needs it: people with their periods, groups, and the sorted list of a day."""
