"""The rule document: read from YAML into plain values and written back."""
