"""What pages and other readers are shown of processes and cases, as far as the viewer may see it."""
