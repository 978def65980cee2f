"""What exports of ours hold beyond the format: events, polls, huddles nothing is said in, and the site itself.

The keys and folders are described in docs/export.md; other products know none of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from apps.core.attributes import Value
from apps.transfer.importer.documents import (
    READERS,
    ConversationFile,
    read_attributes,
    read_conversation,
    read_participants,
)
from apps.transfer.importer.fields import Fields, FileError

_MAX_COUNT = 2**31 - 1
_MAX_FORMER_ID = 64


@dataclass(frozen=True, slots=True)
class AttendeeFile:
    """Somebody's answer to an event."""

    profile_id: int
    rsvp: str
    answered_at: datetime | None
    created_at: datetime | None
    by_id: int
    #: The place in the queue of who waits for one, 0 for none.
    queue_number: int


@dataclass(frozen=True, slots=True)
class EventFile:
    """An event: what all things in a section have, and when and where it is."""

    base: ConversationFile
    when: datetime | None
    zone: str
    duration: int
    place: str
    numbers: Mapping[str, float]
    status: str
    rsvp_limit: int
    attendees: tuple[AttendeeFile, ...]


@dataclass(frozen=True, slots=True)
class ChoiceFile:
    """A choice of a poll, and who voted for it when."""

    text: str
    votes: tuple[tuple[int, datetime | None], ...]


@dataclass(frozen=True, slots=True)
class PollFile:
    """A poll: what all things in a section have, and the question."""

    base: ConversationFile
    question: str
    is_multi: bool
    is_open: bool
    closes_at: datetime | None
    results: str
    choices: tuple[ChoiceFile, ...]


@dataclass(frozen=True, slots=True)
class HuddleFile:
    """A huddle that nothing is said in; all others are messages."""

    old_id: int
    name: str
    author_id: int
    created_at: datetime | None
    is_confidential: bool
    participants: tuple[tuple[int, datetime | None], ...]


@dataclass(frozen=True, slots=True)
class FormerIdsFile:
    """What things of a kind were called in a forum before the exported one."""

    product: str
    on_type: str
    #: Ids of the export by former ones, and of files their hashes.
    ids: Mapping[str, int]
    hashes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RootFile:
    """The root of a site's tree."""

    title: str
    description: str
    logo_url: str
    visibility: str
    item_types: tuple[str, ...] | None
    is_open: bool
    is_sticky: bool
    attributes: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class SiteFile:
    """The site: its texts, how it looks, its menu."""

    title: str = ""
    description: str = ""
    #: Whose addresses lead to what is exported.
    product: str = ""
    #: By the names of columns; what the export does not say is not in them.
    addresses: Mapping[str, str | None] = field(default_factory=dict)
    colours: Mapping[str, str] = field(default_factory=dict)
    switches: Mapping[str, bool] = field(default_factory=dict)
    background_position: str = ""
    analytics_id: str = ""
    contact_email: str = ""
    menu: tuple[tuple[str, str, str], ...] = ()
    attributes: Mapping[str, Value] = field(default_factory=dict)
    root: RootFile | None = None


#: Keys of `site.json` by column.
ADDRESSES = {"logo_url": "logoUrl", "favicon_url": "faviconUrl", "background_url": "backgroundUrl"}
COLOURS = {"background_color": "backgroundColor", "link_color": "linkColor"}
SWITCHES = {
    "only_admins_create": "onlyAdminsCreate",
    "send_email": "sendEmail",
    "send_sms": "sendSMS",
    "shorten_links": "shortenLinks",
}
#: Keys of `events/{id}.json` by column.
NUMBERS = ("lat", "lon", "north", "east", "south", "west")


def read_event(fields: Fields, old_id: int) -> EventFile:
    """`events/{id}.json`."""
    return EventFile(
        base=read_conversation(fields, old_id),
        when=fields.moment("when"),
        zone=fields.text("zone"),
        duration=fields.whole_up_to(_MAX_COUNT, "duration"),
        place=fields.text("place"),
        numbers={name: fields.number(name) for name in NUMBERS},
        status=fields.text("status"),
        rsvp_limit=fields.whole_up_to(_MAX_COUNT, "rsvpLimit"),
        attendees=tuple(_attendee(each) for each in fields.objects("attendees")),
    )


