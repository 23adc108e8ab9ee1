"""The document of a process: parsed, checked, told in sentences, drawn as a diagram."""
