"""What plugins may add: the hook specifications, the manager that loads plugins, and the values that hooks return."""
