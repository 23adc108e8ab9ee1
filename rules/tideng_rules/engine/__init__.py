"""Rules judged: compiled to durable-rules and to closures, supervised, and compared."""
