"""Holds what readers were told and writers were promised against the model of what was so.

Everything told was decided in some state, which nobody outside of the server knows. It lies between two that the drill
knows, by what must have come before what and never by how long something may take:

* not before the change itself, nor before what was surely visible when the reader asked, nor before the position of
  the last pong on the connection: the server had handed that out already;
* not after what can have been visible when the frame arrived.

A frame is right if it is what the model tells its reader in one of those states. A change that was not told is right if
the model tells nothing of it in one of those that it can have been passed over in.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.model import COALESCED, Model, Payload, Topic
from tests.chaos.readers import Chain, Connection, FeedReader, Page, Reader, Segment, SocketReader, StreamReader, Told
from tests.chaos.recorder import Recorder
from tests.chaos.writers import Promise, World


@dataclass
class Judge:
    """Finds what is wrong with what some readers were told."""

    model: Model
    recorder: Recorder
    #: The last row that ended each token, by its index.
    ends: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._candidates: dict[tuple[Topic, ...], list[int]] = {}
        for index, change in enumerate(self.model.changes):
            if change.kind == "token.revoked":
                self.ends.setdefault(change.ids["token_id"], index)

    # --- States ------------------------------------------------------------------------------

    def earliest(self, index: int, *moments: float, floor: int = 0) -> int:
        """The first state in which something can have been decided about a change."""
        model, recorder = self.model, self.recorder
        known = [model.state_after(recorder.certainly(moment)) for moment in moments]
        return max(model.state_of[index], model.state_after(self.count_up_to(floor)), *known)

    def latest(self, moment: float) -> int:
        """The last state in which something that had arrived at a moment can have been decided."""
        return self.model.state_after(self.recorder.possibly(moment))

    def count_up_to(self, position: int) -> int:
        """How many changes there are up to a position."""
        return bisect_right(self.recorder.positions, position)

    def index_at(self, position: int) -> int | None:
        """The index of the change with a position."""
        found = self.count_up_to(position) - 1
        return found if found >= 0 and self.recorder.positions[found] == position else None

    def states(self, index: int, profile_id: int, low: int, high: int) -> Iterable[int]:
        """States within [low, high] that differ in what is told of a change; the most likely ones first."""
        yield low
        if high > low:
            yield high
            yield from self.model.turning_points(index, profile_id, low, high)[1:]

    # --- Sockets and streams -----------------------------------------------------------------

    def problems_of(self, reader: Reader) -> Iterator[str]:
        """What is wrong with what a reader was told."""
        if isinstance(reader, SocketReader):
            for chain in reader.chains.values():
                yield from self.problems_of_chain(chain, reader.profile_id)
            yield from self.problems_beside(reader.connections, list(reader.chains.values()), reader.profile_id)
        elif isinstance(reader, StreamReader):
            yield from self.problems_of_chain(reader.chain, reader.profile_id)
            yield from self.problems_beside(reader.connections, [reader.chain], reader.profile_id)
        elif isinstance(reader, FeedReader):
            yield from self.problems_of_feed(reader)

    def problems_of_chain(self, chain: Chain, profile_id: int) -> Iterator[str]:
        """Frames that must not be, or are in the wrong place, and frames that are missing."""
        last = None
        for segment in chain.segments:
            is_kept = chain.topics[0][0] != "presence"
            if last is not None and is_kept and not segment.is_gap and segment.begin != last:
                yield f"{chain.topics} goes on at {segment.begin} and was at {last}"
            if segment.is_gap and last is not None and segment.begin < last:
                yield f"{chain.topics} has a gap that leads back from {last} to {segment.begin}"
            yield from self._wrong_frames(chain, segment, profile_id)
            yield from self._missing_frames(chain, segment, profile_id)
            last = segment.end

    def _wrong_frames(self, chain: Chain, segment: Segment, profile_id: int) -> Iterator[str]:
        last = segment.begin
        ended = self.ends.get(segment.connection.token_id, len(self.model.changes))
        for told in segment.told:
            position = told.payload[0]
            index = self.index_at(position)
            if position <= last:
                yield f"{chain.topics} was told {position} after {last}"
            last = position
            if index is None:
                yield f"{chain.topics} was told {told.payload}, which is not in the log"
            elif index >= ended:
                yield f"{chain.topics} was told {position} after the end of its token"
            elif not self._may_be_told(chain, segment, told, index, profile_id):
                yield f"{chain.topics} was told {told.payload}"

    def _may_be_told(self, chain: Chain, segment: Segment, told: Told, index: int, profile_id: int) -> bool:
        low = self.earliest(index, segment.asked_at, floor=told.floor)
        high = self.latest(told.at)
        return any(
            self._told_in(chain.topics, index, profile_id, state) == told.payload
            for state in self.states(index, profile_id, low, high)
        )

    def _told_in(self, topics: tuple[Topic, ...], index: int, profile_id: int, state: int) -> Any:
        """What is told of a change under some topics in a state, if anything."""
        if self.model.changes[index].kind in COALESCED:
            return None
        verdict, payload = self.model.told(index, profile_id, state)
        if payload is not None and any(
            self.model.belongs(index, topic, profile_id, verdict, state) for topic in topics
        ):
            return payload
        return None

    def _missing_frames(self, chain: Chain, segment: Segment, profile_id: int) -> Iterator[str]:
        told = {frame.payload[0] for frame in segment.told}
        passings = self._passings(segment)
        at = next(passings, None)
        for index in self.candidates(chain.topics):
            position = self.recorder.positions[index]
            if position <= segment.begin or position in told:
                continue
            if position > segment.end:
                return
            while at is not None and at[1] < position:
                at = next(passings, None)
            if at is None:
                return
            low = self.earliest(index, segment.asked_at)
            if not any(
                self._told_in(chain.topics, index, profile_id, state) is None
                for state in self.states(index, profile_id, low, self.latest(at[0]))
            ):
                yield f"{chain.topics} was not told {self.model.changes[index]}"

    def _passings(self, segment: Segment) -> Iterator[tuple[float, int]]:
        """When it was known that nothing up to a position would come any more; both grow."""
        frames = [(told.at, told.payload[0]) for told in segment.told]
        last = 0
        for at, position in sorted([*frames, *segment.pongs]):
            if position > last:
                last = position
                yield at, position

    def candidates(self, topics: tuple[Topic, ...]) -> list[int]:
        """The changes that may be told under some topics, by their indexes in order."""
        if topics not in self._candidates:
            self._candidates[topics] = sorted({index for topic in topics for index in self.model.candidates(topic)})
        return self._candidates[topics]

    # --- Frames beside the chains --------------------------------------------------------------

    def problems_beside(self, connections: list[Connection], chains: list[Chain], profile_id: int) -> Iterator[str]:
        """`access`, which must come whenever rights may be others, and numbers of what may not be read."""
        for connection in connections:
            for at, position, floor, who in connection.accesses:
                index = self.index_at(position)
                if index is None or not self._is_verdict("access", index, who, connection, at, floor):
                    yield f"access at {position} concerns others: {self._told_of(index, who, connection, at)}"
            for at, kind, item_id, floor in connection.others:
                if item_id and not self._may_read(item_id, profile_id, connection, at, floor):
                    yield f"{kind} of {item_id}, which they may not read"
            yield from self._missing_accesses(connection, chains, profile_id)

    def _told_of(self, index: int | None, profile_id: int, connection: Connection, at: float) -> str:
        if index is None:
            return "nothing in the log"
        states = (self.earliest(index, connection.opened_at), self.latest(at))
        return f"{self.model.changes[index]}, {[(n, self.model.verdict(index, profile_id, n)) for n in states]}"

    def _is_verdict(
        self, verdict: str | None, index: int, profile_id: int, connection: Connection, at: float, floor: int
    ) -> bool:
        low = self.earliest(index, connection.opened_at, floor=floor)
        return any(
            self.model.verdict(index, profile_id, state) == verdict
            for state in self.states(index, profile_id, low, self.latest(at))
        )

    def _may_read(self, item_id: int, profile_id: int, connection: Connection, at: float, floor: int) -> bool:
        model, high = self.model, self.latest(at)
        low = max(
            model.state_after(self.recorder.certainly(connection.opened_at)),
            model.state_after(self.count_up_to(floor)),
        )
        points = {low, high, *model.things["items_item"].changed(item_id, low, high)}
        points.update(model.things["huddles_participant"].changed((item_id, profile_id), low, high))
        points.update(model.rights_changed(low, high))
        return any(model.may_read_item(profile_id, model.item(item_id, state), state) for state in points)

    def _missing_accesses(self, connection: Connection, chains: list[Chain], profile_id: int) -> Iterator[str]:
        told = {position for _at, position, _floor, _who in connection.accesses}
        segments = [segment for chain in chains for segment in chain.segments if segment.connection is connection]
        covered: dict[int, float] = {}
        for segment in segments:
            begin = segment.begin
            for at, position in self._passings(segment):
                for index in range(self.count_up_to(begin), self.count_up_to(position)):
                    covered[index] = min(at, covered.get(index, at))
                begin = max(begin, position)
        for index, at in covered.items():
            change = self.model.changes[index]
            if change.family not in ("role", "microcosm", "profile") or change.position in told:
                continue
            low, high = self.earliest(index), self.latest(at)
            if all(
                self.model.verdict(index, profile_id, state) == "access"
                for state in self.states(index, profile_id, low, high)
            ):
                yield f"access was not told at {change}"

    # --- The feed ------------------------------------------------------------------------------

    def problems_of_feed(self, reader: FeedReader) -> Iterator[str]:
        """Each answer has to be what there is in one state, all of it in the same one."""
        last = None
        for page in reader.pages:
            if last is not None and page.after != last:
                yield f"asked after {page.after} and was at {last}"
            last = page.position
            if page.after is None or page.is_gap:
                if page.told:
                    yield f"an answer without a position holds {page.told}"
                continue
            if not any(self._is_page(reader, page, state) for state in self._page_states(page)):
                yield from self._explain(reader, page)

    def _page_states(self, page: Page) -> list[int]:
        low = self.model.state_after(self.recorder.certainly(page.asked_at))
        low = max(low, self.model.state_after(self.count_up_to(page.position)))
        return list(range(low, self.latest(page.at) + 1))

    def _is_page(self, reader: FeedReader, page: Page, state: int) -> bool:
        return self._page_in(reader, page, state) == page.told

    def _page_in(self, reader: FeedReader, page: Page, state: int) -> list[Payload]:
        assert page.after is not None
        return self._rows_in(reader, self.count_up_to(page.after), page, state)

    def _rows_in(self, reader: FeedReader, first: int, page: Page, state: int) -> list[Payload]:
        rows = (self._row_of(reader, index, state) for index in range(first, self.count_up_to(page.position)))
        return [row for row in rows if row is not None]

    def _row_of(self, reader: FeedReader, index: int, state: int) -> Payload | None:
        """What the feed says of a change in a state, if anything."""
        change = self.model.changes[index]
        verdict, payload = self.model.told(index, reader.profile_id, state)
        if verdict is None:
            return None
        kind = "access.changed" if verdict == "access" else change.kind
        if reader.kinds and not {kind, kind.split(".")[0]} & set(reader.kinds):
            return None
        if verdict == "access":
            return change.position, kind, False, (), None
        if reader.microcosm_ids and not self._is_in(reader.microcosm_ids, index, reader.profile_id, verdict, state):
            return None
        return payload

    def _is_in(self, places: tuple[int, ...], index: int, profile_id: int, verdict: str, state: int) -> bool:
        """Whether a change is about some microcosms: the one where the thing is, or the one it came from."""
        source_id = self.model.source_of(index, state)
        if source_id in places and self.model.rights(state).standing(profile_id, source_id).can_read:
            return True
        return self.model.place_of(index, state) in places and not (verdict == "gone" and source_id is not None)

    def _explain(self, reader: FeedReader, page: Page) -> Iterator[str]:
        states = self._page_states(page)
        if page.waited and self._is_page_of_many(reader, page, states):
            return
        best = min(
            (self._page_in(reader, page, state) for state in states), key=lambda rows: _distance(rows, page.told)
        )
        missing = [row for row in best if row not in page.told]
        extra = [row for row in page.told if row not in best]
        yield f"the feed behind {page.after} up to {page.position}: missing {missing[:3]}, too many {extra[:3]}"

    def _is_page_of_many(self, reader: FeedReader, page: Page, states: list[int]) -> bool:
        """Who waited was asked about more than once: what was looked at before the last time had nothing for them."""
        assert page.after is not None
        first = self.count_up_to(page.after)
        for cut in range(first, self.count_up_to(page.position) + 1):
            if any(self._rows_in(reader, cut, page, state) == page.told for state in states):
                return True
            if not self._can_be_passed_over(reader, cut, page):
                return False
        return False

    def _can_be_passed_over(self, reader: FeedReader, index: int, page: Page) -> bool:
        low = self.earliest(index, page.asked_at)
        return any(
            self._row_of(reader, index, state) is None
            for state in self.states(index, reader.profile_id, low, self.latest(page.at))
        )

    # --- Promises ------------------------------------------------------------------------------

    def broken_promises(self, world: World) -> Iterator[str]:
        """What was answered with success and is not so, in no state between the question and the answer."""
        for promise in world.promises:
            low = self.model.state_after(self.recorder.certainly(promise.asked_at))
            if not any(self._is_kept(promise, state) for state in range(low, self.latest(promise.at) + 1)):
                yield f"promised and not so: {promise}"
        texts: dict[str, int] = defaultdict(int)
        for rows in self.model.things["comments_revision"].rows.values():
            if rows[0] and rows[0]["number"] == 1:
                texts[rows[0]["markdown"]] += 1
        for kind in ("items_item", "permissions_role"):
            for rows in self.model.things[kind].rows.values():
                if rows[0]:
                    texts[rows[0]["title"]] += 1
        for text, is_promised in world.sent.items():
            if texts[text] > 1 or (is_promised and texts[text] != 1):
                yield f"{text!r} is there {texts[text]} times"

    def _is_kept(self, promise: Promise, state: int) -> bool:
        kind, key = promise.what, promise.key
        things = self.model.things
        if kind == "comment":
            return things["comments_comment"].at(key[0], state) is not None
        if kind == "revision":
            return any(
                row is not None and row["comment_id"] == key[0] and row["markdown"] == key[1]
                for row in self._revisions(key[1], state)
            )
        if kind == "no permissions_role":
            return things["permissions_role"].at(key[0], state) is None
        row = things[kind].at(_key(kind, key), state)
        if kind == "accounts_accesstoken":
            return row is not None and row["revoked_at"] is not None
        if len(key) == 1 or kind == "items_pollvote":
            return row is not None
        if len(key) == 2:
            return (row is not None) == key[1]
        return row is not None and row[key[1]] == key[2]

    def _revisions(self, text: str, state: int) -> Iterable[Any]:
        if not hasattr(self, "_by_text"):
            self._by_text: dict[str, list[int]] = defaultdict(list)
            for id, rows in self.model.things["comments_revision"].rows.items():
                if rows[0]:
                    self._by_text[rows[0]["markdown"]].append(id)
        return [self.model.things["comments_revision"].at(id, state) for id in self._by_text[text]]


def _key(kind: str, key: tuple[Any, ...]) -> Any:
    return key[:2] if kind == "items_pollvote" else key[0]


def _distance(rows: list[Payload], told: list[Payload]) -> int:
    return len(set(rows) ^ set(told))
