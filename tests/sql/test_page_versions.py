"""The versions that cached pages are compared with: what shows there renews them, whoever writes it (decision 0042)."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from apps.comments.models import Comment, Revision
from apps.comments.services import comment_on_item, comment_on_profile
from apps.core import clock
from apps.core.pagination import Paging
from apps.items.models import Item, PageVersion
from apps.items.queries import item_page
from apps.profiles.models import PeopleVersion, Profile
from apps.sites.types import ItemType
from apps.updates.models import Ignore
from tests.client import ApiClient
from tests.factories import Forum, Person
from tests.trees import make_item


def say(item: Item, author: Person, text: str = "Said.") -> Comment:
    """A comment through the services."""
    comment_id = comment_on_item(
        site_id=item.site_id,
        author_id=author.id,
        item_id=item.id,
        markdown=text,
        in_reply_to_id=None,
        flags={},
        by_moderator=False,
    )
    return Comment.objects.get(id=comment_id)


def version_of(item: Item) -> int:
    return PageVersion.objects.filter(item_id=item.id).values_list("version", flat=True).first() or 0


def people_version(forum: Forum) -> int:
    return PeopleVersion.objects.filter(site_id=forum.site.id).values_list("version", flat=True).first() or 0


#: What shows on a page of comments, written in every way but the services.
RENEWING: dict[str, Callable[[Comment], Any]] = {
    "a flag": lambda comment: Comment.objects.filter(id=comment.id).update(is_moderated=True),
    "an attachment": lambda comment: Comment.objects.filter(id=comment.id).update(attachment_count=1),
    "a text": lambda comment: Revision.objects.filter(comment=comment).update(html="<p>other</p>"),
    "a new text": lambda comment: Revision.objects.create(
        comment=comment, number=2, markdown="x", html="x", renderer_version=1, created_by_id=comment.created_by_id
    ),
    "no text": lambda comment: Revision.objects.filter(comment=comment).delete(),
    "no comment": lambda comment: comment.delete(),
    "a title": lambda comment: Item.objects.filter(id=comment.item_id).update(title="Other"),
    "a saved form": lambda comment: comment.save(),
}


@pytest.mark.django_db
@pytest.mark.parametrize("change", RENEWING)
def test_what_shows_renews_the_version_of_its_page_and_of_no_other(change: str, forum: Forum) -> None:
    item, other = make_item(forum.root, forum.owner), make_item(forum.root, forum.owner)
    comment = say(item, forum.owner)
    say(other, forum.owner)
    before, before_other = version_of(item), version_of(other)
    RENEWING[change](comment)
    assert version_of(item) > before > 0
    assert version_of(other) == before_other


@pytest.mark.django_db
def test_who_ignores_somebody_shares_pages_where_they_have_said_nothing(forum: Forum) -> None:
    item, reader, ignored = make_item(forum.root, forum.owner), forum.member(), forum.member()
    say(item, forum.owner)
    Ignore.objects.create(profile=reader.profile, kind=ItemType.PROFILE, target_profile=ignored.profile)

    def seen() -> tuple[bool, int]:
        page = item_page(
            site_id=item.site_id,
            profile_id=reader.id,
            kind=ItemType.CONVERSATION,
            item_id=item.id,
            paging=Paging(limit=25),
        )
        assert page is not None
        return page.item.is_shared, page.item.comment_total

    assert seen() == (True, 1)
    said = say(item, ignored, "Something else.")
    assert seen() == (False, 1)
    Comment.objects.filter(id=said.id).update(is_moderated=True)
    Item.objects.filter(id=item.id).update(comment_count=1)
    assert seen() == (True, 1)


@pytest.mark.django_db
def test_what_does_not_show_renews_nothing(forum: Forum) -> None:
    item, member = make_item(forum.root, forum.owner), forum.member()
    say(item, member)
    before, before_people = version_of(item), people_version(forum)
    Item.objects.filter(id=item.id).update(view_count=7, is_sticky=True, title=item.title)
    Profile.objects.filter(id=member.id).update(comment_count=7, last_active_at=clock.now(), name=member.profile.name)
    comment_on_profile(
        site_id=forum.site.id, author_id=member.id, home_id=member.id, markdown="Me.", in_reply_to_id=None
    )
    assert (version_of(item), people_version(forum)) == (before, before_people)


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["name", "is_visible", "avatar_url"])
def test_how_people_look_renews_the_version_of_their_site(field: str, forum: Forum, other_forum: Forum) -> None:
    member = forum.member()
    before, elsewhere = people_version(forum), people_version(other_forum)
    Profile.objects.filter(id=member.id).update(**{field: False if field == "is_visible" else "other"})
    assert people_version(forum) > before
    assert people_version(other_forum) == elsewhere


@pytest.mark.django_db
def test_versions_never_fall_whatever_the_clock_says(forum: Forum) -> None:
    item = make_item(forum.root, forum.owner)
    comment, far = say(item, forum.owner), 9 * 10**18
    PageVersion.objects.filter(item_id=item.id).update(version=far)
    RENEWING["a flag"](comment)
    assert version_of(item) == far + 1


@pytest.mark.django_db
def test_a_deleted_item_leaves_no_version(forum: Forum) -> None:
    item = make_item(forum.root, forum.owner)
    say(item, forum.owner)
    item.delete()
    assert not PageVersion.objects.filter(item_id=item.id).exists()


@pytest.mark.django_db
def test_many_at_once_renew_each_page_once(forum: Forum) -> None:
    items = [make_item(forum.root, forum.owner) for _ in range(5)]
    for item in items:
        say(item, forum.owner)
    before = [version_of(item) for item in items]
    Comment.objects.update(attachment_count=2)
    assert all(version_of(item) > version for item, version in zip(items, before, strict=True))


@pytest.mark.django_db(transaction=True)
def test_a_page_read_while_a_comment_is_written_is_not_kept_for_after(forum: Forum, api: ApiClient) -> None:
    """The version grows in the order of commits: what was read before one is known to be old after it."""
    item, member = make_item(forum.root, forum.owner), forum.member()
    say(item, member, "First.")
    path = f"conversations/{item.id}"
    written, may_commit = threading.Event(), threading.Event()

    def write() -> None:
        try:
            with transaction.atomic():
                say(item, member, "Second.")
                written.set()
                assert may_commit.wait(20)
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(20)
    assert [api.get(path).data["comments"]["total"] for _ in range(2)] == [1, 1]
    clock.set_clock(shift=timedelta(seconds=1))
    may_commit.set()
    writer.join(20)
    page = api.get(path).data["comments"]
    assert [comment["markdown"] for comment in page["items"]] == ["First.", "Second."]


@pytest.mark.django_db
def test_c1_nobody_is_answered_with_the_comments_that_another_may_see(forum: Forum, api: ApiClient) -> None:
    """The same page for somebody who ignores its author, before and after others."""
    item, author, reader = make_item(forum.root, forum.owner), forum.member("author"), forum.member("reader")
    say(item, author)
    path = f"conversations/{item.id}"
    api.as_(reader).put("ignored", {"itemType": "profile", "itemId": author.id})
    for _ in range(2):
        assert [len(api.as_(who).get(path).data["comments"]["items"]) for who in (None, reader, author)] == [1, 0, 1]


@pytest.mark.django_db
def test_each_reader_has_their_own_unread(forum: Forum, api: ApiClient) -> None:
    item, author = make_item(forum.root, forum.owner), forum.member("author")
    readers = [forum.member(f"reader{number}") for number in range(4)]
    path, seen = f"conversations/{item.id}?limit=250", {}
    for number, reader in enumerate([*readers, None]):
        clock.set_clock(shift=timedelta(seconds=10 * number))
        say(item, author, f'Number {number}, not "unread":false.')
        if reader:
            api.as_(reader).get(path)
            seen[reader.id] = number + 1
    clock.set_clock(shift=timedelta(seconds=100))
    for reader in (readers[2], readers[0], readers[3], readers[1]):
        unread = [one["meta"]["flags"]["unread"] for one in api.as_(reader).get(path).data["comments"]["items"]]
        assert unread == [number >= seen[reader.id] for number in range(5)]
        assert not any(one["meta"]["flags"]["unread"] for one in api.get(path).data["comments"]["items"])
