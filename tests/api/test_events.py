"""`/events`, who comes, and files of both over HTTP (contract B 3; docs/api/events.md)."""

from datetime import timedelta
from typing import Any

import pytest

from apps.core.clock import now
from apps.core.models import Change
from apps.items.models import Attendee, Event, Item
from apps.microcosms.models import Microcosm
from apps.profiles.models import Profile
from apps.sites.hosts import forget_sites
from apps.sites.models import Site
from tests.client import ApiClient
from tests.content import closed_to_all_but, moderator_of, place_in, say
from tests.factories import Forum, Person, ban
from tests.icalendar import events_in, moment_of
from tests.queries import count_statements
from tests.recorded import assert_same_shape, recorded
from tests.trees import make_role

pytestmark = pytest.mark.django_db
BOUNDS = {"lat": 51.5, "lon": -0.08, "north": 51.6, "east": 51.4, "south": 0.1, "west": -0.2}


@pytest.fixture
def host(forum: Forum) -> Person:
    """Who announces."""
    return forum.member("anna")


@pytest.fixture
def guest(forum: Forum) -> Person:
    """Who comes."""
    return forum.member("bert")


@pytest.fixture
def place(forum: Forum) -> Microcosm:
    """A public microcosm below the root."""
    return place_in(forum, title="Tea")


def announce(api: ApiClient, person: Person, place: Microcosm, **fields: Any) -> Item:
    """An event, in the official client's form."""
    given = {
        "microcosmId": place.id,
        "title": "A ride",
        "when": "2027-05-01T10:00:00+01:00",
        "tz": "Europe/London",
        "duration": 120,
        "rsvpLimit": 0,
        "where": "London Bridge",
        **BOUNDS,
    }
    reply = api.as_(person).post("events", given | fields)
    assert reply.status == 302, reply
    return Item.objects.get(id=int(reply.location.rsplit("/", 1)[1]))


def path(item: Item, rest: str = "") -> str:
    """The path of an event or of something below it."""
    return f"events/{item.id}{rest}"


def say_yes(api: ApiClient, person: Person, item: Item, **more: Any) -> Any:
    """An answer of one's own, as the official client sends it."""
    return api.as_(person).put(path(item, "/attendees"), [{"profileId": person.id, "rsvp": "yes", **more}])


def coming(api: ApiClient, item: Item) -> list[int]:
    """Who comes, in the order of the list."""
    page = api.get(path(item, "/attendees?status=attending")).data["attendees"]
    return [entry["profileId"] for entry in page["items"]]


def waiting(api: ApiClient, item: Item) -> list[int]:
    """Who waits, in the order of the queue."""
    entries = api.get(path(item, "/attendees")).data["attendees"]["items"]
    queue = sorted((entry["waiting"], entry["profileId"]) for entry in entries if "waiting" in entry)
    assert [number for number, _ in queue] == list(range(1, len(queue) + 1))
    return [id for _, id in queue]


# --- Announcing -----------------------------------------------------------------------------------


def test_a_new_event_has_everything_as_it_was_sent(api: ApiClient, host: Person, place: Microcosm) -> None:
    item = announce(api, host, place, rsvpLimit=5)
    data = api.get(path(item)).data
    own = {
        name: data[name]
        for name in data
        if name not in ("id", "title", "microcosmId", "breadcrumb", "comments", "meta")
    }
    assert own == {
        "when": "2027-05-01T10:00:00Z",
        "tz": "Europe/London",
        "whentz": "2027-05-01T09:00:00Z",
        "duration": 120,
        "where": "London Bridge",
        **BOUNDS,
        "status": "upcoming",
        "rsvpLimit": 5,
        "rsvpSpaces": 5,
    }
    assert "attending" not in data["meta"]["flags"]
    assert api.as_(host).get(path(item)).data["meta"]["flags"]["attending"] is False
    place.refresh_from_db()
    assert (place.event_count, Profile.objects.get(id=host.id).item_count) == (1, 1)
    assert Change.objects.filter(kind="event.created").count() == 1


def test_the_page_has_the_shape_of_the_recorded_one(
    api: ApiClient, host: Person, guest: Person, place: Microcosm
) -> None:
    item = announce(api, host, place, rsvpLimit=5)
    say(host, item)
    say_yes(api, guest, item)
    data, theirs = api.get(path(item)).data, recorded("events", "GET_event_anon")
    for page in (data, theirs):
        for comment in page["comments"]["items"]:
            comment["meta"].pop("links")
        for name in ("edited", "editedBy", "editReason"):
            page["meta"].pop(name, None)
    assert_same_shape(data, theirs)


