"""Changes to the organisation: by HR on a page, or by a table that is uploaded."""
