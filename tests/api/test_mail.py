"""Mail about updates, given to a real mail server: who gets it, what it says, and how it ends."""

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from smtplib import SMTPDataError, SMTPRecipientsRefused
from typing import Any

import pytest
from anymail.signals import AnymailTrackingEvent, tracking
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.comments.models import Comment
from apps.core import clock
from apps.items.happenings import Answer, answer_event, forget_answer
from apps.items.models import Attendee, Event, Item
from apps.items.reading import mark_item_read
from apps.jobs.registry import TASKS
from apps.profiles.services import edit_options
from apps.sites.types import ItemType
from apps.updates import mailing, tasks
from apps.updates.letters import Subscription, plain
from apps.updates.models import Mail, Preference, Undeliverable, Update, Watcher
from apps.updates.services import choose, ignore, watch
from apps.updates.types import Digest, UpdateType, usual_type
from tests.api.test_watchers import huddle_of
from tests.client import ApiClient
from tests.content import closed_to_all_but, describe, place_in, say, start
from tests.factories import Forum, Person, ban
from tests.queue import empty_queue
from tests.smtp import Sink, running_sink
from tests.trees import make_item

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_jobs(db: Any) -> None:
    """Nothing is queued yet."""
    empty_queue()


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    """The mail server."""
    with running_sink(monkeypatch) as (sink, _):
        yield sink


@pytest.fixture
def anna(forum: Forum) -> Person:
    """Who is mailed."""
    return forum.member("anna")


@pytest.fixture
def bert(forum: Forum) -> Person:
    """Who does things."""
    return forum.member("bert")


def work(times: int = 1) -> None:
    """Run the jobs of updates as the worker does, until none is left."""
    while job := ProcrastinateJob.objects.filter(task_name__startswith="updates.").order_by("id").first():
        for _ in range(times):
            TASKS[job.task_name].function(**job.args)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs WHERE id = %s", [job.id])


def want(person: Person, type: UpdateType, digest: Digest | None = None) -> None:
    """Somebody wants mail about a type."""
    choose(site_id=person.profile.site_id, profile_id=person.id, type=type, send_email=True, digest=digest)


def follow(person: Person, kind: ItemType, target_id: int, type: UpdateType | None = None) -> None:
    """Somebody watches something and wants mail about it."""
    type = type or usual_type(kind, target_id)
    want(person, type)
    watch(site_id=person.profile.site_id, profile_id=person.id, kind=kind, target_id=target_id, type=type)


def text_of(message: EmailMessage) -> str:
    """The plain part."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def html_of(message: EmailMessage) -> str:
    """The HTML part."""
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def address(person: Person) -> str:
    """Where somebody's mail goes."""
    return person.profile.user.email


# --- What it says ---------------------------------------------------------------------------------


def test_a_comment_is_mailed_to_who_watches(sink: Sink, forum: Forum, anna: Person, bert: Person) -> None:
    item = start(forum.owner, place_in(forum), title="Tomatoes & co")
    follow(anna, ItemType.CONVERSATION, item.id)
    comment = say(bert, item, "They are **ripe**, see [this](/conversations/7/)")
    work()
    assert [to for to, _ in sink.envelopes] == [address(anna)]
    message = sink.messages[0]
    update = Update.objects.get(profile=anna.profile)
    assert message["Subject"] == "[Forum] Tomatoes & co"
    assert message["From"] == "Forum <noreply@localhost>"
    assert message["To"] == address(anna)
    assert message["Message-ID"] == f"<update-{update.id}@localhost>"
    assert message["In-Reply-To"] == message["References"] == f"<item-{item.id}@localhost>"
    assert message["List-Id"] == "<updates.alpha.localhost>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    link = (
        f"http://alpha.localhost/comments/{comment.id}/incontext/"
        "?utm_source=notification&utm_medium=email&utm_campaign=new_comment"
    )
    assert f"bert commented on Tomatoes & co:\n{link}\n" in text_of(message)
    assert "> They are **ripe**, see [this](/conversations/7/)" in text_of(message)
    author = f"http://alpha.localhost/profiles/{bert.id}/"
    assert f"\nbert: {author}\n" in text_of(message)
    assert f'<a href="{author}">bert</a>' in html_of(message)
    assert "http://alpha.localhost/updates/settings/" in text_of(message)
    assert "<strong>ripe</strong>" in html_of(message)
    assert 'href="http://alpha.localhost/conversations/7/"' in html_of(message)
    assert "bert commented on Tomatoes &amp; co" in html_of(message)
    assert Watcher.objects.get(profile=anna.profile, item=item).last_notified_at is not None


