"""Whatever a page of comments shows changes the version of its item, whoever writes it (decision 0042)."""

from typing import ClassVar

from django.db import migrations

#: Which items a trigger's rows are about: what says so itself, and the texts of comments.
OF_COMMENTS = "SELECT changed.item_id FROM {rows} AS changed"
OF_REVISIONS = (
    "SELECT comment.item_id FROM {rows} AS changed JOIN comments_comment AS comment ON comment.id = changed.comment_id"
)
#: (table, what happens, items of its rows). A new comment shows only with its first revision, so that one is enough. A
#: block only grows together with a comment, but to find blocks anew moves pages without one.
WATCHED = [
    ("comments_comment", "UPDATE", OF_COMMENTS),
    ("comments_comment", "DELETE", OF_COMMENTS),
    ("comments_revision", "INSERT", OF_REVISIONS),
    ("comments_revision", "UPDATE", OF_REVISIONS),
    ("comments_revision", "DELETE", OF_REVISIONS),
    ("comments_commentblock", "INSERT", OF_COMMENTS),
    ("comments_commentblock", "DELETE", OF_COMMENTS),
]
_TABLES = {
    "INSERT": {"added": "NEW TABLE AS added"},
    "UPDATE": {"gone": "OLD TABLE AS gone", "added": "NEW TABLE AS added"},
    "DELETE": {"gone": "OLD TABLE AS gone"},
}


def statements() -> list[tuple[str, str]]:
    """A function and a trigger for each thing watched, and how to be rid of them."""
    made = []
    for table, verb, items in WATCHED:
        name = f"{table}_{verb.lower()}_renews_page"
        ids = " UNION ".join(items.format(rows=rows) for rows in _TABLES[verb])
        made.append(
            (
                f"""
                CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    PERFORM items_renew_pages(ARRAY({ids}));
                    RETURN NULL;
                END $$
                """,
                f"DROP FUNCTION {name}()",
            )
        )
        made.append(
            (
                f"CREATE TRIGGER {name} AFTER {verb} ON {table} REFERENCING {' '.join(_TABLES[verb].values())}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
                f"DROP TRIGGER {name} ON {table}",
            )
        )
    return made


class Migration(migrations.Migration):
    dependencies: ClassVar = [("comments", "0006_newest_index"), ("items", "0008_page_version")]

    operations: ClassVar = [migrations.RunSQL(sql=make, reverse_sql=drop) for make, drop in statements()]
