"""Routes of permissions, roles and bans."""