def moves_up(person: Person, event: Item, *, instead_of: Person) -> None:
    """Somebody waits for the only place at an event, and gets it from somebody else."""
    Event.objects.filter(item=event).update(rsvp_limit=1)
    for one in (instead_of, person):
        answer = Answer(profile_id=one.id, rsvp=Attendee.Rsvp.YES, waits=True)
        answer_event([answer], site_id=event.site_id, actor_id=one.id, item_id=event.id, by_moderator=False)
    forget_answer(site_id=event.site_id, actor_id=instead_of.id, item_id=event.id, profile_id=instead_of.id)


def test_each_type_has_its_words(sink: Sink, forum: Forum, anna: Person, bert: Person) -> None:
    place = place_in(forum)
    for type in (UpdateType.REPLY_TO_COMMENT, UpdateType.MENTIONED):
        want(anna, type)
    follow(anna, ItemType.MICROCOSM, place.id)
    follow(anna, ItemType.PROFILE, 0)
    mine = start(forum.owner, place, title="Mine")
    item = start(bert, place, title="Potatoes")
    say(bert, mine, answering=say(anna, mine))
    say(bert, mine, "@anna")
    huddle = huddle_of(forum, bert, anna)
    follow(anna, ItemType.HUDDLE, huddle.id)
    say(bert, huddle)
    carol = forum.member("carol")
    want(carol, UpdateType.EVENT_REMINDER)
    moves_up(carol, make_item(place, forum.owner, kind=ItemType.EVENT, title="A ride"), instead_of=bert)
    work()
    sentences = sorted(text_of(message).split("\n")[2] for message in sink.messages)
    assert sentences == sorted(
        [
            f"{forum.owner.profile.name} started Mine:",
            "bert started Potatoes:",
            "bert replied to your comment on Mine:",
            "bert mentioned you in Mine:",
            f"bert wrote in {huddle.title}:",
            "carol is new here:",
            "You have a place at A ride now:",
        ]
    )
    links = re.findall(r"http://alpha.localhost(/[a-z]+/\d+/)\?", "".join(map(text_of, sink.messages)))
    assert f"/conversations/{item.id}/" in links
    assert f"/profiles/{carol.id}/" in links
    newcomer = next(message for message in sink.messages if "newcomer" in message["Message-ID"])
    assert newcomer["Subject"] == "[Forum] carol is new here"
    assert newcomer["References"] is None


def test_words_about_a_person_are_mailed(sink: Sink, forum: Forum, anna: Person) -> None:
    follow(anna, ItemType.PROFILE, forum.owner.id)
    describe(forum.owner, "I grow tomatoes")
    work()
    assert len(sink.messages) == 1
    assert sink.messages[0]["References"] == f"<profile-{forum.owner.id}@localhost>"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("https://evil.example/x", "https: //evil. example/x"),
        ("evil.example", "evil. example"),
        ("a@evil.example", "a@evil. example"),
        ("mailto:a@evil", "mailto: a@evil"),
        ("J.R.R. Tolkien", "J. R. R. Tolkien"),
        ("Python 3.11, &lt;b&gt; &amp; C", "Python 3.11, <b> & C"),
        ("line\r\nBcc: x@evil.example", "line Bcc: x@evil. example"),
        ("a\u202eb\u200bc\x00d", "a b c d"),
    ],
)
def test_X2_names_and_titles_are_words_and_never_links(name: str, shown: str) -> None:
    assert plain(name) == shown


