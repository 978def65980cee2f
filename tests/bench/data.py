"""The data of the benchmark: the same for the same scale, streamed by COPY into tables without their indexes.

One call of `fill` makes two sites with the same people in front of them and the same tree of microcosms: a large one
and one a hundredth of its size, so that what grows with a site shows in one run. A `Cast` says which ids are measured.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, models, transaction

from apps.accounts.models import User
from apps.accounts.services import get_or_create_user, issue_token
from apps.comments.blocks import divide_site_anew
from apps.comments.models import Comment, Revision
from apps.huddles.models import Huddle, Participant
from apps.items.models import Attendee, Event, Item, ItemReadMark, Poll, PollChoice, PollVote
from apps.microcosms.models import Microcosm
from apps.permissions.models import Criterion, Role, RoleProfile
from apps.permissions.services import found_site
from apps.profiles.models import PeopleCount, Profile, ProfileAttribute
from apps.sites.types import ItemType
from apps.text.rendering import RENDERER_VERSION
from apps.updates.models import Ignore, Update, Watcher
from apps.updates.types import UpdateType
from tests.bench.routes import COMMON_WORD, RARE_WORD, TOKEN, WATCHER_TOKEN

#: How long the sites have existed; they end at the moment of building.
YEARS = 5
_FILLER = """
what they said to each other about bicycles tea weather and long roads in winter when nobody rides except those who
repair old frames with new parts because steel lasts while plastic breaks under rain or sun so keep your tools dry
"""


@dataclass(frozen=True)
class Scale:
    """How much of everything one site has."""

    key: str
    comments: int
    conversations: int
    profiles: int
    #: Comments of the longest conversation, updates of one member, watched items of another, watchers of one item.
    longest: int
    updates: int
    watched: int
    watchers: int
    microcosms: int = 200
    events: int = 2_000
    polls: int = 1_000
    huddles: int = 2_000

    def smaller(self, divisor: int) -> "Scale":
        """The small site beside it: the same tree with less in it."""
        counts = {
            name: max(value // divisor, 20)
            for name, value in asdict(self).items()
            if isinstance(value, int) and name != "microcosms"
        }
        return replace(self, key="small", **counts)


FULL = Scale(
    key="large",
    comments=1_000_000,
    conversations=50_000,
    profiles=20_000,
    longest=150_000,
    updates=10_000,
    watched=5_000,
    watchers=5_000,
)
QUICK = replace(
    FULL,
    comments=40_000,
    conversations=2_000,
    profiles=2_000,
    longest=6_000,
    updates=1_000,
    watched=500,
    watchers=500,
    events=100,
    polls=50,
    huddles=200,
)


@dataclass(frozen=True)
class Cast:
    """The ids of one site that are measured."""

    site_id: int
    key: str
    member_id: int
    watcher_id: int
    root_id: int
    microcosm_id: int
    conversation_id: int
    longest_id: int
    longest_count: int
    #: A conversation that very many watch, to be told of each comment.
    watched_id: int
    event_id: int
    poll_id: int
    huddle_id: int
    comment_id: int
    profile_id: int
    #: What cold reads go round: conversations, comments, people.
    conversation_ids: list[int]
    comment_ids: list[int]
    profile_ids: list[int]


def fill(scale: Scale, *, divisor: int, now: datetime) -> dict[str, dict[str, Any]]:
    """Both sites in an empty database; returns their casts by key. `now` is when the last comment was made."""
    member, watcher = (get_or_create_user(email=f"{name}@bench.example") for name in ("member", "watcher"))
    issue_token(user=member, client=None, token=TOKEN)
    issue_token(user=watcher, client=None, token=WATCHER_TOKEN)
    users = [User(email=f"p{n}@bench.example", canonical_email=f"p{n}@bench.example") for n in range(scale.profiles)]
    user_ids = [member.id, watcher.id, *(user.id for user in User.objects.bulk_create(users, batch_size=2000))]
    sites = [_Site(size, user_ids=user_ids, now=now) for size in (scale.smaller(divisor), scale)]
    with without_indexes(), transaction.atomic(), connection.cursor() as cursor:
        # Neither triggers nor foreign keys are of use to rows that are right by construction.
        cursor.execute("SET LOCAL session_replication_role = replica")
        casts = {site.scale.key: asdict(site.fill()) for site in sites}
        cursor.execute("SET LOCAL session_replication_role = origin")
    with connection.cursor() as cursor:
        # In a transaction, as tests have one, nothing can be vacuumed.
        cursor.execute("ANALYZE" if connection.in_atomic_block else "VACUUM ANALYZE")
    return casts


class without_indexes:  # noqa: N801 - read as a word of the with statement
    """Drops the indexes of the large tables that hold no constraint, and makes them again at the end."""

    tables = (
        "comments_comment", "comments_revision", "items_item", "profiles_profile", "updates_update",
        "search_commentwords", "search_itemwords", "search_profilewords",
    )  # fmt: skip

    def __enter__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT i.indexname, i.indexdef FROM pg_indexes AS i WHERE i.schemaname = 'public'"
                " AND i.tablename = ANY (%s)"
                " AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conname = i.indexname)",
                [list(self.tables)],
            )
            self.indexes = cursor.fetchall()
            # Within a transaction nothing may be left to check, neither now nor when they are made again.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for name, _definition in self.indexes:
                cursor.execute(f'DROP INDEX "{name}"')

    def __exit__(self, *error: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET maintenance_work_mem = '512MB'")
            for _name, definition in self.indexes:
                cursor.execute(definition)


def copy_rows(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Stream rows into a model's table; columns that are not named get the field's default."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    rest = [f for f in fields.values() if f.attname not in names and not f.primary_key and not f.null]
    columns = ", ".join(f'"{fields[name].column}"' for name in names) + "".join(f', "{f.column}"' for f in rest)
    tail = "".join("\t" + _text(f.get_default()) for f in rest) + "\n"
    with connection.cursor() as cursor, cursor.copy(f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN') as copy:
        for batch in _batches(rows, 5_000):
            copy.write("".join("\t".join(map(_text, row)) + tail for row in batch))


def _text(value: Any) -> str:
    """A value in COPY's text format; ours hold neither tabs nor backslashes."""
    if value is None:
        return "\\N"
    if value is True or value is False:
        return "t" if value else "f"
    if isinstance(value, list):
        return "{" + ",".join(map(str, value)) + "}"
    return str(value)


