"""The words of what can be found: right whoever writes, on every way that a search takes (decisions 0031, 0047)."""

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.comments.models import Comment, Revision
from apps.comments.services import delete_comment, edit_comment, flag_comment
from apps.core import clock
from apps.core.pagination import Paging
from apps.items.models import Event, Item
from apps.microcosms.models import Microcosm
from apps.profiles.models import Profile
from apps.search import queries, services
from apps.search.language import read_query
from apps.search.models import CommentWords, ItemWords, MicrocosmWords, ProfileWords, SearchLanguage
from apps.sites.types import ItemType
from tests.content import place_in, say, start
from tests.factories import Forum, make_forum
from tests.trees import make_item

pytestmark = pytest.mark.django_db

#: What the migration and the triggers write words with.
NOTED = {
    "items_item": "search_note_items",
    "microcosms_microcosm": "search_note_microcosms",
    "profiles_profile": "search_note_profiles",
    "comments_comment": "search_note_comments",
}
WORDS = (ItemWords, MicrocosmWords, ProfileWords, CommentWords)


def stored() -> dict[str, list[tuple[object, ...]]]:
    """All words there are."""
    return {model.__name__: sorted(model.objects.values_list()) for model in WORDS}


def words_of(model: type[ItemWords | MicrocosmWords | ProfileWords | CommentWords], id: int) -> str | None:
    """The words of one thing."""
    return model.objects.filter(pk=id).values_list("words", flat=True).first()


def found(forum: Forum, *pairs: tuple[str, str], viewer_id: int = 0, limit: int = 25) -> list[tuple[int, int]]:
    """Kinds and ids of what somebody finds."""
    result = queries.search(
        read_query(pairs, may_find_emails=False),
        site_id=forum.site.id,
        profile_id=viewer_id,
        paging=Paging(limit=limit, offset=0),
        now=clock.now(),
    )
    prefixes = {ItemType.MICROCOSM: "place", ItemType.PROFILE: "home", ItemType.COMMENT: "comment"}
    return [(row.kind, getattr(row, f"{prefixes.get(ItemType(row.kind), 'item')}_id")) for row in result.rows]


@pytest.fixture
def place(forum: Forum) -> Microcosm:
    """A public microcosm."""
    return place_in(forum, title="Kitchen")


def test_words_follow_every_write(forum: Forum, place: Microcosm) -> None:
    item = start(forum.owner, place, title="Green teapots")
    comment = say(forum.owner, item, "Boiling **water**")
    assert words_of(ItemWords, item.id) == "'green':1B 'teapot':2B"
    assert words_of(CommentWords, comment.id) == "'boil' 'water'"
    assert (words_of(MicrocosmWords, place.id) or "").startswith("'kitchen':1A")
    edit_comment(site_id=forum.site.id, actor_id=forum.owner.id, comment_id=comment.id, markdown="Cold milk")
    assert words_of(CommentWords, comment.id) == "'cold' 'milk'"
    for hidden in ("is_moderated", "is_deleted"):
        for flag in (True, False):
            flag_comment(site_id=forum.site.id, actor_id=forum.owner.id, comment_id=comment.id, flags={hidden: flag})
            assert words_of(CommentWords, comment.id) == (None if flag else "'cold' 'milk'")
    delete_comment(site_id=forum.site.id, actor_id=forum.owner.id, comment_id=comment.id)
    assert words_of(CommentWords, comment.id) is None


