"""What a client that does as docs/api/live.md says has in the end: a copy of everything it may see, kept by changes.

The client reads everything once it is subscribed. Then, for each change, it reads the thing again or drops it with all
that hangs on it, and reads everything again after `access`, after a gap, and after news of a microcosm or a role. What
it reads is taken from the model, in the state that was surely visible when the frame arrived: the most awkward one,
because whatever happens afterwards has to be told.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.chaos.checks import Judge
from tests.chaos.model import ITEM_FAMILIES, Payload
from tests.chaos.readers import Chain, FeedReader, Reader, SocketReader, StreamReader

_NEVER = -1


@dataclass
class Mirror:
    """A copy as what was read or dropped last, and when: nothing is worked out before the end."""

    judge: Judge
    profile_id: int
    #: Number of the step and state of the last time that everything, or one thing, was read; None: it was dropped.
    everything: tuple[int, int | None] = (_NEVER, None)
    places: dict[int, tuple[int, int | None]] = field(default_factory=dict)
    items: dict[int, tuple[int, int | None]] = field(default_factory=dict)
    comments: dict[int, tuple[int, int | None]] = field(default_factory=dict)
    steps: int = 0

    def read_everything(self, state: int) -> None:
        """All there is, anew."""
        self.steps += 1
        self.everything = (self.steps, state)

    def take(self, payload: Payload, state: int) -> None:
        """Follow one change."""
        self.steps += 1
        _position, kind, is_gone, ids, _actor_id = payload
        family, named = kind.split(".")[0], dict(ids)
        step = (self.steps, None if is_gone else state)
        if family == "comment" and "commentId" in named:
            self.comments[named["commentId"]] = step
        elif family in ITEM_FAMILIES or family == "huddle":
            self.items[named["itemId"]] = step
        elif family == "microcosm" and is_gone:
            self.places[named["microcosmId"]] = step
        elif family in ("microcosm", "role", "access"):
            self.everything = step

    def differences(self) -> Iterator[str]:
        """Where the copy is not what may be seen in the end."""
        model, last = self.judge.model, self.judge.model.last_state
        for item_id in model.things["items_item"].states:
            steps = [self.everything, self.items.get(item_id, (_NEVER, None)), self._step_of_place(item_id)]
            if self._has_item(item_id, max(steps, key=_number)) != model.is_shown_item(self.profile_id, item_id, last):
                yield f"item {item_id}: {self._story(item_id, max(steps, key=_number))}"
            for comment_id in model.comments_of(item_id):
                own = self.comments.get(comment_id, (_NEVER, None))
                step = max([*steps, own], key=_number)
                is_held = self._has_item(item_id, max(steps, key=_number)) and self._has_comment(comment_id, step)
                if is_held != model.is_shown_comment(self.profile_id, comment_id, last):
                    yield f"comment {comment_id} on {item_id}: {self._story(item_id, step)}"

    def _story(self, item_id: int, step: tuple[int, int | None]) -> str:
        """What has happened to an item and to rights since it was read."""
        model, state = self.judge.model, step[1] or 0
        since = [
            f"{change.kind} {change.ids} {model.verdict(index, self.profile_id, model.last_state)}"
            for index, change in enumerate(model.changes)
            if model.state_of[index] > state
            and (model.item_of(index) == item_id or change.family in ("role", "microcosm"))
        ]
        return f"step {step}, then {since}"

    def _step_of_place(self, item_id: int) -> tuple[int, int | None]:
        """When the place was dropped that the item is in, or one above it."""
        model = self.judge.model
        item = model.item(item_id, model.last_state)
        place = model.rights(model.last_state).places.get(item["microcosm_id"]) if item else None
        dropped = [self.places.get(id, (_NEVER, None)) for id in (place["path"] if place else [])]
        return max(dropped, key=_number, default=(_NEVER, None))

    def _has_item(self, item_id: int, step: tuple[int, int | None]) -> bool:
        return step[1] is not None and self.judge.model.is_shown_item(self.profile_id, item_id, step[1])

    def _has_comment(self, comment_id: int, step: tuple[int, int | None]) -> bool:
        return step[1] is not None and self.judge.model.is_shown_comment(self.profile_id, comment_id, step[1])


def _number(step: tuple[int, int | None]) -> int:
    return step[0]


def mirror_of(judge: Judge, reader: Reader) -> Mirror | None:
    """The copy that a reader of the whole site has; None for who follows less."""
    mirror = Mirror(judge, reader.profile_id)
    if isinstance(reader, FeedReader):
        if reader.kinds or reader.microcosm_ids or not reader.pages:
            return None
        state = 0
        for page in reader.pages:
            state = max(state, judge.model.state_after(judge.recorder.certainly(page.at)))
            if page.after is None or page.is_gap:
                mirror.read_everything(state)
            for payload in page.told:
                # Who was told of a change reads nothing older any more.
                state = max(state, _state_of(judge, payload))
                mirror.take(payload, state)
        return mirror
    if isinstance(reader, SocketReader):
        chain = reader.chains.get(("site", 0))
    else:
        assert isinstance(reader, StreamReader)
        chain = reader.chain
    if chain is None or not chain.segments:
        return None
    _follow_chain(mirror, reader, chain)
    return mirror


def _follow_chain(mirror: Mirror, reader: SocketReader | StreamReader, chain: Chain) -> None:
    judge = mirror.judge
    events: list[tuple[float, Payload | None]] = []
    for segment in chain.segments:
        if segment.is_gap or segment is chain.segments[0]:
            events.append((segment.began_at, None))
        events += [(told.at, told.payload) for told in segment.told]
    for connection in reader.connections:
        events += [(at, None) for at, _position, _floor, _who in connection.accesses]
    state = 0
    for at, payload in sorted(events, key=lambda event: event[0]):
        state = max(state, judge.model.state_after(judge.recorder.certainly(at)))
        if payload is None:
            mirror.read_everything(state)
        else:
            state = max(state, _state_of(judge, payload))
            mirror.take(payload, state)


def _state_of(judge: Judge, payload: Payload) -> int:
    index = judge.index_at(payload[0])
    return 0 if index is None else judge.model.state_of[index]
