"""A running deployment: open it, migrate its tables, apply a client bundle, and run its worker."""
