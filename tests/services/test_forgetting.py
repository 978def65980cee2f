"""What grows for ever is forgotten in time (B 17): updates, attempts to sign in, codes, tokens, sessions."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session

from apps.accounts.models import AccessToken, EmailCode, SignInAttempt
from apps.accounts.services import end_token, issue_token
from apps.accounts.tasks import forget
from apps.core import clock
from apps.huddles.services import create_huddle
from apps.huddles.tasks import delete_orphaned
from apps.items.models import Item
from apps.profiles.models import Profile
from apps.sites.models import Site
from apps.updates.models import Update
from apps.updates.tasks import prune
from apps.updates.types import UpdateType
from tests.client import ApiClient
from tests.content import place_in, say, start
from tests.factories import Forum, Person, make_user

pytestmark = pytest.mark.django_db


def tell(person: Person, type: UpdateType, *, days_ago: float = 0, **about: Any) -> int:
    """The id of an update."""
    return Update.objects.create(
        profile=person.profile, type=type, created_at=clock.now() - timedelta(days=days_ago), **about
    ).id


def kept() -> set[int]:
    """The ids of all updates."""
    return set(Update.objects.values_list("id", flat=True))


@pytest.mark.parametrize("type", [UpdateType.NEW_COMMENT, UpdateType.NEW_COMMENT_IN_HUDDLE])
def test_of_comments_on_one_item_each_keeps_the_newest(forum: Forum, type: UpdateType) -> None:
    reader, other = forum.member(), forum.member()
    item, another = start(forum.owner, place_in(forum)), start(forum.owner, place_in(forum))
    comments = [say(forum.owner, item) for _ in range(3)]
    Update.objects.all().delete()
    for days in (2, 1):
        tell(reader, type, days_ago=days, item=item, comment=comments[days])
    newest = [
        tell(reader, type, item=item, comment=comments[0]),
        tell(other, type, days_ago=300, item=item, comment=comments[1]),
        tell(reader, type, days_ago=300, item=another),
    ]
    assert prune() == {"deleted": 2}
    assert kept() == set(newest)


def test_new_items_are_news_for_a_month_and_the_rest_stays(forum: Forum, other_forum: Forum, settings: Any) -> None:
    reader, item = forum.member(), start(forum.owner, place_in(forum))
    others = [start(forum.owner, place_in(forum)) for _ in range(2)]
    Update.objects.all().delete()
    tell(reader, UpdateType.NEW_ITEM, days_ago=32, item=item)
    staying = {tell(reader, UpdateType.NEW_ITEM, days_ago=30, item=others[0])}
    staying |= {
        tell(reader, type, days_ago=days, item=item, comment=say(forum.owner, item))
        for type in (UpdateType.REPLY_TO_COMMENT, UpdateType.MENTIONED, UpdateType.NEW_ATTENDEE)
        for days in (400, 500)
    }
    Update.objects.exclude(id__in=staying).exclude(type=UpdateType.NEW_ITEM).delete()
    asleep = tell(other_forum.owner, UpdateType.NEW_ITEM, days_ago=32, item=item)
    Site.objects.filter(id=other_forum.site.id).update(is_deleted=True)
    assert prune() == {"deleted": 1}
    assert kept() == staying | {asleep}
    settings.NEW_ITEM_UPDATE_DAYS = 29
    assert prune() == {"deleted": 1}


def test_updates_are_pruned_some_members_at_a_time(forum: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.updates.services.READERS_AT_ONCE", 2)
    item = start(forum.owner, place_in(forum))
    for _ in range(5):
        tell(forum.member(), UpdateType.NEW_ITEM, days_ago=40, item=item)
    assert prune() == {"deleted": 5}
    assert Profile.objects.filter(site=forum.site).count() == 6


def test_a_huddle_is_deleted_when_everybody_has_left(forum: Forum) -> None:
    huddle_id = create_huddle(
        site_id=forum.site.id, author_id=forum.owner.id, title="x", is_confidential=False, invited_ids=[]
    )
    say(forum.owner, Item.objects.get(id=huddle_id))
    assert delete_orphaned() == {"deleted": 0}
    api = ApiClient(host=forum.host).as_(forum.owner)
    assert api.delete(f"huddles/{huddle_id}").status == 200
    assert delete_orphaned() == {"deleted": 1}
    assert not Item.objects.exists()


def test_tokens_codes_attempts_and_sessions_are_forgotten(
    forum: Forum, api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.accounts.services._CLEARED_AT_ONCE", 2)
    now, user = clock.now(), make_user()
    ended, revoked, recent = (issue_token(user=user, client=None) for _ in range(3))
    records = {record.id: record for record in AccessToken.objects.filter(user=user).order_by("id")}
    ids = list(records)
    AccessToken.objects.filter(id=ids[0]).update(expires_at=now - timedelta(days=31))
    end_token(ids[1])
    AccessToken.objects.filter(id=ids[1]).update(revoked_at=now - timedelta(days=31))
    AccessToken.objects.filter(id=ids[2]).update(expires_at=now - timedelta(days=29))
    for days, person in ((2, user), (0, make_user())):
        EmailCode.objects.create(user=person, nonce="n", expires_at=now - timedelta(days=days, minutes=1))
    for minutes in (16, 16, 16, 14):
        SignInAttempt.objects.create(key="k", attempted_at=now - timedelta(minutes=minutes))
    Session.objects.create(session_key="old", session_data="", expire_date=now - timedelta(minutes=1))
    Session.objects.create(session_key="new", session_data="", expire_date=now + timedelta(days=1))
    assert forget() == {"attempts": 3, "codes": 1, "tokens": 2}
    assert forget() == {"attempts": 0, "codes": 0, "tokens": 0}
    assert Session.objects.get().session_key == "new"
    codes = [api.get("whoami", headers={"Authorization": f"Bearer {one}"}).code for one in (ended, revoked, recent)]
    assert codes == [7, 7, 6]
    assert api.as_(forum.owner).get("whoami").status == 200
