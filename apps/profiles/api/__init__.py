"""Routes of profiles, users and the caller."""
