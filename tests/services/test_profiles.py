"""Rules and races of profiles that HTTP does not show."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count

from apps.accounts.models import User
from apps.accounts.services import InvalidEmail, get_or_create_user, issue_token
from apps.core.clock import now
from apps.core.models import Change
from apps.profiles.models import PeopleCount, Profile, ProfileOptions
from apps.profiles.names import NameTaken, ReservedName, UnusableName, is_reserved, usable_name
from apps.profiles.services import (
    DELETED_NAME,
    edit_profile,
    get_or_create_deleted_profile,
    get_or_create_profile,
    get_or_create_profiles,
    mark_site_read,
)
from tests.client import ApiClient
from tests.factories import Forum, make_forum, make_user


def at_once(work: Callable[[], Any], *, threads: int = 4) -> list[Any]:
    """What several threads got that did `work` at the same time, each on a connection of its own."""
    barrier = threading.Barrier(threads)
    results: list[Any] = []

    def run() -> None:
        try:
            barrier.wait(timeout=10)
            results.append(work())
        except Exception as error:
            results.append(error)
        finally:
            connection.close()

    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(timeout=30)
    return results


# --- Races ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_r2_first_requests_at_once_make_one_profile() -> None:
    forum = make_forum("alpha")
    user = make_user()
    api = ApiClient(host=forum.host, token=issue_token(user=user, client=None))
    replies = at_once(lambda: api.get("whoami"))
    assert [reply.status for reply in replies] == [200] * 4
    assert len({reply.data["id"] for reply in replies}) == 1
    profile = Profile.objects.get(site=forum.site, user=user)
    assert ProfileOptions.objects.filter(profile=profile).count() == 1
    assert Change.objects.filter(kind="profile.created", actor_id=profile.id).count() == 1


@pytest.mark.django_db(transaction=True)
def test_r2_a_name_wanted_by_two_goes_to_one() -> None:
    forum = make_forum("alpha")
    people = iter([forum.member(), forum.member()])

    def rename() -> Any:
        profile = Profile.objects.select_related("user").get(id=next(people).id)
        edit_profile(profile, actor_id=profile.id, name="Wanted")
        return profile.name

    results = at_once(rename, threads=2)
    assert sorted(type(result).__name__ for result in results) == ["NameTaken", "str"]
    assert Profile.objects.filter(site=forum.site, name="Wanted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_r2_one_placeholder_is_made_at_once() -> None:
    forum = make_forum("alpha")
    results = at_once(lambda: get_or_create_deleted_profile(site_id=forum.site.id).id)
    assert len(set(results)) == 1, results
    assert Profile.objects.filter(site=forum.site, name=DELETED_NAME).count() == 1


@pytest.mark.django_db(transaction=True)
def test_r2_batches_at_once_make_each_person_once() -> None:
    forum = make_forum("alpha")
    api = ApiClient(host=forum.host, token=forum.owner.token)
    body = [{"email": f"person{index}@many.org", "isMember": True} for index in range(50)]
    replies = at_once(lambda: api.post("users/batch", body))
    assert [getattr(reply, "status", reply) for reply in replies] == [200] * 4
    assert User.objects.filter(email__endswith="@many.org").count() == 50
    assert Profile.objects.filter(site=forum.site).count() == 51
    assert Change.objects.filter(kind="profile.created", site_id=forum.site.id).count() == 51


# --- Making profiles -----------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_free_name_is_used_and_a_taken_one_replaced(forum: Forum) -> None:
    first, second = make_user(), make_user()
    assert get_or_create_profile(site_id=forum.site.id, user_id=first.id, name="Zoe").name == "Zoe"
    assert get_or_create_profile(site_id=forum.site.id, user_id=second.id, name="ZOE").name == f"user{second.id}"
    assert get_or_create_profile(site_id=forum.site.id, user_id=first.id, name="Other").name == "Zoe"


@pytest.mark.django_db
def test_a_reserved_name_is_not_given_to_a_new_profile(forum: Forum, settings: Any) -> None:
    user, admin = make_user(), make_user()
    settings.RESERVED_PROFILE_NAMES = {"admin": admin.email}
    for name in ("deleted", "Admin"):
        person = make_user()
        profile = get_or_create_profile(site_id=forum.site.id, user_id=person.id, name=name)
        assert profile.name == f"user{person.id}"
    assert get_or_create_profile(site_id=forum.site.id, user_id=user.id, name="Adm").name == "Adm"
    assert get_or_create_profile(site_id=forum.site.id, user_id=admin.id, name="Admin").name == "Admin"


@pytest.mark.django_db
def test_many_profiles_at_once_tell_the_new_from_the_old(forum: Forum, other_forum: Forum) -> None:
    old = forum.member()
    stranger = other_forum.member()
    users = [make_user(), make_user()]
    ids = [old.profile.user_id, stranger.profile.user_id, *(user.id for user in users)]
    profiles = get_or_create_profiles(site_id=forum.site.id, user_ids=ids)
    assert set(profiles.ids) == set(ids)
    assert profiles.ids[old.profile.user_id] == old.id
    assert profiles.created == set(profiles.ids.values()) - {old.id}
    assert Profile.objects.filter(site=other_forum.site).count() == 2
    assert get_or_create_profiles(site_id=forum.site.id, user_ids=[]).ids == {}


# --- The placeholder -----------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_placeholder_is_one_per_site_and_one_user(forum: Forum, other_forum: Forum) -> None:
    here = get_or_create_deleted_profile(site_id=forum.site.id)
    there = get_or_create_deleted_profile(site_id=other_forum.site.id)
    assert get_or_create_deleted_profile(site_id=forum.site.id) == here
    assert (here.name, there.name) == ("deleted", "deleted")
    assert here.id != there.id
    assert here.user_id == there.user_id
    user = here.user
    assert not user.is_active
    assert not user.has_usable_password()


@pytest.mark.django_db
def test_a_profile_with_the_name_is_the_placeholder(forum: Forum) -> None:
    imported = forum.member()
    Profile.objects.filter(id=imported.id).update(name="Deleted")
    assert get_or_create_deleted_profile(site_id=forum.site.id).id == imported.id


@pytest.mark.django_db
def test_the_placeholder_cannot_sign_in(forum: Forum) -> None:
    placeholder = get_or_create_deleted_profile(site_id=forum.site.id)
    token = issue_token(user=placeholder.user, client=None)
    reply = ApiClient(host=forum.host, token=token).get("whoami")
    assert (reply.status, reply.code) == (401, 7)
    with pytest.raises(InvalidEmail):
        get_or_create_user(email=placeholder.user.email)


# --- Names ---------------------------------------------------------------------------------------


def test_names_follow_the_rules() -> None:
    assert usable_name(" <b>Zo e</b> ", email="x@y.org") == "Zoe"
    for text in ("", "x", "x" * 26, "a@b", "a+b"):
        with pytest.raises(UnusableName):
            usable_name(text, email="x@y.org")
    with pytest.raises(ReservedName):
        usable_name("DELETED", email="x@y.org")


def test_cleaning_a_clean_name_changes_nothing() -> None:
    for text in ("O'Neil", "Tom&Jerry", "a<b", "日本", "5&gt;4"):
        name = usable_name(text, email="x@y.org")
        assert usable_name(name, email="x@y.org") == name


def test_a_reserved_name_belongs_to_a_canonical_address(settings: Any) -> None:
    settings.RESERVED_PROFILE_NAMES = {"O'Neil": "o.neil@gmail.com", "nobody": ""}
    assert not is_reserved("o&#39;neil", email="oneil+x@googlemail.com")
    assert is_reserved("O'NEIL", email="other@gmail.com")
    assert is_reserved("Nobody", email="")
    assert not is_reserved("somebody", email="x@y.org")


@pytest.mark.django_db
def test_a_taken_name_leaves_the_transaction_usable(forum: Forum) -> None:
    forum.member("Bob")
    profile = Profile.objects.select_related("user").get(id=forum.member("Zoe").id)
    with pytest.raises(NameTaken):
        edit_profile(profile, actor_id=profile.id, name="bob")
    assert Profile.objects.get(id=profile.id).name == "Zoe"


# --- Read marks ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_mark_of_everything_read_never_moves_back(forum: Forum) -> None:
    member = forum.member()
    later = now() + timedelta(days=1)
    mark_site_read(site_id=forum.site.id, profile_id=member.id, at=later)
    mark_site_read(site_id=forum.site.id, profile_id=member.id, at=now())
    assert Profile.objects.get(id=member.id).read_all_at == later
    assert Profile.objects.get(id=forum.owner.id).read_all_at < later


@pytest.mark.django_db
def test_t1_the_mark_is_one_sites(forum: Forum, other_forum: Forum) -> None:
    member = forum.member()
    before = Profile.objects.get(id=member.id).read_all_at
    mark_site_read(site_id=other_forum.site.id, profile_id=member.id, at=now())
    assert Profile.objects.get(id=member.id).read_all_at == before


def test_the_people_of_a_site_are_counted_however_they_come_and_go(forum: Forum, other_forum: Forum) -> None:
    def counted() -> dict[int, int]:
        return dict(PeopleCount.objects.values_list("site_id", "profile_count"))

    def there() -> dict[int, int]:
        return dict(Profile.objects.values_list("site_id").annotate(Count("id")))

    assert counted() == there()
    forum.member()
    users = [get_or_create_user(email=f"counted{number}@example.org").id for number in range(3)]
    get_or_create_profiles(site_id=other_forum.site.id, user_ids=users)
    assert counted() == there() == {forum.site.id: 2, other_forum.site.id: 4}
    # As an import and a database administrator would.
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM profiles_profileoptions")
        cursor.execute("DELETE FROM profiles_profile WHERE user_id = ANY (%s)", [users[:2]])
    assert counted() == there() == {forum.site.id: 2, other_forum.site.id: 2}