def test_X2_a_name_cannot_add_a_header_or_a_link(sink: Sink, forum: Forum, anna: Person, bert: Person) -> None:
    want(anna, UpdateType.MENTIONED)
    item = start(forum.owner, place_in(forum), title="http://evil.example/?a=<b>")
    bert.profile.name = "www.evil.example"
    bert.profile.save(update_fields=["name"])
    say(bert, item, "@anna")
    work()
    message = sink.messages[0]
    for part in (text_of(message), html_of(message)):
        assert "evil.example" not in part
        assert "www. evil. example mentioned you in" in part
    assert "<b>" not in html_of(message)


# --- Who gets it ----------------------------------------------------------------------------------


def test_nobody_is_mailed_who_did_not_ask_for_it(sink: Sink, forum: Forum, anna: Person, bert: Person) -> None:
    item = start(anna, place_in(forum))
    say(bert, item, "@anna", answering=say(anna, item))
    work()
    assert sink.envelopes == []
    assert not Mail.objects.exists()


def test_nobody_is_mailed_of_their_own_deeds(sink: Sink, forum: Forum, anna: Person) -> None:
    place = place_in(forum)
    for type in UpdateType:
        want(anna, type)
    follow(anna, ItemType.MICROCOSM, place.id)
    item = start(anna, place)
    say(anna, item, "@anna", answering=say(anna, item))
    work()
    assert sink.envelopes == []


def test_one_mail_for_each_item_until_it_is_read(sink: Sink, forum: Forum, anna: Person, bert: Person) -> None:
    """Contract B 16.2."""
    item = start(forum.owner, place_in(forum))
    follow(anna, ItemType.CONVERSATION, item.id)
    for _ in range(3):
        say(bert, item)
        work()
    assert len(sink.messages) == 1
    mark_item_read(
        site_id=forum.site.id, profile_id=anna.id, kind=ItemType.CONVERSATION, item_id=item.id, at=clock.now()
    )
    say(bert, item)
    work()
    assert len(sink.messages) == 2
    # What was not to be sent leaves nothing behind.
    assert Mail.objects.count() == 2


def test_who_looks_at_an_event_again_is_mailed_of_the_next_who_comes(
    sink: Sink, api: ApiClient, forum: Forum, anna: Person
) -> None:
    """Answers are no activity of the event, which counts as visited all the same (contract B 16.2)."""
    event = make_item(place_in(forum), forum.owner, kind=ItemType.EVENT)
    follow(anna, ItemType.EVENT, event.id)
    for count in (1, 2):
        api.as_(anna).get(f"events/{event.id}")
        for _ in range(2):
            guest = forum.member()
            api.as_(guest).put(f"events/{event.id}/attendees", [{"profileId": guest.id, "rsvp": "yes"}])
            work()
        assert len(sink.messages) == count


def test_who_looks_where_the_comment_is_gone_is_mailed_of_the_next(
    sink: Sink, api: ApiClient, forum: Forum, anna: Person, bert: Person
) -> None:
    place = place_in(forum)
    item = start(forum.owner, place)
    api.as_(anna).get(f"conversations/{item.id}")
    follow(anna, ItemType.MICROCOSM, place.id)
    for count in (1, 2):
        comment = say(bert, item)
        work()
        assert len(sink.messages) == count
        assert api.as_(bert).delete(f"comments/{comment.id}").status == 200
        api.as_(anna).get(f"conversations/{item.id}")


def test_watchers_of_the_microcosm_get_one_for_each_item_too(
    sink: Sink, forum: Forum, anna: Person, bert: Person
) -> None:
    place = place_in(forum)
    items = [start(bert, place) for _ in range(2)]
    work()
    follow(anna, ItemType.MICROCOSM, place.id)
    for item in items * 2:
        say(bert, item)
    work()
    assert len(sink.messages) == 2


