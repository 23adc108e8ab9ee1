"""The Flask application: made, configured, served."""