def test_nulls_are_absent_and_what_is_zero_or_empty_is_left_out(api: ApiClient, host: Person, place: Microcosm) -> None:
    nothing = dict.fromkeys(["when", "tz", "duration", "where", *BOUNDS])
    data = api.get(path(announce(api, host, place, **nothing))).data
    assert (data["tz"], data["status"], data["rsvpLimit"]) == ("Europe/Belfast", "proposed", 0)
    left_out = {"when", "whentz", "duration", "where", "rsvpAttend", "rsvpSpaces", *BOUNDS}
    assert not left_out & set(data)


@pytest.mark.parametrize("duration", [0, None, -5])
def test_a_date_without_duration_takes_an_hour(api: ApiClient, host: Person, place: Microcosm, duration: Any) -> None:
    assert api.get(path(announce(api, host, place, duration=duration))).data["duration"] == 60


def test_a_date_in_the_past_is_fine(api: ApiClient, host: Person, place: Microcosm) -> None:
    assert api.get(path(announce(api, host, place, when="2001-05-01T10:00:00Z"))).data["status"] == "upcoming"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("when", "2027-05-01T10:00:00"),
        ("when", "2027-05-01"),
        ("when", "soon"),
        ("when", 5),
        ("tz", "Mars/X"),
        ("tz", "../etc/passwd"),
        ("tz", "localtime"),
        ("rsvpLimit", -1),
        ("rsvpLimit", 2**40),
        ("duration", 2**40),
        ("where", "x" * 151),
        ("lat", "north"),
    ],
)
def test_what_is_wrong_is_refused(api: ApiClient, host: Person, place: Microcosm, field: str, value: Any) -> None:
    given = {"microcosmId": place.id, "title": "A ride", "when": "2027-05-01T10:00:00Z"}
    reply = api.as_(host).post("events", given | {field: value})
    assert (reply.status, reply.code in (3, 4)) == (400, True)
    assert not Item.objects.exists()


def test_the_same_event_within_minutes_is_the_first_one(api: ApiClient, host: Person, place: Microcosm) -> None:
    first = announce(api, host, place)
    assert announce(api, host, place, duration=5, tz="Europe/Paris").id == first.id
    assert announce(api, host, place, where="Elsewhere").id != first.id


def test_edits_merge_and_empty_texts_remove(api: ApiClient, host: Person, place: Microcosm) -> None:
    item, reason = announce(api, host, place, rsvpLimit=5), {"editReason": "because"}
    client = api.as_(host)
    client.request("POST", f"{path(item)}?method=PUT", json={"meta": reason, "tz": "Europe/Paris", "where": None})
    data = api.get(path(item)).data
    assert (data["when"], data["whentz"], data["where"]) == (
        "2027-05-01T10:00:00Z",
        "2027-05-01T08:00:00Z",
        "London Bridge",
    )
    client.put(path(item), {"when": "", "where": "", "status": "cancelled", "rsvpAttend": 9})
    data = api.get(path(item)).data
    assert data["status"] == "proposed"
    assert not {"when", "whentz", "where", "rsvpAttend"} & set(data)
    assert data["rsvpLimit"] == 5


def test_lists_show_events_complete(api: ApiClient, host: Person, guest: Person, place: Microcosm) -> None:
    item, other = announce(api, host, place, rsvpLimit=5), announce(api, host, place, title="Another")
    say_yes(api, guest, item)
    listed = {e["id"]: e for e in api.get("events").data["events"]["items"]}
    assert (listed[item.id]["rsvpAttend"], listed[item.id]["rsvpSpaces"]) == (1, 4)
    assert "attending" not in listed[item.id]["meta"]["flags"]
    mine = api.as_(guest).get("events?isAttending=true").data["events"]
    assert ([e["id"] for e in mine["items"]], mine["total"]) == ([item.id], 1)
    assert mine["items"][0]["meta"]["flags"]["attending"] is True
    assert api.get("events?isAttending=true").data["events"]["total"] == 0
    assert api.get("events?isAttending=maybe").status == 400
    for person, attends in ((None, False), (guest, True)):
        entries = api.as_(person).get(f"microcosms/{place.id}").data["items"]["items"]
        flags = {e["item"]["id"]: e["item"]["meta"]["flags"] for e in entries}
        assert (flags[item.id]["attending"], flags[other.id]["attending"]) == (attends, False)
        entry = next(e["item"] for e in entries if e["item"]["id"] == item.id)
        assert {name: entry[name] for name in entry if name != "meta"} == {
            name: listed[item.id][name] for name in listed[item.id] if name != "meta"
        }
    recent = next(e["item"]["mostRecentUpdate"] for e in api.get("microcosms").data["items"]["items"])
    assert recent["itemType"] == "event"


