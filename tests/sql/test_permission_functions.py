"""The SQL functions that answer "may they?", against a model of contract A 31 and 22.6 written in Python."""

import random
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.db import connection

from apps.core import clock
from apps.microcosms.models import Microcosm
from apps.permissions.models import Ban, Criterion, Role, RoleProfile
from apps.profiles.models import Profile, ProfileAttribute
from tests.factories import Forum, Person, make_forum
from tests.trees import make_item, make_microcosm, make_role

pytestmark = pytest.mark.django_db

CAPABILITIES = ("create", "read", "update", "delete", "close_own", "open_own", "read_others")
NAMES = [*CAPABILITIES, "guest", "banned", "owner", "moderator", "site_owner"]


def ask(call: str, *parameters: Any) -> dict[str, bool]:
    """The permission set that a function of `fn` returns."""
    marks = ", ".join(["%s"] * len(parameters))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT may.* FROM fn.{call}({marks}) AS may", parameters)
        row = cursor.fetchone()
    assert None not in row
    return dict(zip(NAMES, row, strict=True))


def readable(site_id: int, profile_id: int) -> set[int]:
    """What `fn.readable_microcosms` returns."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT microcosm_id FROM fn.readable_microcosms(%s, %s)", [site_id, profile_id])
        ids = [row[0] for row in cursor.fetchall()]
    assert len(ids) == len(set(ids))
    return set(ids)


def microcosm_readers(
    site_id: int, microcosm_ids: list[int], profile_ids: list[int]
) -> dict[tuple[int, int], tuple[bool, bool, bool]]:
    """Who reads, moderates and is shut out of what, as the function for many answers it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM fn.microcosm_readers(%s, %s::bigint[], %s::bigint[])", [site_id, microcosm_ids, profile_ids]
        )
        return {(row[0], row[1]): row[2:] for row in cursor.fetchall()}


