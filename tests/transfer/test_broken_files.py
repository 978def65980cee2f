"""Files that cannot be imported as they are: each is named with its reason, and the rest is imported."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.accounts.models import User
from apps.comments.models import Comment, Revision
from apps.items.models import Item
from apps.microcosms.models import Microcosm
from apps.profiles.models import Profile
from apps.sites.models import Site
from apps.transfer.importer.run import TransferError
from tests.transfer import fingerprints
from tests.transfer.exports import NOON, ExportWriter, run_import, small_export

pytestmark = pytest.mark.django_db


@pytest.fixture
def writer(tmp_path: Path) -> ExportWriter:
    """An export that is whole."""
    return small_export(tmp_path)


def problems(writer: ExportWriter, path: str, level: str = "error") -> list[str]:
    """What an import that goes on after errors says of one file."""
    report = run_import(writer.root, continues_on_error=True)
    return [problem.message for problem in report.problems if (problem.path, problem.level) == (path, level)]


COMMENT = {"id": 50, "onType": "conversation", "onId": 1, "author": 1, "dateCreated": NOON}
VERSIONS = [{"editor": 1, "dateModified": NOON, "text": "Hello."}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is no JSON"),
        ("{", "is no JSON"),
        ('{"id": 50, "versions": [' + "[" * 100_000, "is no JSON"),
        ("[1]", "is no JSON object"),
        ("null", "is no JSON object"),
        ({**COMMENT, "id": 0, "versions": VERSIONS}, "has the id 0"),
        ({**COMMENT, "id": "50", "versions": VERSIONS}, "id must be a whole number"),
        ({**COMMENT, "author": "1", "versions": VERSIONS}, "author must be a whole number"),
        ({**COMMENT, "author": True, "versions": VERSIONS}, "author must be a whole number"),
        ({**COMMENT, "author": 1.5, "versions": VERSIONS}, "author must be a whole number"),
        ({**COMMENT, "author": -1, "versions": VERSIONS}, "author must be from 0 to"),
        ({**COMMENT, "author": 2**63, "versions": VERSIONS}, "author must be from 0 to"),
        ({**COMMENT, "author": 2**70, "versions": VERSIONS}, "author must be a whole number"),
        ({**COMMENT, "dateCreated": 5, "versions": VERSIONS}, "dateCreated must be a time"),
        ({**COMMENT, "dateCreated": "yesterday", "versions": VERSIONS}, "dateCreated is no time: 'yesterday'"),
        ({**COMMENT, "dateCreated": "2020-13-01T00:00:00Z", "versions": VERSIONS}, "dateCreated is no time"),
        ({**COMMENT, "isDeleted": "no", "versions": VERSIONS}, "isDeleted must be true or false"),
        ({**COMMENT, "onType": 6, "versions": VERSIONS}, "onType must be a string"),
        ({**COMMENT, "onType": "blog", "versions": VERSIONS}, "is on something of the unknown type 'blog'"),
        ({**COMMENT, "versions": "Hello."}, "versions must be an array"),
        ({**COMMENT, "versions": ["Hello."]}, "versions must hold objects"),
        ({**COMMENT, "versions": [{"text": ["Hello."]}]}, "versions[0].text must be a string"),
        ({**COMMENT, "versions": []}, "has no versions"),
        (COMMENT, "has no versions"),
    ],
)
def test_a_broken_comment_is_reported(writer: ExportWriter, content: Any, message: str) -> None:
    writer.write("comments/50.json", content)
    (found,) = problems(writer, "comments/50.json")
    assert found.startswith(message)
    assert Comment.objects.filter(site__key="old").count() == 10, "the nine of the export and that of the message"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({**COMMENT, "onId": 99, "versions": VERSIONS}, "is on conversation 99, which is not imported"),
        ({**COMMENT, "onType": "user", "onId": 0, "versions": VERSIONS}, "is on user 0, which is not imported"),
        ({**COMMENT, "onType": "message", "onId": 9, "versions": VERSIONS}, "is on message 9, which is not imported"),
        ({**COMMENT, "versions": [{"text": " \n\t"}]}, "has no text"),
        ({**COMMENT, "versions": [{}]}, "has no text"),
    ],
)
def test_a_comment_without_a_place_or_a_text_is_left_out(writer: ExportWriter, content: Any, message: str) -> None:
    writer.write("comments/50.json", content)
    assert problems(writer, "comments/50.json", "skipped") == [message]


def test_characters_that_no_database_holds_are_replaced(writer: ExportWriter) -> None:
    writer.write(
        "comments/50.json", '{"onId": 1, "author": 1, "versions": [{"text": "a\\u0000b \\ud800c \\ud83d\\ude00"}]}'
    )
    assert problems(writer, "comments/50.json", "warning") == [
        "versions[0].text holds NUL characters, which are left out",
        "versions[0].text holds broken characters, which are replaced",
        "has no dateCreated; the time of the import stands in",
    ]
    assert Revision.objects.filter(markdown="ab \ufffdc \U0001f600").exists()


def test_a_long_text_is_kept_whole_with_a_warning(writer: ExportWriter) -> None:
    text = "Long. " * 20_000
    writer.comment(50, text)
    (warning,) = problems(writer, "comments/50.json", "warning")
    assert warning.startswith("has a text of 120,000 characters")
    revision = Revision.objects.get(markdown=text)
    assert "Long. Long." in revision.html


def test_a_text_of_a_file_beyond_the_limit_is_an_error(writer: ExportWriter) -> None:
    writer.comment(50, "x" * (49 * 1024 * 1024))
    assert problems(writer, "comments/50.json") == ["is larger than 50,331,648 bytes"]


def test_versions_are_revisions_in_the_order_of_their_times(writer: ExportWriter) -> None:
    versions = [
        writer.version("Now.", dateModified="2020-05-03T00:00:00Z", editor=2),
        writer.version(" "),
        writer.version("First.", dateModified="2020-05-01T00:00:00Z"),
        writer.version("Second.", dateModified="2020-05-02T00:00:00Z", editor=99),
        writer.version("Second again.", dateModified="2020-05-02T00:00:00Z", editor=0),
    ]
    writer.comment(50, author=1, versions=versions)
    assert problems(writer, "comments/50.json", "warning") == [
        "versions without a text are left out",
        "the author 99 is unknown; the placeholder for removed people stands in",
    ]
    comment = Comment.objects.get(revisions__markdown="Second again.")
    assert comment.revision_count == 4
    found = comment.revisions.order_by("number").values_list("markdown", "created_by__name")
    assert list(found) == [
        ("First.", "person1"),
        ("Second.", "deleted"),
        ("Second again.", "person1"),
        ("Now.", "person2"),
    ]


@pytest.mark.parametrize("author", [0, 99])
def test_an_unknown_author_becomes_the_placeholder(writer: ExportWriter, author: int) -> None:
    writer.conversation(50, author=author)
    writer.comment(50, onId=50, author=author)
    writer.message(50, author=author, to=[{"id": 1}])
    run_import(writer.root)
    names = Item.objects.filter(title__in=["Thread 50", "Message 50"]).values_list("created_by__name", flat=True)
    assert list(names) == ["deleted", "deleted"]
    assert Comment.objects.filter(created_by__name="deleted").count() == 2


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"forumId": 99}, "its forum, 99, is not imported"),
        ({"forumId": ...}, "its forum, 0, is not imported"),
        ({"name": ""}, "has a blank name"),
        ({"name": "<script>alert(1)</script>"}, "has a blank name"),
        ({"name": None}, "has a blank name"),
        ({"viewCount": -1}, "viewCount must be from 0 to 9223372036854775807"),
    ],
)
def test_a_broken_conversation_is_reported(writer: ExportWriter, fields: dict[str, Any], message: str) -> None:
    writer.conversation(50, **fields)
    assert problems(writer, "conversations/50.json") == [message]


def test_titles_are_plain_text_that_is_stored_escaped_and_cut_by_characters(writer: ExportWriter) -> None:
    writer.conversation(50, name='Tom & "Jerry" <3 Käse')
    writer.conversation(51, name="\U0001f600&" * 100)
    writer.conversation(52, name="Many views", viewCount=2**40)
    assert problems(writer, "conversations/51.json", "warning") == ["has a name of 200 characters, which is cut to 150"]
    titles = list(Item.objects.filter(kind=6).order_by("id").values_list("title", flat=True))
    assert titles[3:] == ["Tom &amp; &#34;Jerry&#34; &lt;3 Käse", "\U0001f600&amp;" * 75, "Many views"]
    assert Item.objects.get(title="Many views").view_count == 2**31 - 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"author": 99}, "its author, profile 99, is not imported"),
        ({"name": " "}, "has a blank name"),
        ({"parentId": 99}, "its parent, forum 99, is not imported"),
        ({"parentId": 50}, "is its own ancestor: parentId goes round in a circle"),
    ],
)
def test_a_broken_section_is_reported(writer: ExportWriter, fields: dict[str, Any], message: str) -> None:
    writer.forum(50, **fields)
    assert problems(writer, "forums/50.json") == [message]


def test_sections_on_a_circle_are_reported_and_those_below_them_too(writer: ExportWriter) -> None:
    writer.forum(10, parentId=12)
    writer.forum(11, parentId=10)
    writer.forum(12, parentId=11)
    writer.forum(13, parentId=10)
    writer.forum(20, parentId=21)
    writer.forum(21)
    report = run_import(writer.root, continues_on_error=True)
    circle = "is its own ancestor: parentId goes round in a circle"
    assert sorted((p.path, p.message) for p in report.problems if p.level == "error") == [
        ("forums/10.json", circle), ("forums/11.json", circle), ("forums/12.json", circle),
        ("forums/13.json", "its parent, forum 10, is not imported"),
    ]  # fmt: skip
    titles = dict(Microcosm.objects.values_list("id", "title"))
    assert [titles[id] for id in Microcosm.objects.get(title="Section 20").path] == [
        "Forums",
        "Section 21",
        "Section 20",
    ]


def test_a_section_below_a_hidden_one_is_not_live(writer: ExportWriter) -> None:
    writer.forum(50, isDeleted=True, isOpen=...)
    writer.forum(51, parentId=50, text="")
    run_import(writer.root)
    hidden, below = Microcosm.objects.get(title="Section 50"), Microcosm.objects.get(title="Section 51")
    assert (hidden.is_deleted, hidden.is_live, hidden.is_open) == (True, False, False)
    assert (below.is_deleted, below.is_live, below.description) == (False, False, "Section 51")


# --- People -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("Ann Lee", "Ann_Lee"),
        ("Käthe", "Käthe"),
        ("O'Neil & Co", "O&#39;Neil_&amp;_Co"),
        ("x" * 25, "x" * 25),
        ("x" * 26, "user50"),
        ("x", "user50"),
        ("", "user50"),
        ("a@b", "user50"),
        ("a+b", "user50"),
        ("deleted", "user50"),
        ("PERSON2", "user50"),
    ],
)
def test_names_are_kept_if_they_can_be(writer: ExportWriter, name: str, stored: str) -> None:
    writer.profile(50, name=name)
    assert len(problems(writer, "profiles/50.json", "warning")) == (stored == "user50")
    assert Profile.objects.get(user__email="old50@example.org").name == stored


def test_generated_names_avoid_names_that_others_have(writer: ExportWriter) -> None:
    writer.profile(49, name="user50")
    writer.profile(50, name="user50")
    writer.profile(51, name="user50")
    run_import(writer.root)
    names = {p.user.email: p.name for p in Profile.objects.select_related("user")}
    assert [names[f"old{id}@example.org"] for id in (49, 50, 51)] == ["user50", "user50x1", "user51"]


@pytest.mark.parametrize("batch_size", [1, 500])
def test_one_address_is_one_person_and_the_lowest_id_is_kept(writer: ExportWriter, batch_size: int) -> None:
    writer.profile(50, email="OLD.2+forum@Example.org", name="second_self", isBanned=True)
    writer.profile(51, name="second_self")
    writer.comment(50, author=50)
    writer.follows(50, users=[{"id": 2}, {"id": 1}])
    report = run_import(writer.root, batch_size=batch_size)
    assert report.tally("profiles").imported == 5
    assert [p.message for p in report.problems if p.path == "profiles/50.json"] == [
        "has the e-mail address of somebody who is there, and becomes the same profile"
    ]
    person = Profile.objects.get(user__canonical_email="old2@example.org")
    assert person.name == "person2"
    assert Comment.objects.get(revisions__markdown="Hello.", created_by=person)
    assert Profile.objects.filter(name="second_self", user__email="old51@example.org").exists()
    assert [p.message for p in report.problems if p.path == "follows/50.json"] == [
        "names its own author, which is left out"
    ]
    assert "old2@example.org" in {ban[0] for ban in fingerprints.site("old")["bans"]}


@pytest.mark.parametrize("email", ["", "nobody", "a b@example.org", "x" * 250 + "@example.org"])
def test_who_has_no_usable_address_becomes_a_profile_that_cannot_sign_in(writer: ExportWriter, email: str) -> None:
    writer.profile(50, email=email)
    writer.profile(51, email=email)
    assert problems(writer, "profiles/50.json", "warning") == [
        "has no usable e-mail address; nobody can sign in to this profile"
    ]
    user = User.objects.get(profiles__name="person50")
    assert (user.email, user.is_active, user.has_usable_password()) == ("profile50@old.invalid", False, False)
    assert Profile.objects.get(name="person51").user_id != user.id


def test_people_of_the_platform_and_the_site_are_reused(writer: ExportWriter) -> None:
    user = User.objects.create(email="Old2@Example.org", canonical_email="old2@example.org", password="!")
    run_import(writer.root)
    assert Profile.objects.get(name="person2").user_id == user.id
    assert User.objects.filter(email__iexact="old2@example.org").count() == 1


def test_a_site_that_exists_keeps_its_owner_its_people_and_its_roles(writer: ExportWriter) -> None:
    from apps.permissions.models import Role
    from tests.factories import make_forum, make_member, make_user

    forum = make_forum("old")
    member = make_member(forum.site, name="person1", user=make_user("old2@example.org"))
    report = run_import(writer.root, owner=2)
    assert [p.message for p in report.problems if p.level == "warning"] == [
        "the site old exists and keeps its owner",
        "has the name 'person1', which somebody else has; a new one is made",
        "has the e-mail address of somebody who is there, and becomes the same profile",
    ]
    assert Site.objects.get(key="old").owner_id == forum.owner.profile.user_id
    assert Item.objects.get(title="Thread 2").created_by_id == member.id
    titles = Role.objects.filter(microcosm=forum.root).values_list("title", flat=True)
    assert sorted(titles) == ["Banned", "Everybody", "Guests", "Members"]


def test_the_owner_of_a_site_is_not_banned_from_it(writer: ExportWriter) -> None:
    writer.profile(1, isBanned=True)
    writer.profile(60, email="old1@example.org", isBanned=True)
    run_import(writer.root)
    assert [ban[0] for ban in fingerprints.site("old")["bans"]] == ["old3@example.org"]


# --- The owner, and stopping --------------------------------------------------------------------


def test_the_owner_named_owns_the_new_site(writer: ExportWriter) -> None:
    report = run_import(writer.root, owner=2)
    assert Site.objects.get(key="old").owner.email == "old2@example.org"
    assert report.tally("profiles").imported == 3


@pytest.mark.parametrize(
    ("owner", "email", "message"),
    [
        (99, "old1@example.org", "the owner 99 is not in profiles/"),
        (1, "nobody", "profiles/1.json: profile 1 cannot own the site"),
        (None, "", "profiles/1.json: profile 1 cannot own the site"),
    ],
)
@pytest.mark.parametrize("is_dry", [True, False])
def test_without_an_owner_there_is_no_site(
    writer: ExportWriter, owner: int | None, email: str, message: str, is_dry: bool
) -> None:
    writer.profile(1, email=email)
    with pytest.raises(TransferError, match=message):
        run_import(writer.root, owner=owner, is_dry=is_dry)
    assert not Site.objects.exists()


@pytest.mark.parametrize("key", ["", "with-dash", "x" * 51, "www"])
def test_a_key_that_no_site_can_have_is_refused(writer: ExportWriter, key: str) -> None:
    with pytest.raises(CommandError, match="there is no site"):
        call_command("import_forum", str(writer.root), site=key)


def test_errors_stop_the_import_after_their_type_and_the_next_run_goes_on(writer: ExportWriter, tmp_path: Path) -> None:
    writer.conversation(50, forumId=99)
    with pytest.raises(CommandError, match="1 files could not be imported; the import stopped there"):
        call_command("import_forum", str(writer.root), site="old", errors=tmp_path / "errors.jsonl")
    assert Item.objects.filter(kind=6).count() == 3
    assert not Comment.objects.exists()
    assert '{"level": "error", "file": "conversations/50.json", "message": "its forum, 99, is not imported"}' in (
        (tmp_path / "errors.jsonl").read_text().splitlines()
    )
    writer.conversation(50)
    call_command("import_forum", str(writer.root), site="old")
    assert Item.objects.filter(kind=6).count() == 4
    assert Comment.objects.count() == 10


def test_errors_of_roles_stop_even_an_import_that_goes_on_after_errors(writer: ExportWriter) -> None:
    writer.role(3, name="", default=True)
    report = run_import(writer.root, continues_on_error=True)
    assert report.is_stopped
    assert not Item.objects.exists()


def test_a_broken_index_stops_everything(writer: ExportWriter) -> None:
    writer.write("comments/index.json", "{")
    with pytest.raises(CommandError, match=r"comments/index.json is no JSON"):
        call_command("import_forum", str(writer.root), site="old")


def test_two_files_with_one_id_are_one_thing(writer: ExportWriter) -> None:
    writer.conversation(123)
    writer.write("conversations/1/23.json", {"name": "Twin", "forumId": 1, "author": 1, "dateCreated": NOON})
    assert problems(writer, "conversations/123.json") == ["has the id 123 of conversations/1/23.json"]