def test_words_follow_what_is_written_beside_the_services(forum: Forum, place: Microcosm) -> None:
    item = start(forum.owner, place, title="Green teapots")
    comment, other = say(forum.owner, item, "Water"), say(forum.owner, item, "Milk")
    Item.objects.filter(id=item.id).update(title="Red cups")
    Event.objects.bulk_create([Event(item=item, place="Harbour")])
    assert words_of(ItemWords, item.id) == "'cup':2B 'harbour':3 'red':1B"
    Event.objects.filter(item=item).update(place="Bridges")
    assert words_of(ItemWords, item.id) == "'bridg':3 'cup':2B 'red':1B"
    Event.objects.filter(item=item).delete()
    assert words_of(ItemWords, item.id) == "'cup':2B 'red':1B"
    Revision.objects.filter(comment=comment).update(markdown="Lemonade")
    assert words_of(CommentWords, comment.id) == "'lemonad'"
    Comment.objects.filter(item=item).update(is_moderated=True)
    assert not CommentWords.objects.filter(item_id=item.id).exists()
    Comment.objects.filter(item=item).update(is_moderated=False)
    assert words_of(CommentWords, other.id) == "'milk'"
    Microcosm.objects.filter(id=place.id).update(title="Cellar", description="Bottles")
    assert words_of(MicrocosmWords, place.id) == "'bottl':2 'cellar':1A"
    Profile.objects.filter(id=forum.owner.id).update(name="Melinda")
    assert words_of(ProfileWords, forum.owner.id) == "'melinda':1A"
    revisions = [
        Revision(comment=other, number=n, markdown=text, html="", renderer_version=1, created_by=forum.owner.profile)
        for n, text in ((2, "Juice"), (3, "Wine"))
    ]
    Comment.objects.filter(id=other.id).update(revision_count=3)
    Revision.objects.bulk_create(revisions)
    assert words_of(CommentWords, other.id) == "'wine'"
    # What is counted all the time writes no words.
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin, ctid FROM search_itemwords WHERE item_id = %s", [item.id])
        before = cursor.fetchone()
        Item.objects.filter(id=item.id).update(comment_count=7, last_activity_at=clock.now())
        cursor.execute("SELECT xmin, ctid FROM search_itemwords WHERE item_id = %s", [item.id])
        assert cursor.fetchone() == before
    Comment.objects.filter(id=other.id).delete()
    assert words_of(CommentWords, other.id) is None
    Item.objects.filter(id=item.id).delete()
    assert words_of(ItemWords, item.id) is None
    assert not CommentWords.objects.filter(item_id=item.id).exists()


def test_what_was_there_before_the_triggers_is_filled_in(forum: Forum, place: Microcosm) -> None:
    """The migration, which may be broken off and begun again."""
    item = start(forum.owner, place, title="Green teapots")
    hidden = say(forum.owner, item, "Hidden")
    say(forum.owner, item, "Water")
    flag_comment(site_id=forum.site.id, actor_id=forum.owner.id, comment_id=hidden.id, flags={"is_deleted": True})
    whole = stored()
    migration = import_module("apps.search.migrations.0005_fill_words")
    assert migration.FILLED == NOTED
    for _ in range(2):
        ItemWords.objects.all().delete()
        CommentWords.objects.filter(author_id=forum.owner.id).delete()
        with connection.schema_editor(atomic=False) as editor:
            migration.fill(None, editor)
        assert stored() == whole
        with connection.schema_editor(atomic=False) as editor:
            migration.fill(None, editor)
        assert stored() == whole


def test_a_language_changes_all_words_of_its_site() -> None:
    forum, other = make_forum("gamma"), make_forum("delta")
    items = [start(one.owner, place_in(one), title="Verkaufe alte Häuser") for one in (forum, other)]
    comments = [say(one.owner, item, "Alte Häuser") for one, item in zip((forum, other), items, strict=True)]
    assert found(forum, ("q", "Haus")) == []
    for _ in range(2):
        call_command("search_language", "gamma", "german")
    assert found(forum, ("q", "Haus")) == [(6, items[0].id), (4, comments[0].id)]
    assert SearchLanguage.objects.values_list("site_id", "language", "previous").get() == (
        forum.site.id,
        "german",
        "",
    )
    later = say(forum.owner, items[0], "Noch ein Haus")
    assert (4, later.id) in found(forum, ("q", "Häuser"))
    assert found(other, ("q", "Haus")) == []
    assert words_of(CommentWords, comments[1].id) == "'alt' 'häuser'"


def test_while_a_language_changes_words_are_found_in_both(forum: Forum, place: Microcosm) -> None:
    old = say(forum.owner, start(forum.owner, place, title="Here"), "Alte Häuser")
    SearchLanguage.objects.create(site=forum.site, language="german", previous="english")
    new = say(forum.owner, start(forum.owner, place, title="There"), "Neue Häuser")
    assert found(forum, ("q", "Häuser")) == [(4, new.id), (4, old.id)]
    assert found(forum, ("q", "Haus")) == [(4, new.id)]
    services.write_words(site_id=forum.site.id)
    assert found(forum, ("q", "Haus")) == [(4, new.id), (4, old.id)]


def test_unknown_sites_and_languages_are_refused() -> None:
    forum = make_forum("gamma")
    with pytest.raises(CommandError, match="there is no site"):
        call_command("search_language", "nobody", "german")
    with pytest.raises(CommandError, match="knows no language"):
        call_command("search_language", "gamma", "klingon'; --")
    assert not SearchLanguage.objects.filter(site=forum.site).exists()


