"""Events in files for other programs: iCalendar (RFC 5545) and CSV of those who come (contract B 3.6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.core.wire import timestamp
from apps.sites.hosts import SiteInfo
from apps.text.cleaning import unescape

#: What makes a spreadsheet take a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LINE_BYTES = 75
_LAST_MOMENT = datetime.max.replace(tzinfo=UTC)
#: A calendar has to hold something (RFC 5545 3.6): a zone that nothing refers to stands for no events.
_NOTHING = [
    "BEGIN:VTIMEZONE",
    "TZID:Etc/UTC",
    "BEGIN:STANDARD",
    "DTSTART:19700101T000000",
    "TZOFFSETFROM:+0000",
    "TZOFFSETTO:+0000",
    "END:STANDARD",
    "END:VTIMEZONE",
]
_STATUS = {"proposed": "TENTATIVE", "postponed": "TENTATIVE", "cancelled": "CANCELLED"}


def attendee_csv(rows: Sequence[Any]) -> bytes:
    """A line for each of those who come, from name, id, email, rsvp_at; no cell is a formula."""
    lines = ["name,id,email,date"]
    for row in rows:
        date = timestamp(row.rsvp_at.replace(microsecond=0))
        lines.append(f"{_cell(unescape(row.name))},{row.id},{_cell(row.email)},{_cell(date)}")
    return "".join(f"{line}\r\n" for line in lines).encode()


def _cell(text: str) -> str:
    safe = f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
    return '"' + safe.replace('"', '""') + '"'


@dataclass(frozen=True)
class Entry:
    """An event with a date as a calendar shows it."""

    item_id: int
    title: str
    changed_at: datetime
    #: With the columns `event_*` of the statement `event_fields`.
    row: Any


def entry_of(row: Any) -> Entry:
    """An entry from a row of the statement `calendar_events`."""
    return Entry(item_id=row.id, title=row.title, changed_at=row.edited_at or row.created_at, row=row)


def calendar(entries: Sequence[Entry], *, site: SiteInfo, name: str = "") -> bytes:
    """A calendar with these events of a site; `name` is what programs that subscribe to it call it."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Microcosm//Events//EN"]
    if name:
        # RFC 7986, and what came before it.
        lines += [f"NAME:{_text(name)}", f"X-WR-CALNAME:{_text(name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT1H"]
    for entry in entries:
        lines += _event(entry, site=site)
    if not entries:
        lines += _NOTHING
    return b"".join(_folded(line) for line in [*lines, "END:VCALENDAR"])


def _event(entry: Entry, *, site: SiteInfo) -> list[str]:
    row = entry.row
    lines = [
        "BEGIN:VEVENT",
        # The same by whichever of its names the site was asked: programs know an event by it.
        f"UID:event-{entry.item_id}@{site.subdomain_host}",
        f"DTSTAMP:{_moment(entry.changed_at)}",
        f"DTSTART:{_moment(row.event_starts_at)}",
        f"SUMMARY:{_text(entry.title)}",
        f"URL:{site.url}/events/{entry.item_id}/",
    ]
    # An end has to be later than the beginning (RFC 5545 3.6.1).
    if row.event_duration > 0:
        lines.append(f"DTEND:{_moment(_end(row.event_starts_at, minutes=row.event_duration))}")
    if row.event_place:
        lines.append(f"LOCATION:{_text(row.event_place)}")
    if row.event_lat and row.event_lon and abs(row.event_lat) <= 90 and abs(row.event_lon) <= 180:
        lines.append(f"GEO:{row.event_lat:.6f};{row.event_lon:.6f}")
    return [*lines, f"STATUS:{_STATUS.get(row.event_status, 'CONFIRMED')}", "END:VEVENT"]


def _end(starts_at: datetime, *, minutes: int) -> datetime:
    return starts_at + min(timedelta(minutes=minutes), _LAST_MOMENT - starts_at)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(text: str) -> str:
    plain = unescape(text).replace("\r\n", "\n").replace("\r", "\n")
    for character, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        plain = plain.replace(character, escaped)
    return plain


def _folded(line: str) -> bytes:
    """A line of at most 75 bytes, or several that belong together; no character is torn apart."""
    pieces, piece = [], b""
    for character in line:
        encoded = character.encode()
        if len(piece) + len(encoded) > _LINE_BYTES:
            pieces.append(piece)
            piece = b" "
        piece += encoded
    return b"\r\n".join([*pieces, piece]) + b"\r\n"
