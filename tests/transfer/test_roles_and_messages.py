"""Roles, follows, bans and private messages: who may do what after an import."""

from pathlib import Path
from typing import Any

import pytest

from apps.accounts.models import User
from apps.accounts.services import issue_token
from apps.comments.models import Comment, Mention
from apps.huddles.models import AllHuddlesReadMark, Huddle, Participant
from apps.items.models import Item
from apps.microcosms.models import Microcosm
from apps.permissions.models import Role
from apps.profiles.models import Profile, ProfileOptions
from apps.sites.hosts import forget_sites
from apps.updates.models import Ignore, Watcher
from tests.client import ApiClient
from tests.transfer.exports import ExportWriter, run_import, small_export

pytestmark = pytest.mark.django_db

VIEW = {"canView": True}


@pytest.fixture
def writer(tmp_path: Path) -> ExportWriter:
    """Three people and a section, without roles."""
    writer = ExportWriter(tmp_path)
    for id in (1, 2, 3):
        writer.profile(id)
    writer.forum(1)
    return writer


def roles_of(section: str) -> dict[str, Role]:
    """The roles of a section, or of the site, by title."""
    return {role.title: role for role in Role.objects.filter(microcosm__title=section)}


def members(role: Role) -> list[str]:
    """The names of those who are named."""
    return sorted(role.profiles.values_list("name", flat=True))


def client(id: int | None) -> ApiClient:
    """Somebody of the old forum, or a guest."""
    forget_sites()
    token = issue_token(user=User.objects.get(email=f"old{id}@example.org"), client=None) if id else ""
    return ApiClient(host="old.localhost", token=token)


def test_a_site_without_imported_roles_keeps_those_it_began_with(writer: ExportWriter) -> None:
    run_import(writer.root)
    assert sorted(roles_of("Forums")) == ["Banned", "Guests", "Members"]


def test_grants_and_members_of_a_default_role(writer: ExportWriter) -> None:
    grants = ["canView", "canPostNew", "canEditOthers", "canDeleteOthers", "canCloseOwn", "canOpenOwn"]
    for number, grant in enumerate(grants, start=1):
        writer.role(number, name=grant, default=True, forumPermissions={grant: True}, users=[{"id": 2}, {"id": 99}])
    writer.profile(3, usergroups=[{"id": 1}])
    run_import(writer.root)
    roles = roles_of("Forums")
    columns = ["can_read", "can_create", "can_update", "can_delete", "can_close_own", "can_open_own"]
    for grant, column in zip(grants, columns, strict=True):
        granted = {name for name in [*columns, "can_read_others"] if getattr(roles[grant], name)}
        assert granted == ({column} | ({"can_read_others"} if grant == "canView" else set()))
    assert members(roles["canView"]) == ["person2", "person3"]
    assert members(roles["canPostNew"]) == ["person2"]
    assert "Guests" not in roles


def test_a_forum_that_was_closed_to_guests_is_closed_to_guests(writer: ExportWriter) -> None:
    writer.role(1, name="Registered", default=True, includeRegisteredUsers=True, forumPermissions=VIEW)
    writer.conversation(1)
    run_import(writer.root)
    id = Item.objects.get().id
    assert client(None).get(f"conversations/{id}").status == 404
    assert client(2).get(f"conversations/{id}").status == 200


def test_a_section_with_overrides_gets_a_copy_of_every_role(writer: ExportWriter) -> None:
    writer.role(1, name="All", default=True, includeRegisteredUsers=True, includeGuests=True, forumPermissions=VIEW)
    writer.role(2, name="Staff", users=[{"id": 2}], forumPermissions=VIEW)
    writer.role(3, name="Rulers", isModerator=True, users=[{"id": 1}], forumPermissions={"canEditOthers": True})
    writer.role(4, name="Out", isBanned=True, users=[{"id": 3}], forumPermissions=VIEW)
    writer.forum(
        2,
        usergroups=[
            {"id": 1, "forumPermissions": {}}, {"id": 2, "forumPermissions": {**VIEW, "canPostNew": True}},
            {"id": 4, "forumPermissions": {}}, {"id": 77, "forumPermissions": VIEW},
        ],
        moderators=[{"id": 2}, {"id": 99}],
    )  # fmt: skip
    writer.conversation(2, forumId=2)
    report = run_import(writer.root)
    assert [p.message for p in report.problems if p.path == "forums/2.json"] == [
        "names the role 77, which is not imported"
    ]
    assert sorted(roles_of("Forums")) == ["All", "Banned"]
    roles = roles_of("Section 2")
    assert sorted(roles) == ["Out", "Rulers", "Staff"], "a listed role without a grant is left out"
    assert (roles["Staff"].can_read, roles["Staff"].can_create, members(roles["Staff"])) == (True, True, ["person2"])
    assert (roles["Rulers"].is_moderator, members(roles["Rulers"])) == (True, ["person1", "person2"])
    assert (roles["Out"].is_banned, roles["Out"].can_read, members(roles["Out"])) == (True, False, ["person3"])
    id = Item.objects.get().id
    assert [client(who).get(f"conversations/{id}").status for who in (None, 2, 3)] == [404, 200, 404]
    assert roles_of("Section 1") == {}