def _attendee(fields: Fields) -> AttendeeFile:
    return AttendeeFile(
        profile_id=fields.whole("id"),
        rsvp=fields.text("rsvp"),
        answered_at=fields.moment("dateAnswered"),
        created_at=fields.moment("dateCreated"),
        by_id=fields.whole("by"),
        queue_number=fields.whole_up_to(_MAX_COUNT, "queue"),
    )


def read_poll(fields: Fields, old_id: int) -> PollFile:
    """`polls/{id}.json`."""
    return PollFile(
        base=read_conversation(fields, old_id),
        question=fields.text("question"),
        is_multi=fields.flag("multi"),
        is_open=fields.flag("isVotingOpen"),
        closes_at=fields.moment("closes"),
        results=fields.text("results"),
        choices=tuple(
            ChoiceFile(
                text=choice.text("text"),
                votes=tuple((vote.whole("id"), vote.moment("dateCreated")) for vote in choice.objects("votes")),
            )
            for choice in fields.objects("choices")
        ),
    )


def read_huddle(fields: Fields, old_id: int) -> HuddleFile:
    """`huddles/{id}.json`; one that does not say so is confidential."""
    return HuddleFile(
        old_id=old_id,
        name=fields.text("name"),
        author_id=fields.whole("author"),
        created_at=fields.moment("dateCreated"),
        is_confidential=fields.flag("isConfidential") if fields.has("isConfidential") else True,
        participants=read_participants(fields),
    )


def read_former_ids(fields: Fields, old_id: int) -> FormerIdsFile:
    """`former-ids/{n}.json`."""
    entries = [(each.text("oldId"), each) for each in fields.objects("ids")]
    if any(not 0 < len(former) <= _MAX_FORMER_ID for former, _ in entries):
        raise FileError(f"ids[].oldId has 1 to {_MAX_FORMER_ID} characters")
    return FormerIdsFile(
        product=fields.text("product"),
        on_type=fields.text("onType"),
        ids={former: each.whole("id") for former, each in entries if not each.has("hash")},
        hashes={former: each.text("hash") for former, each in entries if each.has("hash")},
    )


def read_site(fields: Fields) -> SiteFile:
    """`site.json`."""
    root = fields.object("root")
    return SiteFile(
        title=fields.text("title"),
        description=fields.text("description"),
        product=fields.text("product"),
        # A picture of the theme is null, none at all is blank.
        addresses={
            column: fields.text(key) if fields.has(key) else None
            for column, key in ADDRESSES.items()
            if fields.has(key) or column != "logo_url"
        },
        colours={column: fields.text(key) for column, key in COLOURS.items() if fields.has(key)},
        switches={column: fields.flag(key) for column, key in SWITCHES.items() if fields.has(key)},
        background_position=fields.text("backgroundPosition"),
        analytics_id=fields.text("analyticsId"),
        contact_email=fields.text("contactEmail"),
        menu=tuple((each.text("href"), each.text("text"), each.text("title")) for each in fields.objects("menu")),
        attributes=read_attributes(fields),
        root=_root(root) if root else None,
    )


def _root(fields: Fields) -> RootFile:
    if not fields.text("title").strip():
        raise FileError("root.title is blank")
    return RootFile(
        title=fields.text("title"),
        description=fields.text("description"),
        logo_url=fields.text("logoUrl"),
        visibility=fields.text("visibility") or "public",
        item_types=tuple(fields.texts("itemTypes")) if fields.has("itemTypes") else None,
        is_open=fields.flag("isOpen") if fields.has("isOpen") else True,
        is_sticky=fields.flag("isSticky"),
        attributes=read_attributes(fields),
    )


#: How the files of each folder are read.
ALL_READERS: dict[str, Callable[[Fields, int], object]] = {
    **READERS,
    "events": read_event,
    "polls": read_poll,
    "huddles": read_huddle,
    "former-ids": read_former_ids,
}
