"""Routes of finding things: search and trending."""
