"""Routes of events and of those who come (contract B 3; docs/api/events.md)."""

from datetime import timedelta
from typing import Any

from rest_framework.request import Request

from apps.comments.serializers import CommentOutput
from apps.core import clock
from apps.core.api import Answer, Api
from apps.core.errors import CreateForbidden, DeleteForbidden, Missing, ReadForbidden, WrongType
from apps.core.openapi import operation, page_of, query_parameter
from apps.core.pagination import collection
from apps.core.response_cache import kept
from apps.items import happenings, queries, shapes
from apps.items.api.items import COMMENT_ID, PATCH_BODY, ItemApi, flags_given, require_id
from apps.items.calendars import Entry, attendee_csv, calendar, entry_of
from apps.items.happenings import EventDraft, answer_event, create_event, edit_event, forget_answer, rsvp_of
from apps.items.models import Attendee, Event
from apps.items.moments import read_moment
from apps.items.serializers import (
    AttendeeInput,
    AttendeeListOutput,
    AttendeeOutput,
    EventEditInput,
    EventInput,
    EventListOutput,
    EventOwnOutput,
)
from apps.permissions.access import Need, access_microcosm
from apps.permissions.queries import Permissions, permissions_for
from apps.sites.types import ItemType, href

#: How many answers one request may give.
MAX_ANSWERS = 500
#: How far back the calendar of a microcosm goes, and how many events it has.
CALENDAR_PAST = timedelta(days=90)
MAX_CALENDAR_EVENTS = 1000
_BOOLS = {
    **dict.fromkeys(("1", "t", "T", "true", "True", "TRUE"), True),
    **dict.fromkeys(("", "0", "f", "F", "false", "False", "FALSE"), False),
}


class EventOutput(EventOwnOutput):
    """An event on its own page, with one page of its comments (contract B 3.3)."""

    comments = page_of(CommentOutput)


class EventApi(ItemApi):
    """Base of the routes of events."""

    kind = ItemType.EVENT

    def own_fields(self, row: Any) -> dict[str, Any]:
        """Date, place and how many come."""
        self._own = queries.event_fields(site_id=self.viewer.site_id, profile_id=self.viewer.profile_id, item_id=row.id)
        return shapes.event_fields(self._own)

    def own_flags(self) -> dict[str, bool]:
        """Whether the caller comes."""
        attending: bool | None = self._own.event_is_attending
        return {} if attending is None else {"attending": attending}

    def answer(self, answers: list[happenings.Answer]) -> None:
        """Carry out answers; raises for those that are not the caller's to give."""
        access = self.access(Need.CREATE)
        own_id = self.viewer.require_profile()
        for answer in answers:
            if answer.profile_id != own_id:
                if not _is_host(access.permissions):
                    raise CreateForbidden("only the host and moderators answer for others")
                if answer.rsvp == Attendee.Rsvp.YES:
                    raise CreateForbidden("nobody says yes for somebody else")
        answer_event(
            answers,
            site_id=self.viewer.site_id,
            actor_id=own_id,
            item_id=self.item_id,
            by_moderator=access.permissions.is_moderator,
        )


class EventList(EventApi):
    """`/events`."""

    @operation(
        "List events",
        answer=EventListOutput,
        cursors=True,
        query=(query_parameter("isAttending", bool, "Only those the caller said yes to."),),
    )
    @kept()
    def get(self, request: Request) -> Answer:
        """Everything the caller may read and does not ignore: sticky ones first, then by last activity."""
        text = request.query_params.get("isAttending", "")
        if text not in _BOOLS:
            raise WrongType("isAttending must be true or false")
        site_id, profile_id = self.viewer.site_id, self.viewer.profile_id
        if _BOOLS[text]:
            paging = self.paging_of("attended", profile_id)
            found = queries.attended_events(site_id=site_id, profile_id=profile_id, paging=paging)
        else:
            paging = self.paging_of("events")
            found = queries.items_of_kind(site_id=site_id, profile_id=profile_id, kind=self.kind, paging=paging)
        return self.list_answer(found, paging=paging, key=queries.activity_key)

    @operation("Announce an event", body=EventInput, success=(302,), prefer=201, represents=EventOutput)
    def post(self, request: Request) -> Answer:
        """The same event by the same author within five minutes leads to the first one."""
        given = EventInput.read(request.data)
        microcosm_id = require_id(given, "microcosmId")
        place = access_microcosm(self.viewer, microcosm_id, Need.CREATE)
        item_id = create_event(
            _draft(given),
            site_id=self.viewer.site_id,
            author_id=self.viewer.require_profile(),
            microcosm_id=microcosm_id,
            title=given.get("title", ""),
            flags=flags_given(given),
            by_moderator=place.permissions.is_moderator,
        )
        return self.wrote(href(self.kind, item_id), representation=lambda: self.first_page(item_id), created=True)


