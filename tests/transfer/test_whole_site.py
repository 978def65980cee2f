"""A whole site out and in again: events, polls, huddles, and everything else the format has no word for."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.comments.models import Comment, CommentAttribute, Revision
from apps.core.attributes import put_attributes
from apps.huddles.models import Huddle, Participant
from apps.items.models import Attendee, Event, Item, ItemAttribute, Poll, PollChoice, PollVote
from apps.links.models import Link as ShortLink
from apps.microcosms.models import Microcosm, MicrocosmAttribute
from apps.permissions.models import Ban, Role
from apps.profiles.models import Profile, ProfileAttribute, ProfileOptions
from apps.sites.models import MenuLink, Site, SiteAttribute
from apps.sites.services import Link, replace_menu
from apps.sites.types import ItemType
from apps.text.rendering import RENDERER_VERSION
from apps.transfer.exporter.exporting import ExportOptions, export_forum
from apps.transfer.importer.run import TransferError
from apps.transfer.importer.settling import settle
from apps.transfer.models import Origin
from apps.updates.models import Ignore, Preference, Watcher
from tests.client import ApiClient
from tests.factories import make_forum
from tests.transfer import fingerprints
from tests.transfer.exports import NOON, ExportWriter, read_all, run_import, small_export

outside = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 5, 1, 18, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _storage(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "media")


def people(key: str) -> dict[str, Profile]:
    """Everybody on a site by name."""
    return {profile.name: profile for profile in Profile.objects.filter(site__key=key)}


def item(kind: ItemType, title: str, *, key: str, author: Profile) -> Item:
    """An item in the first section."""
    place = None if kind is ItemType.HUDDLE else Microcosm.objects.get(site__key=key, title="Section 1")
    return Item.objects.create(
        site_id=author.site_id, kind=kind.value, microcosm=place, title=title, created_by=author, created_at=AT,
        last_activity_at=AT,
    )  # fmt: skip


def say(on: Item, text: str, *, author: Profile, answers: Comment | None = None) -> Comment:
    """A comment with one version."""
    comment = Comment.objects.create(
        site_id=on.site_id, item=on, created_by=author, created_at=AT, in_reply_to=answers, revision_count=1
    )
    Revision.objects.create(
        comment=comment, number=1, markdown=text, html=f"<p>{text}</p>\n", renderer_version=RENDERER_VERSION,
        created_at=AT, created_by=author,
    )  # fmt: skip
    return comment


def enrich(key: str) -> None:
    """Give an imported site a bit of everything else."""
    who = people(key)
    one, two = who["person1"], who["person2"]
    party = item(ItemType.EVENT, "Party &amp; cake", key=key, author=two)
    Event.objects.create(
        item=party, when_at=AT, starts_at=datetime(2026, 5, 1, 16, 30, tzinfo=UTC), zone="Europe/Berlin", duration=90,
        place="Caf&eacute; &lt;3".replace("&eacute;", "é"), lat=52.5, lon=-13.25, north=53, status="upcoming",
        rsvp_limit=1,
    )  # fmt: skip
    Attendee.objects.create(event_id=party.id, profile=one, rsvp=1, rsvp_at=AT, created_by=two, created_at=AT)
    Attendee.objects.create(
        event_id=party.id, profile=two, rsvp=2, rsvp_at=AT, created_by=two, created_at=AT, queue_number=7
    )
    asked = item(ItemType.POLL, "Which?", key=key, author=one)
    poll = Poll.objects.create(item=asked, question="Tea &amp; cake?", is_multi=True, closes_at=AT, results="voted")
    for position, text in enumerate(("No", "Yes &lt; 3"), start=1):
        choice = PollChoice.objects.create(poll=poll, text=text, position=position)
        PollVote.objects.create(choice=choice, profile=one, poll=poll, created_at=AT)
    first = say(party, "At the party.", author=one)
    say(party, "Indeed.", author=two, answers=first)
    say(asked, "Both.", author=two)
    talk = item(ItemType.HUDDLE, "Open huddle", key=key, author=one)
    Huddle.objects.create(item=talk, is_confidential=False)
    opened = say(talk, "Come in.", author=one)
    say(talk, "Thanks.", author=two, answers=opened)
    quiet = item(ItemType.HUDDLE, "Quiet &amp; empty", key=key, author=two)
    Huddle.objects.create(item=quiet, is_confidential=True)
    Participant.objects.create(huddle_id=talk.id, profile=one, joined_at=AT)
    Participant.objects.create(huddle_id=talk.id, profile=two, joined_at=datetime(2026, 6, 1, tzinfo=UTC))
    Participant.objects.create(huddle_id=quiet.id, profile=two, joined_at=AT)
    Item.objects.filter(site_id=one.site_id, title="Thread 1").update(
        edited_at=AT, edited_by=two, edit_reason="Tom &amp; Jerry"
    )
    values = {"is_member": True, "age": 7, "half": 2.5, "day": date(2026, 1, 31), "word": "a &lt; b"}
    put_attributes(ProfileAttribute, {"profile_id": two.id}, values)
    put_attributes(ProfileAttribute, {"profile_id": one.id}, {"founder": True})
    put_attributes(ItemAttribute, {"item_id": party.id}, values)
    put_attributes(ItemAttribute, {"item_id": asked.id}, values)
    put_attributes(ItemAttribute, {"item_id": Item.objects.get(site_id=one.site_id, title="Thread 2").id}, values)
    put_attributes(CommentAttribute, {"comment_id": first.id}, values)
    section = Microcosm.objects.get(site__key=key, title="Section 1")
    put_attributes(MicrocosmAttribute, {"microcosm_id": section.id}, values)
    put_attributes(SiteAttribute, {"site_id": one.site_id}, values)
    Microcosm.objects.filter(id=section.id).update(
        visibility="private", logo_url="/api/v1/files/abc.png", item_types=["poll"], edited_at=AT, edited_by=one,
        edit_reason="Moved",
    )  # fmt: skip
    Microcosm.objects.filter(site__key=key, parent=None).update(title="Start", description="Of it all.")
    Role.objects.create(site_id=one.site_id, microcosm=section, title="Own", can_read=True, created_by=one)
    Profile.objects.filter(id=two.id).update(gender="&lt;3", is_visible=False, style_id=4)
    ProfileOptions.objects.filter(profile=two).update(show_dob=True, send_sms=True, is_discouraged=True)
    Ban.objects.filter(site__key=key).update(
        reason="Spam &amp; scam", created_by=one, expires_at=datetime(2099, 1, 1, tzinfo=UTC), created_at=AT
    )
    for target in (party, asked, talk):
        Watcher.objects.create(profile=one, kind=target.kind, item=target, send_email=True, send_sms=True)
        Ignore.objects.create(profile=two, kind=target.kind, item=target)
    Watcher.objects.create(profile=two, kind=ItemType.PROFILE, send_email=True)
    Watcher.objects.create(profile=two, kind=ItemType.SITE)
    Preference.objects.create(profile=two, type=4, send_email=True, send_sms=False)
    Site.objects.filter(key=key).update(
        background_color="#123456", link_color="red", contact_email="us@example.org", only_admins_create=False,
        logo_url="/api/v1/files/logo.png", favicon_url="", background_position="left", send_email=False,
    )  # fmt: skip
    replace_menu(one.site_id, actor_id=one.id, links=[Link(href="/x", text="Tom &amp; Jerry", title="t")])


@pytest.fixture
def rich(tmp_path: Path) -> None:
    """A site with everything, whose counters are right."""
    small_export(tmp_path / "small")
    run_import(tmp_path / "small", site="former")
    enrich("former")
    settle_counts("former")


def settle_counts(key: str) -> None:
    """Bring the counters of a site up to date as an import does."""
    from types import SimpleNamespace

    site = Site.objects.get(key=key)
    origin = Origin.objects.get(site=site)
    place = SimpleNamespace(site_id=site.id, is_finished=True, origin_id=origin.id)
    report = SimpleNamespace(imported_count=0, warn=lambda *_: None)
    settle(SimpleNamespace(place=place, report=report))  # type: ignore[arg-type]


def whole(key: str) -> dict[str, Any]:
    """What is in a site, without the old-id map and who owns it, which is said by the command."""
    prints = fingerprints.site(key)
    return {name: value for name, value in prints.items() if name not in ("map", "origin")}


@outside
@pytest.mark.parametrize("name", ["out", "out.tar.gz"])
def test_everything_comes_back(rich: None, tmp_path: Path, name: str) -> None:
    report = export_forum(ExportOptions("former", tmp_path / name))
    imported = run_import(tmp_path / name, site="copy", owner=report.owner_id)
    assert [p for p in imported.problems if p.level != "warning"] == []
    found = whole("copy")
    for part, expected in whole("former").items():
        assert found[part] == expected, part
    again = export_forum(ExportOptions("copy", tmp_path / "again"))
    assert again.counts == report.counts
    before = fingerprints.database()
    assert run_import(tmp_path / name, site="copy").imported_count == 0
    assert fingerprints.database() == before


@outside
def test_huddles_stay_as_closed_as_they_were(rich: None, tmp_path: Path) -> None:
    export_forum(ExportOptions("former", tmp_path / "out"))
    run_import(tmp_path / "out", site="copy", owner=people("former")["person1"].id)
    found = Huddle.objects.filter(item__site__key="copy").values_list("item__title", "is_confidential")
    assert dict(found) == {"Message 1": True, "Open huddle": False, "Quiet &amp; empty": True}
    inside = Participant.objects.filter(huddle__item__site__key="copy", huddle__item__title="Quiet &amp; empty")
    assert [participant.profile.name for participant in inside] == ["person2"]


@outside
def test_an_export_without_huddles_holds_nothing_of_them(rich: None, tmp_path: Path) -> None:
    call_command("export_forum", "former", str(tmp_path / "out"), without_huddles=True)
    texts = "".join(path.read_text() for path in (tmp_path / "out").rglob("*.json"))
    assert not any(word in texts for word in ("Come in.", "Open huddle", "Quiet", "Psst.", "Message 1"))
    talk = Item.objects.get(title="Open huddle").id
    assert talk not in {entry["id"] for document in follows(tmp_path / "out") for entry in document.get("huddles", [])}
    assert not any("huddlesIgnored" in document for document in follows(tmp_path / "out"))
    assert not (tmp_path / "out/messages").exists()


def follows(root: Path) -> list[dict[str, Any]]:
    """The documents of what people follow."""
    return [json.loads(p.read_text()) for p in (root / "follows").rglob("*.json") if p.name != "index.json"]


@outside
def test_the_format_that_everybody_reads_holds_no_events_and_polls(rich: None, tmp_path: Path) -> None:
    export_forum(ExportOptions("former", tmp_path / "out"))
    kinds = {document["onType"] for document in read_all(tmp_path / "out", "comments").values()}
    assert kinds == {"conversation", "message", "user"}
    assert {d["onType"] for d in read_all(tmp_path / "out", "item-comments").values()} == {"event", "poll"}


@outside
def test_a_dry_run_of_an_export_counts_and_writes_nothing(
    rich: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("export_forum", "former", str(tmp_path / "out"), dry_run=True, progress=True)
    shown = capsys.readouterr()
    assert not (tmp_path / "out").exists()
    assert [line.split() for line in shown.out.splitlines()][0:5] == [
        ["profiles", "3"], ["roles", "5"], ["forums", "2"], ["conversations", "3"], ["events", "1"],
    ]  # fmt: skip
    assert "Nothing was written" in shown.out
    assert "comments: " in shown.err


BAD = {
    "events": [
        ({"zone": "Mars/Olympus"}, "has the unknown time zone 'Mars/Olympus'"),
        ({"zone": "localtime"}, "has the unknown time zone 'localtime'"),
        ({"status": "soon"}, "has the unknown status 'soon'"),
        ({"attendees": [{"id": 1, "rsvp": "perhaps"}]}, "has the unknown answer 'perhaps'"),
        (
            {"attendees": [{"id": id, "rsvp": "maybe", "queue": 1} for id in (1, 2)]},
            "has two attendees at place 1 of the queue",
        ),
        ({"forumId": 99}, "its forum, 99, is not imported"),
        ({"lat": "north"}, "lat must be a number"),
        ({"duration": 2**31}, f"duration must be from 0 to {2**31 - 1}"),
    ],
    "polls": [
        ({"choices": []}, "has 0 choices; a poll has 1 to 100"),
        ({"results": "never"}, "shows its results at the unknown time 'never'"),
        ({"question": " "}, "has a blank name"),
    ],
}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("folder", "fields", "message"), [(folder, *case) for folder, cases in BAD.items() for case in cases]
)
def test_what_is_wrong_with_events_and_polls_is_said(
    tmp_path: Path, folder: str, fields: dict[str, Any], message: str
) -> None:
    writer = small_export(tmp_path)
    document = {"id": 70, "name": "Odd", "forumId": 1, "author": 1, "dateCreated": NOON, "question": "Odd?"}
    writer.write(f"{folder}/70.json", {**document, "choices": [{"text": "Yes"}], **fields})
    report = run_import(tmp_path, continues_on_error=True)
    assert [(p.level, p.message) for p in report.problems if p.path == f"{folder}/70.json"] == [("error", message)]
    assert not Item.objects.filter(title="Odd").exists()


@pytest.mark.django_db
def test_people_who_became_one_answer_and_vote_once(tmp_path: Path) -> None:
    writer = small_export(tmp_path)
    writer.profile(5, email="old1@example.org")
    base = {"forumId": 1, "author": 1, "dateCreated": NOON}
    writer.write(
        "events/70.json",
        {
            **base,
            "id": 70,
            "name": "Event",
            "attendees": [{"id": 1, "rsvp": "yes"}, {"id": 5, "rsvp": "no"}, {"id": 99}],
        },
    )
    votes = [{"id": 1}, {"id": 5}, {"id": 99}]
    choices = [{"text": "Aye", "votes": votes}, {"text": "No", "votes": votes}]
    writer.write("polls/71.json", {**base, "id": 71, "name": "Poll", "question": "?", "choices": choices})
    report = run_import(tmp_path)
    assert Attendee.objects.get().get_rsvp_display() == "yes"
    assert PollVote.objects.get().choice.text == "Aye"
    assert len([p for p in report.problems if "99" in p.message]) == 3


@pytest.mark.django_db
def test_a_site_file_that_cannot_be_used_is_left_out(tmp_path: Path) -> None:
    writer = small_export(tmp_path)
    writer.write("site.json", {"title": "Fine", "backgroundColor": "url(javascript:1)"})
    report = run_import(tmp_path)
    assert [p.message for p in report.problems if p.path == "site.json"] == [
        "is left out: A colour is #RGB, #RRGGBB or a name of CSS."
    ]
    assert Site.objects.get(key="old").title == "old"


@pytest.mark.django_db
def test_the_texts_of_a_menu_are_cut_to_what_a_link_may_have(tmp_path: Path) -> None:
    writer = small_export(tmp_path)
    menu = [{"href": "/", "text": '"' * 300, "title": "&" * 600}]
    writer.write("site.json", {"title": "Fine", "menu": menu})
    run_import(tmp_path)
    assert MenuLink.objects.values_list("text", "title").get() == ("&#34;" * 50, "&amp;" * 512)


@pytest.mark.django_db
def test_a_site_with_content_of_its_own_is_not_filled_by_mistake(tmp_path: Path) -> None:
    small_export(tmp_path)
    forum = make_forum("busy")
    run_import(tmp_path, site="empty")
    Item.objects.create(site=forum.site, kind=6, microcosm=forum.root, title="Mine", created_by=forum.owner.profile)
    before = fingerprints.database()
    with pytest.raises(TransferError, match="the site busy has content of its own; --merge imports into it"):
        run_import(tmp_path, site="busy")
    with pytest.raises(CommandError, match="--merge"):
        call_command("import_forum", str(tmp_path), site="busy", dry_run=True)
    assert fingerprints.database() == before
    assert run_import(tmp_path, site="busy", merges=True).error_count == 0
    assert run_import(tmp_path, site="busy").imported_count == 0, "it goes on without being told again"


# --- Links in texts -----------------------------------------------------------------------------

LINKS = "[old](https://forum.example.org/showthread.php?t=1) and [out](https://elsewhere.example/a?b=1)"


def html_of(text: str) -> str:
    """What a text became."""
    return Revision.objects.get(markdown=text).html


@pytest.mark.django_db
def test_links_stay_as_written_and_those_to_the_own_domain_lead_to_what_resolves(tmp_path: Path) -> None:
    writer = small_export(tmp_path)
    writer.comment(50, LINKS)
    forum = make_forum("old")
    Site.objects.filter(id=forum.site.id).update(domain="forum.example.org")
    run_import(tmp_path, site="old")
    html = html_of(LINKS)
    assert 'href="/showthread.php?t=1"' in html
    assert 'href="https://elsewhere.example/a?b=1"' in html
    reply = ApiClient(host="forum.example.org").get("resolve?url=%2Fshowthread.php%3Ft%3D1")
    assert reply.data["itemId"] == Item.objects.get(title="Thread 1").id


@pytest.mark.django_db
def test_links_become_short_where_the_site_shortens_them(tmp_path: Path) -> None:
    writer: ExportWriter = small_export(tmp_path)
    writer.comment(50, LINKS)
    writer.write("site.json", {"shortenLinks": True})
    run_import(tmp_path, site="old")
    assert "/out/" in html_of(LINKS)
    assert "elsewhere.example" not in html_of(LINKS)
    assert {link.url for link in ShortLink.objects.all()} == {
        "https://forum.example.org/showthread.php?t=1", "https://elsewhere.example/a?b=1",
    }  # fmt: skip