def test_every_watcher_of_an_item_must_want_mail(sink: Sink, forum: Forum, anna: Person, bert: Person) -> None:
    place = place_in(forum)
    item = start(bert, place)
    work()
    follow(anna, ItemType.MICROCOSM, place.id)
    follow(anna, ItemType.CONVERSATION, item.id)
    Watcher.objects.filter(profile=anna.profile, item=item).update(send_email=False)
    say(bert, item)
    work()
    assert sink.envelopes == []


def test_who_is_answered_gets_one_mail_of_the_answer(sink: Sink, forum: Forum, anna: Person, bert: Person) -> None:
    item = start(forum.owner, place_in(forum))
    follow(anna, ItemType.CONVERSATION, item.id)
    want(anna, UpdateType.REPLY_TO_COMMENT)
    say(bert, item, answering=say(anna, item))
    work()
    assert [text_of(message).split("\n")[2] for message in sink.messages] == [
        f"bert replied to your comment on {item.title}:"
    ]


@pytest.mark.parametrize(
    "what",
    ["read", "comment", "item", "place", "ban", "permission", "switch", "preference", "ignored", "viewed", "account"],
)
def test_A1_A5_what_became_old_hidden_or_unwanted_in_the_meantime_is_not_mailed(
    sink: Sink, forum: Forum, anna: Person, bert: Person, what: str
) -> None:
    place = place_in(forum)
    item = start(forum.owner, place)
    want(anna, UpdateType.MENTIONED)
    comment = say(bert, item, "@anna")
    job = ProcrastinateJob.objects.get(task_name=tasks.TELL_OF_COMMENT)
    tasks.tell_of_comment(**job.args)
    job = ProcrastinateJob.objects.get(task_name=mailing.MAIL)
    who = {"site_id": forum.site.id, "profile_id": anna.id}
    if what == "read":
        mark_item_read(kind=ItemType.CONVERSATION, item_id=item.id, at=clock.now(), **who)
    elif what == "comment":
        Comment.objects.filter(id=comment.id).update(is_moderated=True)
    elif what == "item":
        type(item).objects.filter(id=item.id).update(is_deleted=True)
    elif what == "place":
        type(place).objects.filter(id=place.id).update(is_live=False)
    elif what == "ban":
        ban(forum.site, anna)
    elif what == "permission":
        closed_to_all_but(place, bert)
    elif what == "switch":
        edit_options(send_email=False, **who)
    elif what == "preference":
        choose(type=UpdateType.MENTIONED, send_email=False, **who)
    elif what == "ignored":
        ignore(kind=ItemType.PROFILE, target_id=bert.id, **who)
    elif what == "viewed":
        Update.objects.filter(profile=anna.profile).update(is_viewed=True)
    else:
        type(anna.profile.user).objects.filter(id=anna.profile.user_id).update(is_active=False)
    tasks.mail(**job.args)
    assert sink.envelopes == []
    assert not Mail.objects.exists()


def test_T1_nobody_of_another_site_is_mailed(
    sink: Sink, forum: Forum, other_forum: Forum, anna: Person, bert: Person
) -> None:
    stranger = other_forum.member("stranger")
    follow(stranger, ItemType.SITE, other_forum.site.id)
    follow(stranger, ItemType.PROFILE, 0)
    start(bert, place_in(forum))
    forum.member("carol")
    work()
    assert sink.envelopes == []


def test_the_language_of_the_worker_changes_nothing(sink: Sink, forum: Forum, anna: Person, bert: Person) -> None:
    from django.utils import translation

    want(anna, UpdateType.MENTIONED)
    item = start(forum.owner, place_in(forum), title="Umlaute äöü 漢字")
    say(bert, item, "@anna grüßt")
    with translation.override("de"):
        work()
    assert sink.messages[0]["Subject"] == "[Forum] Umlaute äöü 漢字"
    assert "> @anna grüßt" in text_of(sink.messages[0])


# --- Reminders ------------------------------------------------------------------------------------