def members(role: Role, *, limit: int = 1000, offset: int = 0) -> tuple[int, list[int]]:
    """What `fn.role_members` returns: the total and a page."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT total, profile_id FROM fn.role_members(%s, %s, %s)", [role.id, limit, offset])
        rows = cursor.fetchall()
    assert rows
    assert len({row[0] for row in rows}) == 1
    return rows[0][0], [row[1] for row in rows if row[1] is not None]


# --- The model -------------------------------------------------------------------------------


def criterion_holds(criterion: Criterion, profile: Profile, attributes: dict[str, Any], *, is_banned: bool) -> bool:
    """Contract A 22.6, word by word; a broken criterion is false."""
    value, predicate = criterion.value, criterion.predicate
    if criterion.profile_column:
        subjects = {
            "id": profile.id,
            "itemCount": profile.item_count,
            "commentCount": profile.comment_count,
            "profileName": profile.name.lower(),
            "gender": profile.gender.lower(),
            "email": profile.user.email.lower(),
            "isBanned": is_banned,
        }
        if criterion.profile_column == "created":
            if isinstance(value, str):
                return _compare(profile.created_at.astimezone(UTC).date(), predicate, _date(value))
            return _compare((clock.now() - profile.created_at).days, predicate, value)
        if criterion.profile_column not in subjects:
            return False
        value = value.lower() if isinstance(value, str) else value
        return _compare(subjects[criterion.profile_column], predicate, value)
    is_negative = predicate in ("ne", "neq", "nsubstr")
    if isinstance(value, list | dict):
        return False
    if criterion.attribute_key not in attributes:
        return is_negative
    found = attributes[criterion.attribute_key]
    if isinstance(found, date):
        if not (isinstance(value, str) and _date(value) and predicate not in ("substr", "nsubstr")):
            return is_negative
        value = _date(value)
    elif _kind(found) != _kind(value):
        return is_negative
    return _compare(found, predicate, value)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__


def _date(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date() if len(text) == 10 else None
    except ValueError:
        return None


def _compare(left: Any, predicate: str, right: Any) -> bool:
    if right is None or _kind(left) != _kind(right):
        return False
    if predicate in ("substr", "nsubstr"):
        return isinstance(left, str) and (right.lower() in left.lower()) == (predicate == "substr")
    if predicate in ("eq", "ne", "neq"):
        return (left == right) == (predicate == "eq")
    if isinstance(left, str | bool):
        return False
    return {"lt": left < right, "le": left <= right, "ge": left >= right, "gt": left > right}.get(predicate, False)


def contains(role: Role, profile: Profile | None) -> bool:
    """Contract A 31.2."""
    if profile is None:
        return role.include_guests
    if role.include_users or RoleProfile.objects.filter(role=role, profile=profile).exists():
        return True
    attributes = {
        attribute.key: next(
            value
            for value in (attribute.text_value, attribute.number_value, attribute.bool_value, attribute.date_value)
            if value is not None
        )
        for attribute in ProfileAttribute.objects.filter(profile=profile)
    }
    is_banned = Ban.objects.filter(site_id=profile.site_id, user_id=profile.user_id).exists()
    groups: dict[int, list[bool]] = {}
    for criterion in role.criteria.all():
        groups.setdefault(criterion.or_group, []).append(
            criterion_holds(criterion, profile, attributes, is_banned=is_banned)
        )
    return any(all(group) for group in groups.values())


def permissions_in(forum: Forum, profile: Profile | None, place: Microcosm) -> dict[str, bool]:
    """Contract A 31.3 to 31.6 for a microcosm."""
    may = dict.fromkeys(NAMES, False)
    may["guest"] = profile is None
    is_site_owner = profile is not None and profile.user_id == forum.site.owner_id
    above = [Microcosm.objects.get(id=id_) for id_ in place.path]
    special = [r for m in above for r in Role.objects.filter(microcosm=m) if r.is_moderator or r.is_banned]
    regular: list[Role] = []
    for m in reversed(above):
        regular = [r for r in Role.objects.filter(microcosm=m) if not (r.is_moderator or r.is_banned)]
        if regular:
            break
    mine = [role for role in special + regular if contains(role, profile)]
    if any(role.is_banned for role in mine) and not is_site_owner:
        return may | {"banned": True}
    is_owner = profile is not None and profile.id in (place.owner_id, place.created_by_id)
    for name in CAPABILITIES:
        may[name] = any(getattr(role, f"can_{name}") for role in mine) or is_owner or is_site_owner
    may["owner"], may["site_owner"] = is_owner, is_site_owner
    may["moderator"] = any(role.is_moderator for role in mine) or is_owner or is_site_owner
    if profile is None:
        for name in ("create", "update", "delete", "close_own", "open_own", "moderator"):
            may[name] = False
    return may


# --- Random scenes ---------------------------------------------------------------------------


def random_forum(rng: random.Random) -> tuple[Forum, list[Profile], list[Microcosm]]:
    """A site with a random tree, random roles and random criteria; nobody is banned from the site."""
    forum = make_forum()
    profiles = [forum.member().profile for _ in range(6)]
    for profile in profiles:
        Profile.objects.filter(id=profile.id).update(
            comment_count=rng.randrange(4), gender=rng.choice(["", "male", "Female"])
        )
        if rng.random() < 0.5:
            ProfileAttribute.objects.create(profile=profile, key="team", text_value=rng.choice(["red", "Blue"]))
    places = [forum.root]
    for _ in range(rng.randrange(3, 9)):
        owner = rng.choice([forum.owner.profile, *profiles])
        places.append(make_microcosm(forum, rng.choice(places), owner=owner, created_by=owner))
    for _ in range(rng.randrange(2, 14)):
        kind = rng.random()
        role = make_role(
            rng.choice(places),
            is_moderator=kind < 0.25,
            is_banned=0.25 <= kind < 0.4,
            include_guests=rng.random() < 0.2,
            include_users=rng.random() < 0.15,
            **{f"can_{name}": rng.random() < 0.5 for name in CAPABILITIES},
        )
        for profile in rng.sample(profiles, rng.randrange(3)):
            RoleProfile.objects.create(role=role, profile=profile)
        for _ in range(rng.choice([0, 0, 1, 2, 3])):
            Criterion.objects.create(role=role, or_group=rng.randrange(2), **rng.choice(SIMPLE_CRITERIA))
    return forum, [Profile.objects.select_related("user").get(id=p.id) for p in profiles], places


SIMPLE_CRITERIA: list[dict[str, Any]] = [
    {"profile_column": "commentCount", "predicate": "ge", "value": 2},
    {"profile_column": "gender", "predicate": "eq", "value": "female"},
    {"profile_column": "gender", "predicate": "ne", "value": ""},
    {"attribute_key": "team", "predicate": "eq", "value": "red"},
    {"attribute_key": "team", "predicate": "neq", "value": "red"},
    {"attribute_key": "team", "predicate": "nsubstr", "value": "BL"},
    {"profile_column": "commentCount", "predicate": "ge", "value": "many"},
]


@pytest.mark.parametrize("seed", range(12))
def test_the_functions_equal_the_model_on_random_forums(seed: int) -> None:
    forum, profiles, places = random_forum(random.Random(seed))
    owner = Profile.objects.select_related("user").get(id=forum.owner.id)
    people = [None, owner, *profiles]
    readers = microcosm_readers(forum.site.id, [place.id for place in places], [p.id if p else 0 for p in people])
    for profile in people:
        profile_id = profile.id if profile else 0
        answers = {place.id: ask("permissions_in", forum.site.id, profile_id, place.id) for place in places}
        for place in places:
            assert answers[place.id] == permissions_in(forum, profile, place), (place.path, profile_id)
        assert readable(forum.site.id, profile_id) == {id_ for id_, may in answers.items() if may["read"]}
        for place in places:
            may = answers[place.id]
            expected = (may["read"], may["moderator"], may["banned"])
            assert readers.get((place.id, profile_id), (False, False, True)) == expected, (place.path, profile_id)


@pytest.mark.parametrize("seed", range(100, 106))
def test_members_of_a_role_are_those_it_contains(seed: int) -> None:
    forum, profiles, _places = random_forum(random.Random(seed))
    everyone = [Profile.objects.select_related("user").get(id=forum.owner.id), *profiles]
    for role in Role.objects.filter(site=forum.site):
        inside = sorted(profile.id for profile in everyone if contains(role, profile))
        assert members(role) == (len(inside), inside)
        for offset in range(0, len(inside) + 2, 2):
            assert members(role, limit=2, offset=offset) == (len(inside), inside[offset : offset + 2])


def test_members_of_a_role_are_of_its_site_only(forum: Forum, other_forum: Forum) -> None:
    """T1."""
    stranger = other_forum.member()
    everyone = make_role(forum.root, include_users=True)
    by_rule = make_role(forum.root)
    Criterion.objects.create(role=by_rule, profile_column="commentCount", predicate="ge", value=0)
    assert members(everyone) == (1, [forum.owner.id])
    assert members(by_rule) == (1, [forum.owner.id])
    assert stranger.id not in members(everyone)[1]


# --- Criteria --------------------------------------------------------------------------------

PREDICATES = ["eq", "ne", "neq", "lt", "le", "ge", "gt", "substr", "nsubstr", "xx"]
VALUES = [0, 5, 5.5, -1, 10**18, "5", "five", "", "FI", True, False, "2020-02-29", "2020-02-30", "2020-13-01"]
BROKEN = [[], {}, [5], {"a": 1}, "0000-01-01", "2020-2-9", "NaN", "1e400", "x" * 250]
COLUMNS = ["id", "itemCount", "commentCount", "created", "profileName", "gender", "email", "isBanned", "nonsense"]


def holds_in_sql(criteria: list[Criterion], profile: Profile) -> list[bool]:
    """Each criterion alone, evaluated by the functions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT criterion.id, EXISTS (SELECT FROM fn.roles_by_criteria(%s, ARRAY[criterion.role_id]))"
            " FROM permissions_criterion AS criterion WHERE criterion.id = ANY (%s)",
            [profile.id, [criterion.id for criterion in criteria]],
        )
        found = dict(cursor.fetchall())
    return [found[criterion.id] for criterion in criteria]


