"""The words of what is found, kept by triggers, so that no write can forget them (decision 0031)."""

from typing import ClassVar

import django.contrib.postgres.indexes
from django.db import migrations, models

import apps.search.models

_SPOKEN = """
    LEFT JOIN search_searchlanguage AS spoken ON spoken.site_id = {thing}.site_id
    CROSS JOIN LATERAL (SELECT coalesce(spoken.language, 'english')::regconfig AS language) AS site
"""
#: Each once, though several revisions of one comment come together, and always in the same order.
_CHANGED = "FROM (SELECT DISTINCT given.id FROM unnest(p_ids) AS given (id) ORDER BY given.id) AS changed"
#: What writes the words of some things anew: name, what is written, what it is read from.
NOTERS = {
    "item": f"""
        INSERT INTO search_itemwords AS known (item_id, site_id, words)
        SELECT item.id, item.site_id,
               setweight(to_tsvector(site.language, item.title), 'B')
               || setweight(to_tsvector(site.language, coalesce(event.place, '')), 'D')
        {_CHANGED}
        JOIN items_item AS item ON item.id = changed.id
        LEFT JOIN items_event AS event ON event.item_id = item.id
        {_SPOKEN.format(thing="item")}
        ON CONFLICT (item_id) DO UPDATE SET words = excluded.words WHERE known.words IS DISTINCT FROM excluded.words
    """,
    "microcosm": f"""
        INSERT INTO search_microcosmwords AS known (microcosm_id, site_id, words)
        SELECT microcosm.id, microcosm.site_id,
               setweight(to_tsvector(site.language, microcosm.title), 'A')
               || setweight(to_tsvector(site.language, microcosm.description), 'D')
        {_CHANGED}
        JOIN microcosms_microcosm AS microcosm ON microcosm.id = changed.id
        {_SPOKEN.format(thing="microcosm")}
        ON CONFLICT (microcosm_id) DO UPDATE SET words = excluded.words
        WHERE known.words IS DISTINCT FROM excluded.words
    """,
    "profile": f"""
        INSERT INTO search_profilewords AS known (profile_id, site_id, words)
        SELECT profile.id, profile.site_id,
               setweight(to_tsvector(site.language, profile.name), 'A')
        {_CHANGED}
        JOIN profiles_profile AS profile ON profile.id = changed.id
        {_SPOKEN.format(thing="profile")}
        ON CONFLICT (profile_id) DO UPDATE SET words = excluded.words WHERE known.words IS DISTINCT FROM excluded.words
    """,
    "comment": f"""
        INSERT INTO search_commentwords AS known
            (comment_id, site_id, item_id, profile_id, author_id, created_at, words)
        SELECT comment.id, comment.site_id, comment.item_id, comment.profile_id, comment.created_by_id,
               comment.created_at,
               strip(to_tsvector(site.language, revision.markdown))
        {_CHANGED}
        JOIN comments_comment AS comment
          ON comment.id = changed.id AND NOT comment.is_deleted AND NOT comment.is_moderated
        JOIN comments_revision AS revision
          ON revision.comment_id = comment.id AND revision.number = comment.revision_count
        {_SPOKEN.format(thing="comment")}
        ON CONFLICT (comment_id) DO UPDATE SET
            item_id = excluded.item_id, profile_id = excluded.profile_id, author_id = excluded.author_id,
            created_at = excluded.created_at, words = excluded.words
    """,
}
#: Trigger functions: what they do with the rows that were added or are gone, or with NEW.
FUNCTIONS = {
    "items_come": "PERFORM search_note_items(ARRAY(SELECT added.id FROM added))",
    "item_changes": "PERFORM search_note_items(ARRAY[NEW.id])",
    "items_go": "DELETE FROM search_itemwords AS known USING gone WHERE known.item_id = gone.id",
    # Title and place lie in two rows: whoever writes one sees what was written to the other.
    "event_changes": """
        PERFORM FROM items_item AS item WHERE item.id = NEW.item_id FOR SHARE;
        PERFORM search_note_items(ARRAY[NEW.item_id])
    """,
    "events_come": "PERFORM search_note_items(ARRAY(SELECT added.item_id FROM added))",
    "events_go": "PERFORM search_note_items(ARRAY(SELECT gone.item_id FROM gone))",
    "microcosms_come": "PERFORM search_note_microcosms(ARRAY(SELECT added.id FROM added))",
    "microcosm_changes": "PERFORM search_note_microcosms(ARRAY[NEW.id])",
    "microcosms_go": "DELETE FROM search_microcosmwords AS known USING gone WHERE known.microcosm_id = gone.id",
    "profiles_come": "PERFORM search_note_profiles(ARRAY(SELECT added.id FROM added))",
    "profile_changes": "PERFORM search_note_profiles(ARRAY[NEW.id])",
    "profiles_go": "DELETE FROM search_profilewords AS known USING gone WHERE known.profile_id = gone.id",
    "comment_changes": """
        IF NEW.is_deleted OR NEW.is_moderated THEN
            DELETE FROM search_commentwords AS known WHERE known.comment_id = NEW.id;
        ELSE
            PERFORM search_note_comments(ARRAY[NEW.id]);
        END IF
    """,
    "comments_go": "DELETE FROM search_commentwords AS known USING gone WHERE known.comment_id = gone.id",
    # A new comment shows only with its first revision, so that one is enough.
    "revisions_come": "PERFORM search_note_comments(ARRAY(SELECT added.comment_id FROM added))",
    "revision_changes": """
        PERFORM FROM comments_comment AS comment WHERE comment.id = NEW.comment_id FOR SHARE;
        PERFORM search_note_comments(ARRAY[NEW.comment_id])
    """,
}
COMMENT_COLUMNS = (
    "is_deleted", "is_moderated", "revision_count", "item_id", "profile_id", "created_by_id", "created_at",
)  # fmt: skip
#: (table, columns whose change counts, the functions for rows that come, change and go).
WATCHED: list[tuple[str, tuple[str, ...], str, str, str]] = [
    ("items_item", ("title",), "items_come", "item_changes", "items_go"),
    ("items_event", ("place",), "events_come", "event_changes", "events_go"),
    ("microcosms_microcosm", ("title", "description"), "microcosms_come", "microcosm_changes", "microcosms_go"),
    ("profiles_profile", ("name",), "profiles_come", "profile_changes", "profiles_go"),
    ("comments_comment", COMMENT_COLUMNS, "", "comment_changes", "comments_go"),
    ("comments_revision", ("markdown",), "revisions_come", "revision_changes", ""),
]