@pytest.mark.parametrize("listed", [[1], [1, 99], [99]])
def test_a1_a_section_whose_roles_all_lose_their_grants_stays_closed(writer: ExportWriter, listed: list[int]) -> None:
    if listed == [99]:
        writer.role(1, name="Rulers", isModerator=True, default=True)
    else:
        writer.role(1, name="All", default=True, includeRegisteredUsers=True, includeGuests=True, forumPermissions=VIEW)
    writer.forum(2, usergroups=[{"id": id, "forumPermissions": {}} for id in listed])
    writer.conversation(2, forumId=2)
    run_import(writer.root)
    assert "Nobody" in roles_of("Section 2")
    id = Item.objects.get().id
    assert [client(who).get(f"conversations/{id}").status for who in (None, 3)] == [404, 404]


def test_moderators_without_a_role_get_one(writer: ExportWriter) -> None:
    writer.forum(2, moderators=[{"id": 2}, {"id": 3}])
    run_import(writer.root)
    (role,) = roles_of("Section 2").values()
    assert (role.title, role.is_moderator, members(role)) == ("Moderators", True, ["person2", "person3"])
    assert all(
        [role.can_read, role.can_create, role.can_update, role.can_delete, role.can_close_own, role.can_open_own]
    )


def test_a_role_that_nothing_uses_is_left_out(writer: ExportWriter) -> None:
    writer.role(1, name="Idle", forumPermissions=VIEW)
    report = run_import(writer.root)
    assert [(p.level, p.message) for p in report.problems if p.path == "roles/1.json"] == [
        ("skipped", "is no default, and no section has roles of its own")
    ]


def criterion(key: str, predicate: str, value: Any, **fields: Any) -> dict[str, Any]:
    """A criterion of a role."""
    return {"key": key, "predicate": predicate, "value": value, **fields}


def test_criteria_are_imported(writer: ExportWriter) -> None:
    criteria = [
        criterion("commentCount", "ge", 10, orGroup=1),
        criterion("profileName", "substr", "an"),
        criterion("created", "lt", "2020-01-02T03:04:05Z"),
        criterion("created", "ge", 30),
        criterion("isBanned", "ne", True),
        criterion("id", "eq", 2),
        criterion("shirt", "eq", "red"),
    ]
    writer.role(1, default=True, criteria=criteria)
    run_import(writer.root)
    stored = roles_of("Forums")["Role 1"].criteria.order_by("id")
    person2 = Profile.objects.get(name="person2").id
    assert list(stored.values_list("or_group", "profile_column", "attribute_key", "predicate", "value")) == [
        (1, "commentCount", "", "ge", 10),
        (0, "profileName", "", "substr", "an"),
        (0, "created", "", "lt", "2020-01-02"),
        (0, "created", "", "ge", 30),
        (0, "isBanned", "", "ne", True),
        (0, "id", "", "eq", person2),
        (0, "", "shirt", "eq", "red"),
    ]


@pytest.mark.parametrize(
    "broken",
    [
        criterion("commentCount", "like", 10),
        criterion("commentCount", "ge", "10"),
        criterion("profileName", "lt", "an"),
        criterion("isBanned", "eq", "yes"),
        criterion("created", "lt", "long ago"),
        criterion("id", "lt", 100),
        criterion("", "eq", 1),
        criterion("shirt", "eq", None),
        criterion("shirt", "eq", ["red"]),
        criterion("shirt", "eq", "r" * 251),
        criterion("shirt", "eq", "red", orGroup=2**31),
    ],
)
def test_a_criterion_that_cannot_be_kept_refuses_its_role(writer: ExportWriter, broken: dict[str, Any]) -> None:
    writer.role(1, default=True, criteria=[broken])
    report = run_import(writer.root, continues_on_error=True)
    assert [p.level for p in report.problems if p.path == "roles/1.json"] == ["error"]
    assert sorted(roles_of("Forums")) == ["Banned", "Guests", "Members"]