def one_role_each(forum: Forum, tests: list[dict[str, Any]]) -> list[Criterion]:
    """A role for each criterion, so that each is asked alone."""
    roles = Role.objects.bulk_create(
        [
            Role(site=forum.site, microcosm=forum.root, title="r", created_by=forum.owner.profile, is_moderator=True)
            for _ in tests
        ]
    )
    return Criterion.objects.bulk_create(
        [Criterion(role=role, **test) for role, test in zip(roles, tests, strict=True)]
    )


@pytest.fixture
def subject(forum: Forum) -> Profile:
    """Someone with something to compare in every column and every type of attribute."""
    profile = forum.member("Fiver").profile
    Profile.objects.filter(id=profile.id).update(
        item_count=5, comment_count=6, gender="FIVE &amp; more", created_at=datetime(2020, 2, 29, 23, 30, tzinfo=UTC)
    )
    for key, value in ATTRIBUTES.items():
        ProfileAttribute.objects.create(profile=profile, key=key, **value)
    return Profile.objects.select_related("user").get(id=profile.id)


ATTRIBUTES: dict[str, dict[str, Any]] = {
    "text": {"text_value": "five"},
    "number": {"number_value": 5.0},
    "fraction": {"number_value": 5.5},
    "flag": {"bool_value": False},
    "day": {"date_value": date(2020, 2, 29)},
}


