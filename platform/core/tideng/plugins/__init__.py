"""What plugins may add: the hook specifications, the manager that loads them, and the values that hooks return."""