def _batches(rows: Iterable[Sequence[Any]], size: int) -> Iterator[list[Sequence[Any]]]:
    batch: list[Sequence[Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    yield batch


def mixed(number: int) -> int:
    """A number that looks like chance and is always the same."""
    number = (number ^ 0x9E3779B9) * 0x85EBCA6B & 0xFFFFFFFF
    number = (number ^ number >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return number ^ number >> 16


#: Pieces of five words that texts are put together from.
_WORDS = _FILLER.split()
_PIECES = [" ".join(_WORDS[mixed(n * 5 + k) % len(_WORDS)] for k in range(5)) for n in range(4_096)]


def text_of(number: int, *, is_rare: bool) -> str:
    """What comment `number` says: forty words or so."""
    chance = mixed(number)
    words = [_PIECES[(chance >> shift) & 4_095] for shift in range(0, 21, 3)]
    if chance % 3:
        words.append(COMMON_WORD)
    if is_rare:
        words.append(RARE_WORD)
    return " ".join(words) + f" number {number}"


@dataclass(frozen=True)
class _Start:
    """An item before its comments: when it was begun, in seconds before now, and how long people talk on it."""

    age: int
    life: int
    kind: ItemType
    comments: int
    ordinal: int


class _Site:
    """Fills one site. Ids follow time, as they do where people write."""

    def __init__(self, scale: Scale, *, user_ids: list[int], now: datetime) -> None:
        self.scale, self.now, self.user_ids = scale, now, user_ids[: scale.profiles + 2]
        self.span = YEARS * 365 * 86_400
        owner = get_or_create_user(email="owner@bench.example")
        founded = found_site(key=self.scale.key, title="Bench", description="Measured.", owner_user_id=owner.id)
        self.site_id, self.root_id, self.owner_id = founded.site.id, founded.root.id, founded.owner.id

    def fill(self) -> Cast:
        """Its rows, which need neither checks nor news."""
        first = self._next(Profile)
        self.people = list(range(first, first + len(self.user_ids)))
        self.member_id, self.watcher_id = self.people[:2]
        self.places = [self.root_id, *self._ids(Microcosm, self.scale.microcosms - 1)]
        self._plan_items()
        self._plan_comments()
        self._write_comments()
        self._write_items()
        self._write_people()
        self._write_places()
        self._write_roles()
        self._write_what_people_follow()
        self._set_sequences()
        divide_site_anew(site_id=self.site_id)
        # What triggers would have kept.
        PeopleCount.objects.update_or_create(
            site_id=self.site_id, defaults={"profile_count": Profile.objects.filter(site_id=self.site_id).count()}
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT profiles_peopleblock_divide(%s, '')", [self.site_id])
            for model in (Microcosm, Profile, Item, Comment):
                ids = f"SELECT id FROM {model._meta.db_table} WHERE site_id = %s ORDER BY id"
                cursor.execute(f"SELECT search_note_{model._meta.model_name}s(ARRAY({ids}))", [self.site_id])
        return self._cast()

    # --- Ids and moments ---------------------------------------------------------------------

    def _next(self, model: type[models.Model]) -> int:
        last = model._default_manager.aggregate(last=models.Max("pk"))["last"]
        return int(last or 0) + 1

    def _ids(self, model: type[models.Model], count: int) -> range:
        first = self._next(model)
        return range(first, first + count)

    def _at(self, age: int) -> str:
        return (self.now - timedelta(seconds=age)).isoformat()

    def _author(self, number: int) -> int:
        chance = mixed(number)
        # One comment in ten is by one of twenty people who cannot stop.
        return self.people[2 + (chance // 10 % 20 if chance % 10 == 0 else chance // 10 % (len(self.people) - 2))]

    # --- The plan ----------------------------------------------------------------------------

    def _plan_items(self) -> None:
        scale, span = self.scale, self.span
        counts = [200 if n % 50 == 1 else 13 for n in range(scale.conversations)]
        counts[0] = scale.longest
        spare = scale.comments - sum(counts)
        for n in range(1, scale.conversations):
            counts[n] += spare // (scale.conversations - 1)
        counts[2] += scale.comments - sum(counts)
        starts = [
            _Start(
                age=span if n == 0 else mixed(n) % (span - 86_400) + 3_600,
                life=span if n == 0 else 40_000 * count,
                kind=ItemType.CONVERSATION,
                comments=max(count, 0),
                ordinal=n,
            )
            for n, count in enumerate(counts)
        ]
        for kind, number in (
            (ItemType.EVENT, scale.events), (ItemType.POLL, scale.polls), (ItemType.HUDDLE, scale.huddles)
        ):  # fmt: skip
            starts += [
                _Start(
                    age=mixed(n * 31 + kind) % (span - 86_400) + 3_600,
                    life=1_000_000,
                    kind=kind,
                    comments=100 if n == 0 else 10,
                    ordinal=n,
                )
                for n in range(number)
            ]
        starts.sort(key=lambda start: (-start.age, start.kind, start.ordinal))
        self.starts = dict(zip(self._ids(Item, len(starts)), starts, strict=True))
        self.item_ids = {(start.kind, start.ordinal): item_id for item_id, start in self.starts.items()}

    def _place_of(self, start: _Start) -> int | None:
        if start.kind is ItemType.HUDDLE:
            return None
        # What is measured lies where guests may read it.
        return self.places[1 if start.ordinal < 4 else mixed(start.ordinal * 7 + start.kind) % len(self.places)]

    def _plan_comments(self) -> None:
        moments = []
        for item_id, start in self.starts.items():
            life = min(start.life, start.age)
            moments += [(start.age - life * n // (start.comments + 1), item_id) for n in range(1, start.comments + 1)]
        moments.sort(key=lambda moment: (-moment[0], moment[1]))
        self.moments = moments
        self.comment_ids = self._ids(Comment, len(moments) + len(self.people) // 5)

    # --- Rows --------------------------------------------------------------------------------

    def _write_comments(self) -> None:
        self.said: Counter[int] = Counter()
        self.talked: Counter[int] = Counter()
        self.latest: dict[int, tuple[int, int, int]] = {}
        self.remembered: dict[int, list[int]] = {}
        wanted = {self.item_ids[ItemType.CONVERSATION, n] for n in range(4)}
        rare = {len(self.moments) * n // 10 + 5 for n in range(10)}
        copy_rows(
            Comment,
            [
                "id",
                "site_id",
                "item_id",
                "in_reply_to_id",
                "created_at",
                "created_by_id",
                "revision_count",
                "is_deleted",
            ],
            self._comments(wanted),
        )
        copy_rows(
            Comment,
            ["id", "site_id", "profile_id", "created_at", "created_by_id"],
            (
                (id, self.site_id, person, self._at(mixed(id) % self.span), person)
                for id, person in zip(self.comment_ids[len(self.moments) :], self.people[::5], strict=False)
            ),
        )
        copy_rows(
            Revision,
            ["comment_id", "number", "markdown", "html", "renderer_version", "created_at", "created_by_id"],
            self._revisions(rare),
        )

    def _comments(self, wanted: set[int]) -> Iterator[tuple[Any, ...]]:
        for (age, item_id), id in zip(self.moments, self.comment_ids, strict=False):
            author, is_deleted = self._author(id), id % 97 == 0
            before = self.latest.get(item_id)
            reply_to = before[0] if before and id % 3 == 0 else None
            yield id, self.site_id, item_id, reply_to, self._at(age), author, 1 + (id % 20 == 0), is_deleted
            if not is_deleted:
                self.said[author] += 1
                self.talked[item_id] += 1
                self.latest[item_id] = (id, age, author)
                if item_id in wanted:
                    self.remembered.setdefault(item_id, []).append(id)

    def _revisions(self, rare: set[int]) -> Iterator[tuple[Any, ...]]:
        ages = [age for age, _item_id in self.moments]
        for number, id in enumerate(self.comment_ids):
            if number >= len(ages):
                author, age = self.people[::5][(number - len(ages)) % len(self.people[::5])], mixed(id) % self.span
            else:
                author, age = self._author(id), ages[number]
            for revision in range(1, 2 + (number < len(ages) and id % 20 == 0)):
                text = text_of(id, is_rare=number in rare)
                yield id, revision, text, f"<p>{text}</p>\\n", RENDERER_VERSION, self._at(age), author

    def _write_items(self) -> None:
        starts = self.starts
        copy_rows(
            Item,
            [
                "id", "site_id", "kind", "microcosm_id", "title", "created_at", "created_by_id", "is_sticky",
                "is_deleted", "comment_count", "view_count", "last_comment_id", "last_comment_at", "last_comment_by_id",
                "last_activity_at",
            ],
            (self._item(id, start) for id, start in starts.items()),
        )  # fmt: skip
        events = [id for id, start in starts.items() if start.kind is ItemType.EVENT]
        copy_rows(
            Event,
            ["item_id", "when_at", "starts_at", "duration", "place", "lat", "lon", "status"],
            (
                (id, self._at(-n * 3_600), self._at(-n * 3_600), 120, "Town hall", 51.5, -0.1, "upcoming")
                for n, id in enumerate(events)
            ),
        )
        copy_rows(
            Attendee,
            ["event_id", "profile_id", "rsvp", "rsvp_at", "created_by_id"],
            (
                (id, person, 1 + n % 4, self._at(n), person)
                for id in events
                for n, person in enumerate(self._some(200 if starts[id].ordinal == 0 else 20, salt=id))
            ),
        )
        polls = [id for id, start in starts.items() if start.kind is ItemType.POLL]
        copy_rows(Poll, ["item_id", "question", "is_multi"], ((id, "Which of these?", False) for id in polls))
        first = self._next(PollChoice)
        choices = {id: range(first + n * 5, first + n * 5 + 5) for n, id in enumerate(polls)}
        copy_rows(
            PollChoice,
            ["id", "poll_id", "text", "position"],
            ((choice, id, f"Choice {n}", n) for id in polls for n, choice in enumerate(choices[id])),
        )
        copy_rows(
            PollVote,
            ["choice_id", "profile_id", "poll_id"],
            (
                (choices[id][person % 5], person, id)
                for id in polls
                for person in self._some(500 if starts[id].ordinal == 0 else 10, salt=id)
            ),
        )
        huddles = [id for id, start in starts.items() if start.kind is ItemType.HUDDLE]
        copy_rows(Huddle, ["item_id"], ((id,) for id in huddles))
        copy_rows(
            Participant,
            ["huddle_id", "profile_id"],
            (
                (id, person)
                for n, id in enumerate(huddles)
                for person in {
                    *self._some(3, salt=id),
                    *([self.member_id] if n % 6 == 0 or not starts[id].ordinal else []),
                }
            ),
        )

    def _item(self, id: int, start: _Start) -> tuple[Any, ...]:
        last, author = self.latest.get(id), self._author(id * 3)
        begun = self._at(start.age)
        title = f"{start.kind.word.title()} {start.ordinal} about {_PIECES[id % 4_096]}"
        hidden = start.ordinal > 4 and id % 101 == 0
        said = (last[0], self._at(last[1]), last[2], self._at(last[1])) if last else (None, None, None, begun)
        return (
            id, self.site_id, int(start.kind), self._place_of(start), title, begun, author,
            start.kind is ItemType.CONVERSATION and start.ordinal % 5_000 == 4, hidden,
            self.talked[id], mixed(id) % 1_000, *said,
        )  # fmt: skip

    def _some(self, count: int, *, salt: int) -> list[int]:
        """Some people other than the two who are measured, each once."""
        others = len(self.people) - 2
        first = mixed(salt) % others
        return [self.people[2 + (first + n) % others] for n in range(min(count, others))]

    def _write_people(self) -> None:
        started = Counter(self._author(id * 3) for id in self.starts)
        copy_rows(
            Profile,
            ["id", "site_id", "user_id", "name", "avatar_url", "item_count", "comment_count", "created_at",
             "last_active_at", "read_all_at"],
            (
                (
                    id, self.site_id, user_id, f"person{n}", f"/api/v1/files/{mixed(n):040x}", started[id],
                    self.said[id], self._at(self.span - n), self._at(n * 60), self._at(30 * 86_400),
                )
                for n, (id, user_id) in enumerate(zip(self.people, self.user_ids, strict=True))
            ),
        )  # fmt: skip
        copy_rows(
            ProfileAttribute,
            ["profile_id", "key", "bool_value"],
            ((id, "is_member", True) for id in self.people[::3]),
        )

    def _write_places(self) -> None:
        scale, places = self.scale, self.places
        parents: dict[int, int] = {n: 0 if n <= 20 else 1 + (n - 21) // 4 for n in range(1, scale.microcosms)}
        paths = {0: [places[0]]}
        for n, parent in parents.items():
            paths[n] = [*paths[parent], places[n]]
        counts: dict[tuple[int | None, str], int] = Counter()
        latest: dict[int | None, int] = {}
        names = {ItemType.CONVERSATION: "conversation", ItemType.EVENT: "event", ItemType.POLL: "poll"}
        for id, start in self.starts.items():
            place = self._place_of(start)
            if place is None or (start.ordinal > 4 and id % 101 == 0):
                continue
            counts[place, names[start.kind]] += 1
            counts[place, "comment"] += self.talked[id]
            age = self.latest[id][1] if id in self.latest else start.age
            latest[place] = min(age, latest.get(place, age))
        kept = ("conversation", "event", "poll", "comment")
        copy_rows(
            Microcosm,
            ["id", "site_id", "parent_id", "path", "title", "description", "item_types", "owner_id", "created_by_id",
             "sequence", *(f"{name}_count" for name in kept), "last_activity_at"],
            (
                (
                    places[n], self.site_id, places[parents[n]], paths[n], f"Microcosm {n}", "Where people talk.",
                    [kind.word for kind in names], self.owner_id, self.owner_id, n,
                    *(counts[places[n], name] for name in kept), self._at(latest.get(places[n], 0)),
                )
                for n in parents
            ),
        )  # fmt: skip
        Microcosm.objects.filter(id=places[0]).update(
            **{f"{name}_count": counts[places[0], name] for name in kept},
            last_activity_at=self.now - timedelta(seconds=latest.get(places[0], 0)),
        )

    def _write_roles(self) -> None:
        """Private microcosms, roles by criteria, moderators and banned people here and there in the tree."""
        roles: list[Role] = []
        named: list[tuple[Role, list[int]]] = []
        for n, place in enumerate(self.places[2:], start=2):
            common = {"site_id": self.site_id, "microcosm_id": place, "created_by_id": self.owner_id}
            if n % 10 == 3:
                insiders = Role(title="Insiders", can_read=True, can_create=True, **common)
                named.append((insiders, [*self._some(100, salt=n), *([self.member_id] if n % 20 == 3 else [])]))
            elif n % 10 == 5:
                roles.append(Role(title="Guests", include_guests=True, can_read=True, **common))
                roles.append(Role(title="Writers", can_read=True, can_create=True, **common))
            elif n % 10 == 7:
                rulers = Role(title="Moderators", is_moderator=True, can_read=True, can_update=True, **common)
                named.append((rulers, [*self._some(3, salt=n), *([self.member_id] if n % 50 == 7 else [])]))
            elif n % 25 == 9:
                named.append((Role(title="Out", is_banned=True, **common), self._some(30, salt=n)))
        Role.objects.bulk_create([*roles, *(role for role, _people in named)])
        RoleProfile.objects.bulk_create(
            [RoleProfile(role=role, profile_id=id) for role, people in named for id in dict.fromkeys(people)]
        )
        Criterion.objects.bulk_create(
            [
                Criterion(role=role, profile_column="commentCount", predicate="ge", value=0)
                for role in roles
                if role.title == "Writers"
            ]
        )

    def _write_what_people_follow(self) -> None:
        scale = self.scale
        conversations = [self.item_ids[ItemType.CONVERSATION, n] for n in range(scale.conversations)]
        member_watches = conversations[10 : 10 + scale.updates // 5]
        kind, names = int(ItemType.CONVERSATION), ["profile_id", "kind", "item_id", "send_email"]
        copy_rows(
            Watcher,
            names,
            (
                *((self.member_id, kind, id, False) for id in member_watches),
                *((self.watcher_id, kind, id, False) for id in conversations[3 : 3 + scale.watched]),
                *((id, kind, conversations[3], False) for id in self._some(scale.watchers, salt=3)),
            ),
        )
        remembered = self.remembered[conversations[0]]
        copy_rows(
            Update,
            ["profile_id", "type", "item_id", "comment_id", "created_at", "created_by_id"],
            (
                *(
                    (self.member_id, int(UpdateType.NEW_COMMENT), watched, self.latest[watched][0] - again,
                     self._at(again * 86_400 + n * 97), self._author(n))
                    for again in range(3)
                    for n, watched in enumerate(member_watches)
                ),
                *(
                    (self.member_id, int(UpdateType.REPLY_TO_COMMENT), conversations[0], remembered[-1 - n],
                     self._at(n * 211), self._author(n))
                    for n in range(min(scale.updates - scale.updates * 3 // 5, len(remembered)))
                ),
            ),
        )  # fmt: skip
        copy_rows(
            ItemReadMark,
            ["profile_id", "item_id", "read_at"],
            ((self.member_id, id, self._at(n * 60)) for n, id in enumerate(conversations[4 : 4 + scale.updates // 4])),
        )
        copy_rows(
            Ignore,
            ["profile_id", "kind", "item_id", "microcosm_id", "target_profile_id"],
            (
                *((self.member_id, int(ItemType.PROFILE), None, None, id) for id in self.people[100:103]),
                *((self.member_id, kind, id, None, None) for id in conversations[5:7]),
                (self.member_id, int(ItemType.MICROCOSM), None, self.places[-1], None),
                *((id, int(ItemType.PROFILE), None, None, id + 1) for id in self.people[3:-1:10]),
            ),
        )

    def _set_sequences(self) -> None:
        with connection.cursor() as cursor:
            for model in (Comment, Item, Profile, Microcosm, PollChoice):
                table = model._meta.db_table
                cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")

    def _cast(self) -> Cast:
        def item(kind: ItemType, ordinal: int) -> int:
            return self.item_ids[kind, ordinal]

        longest, usual = item(ItemType.CONVERSATION, 0), item(ItemType.CONVERSATION, 1)
        remembered = self.remembered[usual]
        public = {self.places[n] for n in range(1, 21) if n % 10 in (0, 1, 2, 4, 6, 8)}
        conversations = ((id, start) for id, start in self.starts.items() if start.kind is ItemType.CONVERSATION)
        readable = [id for id, start in conversations if self._place_of(start) in public and id % 101]
        return Cast(
            site_id=self.site_id,
            key=self.scale.key,
            member_id=self.member_id,
            watcher_id=self.watcher_id,
            root_id=self.root_id,
            microcosm_id=self.places[1],
            conversation_id=usual,
            longest_id=longest,
            longest_count=self.talked[longest],
            watched_id=item(ItemType.CONVERSATION, 3),
            event_id=item(ItemType.EVENT, 0),
            poll_id=item(ItemType.POLL, 0),
            huddle_id=item(ItemType.HUDDLE, 0),
            comment_id=remembered[len(remembered) // 2],
            profile_id=self.people[55],
            conversation_ids=readable[:1_000],
            comment_ids=self.remembered[longest][:200],
            profile_ids=self.people[10:210],
        )


def moment_of_building() -> datetime:
    """When the data ends: now, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