def statements() -> list[tuple[str, str]]:
    """Functions and triggers, and how to be rid of them."""
    made = [
        (
            f"CREATE FUNCTION search_note_{name}s(p_ids bigint[]) RETURNS void LANGUAGE plpgsql"
            f" AS $$ BEGIN {insert}; END $$",
            f"DROP FUNCTION search_note_{name}s(bigint[])",
        )
        for name, insert in NOTERS.items()
    ]
    made += [
        (
            f"CREATE FUNCTION search_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NULL; END $$",
            f"DROP FUNCTION search_{name}()",
        )
        for name, body in FUNCTIONS.items()
    ]
    for table, columns, come, change, go in WATCHED:
        differs = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)
        triggers = {
            come: "AFTER INSERT ON {table} REFERENCING NEW TABLE AS added FOR EACH STATEMENT",
            # Counters and activity change all the time: they do not fire it.
            change: f"AFTER UPDATE OF {', '.join(columns)} ON {{table}} FOR EACH ROW WHEN ({differs})",
            go: "AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone FOR EACH STATEMENT",
        }
        made += [
            (
                f"CREATE TRIGGER search_{name} {event.format(table=table)} EXECUTE FUNCTION search_{name}()",
                f"DROP TRIGGER search_{name} ON {table}",
            )
            for name, event in triggers.items()
            if name
        ]
    return made


def words_of(name: str, *fields: tuple[str, models.Field]) -> migrations.CreateModel:  # type: ignore[type-arg]
    """The table of the words of one kind of thing."""
    return migrations.CreateModel(
        name=f"{name}Words",
        # What has no fixed length comes last: the rest is found without looking at it.
        fields=[
            (f"{name.lower()}_id", models.BigIntegerField(primary_key=True, serialize=False)),
            ("site_id", models.BigIntegerField()),
            *fields,
            ("words", apps.search.models.WordsField()),
        ],
    )


def index_of(name: str) -> migrations.AddIndex:
    """Its index; that of comments is made when it is filled."""
    return migrations.AddIndex(
        model_name=f"{name}words",
        index=django.contrib.postgres.indexes.GinIndex(fields=["words"], name=f"search_{name}_words"),
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("search", "0003_language_touches"),
        ("profiles", "0001_initial"),
        ("microcosms", "0001_initial"),
        ("items", "0004_event"),
        ("comments", "0001_initial"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="searchlanguage",
            name="previous",
            field=models.CharField(blank=True, db_default="", default="", max_length=63),
        ),
        words_of("Item"),
        words_of("Microcosm"),
        words_of("Profile"),
        words_of(
            "Comment",
            ("author_id", models.BigIntegerField()),
            ("created_at", models.DateTimeField()),
            ("item_id", models.BigIntegerField(null=True)),
            ("profile_id", models.BigIntegerField(null=True)),
        ),
        *(index_of(name) for name in ("item", "microcosm", "profile")),
        *(migrations.RunSQL(sql=make, reverse_sql=drop) for make, drop in statements()),
    ]
