"""The document of a process: read, checked, told in sentences, drawn."""
