"""The database: tables, events stored once, transactions, exchange rates."""
