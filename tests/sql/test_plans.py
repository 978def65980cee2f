"""How the hot pages read: no large table as a whole, the indexes made for them, and no more rows than a page needs.

Runs on a small copy of the benchmark's data, in one transaction that is undone at the end. The statements are those
that the application runs for each page, under the plans that it runs them with (docs/decisions/0046). What functions
read inside a statement counts too: PostgreSQL counts scans for each transaction.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from psycopg import sql

from apps.comments.blocks import BLOCK_SIZE
from apps.comments.models import Comment
from apps.comments.queries import statements as comments
from apps.core.sql import Statement
from tests.bench import bare
from tests.bench.data import QUICK, fill
from tests.bench.routes import DEEP, ROUTES, TOKEN
from tests.client import ApiClient
from tests.walks import collection_in, links_of, with_query

pytestmark = pytest.mark.django_db

SCALE = replace(
    QUICK, comments=16_000, conversations=800, profiles=1_000, longest=3_000, updates=300, watched=300, watchers=100
)
#: Those that are large on this copy too.
LARGE = (
    "comments_comment",
    "comments_revision",
    "items_item",
    "profiles_profile",
    "items_attendee",
    "updates_update",
    "updates_watcher",
    "search_commentwords",
    "search_itemwords",
    "search_profilewords",
)


@dataclass(frozen=True)
class Reading:
    """What a page read: entries of indexes and rows of scans on large tables, and the indexes."""

    rows: int
    indexes: frozenset[str]
    scanned: frozenset[str]


#: Page to the indexes that it must use, and how many index entries and rows of large tables it may read.
PLANS: dict[str, tuple[set[str], int]] = {
    "site": ({"profiles_profile_pkey"}, 30),
    "whoami": ({"profiles_profile_pkey", "comments_comment_biography"}, 60),
    "front page": ({"items_item_place_order", "items_item_pkey", "profiles_profile_pkey"}, 700),
    "microcosm": ({"items_item_place_order", "items_item_pkey", "profiles_profile_pkey"}, 800),
    "tree": ({"profiles_profile_pkey"}, 20),
    "conversation": (
        {"comments_comment_page", "comments_comment_said", "comments_comment_pkey", "updates_update_of_item"},
        550,
    ),
    "conversations": ({"items_item_kind_order", "items_item_pkey", "profiles_profile_pkey"}, 250),
    "event": ({"comments_comment_page", "comments_comment_pkey", "items_attendee_order"}, 650),
    "poll": ({"comments_comment_page", "comments_comment_pkey", "items_item_pkey"}, 1_000),
    "comment": ({"comments_comment_page", "comments_comment_pkey", "comments_comment_in_reply_to_id_3ea14932"}, 300),
    "profiles": ({"profiles_profile_name"}, 80),
    "profile": ({"profiles_profile_pkey", "comments_comment_biography"}, 60),
    # All huddles of the member are looked at, as each may be unread.
    "huddles": ({"items_item_pkey"}, 4_500),
    "huddle": ({"comments_comment_page", "comments_comment_pkey", "updates_update_of_item"}, 700),
    # All updates of the member are looked at, as each may have become invisible.
    "updates": ({"items_item_pkey", "comments_comment_hidden", "updates_update_list"}, 2_100),
    "search, rare word": (
        {"search_comment_words", "search_comment_newest", "search_item_words", "search_profile_words"},
        500,
    ),
    # Bounded by what a text may find, and by how many of the newest it takes to find that.
    "search, common word": (
        {"search_comment_newest", "search_commentwords_pkey", "search_item_words", "search_profile_words"},
        3_000,
    ),
    # All that was active in the last weeks is looked at, but comments are counted for the best of it alone.
    "trending": ({"items_item_recent", "comments_comment_page", "comments_comment_said"}, 300),
}
#: Lists whose pages by cursors are read on from their places, and the index that has their order.
WALKED = {
    "conversations": ("/api/v1/conversations", "items_item_kind_order"),
    "polls": ("/api/v1/polls", "items_item_poll_order"),
    "attendees": ("/api/v1/events/{event_id}/attendees", "items_attendee_order"),
    "comments": ("/api/v1/conversations/{longest_id}", "comments_comment_page"),
    "microcosm": ("/api/v1/microcosms/{microcosm_id}", "items_item_place_order"),
    "people": ("/api/v1/profiles", "profiles_profile_name"),
    "people who comment most": ("/api/v1/profiles?top=true", "profiles_profile_top"),
}


@pytest.fixture(scope="module")
def statements(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, list[bare.Noted]]]:
    """The statements of each page for a member, on data that are gone afterwards."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        # Entries that other tests took back count as read, too: one of them makes fifty thousand watchers.
        cursor.execute("VACUUM updates_update, updates_watcher")
    with django_db_blocker.unblock(), transaction.atomic():
        casts = fill(SCALE, divisor=10, now=datetime.now(UTC).replace(microsecond=0))
        cast = casts["large"]
        last = (cast["longest_count"] - 25) // 25 * 25
        paths = {route.name: route.path_in(cast) for route in ROUTES}
        paths |= {name: path.format(**cast, last=last, middle=last // 50 * 25) for name, path in DEEP}
        reader = ApiClient(host=f"{cast['key']}.localhost", token=TOKEN)
        for name, (path, _index) in WALKED.items():
            paths |= _places(reader, name, path.format(**cast))
        yield bare.record({name: (f"{cast['key']}.localhost", path, TOKEN) for name, path in paths.items()})
        transaction.set_rollback(True)


def _places(reader: ApiClient, name: str, path: str) -> dict[str, str]:
    """The first page of a list, its middle and last page by offset, and those around its middle by cursors."""
    first = with_query(path, "limit=5")
    last = collection_in(reader.get(first).data)["maxOffset"]
    middle = f"{first}&offset={last // 10 * 5}"
    around = links_of(reader.get(middle))
    places = {"first": first, "middle": middle, "last": f"{first}&offset={last}"}
    places |= {"after": around["next"], "before": around["prev"]}
    return {f"{name}, {place}": where for place, where in places.items()}


def read(noted: list[bare.Noted]) -> Reading:
    """Run the statements of a page with EXPLAIN ANALYZE and add up what they read."""
    before = _counted()
    scanned = set()
    for text, given in noted:
        scanned |= {node["Relation Name"] for node in _nodes(_plan(text, given)) if node["Node Type"] == "Seq Scan"}
    after = _counted()
    return Reading(
        rows=sum(after[name][1] - before[name][1] for name in after),
        indexes=frozenset(name for name in after if after[name][0] > before[name][0] and name not in LARGE),
        scanned=frozenset(
            (scanned & set(LARGE)) | {name for name in LARGE if after[name][0] > before[name][0]},
        ),
    )


def _counted() -> dict[str, tuple[int, int]]:
    """Scans of each large table and of each of its indexes in this transaction, and the entries or rows they gave."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, pg_stat_get_xact_numscans(oid), pg_stat_get_xact_tuples_returned(oid) FROM pg_class"
            " WHERE relname = ANY (%s) OR oid IN ("
            "  SELECT i.indexrelid FROM pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid"
            "  WHERE t.relname = ANY (%s)"
            " )",
            [list(LARGE), list(LARGE)],
        )
        return {name: (scans, rows) for name, scans, rows in cursor.fetchall()}


def _plan(text: str, given: Any) -> dict[str, Any]:
    """The plan of a statement as it is run: prepared, for any values."""
    if isinstance(given, dict):
        statement = Statement(name="explained", text=text, path=Path())
        text, values = statement.numbered.decode(), [given[name] for name in statement.parameters]
    else:
        values = list(given or ())
        for number in range(len(values)):
            text = text.replace("%s", f"${number + 1}", 1)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("PREPARE explained AS ") + sql.SQL(text))
        call = sql.SQL("EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE explained")
        if values:
            call += sql.SQL(" (") + sql.SQL(", ").join(map(sql.Literal, values)) + sql.SQL(")")
        cursor.execute(call)
        plan: dict[str, Any] = cursor.fetchone()[0][0]["Plan"]
        cursor.execute("DEALLOCATE explained")
    return plan


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


@pytest.mark.parametrize("page", [route.name for route in ROUTES])
def test_a_page_reads_what_it_shows_by_the_indexes_made_for_it(
    page: str, statements: dict[str, list[bare.Noted]]
) -> None:
    found = read(statements[page])
    indexes, rows = PLANS[page]
    assert found.scanned == set()
    assert found.indexes >= indexes
    assert found.rows <= rows


def test_a_repetition_is_found_without_reading_what_else_its_author_has_said(
    statements: dict[str, list[bare.Noted]],
) -> None:
    author = Comment.objects.values("site_id", "created_by_id", "item_id").filter(item__isnull=False).first()
    assert author is not None
    given = {
        "site_id": author["site_id"],
        "author_id": author["created_by_id"],
        "item_id": author["item_id"],
        "home_id": None,
        "since": datetime(1, 1, 1, tzinfo=UTC),
        "markdown": "Nobody has said this yet.",
    }
    found = read([(comments.repeated_comment.text, given)])
    assert found.scanned == set()
    assert "comments_revision_same" in found.indexes
    # The planner looks at the ends of other indexes.
    assert found.rows <= 4


def test_a_page_far_into_a_long_discussion_reads_as_much_as_the_first(
    statements: dict[str, list[bare.Noted]],
) -> None:
    first, *others = (read(statements[name]).rows for name, _path in DEEP)
    # Less than one block more: what stands in it before the page.
    assert all(rows < first + BLOCK_SIZE for rows in others)


@pytest.mark.parametrize("place", ["after", "before"])
@pytest.mark.parametrize("name", WALKED)
def test_a_page_by_cursor_reads_as_much_as_the_first(
    name: str, place: str, statements: dict[str, list[bare.Noted]]
) -> None:
    first, found = (read(statements[f"{name}, {where}"]) for where in ("first", place))
    assert found.scanned == set()
    assert WALKED[name][1] in found.indexes
    assert found.rows <= first.rows * 1.3


@pytest.mark.parametrize("place", ["middle", "last"])
@pytest.mark.parametrize("name", ["conversations", "polls", "attendees", "people", "people who comment most"])
def test_a_page_far_into_a_list_passes_over_entries_of_its_index_alone(
    name: str, place: str, statements: dict[str, list[bare.Noted]]
) -> None:
    noted = statements[f"{name}, {place}"]
    assert read(noted).scanned == set()
    passing = [
        node
        for text, given in noted
        for node in _nodes(_plan(text, given))
        if node.get("Index Name") == WALKED[name][1] and node["Actual Rows"] > 5
    ]
    assert {node["Node Type"] for node in passing} <= {"Index Only Scan"}


def test_the_last_page_of_a_list_is_read_from_its_end(statements: dict[str, list[bare.Noted]]) -> None:
    for name in ("conversations", "polls", "people who comment most"):
        first, last = (read(statements[f"{name}, {place}"]).rows for place in ("first", "last"))
        assert last <= first * 1.3