class EventDetail(EventApi):
    """`/events/{id}`."""

    @operation("Read an event", answer=EventOutput, cursors=True, query=(COMMENT_ID,))
    @kept()
    def get(self, request: Request, **ids: int) -> Answer:
        """With one page of its comments; marks the event as read up to the end of that page."""
        return self.page_answer()

    @operation("Edit or move an event", body=EventEditInput, success=(302,), prefer=200, represents=EventOutput)
    def put(self, request: Request, **ids: int) -> Answer:
        """What is absent stays. The first edit needs `meta.editReason`; moving needs `create` on the target."""
        given = EventEditInput.read(request.data)
        target_id = require_id(given, "microcosmId") if "microcosmId" in given else None
        access = self.access(Need.UPDATE)
        edit_event(
            _draft(given),
            site_id=self.viewer.site_id,
            actor_id=self.viewer.require_profile(),
            item_id=self.item_id,
            title=given.get("title"),
            microcosm_id=target_id,
            reason=given.get("meta", {}).get("editReason"),
            moderates_target=self.moderates_target(access, target_id),
        )
        return self.wrote(href(self.kind, self.item_id), representation=lambda: self.first_page(self.item_id))

    @operation("Pin, close, hide or show an event", body=PATCH_BODY, errors=(501,))
    def patch(self, request: Request, **ids: int) -> Answer:
        """Moderators set every flag; authors close their own with `closeOwn` and open it with `openOwn`."""
        return self.patch_flags(request.data)

    @operation("Delete an event")
    def delete(self, request: Request, **ids: int) -> Answer:
        """Authors may while it is open and nobody else has commented on it."""
        return self.remove()


class AttendeeList(EventApi):
    """`/events/{id}/attendees`."""

    @operation(
        "List who comes",
        answer=AttendeeListOutput,
        cursors=True,
        query=(query_parameter("status", str, "`attending` for those who said yes; anything else for all."),),
    )
    def get(self, request: Request, **ids: int) -> Answer:
        """Those who come first, then those who may, the invited and those who do not."""
        is_attending = request.query_params.get("status") == "attending"
        access, paging = self.access(Need.READ), self.paging_of("attendees", self.item_id, is_attending)
        found = queries.attendee_page(
            site_id=self.viewer.site_id,
            item_id=self.item_id,
            rsvp=int(Attendee.Rsvp.YES) if is_attending else 0,
            paging=paging,
        )
        rows, ends = paging.cut(found.items, total=found.total, key=lambda row: (row.rsvp, row.rsvp_at, row.id))
        path = f"{href(self.kind, self.item_id)}/attendees"
        page = collection(
            paging=paging,
            total=found.total,
            items=[shapes.attendee(row, event_id=self.item_id, site_id=self.viewer.site_id) for row in rows],
            type=path,
            url=self.url,
            ends=ends,
        )
        meta = {"links": [{"rel": "self", "href": path}], "permissions": access.permissions.shape()}
        return Answer({"attendees": page, "meta": meta}, headers=ends.headers(self.url))

    @operation("Answer or invite", body={"application/json": AttendeeInput(many=True)})
    def put(self, request: Request, **ids: int) -> Answer:
        """All answers or none. A yes where there is no place is code 18, unless it says `wait`."""
        given = AttendeeInput.read_list(request.data, max_length=MAX_ANSWERS)
        self.answer([_answer(entry, profile_id=entry.get("profileId", 0)) for entry in given])
        return Answer()