def test_pages_cost_few_statements(api: ApiClient, host: Person, place: Microcosm) -> None:
    item = announce(api, host, place)
    api.get("site")
    for url in ("events", path(item)):
        with count_statements() as statements:
            api.get(url)
        assert len(statements) == 2, url


# --- Answering ------------------------------------------------------------------------------------


def test_answers_are_listed_in_their_order(
    api: ApiClient, forum: Forum, host: Person, guest: Person, place: Microcosm
) -> None:
    item, others = announce(api, host, place), [forum.member() for _ in range(3)]
    given = [{"profileId": p.id, "rsvp": word} for p, word in zip(others, ("no", "", "maybe"), strict=True)]
    reply = api.as_(host).put(path(item, "/attendees"), given)
    assert (reply.status, reply.data) == (200, None)
    assert say_yes(api, guest, item).status == 200
    data = api.get(path(item, "/attendees")).data
    assert [(e["profileId"], e["rsvp"]) for e in data["attendees"]["items"]] == [
        (guest.id, "yes"),
        (others[2].id, "maybe"),
        (others[1].id, "invited"),
        (others[0].id, "no"),
    ]
    assert_same_shape(data, recorded("events", "GET_event-attendees_member"))
    one = api.get(path(item, f"/attendees/{guest.id}")).data
    assert_same_shape(one, recorded("events", "GET_event-attendee_anon"))
    assert api.get(path(item, f"/attendees/{host.id}")).status == 404
    assert coming(api, item) == [guest.id]
    assert api.get(path(item)).data["rsvpAttend"] == 1


def test_who_may_answer_for_whom(api: ApiClient, forum: Forum, host: Person, guest: Person, place: Microcosm) -> None:
    item, moderator = announce(api, host, place), forum.member()
    moderator_of(place, moderator, all_rights=True)

    def status(person: Person | None, profile_id: int, rsvp: str) -> int:
        return api.as_(person).put(path(item, "/attendees"), [{"profileId": profile_id, "rsvp": rsvp}]).status

    assert status(None, guest.id, "yes") == 403
    assert status(guest, host.id, "no") == 403
    assert status(host, guest.id, "yes") == 403
    for person, rsvp in ((guest, "no"), (host, "yes")):
        other = host if person is guest else guest
        assert api.as_(person).put(path(item, "/attendees"), [{"profileId": other.id, "rsvp": rsvp}]).code == 10
    assert status(host, guest.id, "invited") == 200
    assert status(moderator, guest.id, "maybe") == 200
    assert status(host, 999_999_999, "invited") == 404
    assert status(host, 0, "invited") == 404
    assert status(guest, guest.id, "zzz") == 400
    assert api.as_(guest).put(path(item, "/attendees"), {"profileId": guest.id, "rsvp": "yes"}).status == 400
    assert api.as_(guest).put(path(item, "/attendees"), []).status == 200
    assert [a.rsvp for a in Attendee.objects.all()] == [Attendee.Rsvp.MAYBE]


def test_an_answer_by_its_own_path(api: ApiClient, host: Person, guest: Person, place: Microcosm) -> None:
    item = announce(api, host, place)
    own = path(item, f"/attendees/{guest.id}")
    reply = api.as_(guest).put(own, {"profileId": host.id, "rsvp": "yes"})
    assert reply.location == f"/api/v1/{own}"
    assert api.as_(guest).follow(reply).data["rsvp"] == "yes"
    assert api.as_(guest).put(own, {"rsvp": "no"}, headers={"Prefer": "return=representation"}).data["rsvp"] == "no"
    assert api.as_(guest).delete(path(item, f"/attendees/{host.id}")).status == 403
    for person in (guest, guest, host):
        assert api.as_(person).delete(own).status == 200
    assert not Attendee.objects.exists()