def test_every_column_predicate_and_value_equals_the_model(forum: Forum, subject: Profile) -> None:
    Profile.objects.filter(id=subject.id).update(gender="FIVE")
    subject.gender = "FIVE"
    tests = [
        {"profile_column": column, "predicate": predicate, "value": value}
        for column, predicate, value in product(COLUMNS, PREDICATES, [*VALUES, *BROKEN, subject.id])
    ]
    criteria = one_role_each(forum, tests)
    expected = [criterion_holds(criterion, subject, {}, is_banned=False) for criterion in criteria]
    for test, found, wanted in zip(tests, holds_in_sql(criteria, subject), expected, strict=True):
        assert found == wanted, test


def test_every_attribute_predicate_and_value_equals_the_model(forum: Forum, subject: Profile) -> None:
    attributes = {key: next(iter(value.values())) for key, value in ATTRIBUTES.items()}
    tests = [
        {"attribute_key": key, "predicate": predicate, "value": value}
        for key, predicate, value in product([*ATTRIBUTES, "missing"], PREDICATES, VALUES + BROKEN)
    ]
    criteria = one_role_each(forum, tests)
    expected = [criterion_holds(criterion, subject, attributes, is_banned=False) for criterion in criteria]
    for test, found, wanted in zip(tests, holds_in_sql(criteria, subject), expected, strict=True):
        assert found == wanted, test


def test_escaped_texts_compare_as_what_people_wrote(forum: Forum, subject: Profile) -> None:
    Profile.objects.filter(id=subject.id).update(name="O&#39;Hara&lt;3")
    ProfileAttribute.objects.filter(profile=subject, key="text").update(text_value="R&amp;D")
    tests: list[tuple[dict[str, Any], bool]] = [
        ({"profile_column": "profileName", "predicate": "substr", "value": "o'h"}, True),
        ({"profile_column": "profileName", "predicate": "substr", "value": "o&#39;h"}, True),
        ({"profile_column": "profileName", "predicate": "substr", "value": "39"}, False),
        ({"profile_column": "gender", "predicate": "eq", "value": "five & more"}, True),
        ({"attribute_key": "text", "predicate": "eq", "value": "R&amp;D"}, True),
        ({"attribute_key": "text", "predicate": "eq", "value": "R&D"}, True),
        ({"attribute_key": "text", "predicate": "eq", "value": "r&d"}, False),
        ({"attribute_key": "text", "predicate": "substr", "value": "amp"}, False),
    ]
    criteria = one_role_each(forum, [test for test, _ in tests])
    assert holds_in_sql(criteria, subject) == [wanted for _, wanted in tests]


def test_days_since_creation_are_whole_days(forum: Forum, subject: Profile) -> None:
    for hours, days in ((0, 0), (23.9, 0), (24.1, 1), (47.9, 1), (48.1, 2)):
        Profile.objects.filter(id=subject.id).update(created_at=datetime.now(UTC) - timedelta(hours=hours))
        criteria = one_role_each(
            forum, [{"profile_column": "created", "predicate": "eq", "value": n} for n in range(4)]
        )
        assert holds_in_sql(criteria, subject) == [n == days for n in range(4)]


def test_groups_are_joined_by_and_inside_and_by_or_between(forum: Forum, subject: Profile) -> None:
    yes = {"profile_column": "itemCount", "predicate": "eq", "value": 5}
    no = {"profile_column": "itemCount", "predicate": "ne", "value": 5}
    for groups, wanted in (
        ([(0, yes), (0, yes)], True),
        ([(0, yes), (0, no)], False),
        ([(0, no), (1, yes)], True),
        ([(1, yes), (0, no), (1, no)], False),
        ([(0, no), (7, yes), (0, yes), (7, yes)], True),
        ([], False),
    ):
        role = make_role(forum.root)
        for group, test in groups:
            Criterion.objects.create(role=role, or_group=group, **test)
        assert (subject.id in members(role)[1]) is wanted, groups


def test_is_banned_reads_the_ban_list_and_honours_expiry(forum: Forum, subject: Profile) -> None:
    criteria = one_role_each(
        forum,
        [
            {"profile_column": "isBanned", "predicate": predicate, "value": value}
            for predicate, value in (("eq", True), ("ne", True), ("eq", False), ("neq", False))
        ],
    )
    assert holds_in_sql(criteria, subject) == [False, True, True, False]
    ban = Ban.objects.create(site=forum.site, user=subject.user)
    assert holds_in_sql(criteria, subject) == [True, False, False, True]
    ban.expires_at = datetime.now(UTC) - timedelta(seconds=1)
    ban.save(update_fields=["expires_at"])
    assert holds_in_sql(criteria, subject) == [False, True, True, False]