@pytest.fixture
def thresholds() -> Callable[..., None]:
    """Sets how few are many in the functions of search, for as long as a test takes."""

    def lower(function: str, **values: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = %s", [function])
            (definition,) = cursor.fetchone()
            for name, value in values.items():
                before, after = definition.split(f" {name} CONSTANT integer := ", 1)
                definition = f"{before} {name} CONSTANT integer := {value}{after[after.index(';') :]}"
            cursor.execute(definition)

    return lower


def talk(forum: Forum, place: Microcosm, *texts: str) -> list[int]:
    """A comment a second with each text, in two conversations; their ids, the newest first."""
    items = [make_item(place, forum.owner, title=f"Talk {number}") for number in range(2)]
    begun = clock.now() - timedelta(hours=1)
    ids = []
    for second, text in enumerate(texts):
        comment = say(forum.owner, items[second % 2], f"{text} {second}")
        Comment.objects.filter(id=comment.id).update(created_at=begun + timedelta(seconds=second))
        ids.append(comment.id)
    return ids[::-1]


WAYS = {
    "a sample that is all": {"sample": 100},
    "the index after a sample that holds little": {"sample": 4, "rarity": 1},
    "the next newest": {"sample": 4, "rarity": 100},
    "the next newest, but not too many": {"sample": 4, "rarity": 100, "enough": 3},
    "the newest after an index that names too many": {"sample": 4, "rarity": 0, "many": 2},
    "the newest on all ways": {"sample": 4, "rarity": 100, "enough": 3, "many": 2},
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_the_comments_finds_the_same(
    way: str, thresholds: Callable[..., None], forum: Forum, place: Microcosm, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["tea" if n % 3 else "coffee" for n in range(20)]
    ids = talk(forum, place, *texts)
    tea = [id for id, text in zip(ids, texts[::-1], strict=True) if text == "tea"]
    # Two at one moment, and one that nobody may see in between.
    Comment.objects.filter(id=tea[4]).update(created_at=Comment.objects.get(id=tea[5]).created_at)
    tea[4:6] = sorted(tea[4:6], reverse=True)
    flag_comment(site_id=forum.site.id, actor_id=forum.owner.id, comment_id=tea.pop(2), flags={"is_deleted": True})
    thresholds("search_comments", **WAYS[way])
    assert found(forum, ("q", "tea")) == [(4, id) for id in tea]
    assert found(forum, ("q", "tea coffee")) == []
    moments = dict(Comment.objects.values_list("id", "created_at"))
    assert len(found(forum, ("q", "tea"), ("type", "comment"), ("authorId", str(forum.owner.id)))) == len(tea)
    for maximum in (3, 5, 8):
        monkeypatch.setattr(queries, "MAX_RESULTS", maximum)
        assert found(forum, ("q", "tea")) == [(4, id) for id in tea[:maximum]]
    monkeypatch.undo()
    # From a moment on, and up to one.
    clock.set_clock(frozen=moments[tea[6]] + timedelta(days=3))
    assert found(forum, ("q", "tea"), ("since", "-3")) == [(4, id) for id in tea[:7]]
    assert found(forum, ("q", "tea"), ("until", "-3")) == [(4, id) for id in tea[6:]]


@pytest.mark.parametrize("few", [0, 20_000])
def test_comments_of_one_person_or_on_one_thing_are_found_on_both_ways(
    few: int, thresholds: Callable[..., None], forum: Forum, place: Microcosm
) -> None:
    member = forum.member()
    one, two = start(forum.owner, place, title="One"), start(forum.owner, place, title="Two")
    said = [say(person, item, "tea") for person in (forum.owner, member) for item in (one, two)]
    thresholds("search_comments", few=few)
    both = ("q", "tea"), ("type", "comment")
    assert found(forum, *both, ("authorId", str(member.id))) == [(4, said[3].id), (4, said[2].id)]
    assert found(forum, *both, ("id", str(one.id))) == [(4, said[2].id), (4, said[0].id)]
    assert found(forum, *both, ("id", str(one.id)), ("authorId", str(member.id))) == [(4, said[2].id)]


@pytest.mark.parametrize("limits", [{}, {"many": 2}, {"very_many": 2}], ids=str)
def test_titles_that_very_many_share_are_found_on_both_ways(
    limits: dict[str, int],
    thresholds: Callable[..., None],
    forum: Forum,
    place: Microcosm,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = clock.now()
    items = [
        make_item(place, forum.owner, title="Tea" if n % 4 else "Coffee", at=now - timedelta(hours=n))
        for n in range(12)
    ]
    tea = [(int(ItemType.CONVERSATION), item.id) for item in items if item.title == "Tea"]
    thresholds("search_items", **limits)
    assert found(forum, ("q", "tea"), ("sort", "date")) == tea
    assert found(forum, ("q", "tea"), ("sort", "date"), ("since", "-1")) == tea
    monkeypatch.setattr(queries, "MAX_RESULTS", 4)
    assert found(forum, ("q", "tea"), ("sort", "date")) == tea[:4]