def test_who_goes_to_an_event_is_reminded_once_before_it(
    sink: Sink, api: ApiClient, forum: Forum, anna: Person, bert: Person
) -> None:
    place = place_in(forum)
    items = [start(forum.owner, place, title=f"Event {number}") for number in range(3)]
    begins = clock.now() + timedelta(hours=20)
    for item, starts_at in zip(items, (begins, begins + timedelta(days=2), begins - timedelta(days=2)), strict=True):
        type(item).objects.filter(id=item.id).update(kind=ItemType.EVENT)
        event = Event.objects.create(item_id=item.id, when_at=starts_at, starts_at=starts_at, status="upcoming")
        for person, rsvp in ((anna, Attendee.Rsvp.YES), (bert, Attendee.Rsvp.NO)):
            Attendee.objects.create(event=event, profile=person.profile, rsvp=rsvp, created_by=forum.owner.profile)
    want(anna, UpdateType.EVENT_REMINDER)
    want(bert, UpdateType.EVENT_REMINDER)
    assert tasks.remind() == {"reminded": 1}
    assert tasks.remind() == {"reminded": 0}
    work()
    assert [to for to, _ in sink.envelopes] == [address(anna)]
    assert f"Event 0 begins soon ({begins:%Y-%m-%d %H:%M} UTC):" in text_of(sink.messages[0])
    entries = api.as_(anna).get("updates").data["updates"]["items"]
    assert [entry["updateType"] for entry in entries] == ["event_reminder"]


def test_A1_nobody_is_reminded_of_what_they_may_not_read(sink: Sink, forum: Forum, anna: Person) -> None:
    place = place_in(forum)
    item = start(forum.owner, place)
    type(item).objects.filter(id=item.id).update(kind=ItemType.EVENT)
    event = Event.objects.create(item_id=item.id, starts_at=clock.now() + timedelta(hours=1))
    Attendee.objects.create(event=event, profile=anna.profile, rsvp=1, created_by=forum.owner.profile)
    closed_to_all_but(place, forum.owner)
    assert tasks.remind() == {"reminded": 0}
    assert not Update.objects.exists()


# --- Digests --------------------------------------------------------------------------------------


def collect(person: Person, forum: Forum, bert: Person, digest: Digest) -> None:
    """Somebody is mentioned twice and wants to hear of it later."""
    want(person, UpdateType.MENTIONED, digest)
    for title in ("One", "Two"):
        say(bert, start(forum.owner, place_in(forum), title=title), f"@{person.profile.name}")
    work()


@pytest.mark.parametrize("digest", [Digest.DAILY, Digest.WEEKLY])
def test_a_digest_collects(sink: Sink, forum: Forum, anna: Person, bert: Person, digest: Digest) -> None:
    collect(anna, forum, bert, digest)
    assert sink.envelopes == []
    queue = {Digest.DAILY: tasks.queue_daily_digests, Digest.WEEKLY: tasks.queue_weekly_digests}
    # Of the days before today only.
    assert queue[digest]() == {"queued": 0}
    clock.set_clock(shift=timedelta(days=1))
    other = Digest.WEEKLY if digest is Digest.DAILY else Digest.DAILY
    assert queue[other]() == {"queued": 0}
    assert queue[digest]() == {"queued": 1}
    work(times=2)
    assert queue[digest]() == {"queued": 0}
    assert len(sink.messages) == 1
    message = sink.messages[0]
    assert message["Message-ID"] == f"<digest-{digest.word}-{anna.id}-{clock.now():%Y%m%d}@localhost>"
    assert re.findall(r"\* (.*)", text_of(message)) == ["bert mentioned you in Two", "bert mentioned you in One"]
    assert html_of(message).count("<li>") == 2


def test_A1_a_digest_names_only_what_may_be_read_when_it_is_sent(
    sink: Sink, forum: Forum, anna: Person, bert: Person
) -> None:
    collect(anna, forum, bert, Digest.DAILY)
    Comment.objects.filter(item__title="Two").update(is_deleted=True)
    clock.set_clock(shift=timedelta(days=1))
    tasks.queue_daily_digests()
    work()
    assert re.findall(r"\* (.*)", text_of(sink.messages[0])) == ["bert mentioned you in One"]
    assert Mail.objects.filter(sent_at=None).count() == 0


