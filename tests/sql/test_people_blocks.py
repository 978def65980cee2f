"""Pages far into the people of a site, against counting: whoever comes, goes, is renamed or ignored."""

import random
from typing import Any

import pytest
from django.db import connection

from apps.accounts.models import User
from apps.profiles.models import PeopleBlock, Profile
from apps.profiles.services import get_or_create_profiles
from apps.updates.models import Ignore
from tests.client import ApiClient
from tests.factories import Forum, make_user
from tests.services.test_items_concurrency import at_once

SIZE = 4
SMALL = f"CREATE OR REPLACE FUNCTION profiles_peopleblock_size() RETURNS integer LANGUAGE sql AS 'SELECT {SIZE}'"
USUAL = SMALL.replace(f"SELECT {SIZE}", "SELECT 500")


def small_blocks() -> None:
    with connection.cursor() as cursor:
        cursor.execute(SMALL)


def check(forum: Forum) -> None:
    """The blocks of a site against who stands in them."""
    blocks = list(PeopleBlock.objects.filter(site=forum.site).order_by("first_name"))
    names = [name.lower() for name in Profile.objects.filter(site=forum.site).values_list("name", flat=True)]
    if not blocks:
        assert len(names) <= 2 * SIZE
        return
    ends = [*(block.first_name for block in blocks[1:]), chr(0x10FFFF)]
    standing = [sum(b.first_name <= name < end for name in names) for b, end in zip(blocks, ends, strict=True)]
    assert [block.people_count for block in blocks] == standing
    assert all(count <= 2 * SIZE for count in standing)


def pages(client: ApiClient) -> list[str]:
    """Every page of the list by its offset, one after another."""
    first = client.get("profiles?limit=5").data["profiles"]
    offsets = range(5, first["maxOffset"] + 1, 5)
    rest = [client.get(f"profiles?limit=5&offset={offset}").data["profiles"] for offset in offsets]
    return [person["profileName"] for page in (first, *rest) for person in page["items"]]


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_pages_are_those_of_counting_whatever_happens(forum: Forum, api: ApiClient, seed: int) -> None:
    small_blocks()
    chance, reader = random.Random(seed), forum.member("mreader")
    client = api.as_(reader)
    for step in range(60):
        others = Profile.objects.filter(site=forum.site).exclude(id__in=(reader.id, forum.owner.id))
        one = chance.choice([None, *others])
        if one is None or chance.random() < 0.6:
            forum.member(f"{chance.choice('aBéxZ')}{chance.choice('aBéxZ')}{step}")
        elif chance.random() < 0.4:
            Profile.objects.filter(id=one.id).update(name=f"{chance.choice('aBéxZ')}x{step}")
        elif chance.random() < 0.5:
            Ignore.objects.get_or_create(profile=reader.profile, kind=3, target_profile=one)
        else:
            with connection.cursor() as cursor:
                for table in ("updates_ignore WHERE target_profile_id", "profiles_profileoptions WHERE profile_id"):
                    cursor.execute(f"DELETE FROM {table} = %s", [one.id])
                cursor.execute("DELETE FROM profiles_profile WHERE id = %s", [one.id])
        if step % 15 == 14:
            check(forum)
            ignored = Ignore.objects.filter(profile=reader.profile).values("target_profile_id")
            listed = Profile.objects.filter(site=forum.site).exclude(id__in=ignored)
            assert pages(client) == sorted(listed.values_list("name", flat=True), key=str.lower)
    assert PeopleBlock.objects.filter(site=forum.site).count() > 2


@pytest.mark.django_db
def test_many_who_come_at_once_are_divided(forum: Forum, other_forum: Forum) -> None:
    small_blocks()
    User.objects.bulk_create([User(email=f"u{n}@example.org", canonical_email=f"u{n}@example.org") for n in range(30)])
    users = list(User.objects.filter(email__startswith="u").values_list("id", flat=True))
    get_or_create_profiles(site_id=forum.site.id, user_ids=users)
    check(forum)
    assert PeopleBlock.objects.filter(site=forum.site).count() == 8
    assert not PeopleBlock.objects.filter(site=other_forum.site).exists()


@pytest.mark.django_db
def test_a_small_site_has_no_blocks(forum: Forum) -> None:
    for _ in range(12):
        forum.member()
    assert not PeopleBlock.objects.exists()


@pytest.mark.django_db
def test_what_was_large_before_there_were_blocks_gets_them_with_the_next_member(forum: Forum) -> None:
    for _ in range(12):
        forum.member()
    small_blocks()
    Profile.objects.filter(id=forum.owner.id).update(name="renamed")
    assert not PeopleBlock.objects.exists()
    forum.member()
    check(forum)
    assert PeopleBlock.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_r2_people_who_come_and_are_renamed_at_the_same_time_are_counted(forum: Forum) -> None:
    small_blocks()
    try:
        members = [forum.member(f"member{number}") for number in range(16)]

        def come(number: int) -> Any:
            return lambda: forum.member(f"{'amz'[number % 3]}new{number}")

        def rename(number: int) -> Any:
            return lambda: Profile.objects.filter(id=members[number].id).update(name=f"{'zam'[number % 3]}old{number}")

        at_once(*(call for number in range(16) for call in (come(number), rename(number))))
        check(forum)
        assert Profile.objects.filter(site=forum.site).count() == 33
    finally:
        with connection.cursor() as cursor:
            cursor.execute(USUAL)


@pytest.mark.django_db
def test_a_user_who_was_there_before_changes_nothing(forum: Forum) -> None:
    small_blocks()
    user = make_user()
    for _ in range(2):
        get_or_create_profiles(site_id=forum.site.id, user_ids=[user.id])
    for _ in range(10):
        forum.member()
    check(forum)
