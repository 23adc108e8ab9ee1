"""The admin panel, the portal and the REST API."""