def test_who_may_delete_takes_answers_away(
    api: ApiClient, forum: Forum, host: Person, guest: Person, place: Microcosm
) -> None:
    """Contract B 3.5: the `delete` permission, as the answer's own `meta.permissions` say."""
    item, cleaner = announce(api, host, place), forum.member()
    make_role(place, cleaner, title="Cleaners", can_read=True, can_delete=True)
    make_role(place, include_users=True, can_read=True, can_create=True)
    assert say_yes(api, guest, item).status == 200
    own = path(item, f"/attendees/{guest.id}")
    for person, may_delete, status in ((forum.member(), False, 403), (cleaner, True, 200)):
        assert api.as_(person).get(own).data["meta"]["permissions"]["delete"] is may_delete
        assert api.as_(person).delete(own).status == status
    assert not Attendee.objects.exists()


def test_a_full_event_says_so_and_a_repeated_yes_is_fine(
    api: ApiClient, forum: Forum, host: Person, guest: Person, place: Microcosm
) -> None:
    item, late = announce(api, host, place, rsvpLimit=1), forum.member()
    assert say_yes(api, guest, item).status == 200
    assert say_yes(api, guest, item).status == 200
    reply = say_yes(api, late, item)
    assert (reply.status, reply.code) == (400, 18)
    data = api.get(path(item)).data
    assert (data["rsvpAttend"], "rsvpSpaces" in data) == (1, False)
    assert Change.objects.filter(kind="event.answered").count() == 1


def test_who_waits_moves_up_in_order(api: ApiClient, forum: Forum, host: Person, place: Microcosm) -> None:
    item, people = announce(api, host, place, rsvpLimit=2), [forum.member() for _ in range(6)]
    ids = [person.id for person in people]
    for person in people:
        assert say_yes(api, person, item, wait=True).status == 200
    say_yes(api, people[3], item, wait=True)
    assert (coming(api, item), waiting(api, item)) == (ids[:2], ids[2:])
    assert say_yes(api, people[2], item).code == 18
    api.as_(people[0]).put(path(item, "/attendees"), [{"profileId": ids[0], "rsvp": "no"}])
    assert (coming(api, item), waiting(api, item)) == (ids[1:3], ids[3:])
    api.as_(people[4]).delete(path(item, f"/attendees/{ids[4]}"))
    api.as_(people[1]).delete(path(item, f"/attendees/{ids[1]}"))
    assert (coming(api, item), waiting(api, item)) == (ids[2:4], ids[5:])
    reason = {"meta": {"editReason": "because"}}
    api.as_(host).put(path(item), {"rsvpLimit": 1} | reason)
    assert (len(coming(api, item)), api.get(path(item)).data["rsvpSpaces"]) == (2, -1)
    api.as_(host).put(path(item), {"rsvpLimit": 0} | reason)
    assert (coming(api, item), waiting(api, item)) == ([*ids[2:4], ids[5]], [])


def test_A5_who_may_not_come_any_more_gets_no_place(
    api: ApiClient, forum: Forum, host: Person, place: Microcosm
) -> None:
    """Rights are asked when a place is given; who has them again has kept the place in the queue."""
    item = announce(api, host, place, rsvpLimit=1)
    first, banned, outlaw, last, late = people = [forum.member() for _ in range(5)]
    for person in people:
        assert say_yes(api, person, item, wait=True).status == 200
    kept_out = ban(forum.site, banned)
    make_role(place, outlaw, title="Outlaws", is_banned=True)
    api.as_(first).delete(path(item, f"/attendees/{first.id}"))
    assert (coming(api, item), waiting(api, item)) == ([last.id], [banned.id, outlaw.id, late.id])
    kept_out.delete()
    api.as_(last).delete(path(item, f"/attendees/{last.id}"))
    assert (coming(api, item), waiting(api, item)) == ([banned.id], [outlaw.id, late.id])
    api.as_(host).put(path(item), {"rsvpLimit": 0, "meta": {"editReason": "because"}})
    assert (coming(api, item), waiting(api, item)) == ([banned.id, late.id], [outlaw.id])


def test_closed_and_hidden_events_take_no_answers(
    api: ApiClient, forum: Forum, host: Person, guest: Person, place: Microcosm
) -> None:
    item = announce(api, host, place)
    api.as_(host).patch(path(item), [{"op": "replace", "path": "/meta/flags/open", "value": False}])
    assert say_yes(api, guest, item).code == 17
    assert say_yes(api, forum.owner, item).status == 200
    private = place_in(forum)
    closed_to_all_but(private, host)
    secret = announce(api, host, private)
    for rest in ("", "/attendees", f"/attendees/{host.id}", "/attendeescsv", "/calendar", "/newcomment"):
        assert api.as_(guest).get(path(secret, rest)).status == 404
    assert say_yes(api, guest, secret).status == 404


