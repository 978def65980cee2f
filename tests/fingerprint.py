"""A digest of everything stored, to prove that a refused request changed nothing."""

from django.db import connection

#: What a refused request may touch: notes of activity, the framework's own tables, counted attempts.
IGNORED_TABLES = {"django_migrations", "django_session", "accounts_signinattempt", "core_functionversion"}
IGNORED_COLUMNS = {"last_active_at"}


def fingerprint() -> dict[str, str]:
    """Table name to a digest of its rows, in an order that does not depend on where rows lie."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) FROM information_schema.columns"
            " WHERE table_schema = 'public' GROUP BY table_name ORDER BY table_name"
        )
        tables = cursor.fetchall()
        digests = {}
        for table, columns in tables:
            if table in IGNORED_TABLES or table.startswith("procrastinate_workers"):
                continue
            names = ", ".join(f't."{column}"' for column in columns if column not in IGNORED_COLUMNS)
            row = f"ROW({names})::text"
            cursor.execute(f'SELECT md5(coalesce(string_agg({row}, chr(10) ORDER BY {row}), $$$$)) FROM "{table}" AS t')
            digests[table] = cursor.fetchone()[0]
    return digests
