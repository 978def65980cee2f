"""Answers for members that are given again: while nothing has changed, and never to anybody else (decision 0060)."""

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, connections, transaction
from django.urls import get_resolver

from apps.comments.models import Comment
from apps.core import clock
from apps.core.models import Version
from apps.core.response_cache import answers
from apps.items.models import Item, ItemReadMark, Poll
from apps.microcosms.models import Microcosm
from apps.permissions.models import Ban
from apps.profiles.models import Profile
from apps.sites.hosts import forget_sites
from apps.sites.models import Site, Theme
from apps.sites.types import ItemType
from apps.updates.models import Ignore, Update, Watcher
from apps.updates.queries import shown_lists
from apps.updates.types import UpdateType
from tests.client import ApiClient
from tests.content import say
from tests.factories import Forum, Person
from tests.queries import count_statements
from tests.trees import make_item, make_microcosm
from tests.walks import cursor_in, links_of

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 30


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    answers.cache_clear()
    shown_lists.cache_clear()
    yield
    answers.cache_clear()
    shown_lists.cache_clear()


@pytest.fixture
def place(forum: Forum) -> Microcosm:
    return make_microcosm(forum, title="Place")


@pytest.fixture
def anna(forum: Forum) -> Person:
    return forum.member("anna")


@pytest.fixture
def item(place: Microcosm, forum: Forum) -> Item:
    item = make_item(place, forum.owner)
    say(forum.owner, item, "first")
    return item


def pages(forum: Forum, item: Item) -> dict[str, str]:
    """A path for each route that is kept, by its pattern."""
    event, poll = (make_item(item.microcosm, forum.owner, kind=kind) for kind in (ItemType.EVENT, ItemType.POLL))
    return {
        "site": "/api/v1/site",
        "whoami": "/api/v1/whoami",
        "profiles": "/api/v1/profiles",
        "profiles/<int:profile_id>": f"/api/v1/profiles/{forum.owner.id}",
        "microcosms": "/api/v1/microcosms",
        "microcosms/tree": "/api/v1/microcosms/tree",
        "microcosms/<int:microcosm_id>": f"/api/v1/microcosms/{item.microcosm_id}",
        "conversations": "/api/v1/conversations",
        "conversations/<int:conversation_id>": f"/api/v1/conversations/{item.id}",
        "events": "/api/v1/events",
        "events/<int:event_id>": f"/api/v1/events/{event.id}",
        "polls": "/api/v1/polls",
        "polls/<int:poll_id>": f"/api/v1/polls/{poll.id}",
        "comments/<int:comment_id>": f"/api/v1/comments/{Comment.objects.get(item=item).id}",
        "huddles": "/api/v1/huddles",
        "huddles/<int:huddle_id>": f"/api/v1/huddles/{huddle_of(forum)}",
        "updates": "/api/v1/updates",
        "search": "/api/v1/search?q=first",
        "trending": "/api/v1/trending",
    }


def huddle_of(forum: Forum) -> int:
    from apps.huddles.services import create_huddle

    return create_huddle(
        site_id=forum.site.id, author_id=forum.owner.id, title="Us", is_confidential=False, invited_ids=[]
    )


def kept_patterns() -> set[str]:
    """The routes whose answers are kept, as `urls.py` has them."""
    found = set()

    def walk(patterns: Any, prefix: str) -> None:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                walk(pattern.url_patterns, route)
            elif getattr(getattr(getattr(pattern.callback, "cls", None), "get", None), "is_kept", False):
                found.add(re.sub(r"<\w+:", "<int:", route.removeprefix("api/v1/")))

    walk(get_resolver("microcosm.urls").url_patterns, "")
    return found


def test_each_kept_page_costs_one_statement_while_nothing_changes(api: ApiClient, forum: Forum, item: Item) -> None:
    paths = pages(forum, item)
    assert kept_patterns() == set(paths)
    api = api.as_(forum.owner)
    for path in paths.values():
        # Reading moves marks, and with them the state.
        for _ in range(2):
            first = api.get(path)
        with count_statements() as statements:
            again = api.get(path)
        assert (again.status, again.content, again.headers["ETag"]) == (200, first.content, first.headers["ETag"]), path
        assert len(statements) == 1, path
        held = api.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (held.status, held.content) == (304, b""), path