def test_an_empty_digest_is_not_sent(sink: Sink, forum: Forum, anna: Person, bert: Person) -> None:
    collect(anna, forum, bert, Digest.DAILY)
    Comment.objects.all().update(is_deleted=True)
    clock.set_clock(shift=timedelta(days=1))
    tasks.queue_daily_digests()
    work()
    assert sink.envelopes == []
    assert not Mail.objects.exists()


def test_I3_what_is_too_much_for_an_hour_waits_for_the_digest(
    sink: Sink, forum: Forum, anna: Person, bert: Person, settings: Any
) -> None:
    settings.MAILS_PER_HOUR = 2
    want(anna, UpdateType.MENTIONED)
    item = start(forum.owner, place_in(forum))
    for number in range(5):
        say(bert, item, f"@anna {number}")
    work()
    assert len(sink.messages) == 2
    assert Mail.objects.filter(digest=Digest.DAILY, sent_at=None).count() == 3


# --- The end of it --------------------------------------------------------------------------------


def stop_path(message: EmailMessage) -> str:
    """The path of the one-click link."""
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(r"<http://alpha\.localhost/api/v1/(unsubscribe/[\w:-]+)>", message["List-Unsubscribe"].strip())
    assert found is not None
    return found[1]


def test_one_click_ends_mail_about_the_item(
    sink: Sink, api: ApiClient, forum: Forum, anna: Person, bert: Person
) -> None:
    """I1: only a POST changes anything."""
    item = start(forum.owner, place_in(forum))
    follow(anna, ItemType.CONVERSATION, item.id)
    say(bert, item)
    work()
    path = stop_path(sink.messages[0])
    watcher = Watcher.objects.filter(profile=anna.profile)
    for verb in ("GET", "HEAD", "OPTIONS"):
        assert api.request(verb, path).status == 200
        assert watcher.get().send_email
    # As RFC 8058 has it: a form, nobody signed in.
    reply = api.request(
        "POST",
        path,
        form={"List-Unsubscribe": "One-Click"},
    )
    assert (reply.status, reply.data) == (200, {"description": UpdateType.NEW_COMMENT.description})
    assert not watcher.get().send_email
    assert api.post(path, {}).status == 200


@pytest.mark.parametrize("type", [UpdateType.REPLY_TO_COMMENT, UpdateType.MENTIONED, UpdateType.EVENT_REMINDER])
def test_one_click_ends_mail_of_a_preference(api: ApiClient, anna: Person, type: UpdateType) -> None:
    want(anna, type)
    subscription = Subscription(site_id=anna.profile.site_id, profile_id=anna.id, type=type)
    assert api.post(f"unsubscribe/{subscription.token()}", {}).status == 200
    assert list(Preference.objects.filter(profile=anna.profile).values_list("type", "send_email")) == [(type, False)]


def test_one_click_ends_mail_of_the_nearest_watcher(api: ApiClient, forum: Forum, anna: Person, bert: Person) -> None:
    place = place_in(forum)
    item = start(bert, place)
    for kind, target_id in ((ItemType.MICROCOSM, place.id), (ItemType.SITE, forum.site.id), (ItemType.PROFILE, 0)):
        follow(anna, kind, target_id)
    for type, kind in ((UpdateType.NEW_ITEM, ItemType.MICROCOSM), (UpdateType.NEW_USER, ItemType.PROFILE)):
        subscription = Subscription(
            site_id=forum.site.id, profile_id=anna.id, type=type, item_id=item.id if type is UpdateType.NEW_ITEM else 0
        )
        assert api.post(f"unsubscribe/{subscription.token()}", {}).status == 200
        assert not Watcher.objects.get(profile=anna.profile, kind=kind).send_email
    assert Watcher.objects.get(profile=anna.profile, kind=ItemType.SITE).send_email


