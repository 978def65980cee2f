"""Routes of items: conversations, events and polls, and what of them has been read."""
