"""The REST interface: every operation under /api/v1, its schemas and its OpenAPI document."""
