"""Reading a forum export into a site (docs/import.md)."""