class AttendeeDetail(EventApi):
    """`/events/{id}/attendees/{profileId}`."""

    @operation("Read an answer", answer=AttendeeOutput)
    def get(self, request: Request, *, event_id: int, profile_id: int) -> Answer:
        """404 for who was not asked and has not answered."""
        self.access(Need.READ)
        return Answer(self._shape(profile_id))

    @operation("Answer or invite one", body=AttendeeInput, success=(302,), prefer=200, represents=AttendeeOutput)
    def put(self, request: Request, *, event_id: int, profile_id: int) -> Answer:
        """As in the list; the id in the path counts."""
        self.answer([_answer(AttendeeInput.read(request.data), profile_id=profile_id)])
        return self.wrote(
            f"{href(self.kind, event_id)}/attendees/{profile_id}",
            representation=lambda: self._shape(profile_id),
        )

    @operation("Take an answer away")
    def delete(self, request: Request, *, event_id: int, profile_id: int) -> Answer:
        """One's own, or anybody's as the host, a moderator or with `delete`; an absent one is no error."""
        may = self.access(Need.READ).permissions
        if self.viewer.require_profile() != profile_id and not (_is_host(may) or may.can_delete):
            raise DeleteForbidden
        forget_answer(
            site_id=self.viewer.site_id,
            actor_id=self.viewer.require_profile(),
            item_id=event_id,
            profile_id=profile_id,
        )
        return Answer()

    def _shape(self, profile_id: int) -> dict[str, Any]:
        row = queries.attendee_row(site_id=self.viewer.site_id, item_id=self.item_id, profile_id=profile_id)
        if row is None:
            raise Missing
        shape = shapes.attendee(row, event_id=self.item_id, site_id=self.viewer.site_id)
        shape["meta"]["permissions"] = permissions_for(self.viewer, kind=ItemType.ATTENDEE, thing_id=row.id).shape()
        return shape


class AttendeeCsv(EventApi):
    """`/events/{id}/attendeescsv`."""

    @operation("Download who comes", raw="text/csv")
    def get(self, request: Request, **ids: int) -> Answer:
        """Names and addresses, for the host and moderators."""
        if not _is_host(self.access(Need.READ).permissions):
            raise ReadForbidden
        rows = queries.people_coming(site_id=self.viewer.site_id, item_id=self.item_id)
        return _file(attendee_csv(rows), kind="text/csv", name=f"event{self.item_id}.csv")


class EventCalendar(EventApi):
    """`/events/{id}/calendar`."""

    @operation("Download the event for a calendar", raw="text/calendar")
    def get(self, request: Request, **ids: int) -> Answer:
        """An event without a date has none: 404."""
        item = self.access(Need.READ).thing
        row = queries.event_fields(site_id=self.viewer.site_id, profile_id=self.viewer.profile_id, item_id=self.item_id)
        if row.event_starts_at is None:
            raise Missing
        entry = Entry(item_id=item.id, title=item.title, changed_at=item.edited_at or item.created_at, row=row)
        content = calendar([entry], site=self.viewer.site)
        return _file(content, kind="text/calendar; charset=utf-8", name=f"event{item.id}.ics")


class MicrocosmCalendar(Api):
    """`/microcosms/{id}/calendar`."""

    @operation("Subscribe to the events of a microcosm", raw="text/calendar")
    def get(self, request: Request, microcosm_id: int) -> Answer:
        """With those below it, as far as the caller may read them: from ninety days ago on, a thousand at most."""
        microcosm = access_microcosm(self.viewer, microcosm_id, Need.READ).thing
        rows = queries.calendar_events(
            site_id=self.viewer.site_id,
            profile_id=self.viewer.profile_id,
            microcosm_id=microcosm_id,
            since=clock.now() - CALENDAR_PAST,
            limit=MAX_CALENDAR_EVENTS,
        )
        content = calendar([entry_of(row) for row in rows], site=self.viewer.site, name=microcosm.title)
        return _file(content, kind="text/calendar; charset=utf-8", name=f"microcosm{microcosm_id}.ics")


def _is_host(permissions: Permissions) -> bool:
    return permissions.is_owner or permissions.is_moderator or permissions.is_site_owner


def _answer(given: dict[str, Any], *, profile_id: int) -> happenings.Answer:
    rsvp = rsvp_of(given.get("rsvp", ""))
    return happenings.Answer(profile_id=profile_id, rsvp=rsvp, waits=given.get("wait", False))


def _file(content: bytes, *, kind: str, name: str) -> Answer:
    return Answer(
        raw=content,
        headers={
            "Content-Type": kind,
            "Content-Disposition": f"attachment; filename={name}",
            "Cache-Control": "no-cache, max-age=0",
            "Vary": "Authorization",
        },
    )


def _draft(given: dict[str, Any]) -> EventDraft:
    """What a body says of an event; an empty date takes the stored one away."""
    when = given.get("when")
    return EventDraft(
        when=read_moment("when", when) if when else None,
        has_no_date=when == "",
        zone=given.get("tz"),
        duration=given.get("duration"),
        place=given.get("where"),
        numbers={name: given[name] for name in Event.NUMBERS if name in given},
        rsvp_limit=given.get("rsvpLimit"),
    )
