"""Which definitions are in force: shipped, of the client, changed here, on trial."""