def test_one_click_on_a_digest_ends_all_mail(
    sink: Sink, api: ApiClient, forum: Forum, anna: Person, bert: Person
) -> None:
    collect(anna, forum, bert, Digest.DAILY)
    clock.set_clock(shift=timedelta(days=1))
    tasks.queue_daily_digests()
    work()
    assert api.post(stop_path(sink.messages[0]), {}).status == 200
    say(bert, start(forum.owner, place_in(forum)), "@anna")
    choose(site_id=forum.site.id, profile_id=anna.id, type=UpdateType.MENTIONED, digest=Digest.NONE)
    work()
    assert len(sink.messages) == 1


def test_the_link_shows_a_page_to_a_browser(api: ApiClient, forum: Forum, anna: Person) -> None:
    want(anna, UpdateType.MENTIONED)
    subscription = Subscription(site_id=forum.site.id, profile_id=anna.id, type=UpdateType.MENTIONED)
    path = f"unsubscribe/{subscription.token()}"
    reply = api.request("GET", path, headers={"Accept": "text/html"})
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert reply.headers["Cache-Control"].startswith("private")
    assert b'<form method="post">' in reply.content
    assert b"anna" not in reply.content
    done = api.request("POST", path, headers={"Accept": "text/html"})
    assert b"no more mail" in done.content
    assert not Preference.objects.get(profile=anna.profile).send_email


def test_T1_a_forged_link_or_one_of_another_site_is_missing(
    api: ApiClient, forum: Forum, other_forum: Forum, anna: Person
) -> None:
    want(anna, UpdateType.MENTIONED)
    token = Subscription(site_id=forum.site.id, profile_id=anna.id, type=UpdateType.MENTIONED).token()
    for host, text in ((forum.host, token[:-1] + ("A" if token[-1] != "A" else "B")), (other_forum.host, token)):
        for verb in ("GET", "POST"):
            assert ApiClient(host=host).request(verb, f"unsubscribe/{text}").status == 404
    assert Preference.objects.get(profile=anna.profile).send_email


# --- Addresses ------------------------------------------------------------------------------------


def test_an_address_that_bounces_gets_no_more_mail_until_an_operator_says_so(
    sink: Sink, forum: Forum, anna: Person, bert: Person, settings: Any
) -> None:
    settings.MAIL_BOUNCES = 2
    want(anna, UpdateType.MENTIONED)
    item = start(forum.owner, place_in(forum))
    sink.refusals[address(anna)] = "550 5.1.1 no such user"
    for count in (1, 2, 2):
        say(bert, item, f"@anna {clock.now()}")
        work()
        assert Undeliverable.objects.get().bounce_count == count
    known = Undeliverable.objects.get()
    assert known.email == address(anna).lower()
    assert known.reason == "550 5.1.1 no such user"
    assert known.stopped_at is not None
    sink.refusals.clear()
    say(bert, item, "Hello @anna")
    work()
    assert sink.envelopes == []
    assert mailing.mail_again([known.id]) == 1
    say(bert, item, "Hello again @anna")
    work()
    assert len(sink.messages) == 1


#: What a mail service is told to send, with the secret.
SECRET = "name:password"
REPORT = {
    "RecordType": "Bounce",
    "ID": 1,
    "MessageID": "2f5a",
    "Type": "HardBounce",
    "TypeCode": 1,
    "Details": "550 no such user",
    "BouncedAt": "2026-11-21T10:00:00Z",
}


@pytest.mark.parametrize(
    ("secret", "sent", "status", "bounces"),
    [(SECRET, SECRET, 200, 1), (SECRET, "name:guessed", 400, 0), (SECRET, "", 400, 0), ("", "", 200, 0)],
)
def test_a_mail_service_that_has_the_secret_reports_bounces(
    root_forum: Forum, anna: Person, client: Any, settings: Any, secret: str, sent: str, status: int, bounces: int
) -> None:
    """Without a secret anybody could stop anybody's mail: then nobody is believed."""
    settings.ANYMAIL = {"WEBHOOK_SECRET": secret} if secret else {}
    signed = {"authorization": f"Basic {b64encode(sent.encode()).decode()}"} if sent else {}
    reply = client.post(
        "/hooks/mail/postmark/tracking/",
        data=REPORT | {"Email": address(anna).upper()},
        content_type="application/json",
        headers={"host": root_forum.host, **signed},
    )
    assert reply.status_code == status
    assert Undeliverable.objects.filter(email=address(anna).lower(), bounce_count=1).count() == bounces