def test_every_table_that_kept_pages_are_made_from_moves_the_version(api: ApiClient, forum: Forum, item: Item) -> None:
    # Asked anew with each request, made from rows that move the version themselves, or written where a mark moves.
    aside = {
        "accounts_accesstoken",
        "core_version",
        "items_pageversion",
        "profiles_peopleversion",
        "search_commentwords",
        "search_itemwords",
        "search_microcosmwords",
        "search_profilewords",
        "core_change",
        "webhooks_webhook",
        # Asked where a mark stands: nobody is mailed but of an update, which moved the version when it came.
        "updates_mail",
        "profiles_peopleblock",
        "profiles_peoplecount",
        # May lag by more than the second that the site is kept for (docs/decisions/0019).
        "sites_sitestatistics",
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'fn'::regnamespace")
        functions = dict(cursor.fetchall())
        cursor.execute("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%_touches'")
        watched = {name for (name,) in cursor.fetchall()}
    with count_statements() as statements:
        for path in pages(forum, item).values():
            assert api.as_(forum.owner).get(path).status == 200
    texts, named = list(statements), set()
    while texts:
        text = texts.pop()
        for name in set(re.findall(r"fn\.(\w+)", text)) - named:
            named.add(name)
            texts.append(functions.get(name, ""))
    everything = " ".join([*statements, *(functions.get(name, "") for name in named)])
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    read = {table for table in tables if re.search(rf"\b{table}\b", everything)}
    assert {"items_item", "permissions_role", "updates_watcher"} <= read
    assert read - watched - aside == set()


def test_a_page_that_was_kept_is_made_again_for_news_and_reads_it(
    api: ApiClient, forum: Forum, place: Microcosm, anna: Person
) -> None:
    event = make_item(place, forum.owner, kind=ItemType.EVENT)
    anna_api, path = api.as_(anna), f"/api/v1/events/{event.id}"
    for _ in range(3):
        anna_api.get(path)
    Update.objects.create(
        profile=anna.profile, type=UpdateType.NEW_ATTENDEE, item=event, created_by=forum.owner.profile
    )

    def flags() -> list[bool]:
        return [entry["meta"]["flags"]["unread"] for entry in anna_api.get("/api/v1/updates").data["updates"]["items"]]

    assert flags() == [True]
    anna_api.get(path)
    assert flags() == [False]


CHANGES: dict[str, Callable[[Forum, Item, Person], object]] = {
    "a comment": lambda forum, item, anna: say(forum.owner, item, "again"),
    "a row by hand": lambda forum, item, anna: Item.objects.filter(id=item.id).update(title="By hand"),
    "a name": lambda forum, item, anna: Profile.objects.filter(id=forum.owner.id).update(name="other"),
    "a ban of somebody": lambda forum, item, anna: Ban.objects.create(
        site=forum.site, user_id=anna.profile.user_id, created_by=forum.owner.profile
    ),
    "a mark of one's own": lambda forum, item, anna: ItemReadMark.objects.create(
        profile=forum.owner.profile, item=item, read_at="2020-01-01T00:00:00Z"
    ),
    "something watched": lambda forum, item, anna: Watcher.objects.create(
        profile=forum.owner.profile, kind=ItemType.MICROCOSM, microcosm=item.microcosm
    ),
    "somebody ignored": lambda forum, item, anna: Ignore.objects.create(
        profile=forum.owner.profile, kind=ItemType.PROFILE, target_profile=anna.profile
    ),
    "something deleted": lambda forum, item, anna: item.delete(),
}


def states(forum: Forum) -> dict[int, int]:
    """The versions of the site, by member; 0 is the site's own."""
    return dict(Version.objects.filter(site_id=forum.site.id).values_list("profile_id", "version"))


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_is_seen_at_once(api: ApiClient, forum: Forum, item: Item, anna: Person, change: str) -> None:
    api.as_(forum.owner).get("/api/v1/microcosms")
    before = states(forum)
    with transaction.atomic():
        CHANGES[change](forum, item, anna)
    after = states(forum)
    assert (after.get(0), after.get(forum.owner.id)) != (before.get(0), before.get(forum.owner.id))
    with count_statements() as statements:
        api.as_(forum.owner).get("/api/v1/microcosms")
    assert len(statements) > 1


def test_what_concerns_one_member_leaves_the_pages_of_others(forum: Forum, item: Item, anna: Person) -> None:
    before = states(forum)
    Watcher.objects.create(profile=anna.profile, kind=ItemType.CONVERSATION, item=item)
    after = states(forum)
    assert {id for id, version in after.items() if version != before.get(id)} == {anna.id}


def test_being_here_changes_no_page_of_others(api: ApiClient, forum: Forum, anna: Person) -> None:
    before = states(forum)
    Profile.objects.filter(id=anna.id).update(last_active_at="2020-01-01T00:00:00Z")
    assert api.as_(anna).get("/api/v1/whoami").status in (200, 302, 307)
    assert states(forum) == before
    assert Profile.objects.get(id=anna.id).last_active_at.year > 2020


def test_whoami_says_when_its_reader_was_here(api: ApiClient, anna: Person) -> None:
    anna_api = api.as_(anna)
    anna_api.get("/api/v1/whoami")
    seen = anna_api.get("/api/v1/whoami").data["lastActive"]
    Profile.objects.filter(id=anna.id).update(last_active_at="2020-01-01T00:00:00Z")
    assert anna_api.get("/api/v1/whoami").data["lastActive"] > seen


def test_who_is_online_is_asked_each_time(api: ApiClient, forum: Forum, anna: Person) -> None:
    owner = api.as_(forum.owner)
    assert len(owner.get("/api/v1/profiles?online=true").data["profiles"]["items"]) == 2
    Profile.objects.filter(id=anna.id).update(last_active_at="2020-01-01T00:00:00Z")
    assert len(owner.get("/api/v1/profiles?online=true").data["profiles"]["items"]) == 1


def test_a_poll_that_closes_by_itself_is_kept_until_then(api: ApiClient, forum: Forum, place: Microcosm) -> None:
    poll = make_item(place, forum.owner, kind=ItemType.POLL)
    Poll.objects.filter(item=poll).update(results="closed", closes_at=clock.now() + timedelta(minutes=1))
    owner, path = api.as_(forum.owner), f"/api/v1/polls/{poll.id}"
    for _ in range(3):
        assert owner.get(path).data["resultsHidden"] is True
    clock.set_clock(shift=timedelta(seconds=59))
    assert owner.get(path).data["resultsHidden"] is True
    clock.set_clock(shift=timedelta(seconds=61))
    assert owner.get(path).data["resultsHidden"] is False


def test_a_theme_moves_the_versions_of_its_sites(forum: Forum, other_forum: Forum) -> None:
    theme = Theme.objects.create(title="Blue")
    Site.objects.filter(id=forum.site.id).update(theme=theme)
    before, others = states(forum), states(other_forum)
    Theme.objects.filter(id=theme.id).update(logo_url="/static/blue.png")
    assert states(forum)[0] > before[0]
    assert states(other_forum) == others


def test_t3_no_member_gets_the_answer_of_another(api: ApiClient, forum: Forum, item: Item, anna: Person) -> None:
    owner_sees = api.as_(forum.owner).get("/api/v1/microcosms").data["meta"]["permissions"]
    assert owner_sees["siteOwner"] is True
    assert api.as_(anna).get("/api/v1/microcosms").data["meta"]["permissions"]["siteOwner"] is False
    assert api.as_(forum.owner).get("/api/v1/microcosms").data["meta"]["permissions"] == owner_sees


@pytest.mark.parametrize("address", ["anna", "nobody@example.org"])
def test_c3_whose_a_site_is_counts_for_searches_a_second_later(
    api: ApiClient, forum: Forum, anna: Person, address: str
) -> None:
    """When another process has changed it, the state is new at once: what was answered until then is not kept."""
    email = anna.profile.user.email if address == "anna" else address
    former, path = forum.owner, f"/api/v1/search?email={email}"
    assert "results" in api.as_(former).get(path).data
    Site.objects.filter(id=forum.site.id).update(owner=anna.profile.user_id, created_by=anna.profile.user_id)
    for person in (former, anna):
        api.as_(person).get(path)
    # The second is over.
    forget_sites()
    assert "results" not in api.as_(former).get(path).data
    assert "results" in api.as_(anna).get(path).data


def test_a_change_that_is_taken_back_is_none(forum: Forum, item: Item) -> None:
    before = states(forum)
    with transaction.atomic():
        Item.objects.filter(id=item.id).update(title="Never")
        transaction.set_rollback(True)
    assert states(forum) == before


def test_a_change_behind_a_savepoint_that_was_taken_back_counts(forum: Forum, item: Item) -> None:
    before = states(forum)
    with transaction.atomic():
        with transaction.atomic():
            Item.objects.filter(id=item.id).update(title="Never")
            transaction.set_rollback(True)
        Item.objects.filter(id=item.id).update(title="After all")
    assert states(forum)[0] > before[0]


def test_r2_who_has_noted_the_site_holds_no_version_of_a_member(forum: Forum, item: Item, anna: Person) -> None:
    """Writers hold profiles: waiting for a member's version, held by who waits for the profile, would never end."""
    before = states(forum)
    with transaction.atomic():
        # Locks the profile, which counts comments, and makes its owner a watcher.
        say(anna, item)
        assert Watcher.objects.filter(profile=anna.profile).exists()
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(_touch, anna).result()
    assert states(forum)[0] > before[0]


def _touch(person: Person) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '5s'")
            cursor.execute(
                "SELECT core_touch_members(ARRAY[ROW(%s, %s)::core_member])", [person.profile.site_id, person.id]
            )
    finally:
        connections.close_all()


def test_nothing_is_kept_of_what_a_transaction_has_not_committed(api: ApiClient, forum: Forum, item: Item) -> None:
    owner = api.as_(forum.owner)
    kept = owner.get("/api/v1/conversations").content
    with transaction.atomic():
        Item.objects.filter(id=item.id).update(title="Not yet")
        assert b"Not yet" in owner.get("/api/v1/conversations").content
        transaction.set_rollback(True)
    assert owner.get("/api/v1/conversations").content == kept


def test_c1_forms_of_an_answer_are_told_apart(api: ApiClient, forum: Forum, item: Item) -> None:
    owner = api.as_(forum.owner)
    whole = owner.get("/api/v1/conversations").json
    assert owner.get("/api/v1/conversations?context=7").json["context"] == "7"
    assert owner.get("/api/v1/conversations", headers={"X-Disable-Boiler": "1"}).json == whole["data"]
    assert owner.get("/api/v1/conversations?limit=5").data["conversations"]["limit"] == 5
    assert owner.get("/api/v1/conversations").json == whole


def test_versions_tell_apart_every_state_that_was_committed(forum: Forum, item: Item) -> None:
    """Writers at once: whoever sees the same version twice has seen the same rows."""
    seen: dict[int, set[str]] = {}
    is_over = threading.Event()

    def write(number: int) -> None:
        try:
            for turn in range(25):
                with transaction.atomic():
                    Item.objects.filter(id=items[number].id).update(title=f"{number}.{turn}")
        finally:
            connections.close_all()

    def follow() -> None:
        try:
            while not is_over.is_set():
                with connection.cursor() as cursor:
                    cursor.execute(
                        "SELECT (SELECT version FROM core_version WHERE site_id = %s AND profile_id = 0),"
                        " (SELECT string_agg(title, ',' ORDER BY id) FROM items_item WHERE site_id = %s)",
                        [forum.site.id, forum.site.id],
                    )
                    version, titles = cursor.fetchone() or (0, "")
                seen.setdefault(version, set()).add(titles)
        finally:
            connections.close_all()

    items = [make_item(item.microcosm, forum.owner) for _ in range(6)]
    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    follower = threading.Thread(target=follow)
    follower.start()
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(PATIENCE)
    is_over.set()
    follower.join(PATIENCE)
    assert len(seen) > 10
    assert {version: titles for version, titles in seen.items() if len(titles) > 1} == {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core_touch")
        assert cursor.fetchone() == (0,)


def test_the_pages_of_a_list_of_updates_are_parts_of_one(
    api: ApiClient, forum: Forum, item: Item, anna: Person
) -> None:
    """Found once in a state; what changes who is shown what is seen at once, also from where a cursor stands."""
    for number in range(13):
        told(anna, say(forum.owner, item, f"@anna {number}"))
    api = api.as_(anna)
    whole = update_ids(api, "?limit=50")
    assert len(whole) == 13
    # Others than those that are kept as they were answered.
    assert update_ids(api, "?limit=5&offset=10") == whole[10:]
    assert update_ids(api, "?limit=5&offset=5&context=x") == whole[5:10]
    after = cursor_in(links_of(api.get("/api/v1/updates?limit=5"))["next"])
    assert update_ids(api, f"?limit=5&after={after}") == whole[5:10]
    before = cursor_in(links_of(api.get("/api/v1/updates?limit=5&offset=10"))["prev"])
    assert update_ids(api, f"?limit=5&before={before}") == whole[5:10]
    assert [len(shown.ids) for shown in shown_lists()._values.values()] == [13]

    # What a cursor stands for, and what comes behind it, is hidden.
    for place in (4, 6):
        Comment.objects.filter(id=Update.objects.get(id=whole[place]).comment_id).update(is_moderated=True)
    left = [id for place, id in enumerate(whole) if place not in (4, 6)]
    assert update_ids(api, f"?limit=5&after={after}") == left[4:9]
    assert update_ids(api, "?limit=5&offset=5") == left[5:10]
    assert api.get("/api/v1/updates").data["updates"]["total"] == 11


def told(person: Person, comment: Comment) -> None:
    Update.objects.create(
        profile=person.profile,
        type=UpdateType.MENTIONED,
        item_id=comment.item_id,
        comment=comment,
        created_by_id=comment.created_by_id,
    )


def update_ids(api: ApiClient, query: str) -> list[int]:
    return [entry["id"] for entry in api.get(f"/api/v1/updates{query}").data["updates"]["items"]]
