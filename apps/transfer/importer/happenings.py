"""Step: events, and who comes. Only exports of ours have them."""

from collections.abc import Iterator

from django.db import transaction

from apps.items.happenings import MAX_PLACE_LENGTH, follow_date, known_zones
from apps.items.imports import ImportedAttendee, ImportedEvent, ImportedItem, import_attributes, import_items
from apps.items.imports import import_events as write_events
from apps.items.models import Attendee, Event, Item
from apps.sites.types import ItemType
from apps.text.cleaning import clean_description, escape, unescape
from apps.transfer.importer.conversations import placed_item
from apps.transfer.importer.extensions import EventFile
from apps.transfer.importer.fields import FileError
from apps.transfer.importer.run import Read, Run, batches
from apps.transfer.services import record_imports

_RSVPS = {rsvp.label: rsvp for rsvp in Attendee.Rsvp}


def import_events(run: Run) -> None:
    """Make an event for each file whose section is there."""
    run.events = run.load_map(ItemType.EVENT)
    for batch in batches(run, "events", EventFile):
        ids = run.reserve_ids(Item, len(batch))
        made: dict[int, int] = {}
        items: list[ImportedItem] = []
        events: list[ImportedEvent] = []
        for read, id_ in zip(batch, ids, strict=True):
            base = read.document.base
            try:
                event = _event(run, read, item_id=id_)
                item = placed_item(run, base, path=read.path, id_=id_, kind=ItemType.EVENT)
            except FileError as error:
                run.report.error("events", read.path, str(error))
                continue
            items.append(item)
            events.append(event)
            made[base.old_id] = id_
        if not run.is_dry:
            with transaction.atomic():
                import_items(items, site_id=run.place.site_id)
                write_events(events)
                import_attributes(
                    {
                        made[base.old_id]: base.attributes
                        for base in (read.document.base for read in batch)
                        if base.old_id in made
                    }
                )
                record_imports(made, origin_id=run.place.origin_id, kind=ItemType.EVENT)
        run.events |= made
        run.report.tally("events").imported += len(made)


def _event(run: Run, read: Read[EventFile], *, item_id: int) -> ImportedEvent:
    file = read.document
    drafted = Event(when_at=file.when, **({"zone": file.zone} if file.zone else {}))
    if drafted.zone not in known_zones():
        raise FileError(f"has the unknown time zone {file.zone[:40]!r}")
    follow_date(drafted)
    if file.status and file.status not in Event.Status.values:
        raise FileError(f"has the unknown status {file.status[:20]!r}")
    return ImportedEvent(
        item_id=item_id,
        when_at=drafted.when_at,
        starts_at=drafted.starts_at,
        zone=drafted.zone,
        duration=file.duration,
        place=escape(unescape(clean_description(file.place)).strip()[:MAX_PLACE_LENGTH]),
        numbers=file.numbers,
        status=Event.Status(file.status or drafted.status),
        rsvp_limit=file.rsvp_limit,
        attendees=tuple(_attendees(run, read)),
    )


def _attendees(run: Run, read: Read[EventFile]) -> Iterator[ImportedAttendee]:
    """Everybody who is known, each once; of two accounts that became one the first answer counts."""
    seen: set[int] = set()
    places: set[int] = set()
    for attendee in read.document.attendees:
        profile_id = run.known_profile(attendee.profile_id)
        if profile_id is None:
            run.report.warn(read.path, f"names the attendee {attendee.profile_id}, who is not imported")
            continue
        rsvp = _RSVPS.get(attendee.rsvp)
        if rsvp is None:
            raise FileError(f"has the unknown answer {attendee.rsvp[:20]!r}")
        waits = attendee.queue_number if rsvp is Attendee.Rsvp.MAYBE else 0
        if waits in places:
            raise FileError(f"has two attendees at place {waits} of the queue")
        if profile_id in seen:
            continue
        seen.add(profile_id)
        if waits:
            places.add(waits)
        created_at = attendee.created_at or read.document.base.created_at or run.now
        yield ImportedAttendee(
            profile_id=profile_id,
            rsvp=rsvp,
            answered_at=attendee.answered_at or created_at,
            created_at=created_at,
            created_by_id=run.author(attendee.by_id, path=read.path) if attendee.by_id else profile_id,
            queue_number=waits or None,
        )