# --- Files ----------------------------------------------------------------------------------------


def test_the_csv_names_who_comes_and_holds_no_formula(
    api: ApiClient, forum: Forum, host: Person, guest: Person, place: Microcosm
) -> None:
    item, evil = announce(api, host, place), forum.member()
    Profile.objects.filter(id=evil.id).update(name="=cmd|&#34;x&#34;")
    for person in (guest, evil):
        say_yes(api, person, item)
    assert api.as_(guest).get(path(item, "/attendeescsv")).status == 403
    reply = api.request("GET", f"{path(item, '/attendeescsv')}?access_token={host.token}")
    assert reply.headers["Content-Disposition"] == f"attachment; filename=event{item.id}.csv"
    assert reply.headers["Content-Type"] == "text/csv"
    head, first, second, rest = reply.content.decode().split("\r\n")
    assert (head, rest) == ("name,id,email,date", "")
    assert first.startswith(f'"\'=cmd|""x""",{evil.id},"')
    assert second.startswith(f'"bert",{guest.id},"{guest.profile.user.email}","20')
    assert second.endswith('Z"')


def test_the_calendar_of_an_event(api: ApiClient, forum: Forum, host: Person, place: Microcosm) -> None:
    item = announce(api, host, place, title="Tea, cake & more; " + "é" * 60)
    reply = api.get(path(item, "/calendar"))
    assert reply.headers["Content-Type"] == "text/calendar; charset=utf-8"
    (event,) = events_in(reply.content)
    assert {name: event[name] for name in event.names() if name != "DTSTAMP"} == {
        "UID": f"event-{item.id}@{forum.host}",
        "DTSTART": "20270501T090000Z",
        "DTEND": "20270501T110000Z",
        "SUMMARY": "Tea, cake & more; " + "é" * 60,
        "LOCATION": "London Bridge",
        "GEO": "51.500000;-0.080000",
        "URL": f"http://{forum.host}/events/{item.id}/",
        "STATUS": "CONFIRMED",
    }
    assert moment_of(event["DTSTAMP"]) == item.created_at.replace(microsecond=0)
    assert api.get(path(announce(api, host, place, title="Some day", when=None), "/calendar")).status == 404


def test_a_calendar_is_valid_whatever_an_event_says(api: ApiClient, host: Person, place: Microcosm) -> None:
    """One event that no calendar can show as it is must not spoil the calendar of its microcosm either."""
    endless = announce(api, host, place, title="Endless", when="9998-12-31T00:00:00Z", duration=2**31 - 1)
    (event,) = events_in(api.get(path(endless, "/calendar")).content)
    assert event["DTEND"] == "99991231T235959Z"
    nowhere = announce(api, host, place, title="Nowhere", lat=1e300, lon=-181, where="a\x0bb\x7f\x85\r\n\tc")
    # As imports may have it.
    Event.objects.filter(item=announce(api, host, place, title="No time at all")).update(duration=0)
    found = {event["SUMMARY"]: event for event in events_in(api.get(f"microcosms/{place.id}/calendar").content)}
    assert set(found) == {"Endless", "Nowhere", "No time at all"}
    assert "GEO" not in found["Nowhere"].names()
    assert found["Nowhere"]["UID"].startswith(f"event-{nowhere.id}@")
    assert "DTEND" not in found["No time at all"].names()


def test_an_event_keeps_its_uid_by_whatever_name_the_site_is_asked(
    api: ApiClient, forum: Forum, host: Person, place: Microcosm
) -> None:
    item = announce(api, host, place)
    Site.objects.filter(id=forum.site.id).update(domain="events.example.org")
    forget_sites()
    hosts = (forum.host, forum.host.upper(), f"{forum.host}:8000", "events.example.org")
    uids = {events_in(api.at(name).get(path(item, "/calendar")).content)[0]["UID"] for name in hosts}
    assert uids == {f"event-{item.id}@{forum.host}"}


def entries(api: ApiClient, microcosm_id: int, *, query: str = "") -> list[str]:
    """The titles in the calendar of a microcosm, in its order."""
    reply = api.get(f"microcosms/{microcosm_id}/calendar{query}")
    assert reply.status == 200, reply
    return [event["SUMMARY"] for event in events_in(reply.content)]


def test_a_calendar_without_events_is_valid_too(api: ApiClient, place: Microcosm) -> None:
    assert entries(api, place.id) == []