def test_a_broken_criterion_neither_widens_a_role_nor_breaks_the_microcosm(forum: Forum) -> None:
    """A 31.6: in the reference any error made a microcosm forbidden to everyone."""
    member = forum.member()
    role = make_role(forum.root, is_moderator=True, can_delete=True)
    for column, predicate, value in product(COLUMNS, PREDICATES, [[], {}, "0000-00-00", "x"]):
        if column in ("profileName", "gender", "email"):
            continue
        if column == "created" and value == "x":
            continue
        Criterion.objects.create(
            role=role, or_group=Criterion.objects.count(), profile_column=column, predicate=predicate, value=value
        )
    may = ask("permissions_in", forum.site.id, member.id, forum.root.id)
    assert may["read"]
    assert may["create"]
    assert not may["moderator"]
    assert forum.root.id in readable(forum.site.id, member.id)


def test_include_guests_survives_a_criterion(forum: Forum) -> None:
    place = make_microcosm(forum)
    role = make_role(place, include_guests=True, can_read=True)
    Criterion.objects.create(role=role, profile_column="commentCount", predicate="ge", value=1000)
    assert ask("permissions_in", forum.site.id, 0, place.id)["read"]
    assert not ask("permissions_in", forum.site.id, forum.member().id, place.id)["read"]


# --- Identity, bans, guests ------------------------------------------------------------------


def everything_asked(forum: Forum, person: Person | None, place: Microcosm) -> dict[str, bool]:
    """What somebody may do in a microcosm."""
    return ask("permissions_in", forum.site.id, person.id if person else 0, place.id)


def test_a_guest_never_writes_whatever_a_role_says(forum: Forum) -> None:
    make_role(forum.root, include_guests=True, is_moderator=True, **{f"can_{name}": True for name in CAPABILITIES})
    may = everything_asked(forum, None, forum.root)
    assert [name for name, value in may.items() if value] == ["read", "read_others", "guest"]


def test_a_profile_of_another_site_is_a_guest(forum: Forum, other_forum: Forum) -> None:
    """T1."""
    stranger = other_forum.member()
    assert ask("permissions_in", forum.site.id, stranger.id, forum.root.id) == everything_asked(forum, None, forum.root)
    assert ask("permissions_in", forum.site.id, other_forum.owner.id, forum.root.id)["site_owner"] is False


def test_a_microcosm_of_another_site_allows_nothing(forum: Forum, other_forum: Forum) -> None:
    for person in (forum.owner, forum.member()):
        may = ask("permissions_in", forum.site.id, person.id, other_forum.root.id)
        assert not any(may[name] for name in (*CAPABILITIES, "owner"))
    assert readable(forum.site.id, forum.owner.id) == {forum.root.id}


@pytest.mark.parametrize(("seconds", "is_banned"), [(None, True), (60, True), (-1, False)])
def test_a_ban_counts_until_it_expires(forum: Forum, seconds: int | None, is_banned: bool) -> None:
    member = forum.member()
    expires_at = None if seconds is None else datetime.now(UTC) + timedelta(seconds=seconds)
    Ban.objects.create(site=forum.site, user_id=member.profile.user_id, expires_at=expires_at)
    assert everything_asked(forum, member, forum.root)["banned"] is is_banned
    assert (forum.root.id in readable(forum.site.id, member.id)) is not is_banned


def test_the_owner_of_a_site_is_never_banned(forum: Forum) -> None:
    Ban.objects.create(site=forum.site, user_id=forum.owner.profile.user_id)
    make_role(forum.root, forum.owner, is_banned=True)
    may = everything_asked(forum, forum.owner, forum.root)
    assert not may["banned"]
    assert may["site_owner"]
    assert may["delete"]


def test_owners_and_moderators_of_a_microcosm_can_be_banned_by_a_role(forum: Forum) -> None:
    owner, moderator = forum.member(), forum.member()
    place = make_microcosm(forum, owner=owner.profile, created_by=owner.profile)
    make_role(place, moderator, is_moderator=True, can_read=True, can_update=True)
    make_role(forum.root, owner, moderator, is_banned=True)
    for person in (owner, moderator):
        may = everything_asked(forum, person, place)
        assert [name for name, value in may.items() if value] == ["banned"]
        assert place.id not in readable(forum.site.id, person.id)


