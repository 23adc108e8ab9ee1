"""The past judged again with the same code as the present, from stored events or from files."""
