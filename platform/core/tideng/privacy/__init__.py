"""What is held on a person, shown to that person and exported."""
