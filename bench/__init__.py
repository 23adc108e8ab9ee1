"""What Tideng measures about itself; `make bench` writes RESULTS.md."""
