"""Writing a site as a forum export (docs/export.md)."""
