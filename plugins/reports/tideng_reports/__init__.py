"""Daily reports: their form, their completeness, and how a supervisor reads them."""