def test_the_calendar_of_a_microcosm_has_what_lies_below_it_too(
    api: ApiClient, forum: Forum, host: Person, place: Microcosm
) -> None:
    below = place_in(forum, parent=place, title="Below")
    beside = place_in(forum, title="Beside")
    announce(api, host, place, title="Second", when="2027-05-02T10:00:00Z")
    announce(api, host, below, title="First", when="2027-05-01T10:00:00Z")
    announce(api, host, beside, title="Elsewhere")
    announce(api, host, place, title="Some day", when=None)
    long_ago = announce(api, host, place, title="Long ago", when="2020-05-02T10:00:00Z")
    Event.objects.filter(item=announce(api, host, place, title="Lately")).update(starts_at=now() - timedelta(days=89))
    for flag in ("is_deleted", "is_moderated"):
        Item.objects.filter(id=announce(api, host, place, title=f"Hidden {flag}").id).update(**{flag: True})
    assert entries(api, place.id) == ["Lately", "First", "Second"]
    assert entries(api, below.id) == ["First"]
    assert entries(api, forum.root.id) == ["Lately", "First", "Elsewhere", "Second"]
    assert long_ago.title not in entries(api.as_(host), forum.root.id)


def test_the_calendar_of_a_microcosm_shows_what_the_caller_may_read(
    api: ApiClient, forum: Forum, host: Person, guest: Person, place: Microcosm
) -> None:
    """A1: without a token only what guests may read; with one in the query, what its holder may."""
    hidden = place_in(forum, parent=place, title="Hidden")
    announce(api, host, place, title="For all")
    announce(api, host, hidden, title="For some")
    closed_to_all_but(hidden, host)
    assert entries(api, place.id) == ["For all"]
    assert entries(api.as_(guest), place.id) == ["For all"]
    assert entries(api, place.id, query=f"?access_token={host.token}") == ["For all", "For some"]
    assert api.get(f"microcosms/{hidden.id}/calendar").status == 404
    assert api.get(f"microcosms/{hidden.id}/calendar?access_token={guest.token}").status == 404
    private = api.get(f"microcosms/{place.id}/calendar?access_token={host.token}")
    assert host.token not in private.content.decode()
    assert private.headers["Cache-Control"] == "no-cache, max-age=0"
    api.as_(host).put("ignored", {"itemType": "microcosm", "itemId": hidden.id})
    assert entries(api, place.id, query=f"?access_token={host.token}") == ["For all"]


def test_texts_in_a_calendar_cannot_end_their_line(api: ApiClient, forum: Forum, host: Person) -> None:
    """X2: names and places are encoded for iCalendar; an event is the same in both calendars."""
    place = place_in(forum, title="Tea; cake, & \\more")
    where = "Here\r\nEND:VEVENT\nATTACH:http://evil.example.com/;x,y"
    item = announce(api, host, place, title="Ride\u2028; BEGIN:VEVENT", where=where)
    reply = api.get(f"microcosms/{place.id}/calendar")
    assert reply.headers["Content-Disposition"] == f"attachment; filename=microcosm{place.id}.ics"
    lines = reply.content.decode().replace("\r\n ", "").split("\r\n")
    assert "X-WR-CALNAME:Tea\\; cake\\, & \\\\more" in lines
    assert "NAME:Tea\\; cake\\, & \\\\more" in lines
    assert lines.count("END:VEVENT") == lines.count("BEGIN:VEVENT") == 1
    assert not [line for line in lines if line.startswith("ATTACH")]
    (shown,), (single,) = events_in(reply.content), events_in(api.get(path(item, "/calendar")).content)
    assert shown == single
    assert single["LOCATION"] == where.replace("\r\n", "\n")


def test_a_calendar_costs_the_same_for_any_number_of_events(api: ApiClient, host: Person, place: Microcosm) -> None:
    announce(api, host, place)
    with count_statements() as few:
        entries(api, place.id)
    for number in range(5):
        announce(api, host, place, title=f"Ride {number}")
    with count_statements() as many:
        entries(api, place.id)
    assert len(few) == len(many)


def test_the_moment_is_that_of_the_place(api: ApiClient, host: Person, place: Microcosm) -> None:
    item = announce(api, host, place, when="2027-01-01T10:00:00.5+09:00", tz="America/New_York")
    event = Event.objects.get(item=item)
    assert event.when_at is not None
    assert event.starts_at == event.when_at + timedelta(hours=5)
    assert now() < event.starts_at
