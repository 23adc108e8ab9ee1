"""One running deployment: its parts put together, its tables migrated, a bundle applied, the worker."""