def test_messages_become_confidential_huddles_that_are_read(writer: ExportWriter) -> None:
    hidden = [{"id": 3}, {"id": 2}, {"id": 99}, {"id": 0}]
    writer.message(1, "Psst @person2", to=[{"id": 2}, {"id": 1}], bcc=hidden)
    writer.message(
        2,
        to=[{"id": 2, "isDeleted": True}],
        isDeleted=True,
        name="By name",
        versions=[writer.version("Gone.", headline=" ")],
    )
    writer.message(3, versions=[writer.version("Untitled.")])
    writer.comment(5, "An answer.", onType="message", onId=1, author=2)
    report = run_import(writer.root)
    assert [p.message for p in report.problems if p.path == "messages/1.json"] == [
        "hidden recipients become visible participants"
    ]
    titles = dict(Huddle.objects.values_list("item__title", "is_confidential"))
    assert titles == {"Message 1": True, "By name": True, "Private message": True}

    def people(title: str) -> list[str]:
        return sorted(Participant.objects.filter(huddle__item__title=title).values_list("profile__name", flat=True))

    assert people("Message 1") == ["person1", "person2", "person3"]
    assert people("By name") == people("Private message") == ["person1"]
    assert Comment.objects.get(revisions__markdown="Gone.").is_deleted
    assert Item.objects.get(title="Message 1").comment_count == 2
    assert Item.objects.get(title="By name").comment_count == 0
    assert not Mention.objects.exists()
    assert AllHuddlesReadMark.objects.count() == 3
    assert not Profile.objects.filter(unread_huddle_count__gt=0).exists()


def test_follows_become_watchers_and_ignores(tmp_path: Path) -> None:
    writer = small_export(tmp_path)
    writer.follows(1, users=[{"id": 99}], conversationsIgnored=[99], forums=[{"id": 1}, {"id": 1}])
    report = run_import(tmp_path)
    assert [p.message for p in report.problems if p.path == "follows/1.json"] == [
        "names profile 99, which is not imported",
        "names conversation 99, which is not imported",
    ]
    person2, section = Profile.objects.get(name="person2"), Microcosm.objects.get(title="Section 1")
    watched = Watcher.objects.filter(profile=person2).order_by("kind")
    assert list(watched.values_list("kind", "send_email", "send_sms")) == [
        (2, False, False), (3, True, False), (6, False, False),
    ]  # fmt: skip
    assert watched[0].microcosm_id == section.id
    ignored = Ignore.objects.filter(profile=person2).order_by("kind")
    targets = ignored.values_list("microcosm__title", "target_profile__name", "item__title")
    assert list(targets) == [("Section 2", None, None), (None, "person3", None), (None, None, "Thread 3")]
    assert Watcher.objects.filter(profile__name="person1").count() == 1


def test_follows_of_somebody_unknown_are_an_error(writer: ExportWriter) -> None:
    writer.follows(99, users=[{"id": 1}])
    report = run_import(writer.root, continues_on_error=True)
    assert [(p.path, p.message) for p in report.problems if p.level == "error"] == [
        ("follows/99.json", "belongs to profile 99, which is not imported")
    ]


def test_the_mail_switch_and_the_ban_are_kept(writer: ExportWriter) -> None:
    writer.profile(2, receiveEmailNotifications=True)
    writer.profile(3, isBanned=True)
    run_import(writer.root)
    switches = dict(ProfileOptions.objects.values_list("profile__name", "send_email"))
    assert (switches["person1"], switches["person2"]) == (False, True)
    assert client(3).get("site").status == 200
    assert client(3).get("microcosms").status == 403


def test_a_biography_is_a_comment_on_the_profile(tmp_path: Path) -> None:
    small_export(tmp_path)
    run_import(tmp_path)
    person2 = Profile.objects.get(name="person2")
    assert Comment.objects.get(profile=person2).revisions.get().markdown == "I am person2."
    assert client(1).get(f"profiles/{person2.id}").data["profileComment"]["markdown"] == "I am person2."


def test_imported_mentions_are_kept_so_that_nobody_is_told_later(tmp_path: Path) -> None:
    small_export(tmp_path)
    run_import(tmp_path)
    person2 = Profile.objects.get(name="person2")
    mentions = Mention.objects.filter(profile=person2)
    assert mentions.count() == Comment.objects.filter(revisions__markdown__contains="@person2").exclude(
        created_by=person2
    ).count() > 0  # fmt: skip
    html = Comment.objects.filter(mentions__profile=person2)[0].revisions.get().html
    assert f'href="/profiles/{person2.id}"' in html