def test_only_what_is_refused_for_good_counts(anna: Person, settings: Any) -> None:
    settings.MAIL_BOUNCES = 1
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}
    for type in ("delivered", "deferred", "bounced"):
        event = AnymailTrackingEvent(event_type=type, recipient=address(anna), reject_reason="bounced")
        tracking.send(sender=type, event=event, esp_name="Test")
    assert Undeliverable.objects.get().bounce_count == 1
    assert Undeliverable.objects.get().stopped_at is not None


# --- Failures -------------------------------------------------------------------------------------


def mail_job(forum: Forum, anna: Person, bert: Person) -> dict[str, Any]:
    """A mention whose mail is queued."""
    want(anna, UpdateType.MENTIONED)
    say(bert, start(forum.owner, place_in(forum)), "@anna")
    tasks.tell_of_comment(**ProcrastinateJob.objects.get(task_name=tasks.TELL_OF_COMMENT).args)
    args: dict[str, Any] = ProcrastinateJob.objects.get(task_name=mailing.MAIL).args
    return args


def test_what_the_server_does_not_take_now_is_sent_at_the_next_try(
    sink: Sink, forum: Forum, anna: Person, bert: Person
) -> None:
    job = mail_job(forum, anna, bert)
    sink.failures.append("451 later")
    with pytest.raises(SMTPDataError):
        tasks.mail(**job)
    sink.refusals[address(anna)] = "450 4.2.1 busy"
    with pytest.raises(SMTPRecipientsRefused):
        tasks.mail(**job)
    sink.refusals.clear()
    assert not Undeliverable.objects.exists()
    tasks.mail(**job)
    assert len(sink.messages) == 1


class Crash(Exception):
    """The worker dies."""


@pytest.mark.parametrize("step", ["_claim", "_send", "_mark_sent"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_R1_a_crash_at_any_step_loses_no_mail_and_a_repeat_has_the_same_id(
    sink: Sink, forum: Forum, anna: Person, bert: Person, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    job = mail_job(forum, anna, bert)
    done = getattr(mailing, step)

    def crash(*args: Any, **kwargs: Any) -> None:
        if when == "after":
            done(*args, **kwargs)
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(mailing, step, crash)
        with pytest.raises(Crash):
            tasks.mail(**job)
    tasks.mail(**job)
    tasks.mail(**job)
    ids = [message["Message-ID"] for message in sink.messages]
    is_repeated = (step, when) in (("_send", "after"), ("_mark_sent", "before"))
    assert ids == [f"<update-{Update.objects.get(type=UpdateType.MENTIONED).id}@localhost>"] * (2 if is_repeated else 1)


# --- Preferences on the wire ----------------------------------------------------------------------


def test_the_frequency_is_part_of_a_preference(api: ApiClient, anna: Person) -> None:
    mine = api.as_(anna)
    assert {entry["digest"] for entry in mine.get("updates/preferences").data} == {"none"}
    assert mine.put("updates/preferences/3", {"sendEmail": True, "digest": "weekly"}).status == 302
    assert mine.get("updates/preferences/3").data["digest"] == "weekly"
    # What old clients send leaves it.
    assert mine.put("updates/preferences/3", {"id": 3, "sendEmail": True, "sendSMS": False}).status == 302
    assert mine.get("updates/preferences/3").data["digest"] == "weekly"
    assert mine.put("updates/preferences/3", {"digest": "hourly"}).status == 400
    assert mine.put("updates/preferences/3", {"digest": 1}).status == 400


def test_old_records_of_mails_are_deleted(forum: Forum, anna: Person) -> None:
    now = clock.now()
    for days in (91, 89):
        Mail.objects.create(profile=anna.profile, type=3, update_id=days, created_at=now - timedelta(days=days))
    assert tasks.forget_mails() == {"deleted": 1}
