"""Many people at once: members who all watch one thing, made by three statements."""

from django.db import connection

from apps.accounts.models import User
from apps.items.models import Item
from apps.profiles.models import Profile
from apps.updates.models import Watcher


def add_watchers(item: Item, count: int, *, send_email: bool = False) -> None:
    """So many new members of the item's site who watch it."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {User._meta.db_table} (password, is_superuser, email, canonical_email, language, gender,"
            " created_at, is_active, is_staff)"
            " SELECT '!', false, name || '@example.org', name || '@example.org', '', '', now(), true, false"
            " FROM (SELECT 'crowd' || %s || 'x' || number AS name FROM generate_series(1, %s) AS number) AS person",
            [item.id, count],
        )
        cursor.execute(
            f"INSERT INTO {Profile._meta.db_table} (site_id, user_id, name, gender, is_visible, style_id, avatar_url,"
            " item_count, comment_count, unread_huddle_count, created_at, last_active_at, read_all_at)"
            " SELECT %s, id, split_part(email, '@', 1), '', true, 0, '', 0, 0, 0, now(), now(), now()"
            f" FROM {User._meta.db_table} WHERE email LIKE %s",
            [item.site_id, f"crowd{item.id}x%"],
        )
        cursor.execute(
            f"INSERT INTO {Watcher._meta.db_table} (profile_id, kind, item_id, send_email, send_sms, created_at)"
            f" SELECT id, %s, %s, %s, false, now() FROM {Profile._meta.db_table} WHERE site_id = %s AND name LIKE %s",
            [item.kind, item.id, send_email, item.site_id, f"crowd{item.id}x%"],
        )
        for model in (User, Profile, Watcher):
            cursor.execute(f"ANALYZE {model._meta.db_table}")