def test_c3_a_ban_on_the_site_reaches_every_thing(forum: Forum) -> None:
    author = forum.member()
    item = make_item(forum.root, author)
    Ban.objects.create(site=forum.site, user_id=author.profile.user_id)
    for kind, thing in ((2, forum.root.id), (6, item.id), (6, 0), (5, 0), (14, author.profile.user_id), (0, 0)):
        may = ask("permissions_for", forum.site.id, author.id, kind, thing, 0)
        assert [name for name, value in may.items() if value] == ["banned"]
    site = ask("permissions_for", forum.site.id, author.id, 1, 0, 0)
    assert [name for name, value in site.items() if value] == ["read", "banned"]


# --- A3: states in which something is gone ---------------------------------------------------


def test_a3_a_microcosm_without_any_role_above_it_is_for_its_owners_only(forum: Forum) -> None:
    Role.objects.filter(site=forum.site).delete()
    owner = forum.member()
    place = make_microcosm(forum, owner=owner.profile, created_by=owner.profile)
    for person in (None, forum.member()):
        assert not everything_asked(forum, person, place)["read"]
        assert readable(forum.site.id, person.id if person else 0) == set()
    assert readable(forum.site.id, owner.id) == {place.id}
    assert readable(forum.site.id, forum.owner.id) == {forum.root.id, place.id}


def test_a3_removing_the_last_regular_role_of_a_microcosm_brings_the_inherited_ones_back(forum: Forum) -> None:
    member = forum.member()
    place = make_microcosm(forum)
    below = make_microcosm(forum, place)
    role = make_role(place, can_read=True)
    assert not everything_asked(forum, member, below)["read"]
    assert readable(forum.site.id, member.id) == {forum.root.id}
    role.delete()
    assert everything_asked(forum, member, below)["read"]
    assert readable(forum.site.id, member.id) == {forum.root.id, place.id, below.id}


def test_a3_a_role_without_members_shuts_everyone_out(forum: Forum) -> None:
    place = make_microcosm(forum)
    make_role(place, can_read=True, can_create=True)
    assert not everything_asked(forum, forum.member(), place)["read"]
    assert not everything_asked(forum, None, place)["read"]


def test_a3_special_roles_do_not_end_inheritance(forum: Forum) -> None:
    member = forum.member()
    place = make_microcosm(forum)
    make_role(place, is_moderator=True)
    make_role(place, is_banned=True)
    assert everything_asked(forum, member, place)["read"]


def test_a3_an_item_whose_microcosm_was_hidden_is_still_its_authors_alone(forum: Forum) -> None:
    author, other = forum.member(), forum.member()
    place = make_microcosm(forum)
    item = make_item(place, author)
    make_role(place, can_read=True)
    assert ask("permissions_on_item", forum.site.id, author.id, item.id)["read"]
    assert not ask("permissions_on_item", forum.site.id, other.id, item.id)["read"]
    assert not ask("permissions_on_item", forum.site.id, 0, item.id)["read"]


def test_a3_a_deleted_microcosm_is_on_no_list_even_for_the_owner_of_the_site(forum: Forum) -> None:
    place = make_microcosm(forum, is_deleted=True, is_live=False)
    for person in (None, forum.member(), forum.owner):
        assert place.id not in readable(forum.site.id, person.id if person else 0)


def test_a_moderator_role_gives_no_right_that_it_does_not_tick(forum: Forum) -> None:
    member = forum.member()
    place = make_microcosm(forum)
    make_role(place, can_read=True)
    make_role(place, member, is_moderator=True)
    may = everything_asked(forum, member, place)
    assert [name for name, value in may.items() if value] == ["moderator"]
    assert place.id not in readable(forum.site.id, member.id)


@pytest.mark.parametrize("kind", [2, 6, 7, 9, 4, 5])
def test_a9_a_hidden_thing_is_answered_like_a_missing_one(forum: Forum, kind: int) -> None:
    place = make_microcosm(forum)
    make_role(place, can_read=True)
    item = make_item(place, forum.owner)
    hidden = {2: place.id}.get(kind, item.id)
    for person in (None, forum.member()):
        profile_id = person.id if person else 0
        assert ask("permissions_for", forum.site.id, profile_id, kind, hidden, 0) == ask(
            "permissions_for", forum.site.id, profile_id, kind, 999_999_999, 0
        )
