"""What each viewer may know, written down a second time and in another language than the statements under test.

A **state** is a number: state n is what the site is after the first n transactions of the drill have become visible.
Positions are given while a transaction commits and alone on its site (docs/decisions/0050), so there is one order of
states, and whatever a server asks the database it asks in one of them. `Model` knows every state: which things are
there, who may read what, and with that what `fn.change_audience` has to say of any change in any state.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.recorder import Change
from tests.chaos.scene import Scene

HUDDLE = 5
WORDS = {5: "huddle", 6: "conversation", 7: "poll", 9: "event"}
ITEM_FAMILIES = {"conversation", "poll", "event"}
OWN_FAMILIES = {"update", "inbox", "ignored"}
#: Told by counters on sockets and streams, and by the feed alone.
COALESCED = {"poll.voted", "event.answered"}
WITH_ACTOR = {"created", "edited", "moved", "answered", "participants_added", "participant_left", "banned", "unbanned"}

Row = dict[str, Any]
#: What is told of a change: position, kind, whether it is gone, ids, who did it.
Payload = tuple[int, str, bool, tuple[tuple[str, Any], ...], int | None]
#: What can be followed, as clients call it.
Topic = tuple[str, int]


class Timeline:
    """The versions of things by key, each from a state on."""

    def __init__(self) -> None:
        self.states: dict[Any, list[int]] = defaultdict(list)
        self.rows: dict[Any, list[Row | None]] = defaultdict(list)

    def add(self, key: Any, state: int, row: Row | None) -> None:
        """The thing is so from a state on; None: it is no more."""
        self.states[key].append(state)
        self.rows[key].append(row)

    def at(self, key: Any, state: int) -> Row | None:
        """The thing in a state; None if it is not there."""
        found = bisect_right(self.states[key], state) if key in self.states else 0
        return self.rows[key][found - 1] if found else None

    def changed(self, key: Any, low: int, high: int) -> Iterable[int]:
        """The states within (low, high] that the thing is another one in."""
        states = self.states.get(key, [])
        return states[bisect_right(states, low) : bisect_right(states, high)]


@dataclass(frozen=True)
class Standing:
    """What somebody is in a place."""

    can_read: bool = False
    is_moderator: bool = False
    is_banned: bool = False


@dataclass
class Rights:
    """The tree, the roles and the bans of some states; nothing of it changes."""

    places: dict[int, Row]
    roles: dict[int, Row]
    named: dict[int, frozenset[int]]
    banned_users: frozenset[int]
    owner_id: int
    users: dict[int, int]
    _standings: dict[tuple[int, int], Standing] = field(default_factory=dict)

    def is_here(self, profile_id: int) -> bool:
        """Whether somebody may be on the site at all."""
        return profile_id == self.owner_id or self.users.get(profile_id) not in self.banned_users

    def standing(self, profile_id: int, place_id: int | None) -> Standing:
        """What somebody (0 is a guest) is in a place."""
        key = (profile_id, place_id or 0)
        if key not in self._standings:
            self._standings[key] = self._find_standing(profile_id, place_id)
        return self._standings[key]

    def _find_standing(self, profile_id: int, place_id: int | None) -> Standing:
        place = self.places.get(place_id or 0)
        if place is None or not self.is_here(profile_id):
            return Standing()
        mine = [role for role in self._counting(place["path"]) if self._takes(role, profile_id)]
        is_owner = profile_id == self.owner_id
        if any(role["is_banned"] for role in mine) and not is_owner:
            return Standing(is_banned=True)
        is_ruler = is_owner or (profile_id != 0 and profile_id in (place["owner_id"], place["created_by_id"]))
        return Standing(
            can_read=is_ruler or any(role["can_read"] for role in mine),
            is_moderator=profile_id != 0 and (is_ruler or any(role["is_moderator"] for role in mine)),
        )

    def _counting(self, path: list[int]) -> list[Row]:
        """Moderators and outlaws of the whole way down, and what else the deepest place says that says anything."""
        on_way = [role for role in self.roles.values() if role["microcosm_id"] in path]
        special = [role for role in on_way if role["is_moderator"] or role["is_banned"]]
        regular = [role for role in on_way if not (role["is_moderator"] or role["is_banned"])]
        deepest = max((path.index(role["microcosm_id"]) for role in regular), default=-1)
        return special + [role for role in regular if path.index(role["microcosm_id"]) == deepest]

    def _takes(self, role: Row, profile_id: int) -> bool:
        if profile_id == 0:
            return bool(role["include_guests"])
        return role["include_users"] or profile_id in self.named.get(role["id"], ())


class Model:
    """Every state of the drill's site."""

    def __init__(self, scene: Scene, changes: list[Change], history: list[tuple[int, str, bool, Row]]) -> None:
        self.scene = scene
        self.changes = changes
        #: The state that the transaction of a change made.
        self.state_of: list[int] = []
        self.users = {person.profile_id: person.user_id for person in scene.people.values()}
        self.owner_id = scene.people["owner"].profile_id
        numbers = {0: 0}
        for change in changes:
            if change.xid not in numbers:
                numbers[change.xid] = len(numbers)
            self.state_of.append(numbers[change.xid])
        self.last_state = len(numbers) - 1
        #: Rows that changed in a transaction that no change tells of: rights must not move in silence.
        self.silent: list[tuple[str, Row]] = []
        self.things: dict[str, Timeline] = defaultdict(Timeline)
        self.participants: dict[int, Timeline] = defaultdict(Timeline)
        self._rights_states: list[int] = []
        self._rights: list[Rights] = []
        self._read_history(numbers, history)
        self._comments_of: dict[int, list[int]] = defaultdict(list)
        for comment_id, rows in self.things["comments_comment"].rows.items():
            item_id = next(row["item_id"] for row in rows if row)
            if item_id is not None:
                self._comments_of[item_id].append(comment_id)
        self._items_by: dict[int, list[int]] = defaultdict(list)
        for item_id, rows in self.things["items_item"].rows.items():
            self._items_by[next(row["created_by_id"] for row in rows if row)].append(item_id)
        self._told: dict[tuple[int, int, int], Any] = {}

    # --- What happened -----------------------------------------------------------------------

    def _read_history(self, numbers: dict[int, int], history: list[tuple[int, str, bool, Row]]) -> None:
        ordered = []
        for xid, kind, is_there, row in history:
            if xid in numbers:
                ordered.append((numbers[xid], kind, is_there, row))
            else:
                self.silent.append((kind, row))
        ordered.sort(key=lambda entry: entry[0])
        places: dict[int, Row] = {}
        roles: dict[int, Row] = {}
        names: dict[int, tuple[int, int]] = {}
        bans: dict[int, int] = {}
        for index, (state, kind, is_there, row) in enumerate(ordered):
            tables: dict[str, Any] = {
                "microcosms_microcosm": (places, row),
                "permissions_role": (roles, row),
                "permissions_roleprofile": (names, (row.get("role_id"), row.get("profile_id"))),
                "permissions_ban": (bans, row.get("user_id")),
            }
            if kind in tables:
                kept, value = tables[kind]
                if is_there:
                    kept[row["id"]] = value
                else:
                    kept.pop(row["id"], None)
            self._note(state, kind, row if is_there else None, row)
            is_last = index + 1 == len(ordered) or ordered[index + 1][0] != state
            if is_last:
                self._note_rights(state, places, roles, names, bans)

    def _note(self, state: int, kind: str, row: Row | None, last: Row) -> None:
        key: Any = last.get("id")
        if kind == "huddles_participant":
            key = (last["huddle_id"], last["profile_id"])
        elif kind == "permissions_roleprofile":
            key = (last["role_id"], last["profile_id"])
        elif kind == "permissions_ban":
            key = last["user_id"]
        elif kind == "items_pollvote":
            key = (last["choice_id"], last["profile_id"])
        elif kind == "items_attendee":
            key = (last["event_id"], last["profile_id"])
        self.things[kind].add(key, state, row)

    def _note_rights(
        self,
        state: int,
        places: dict[int, Row],
        roles: dict[int, Row],
        names: dict[int, tuple[int, int]],
        bans: dict[int, int],
    ) -> None:
        named: dict[int, set[int]] = defaultdict(set)
        for role_id, profile_id in names.values():
            named[role_id].add(profile_id)
        rights = Rights(
            places=dict(places),
            roles=dict(roles),
            named={role_id: frozenset(ids) for role_id, ids in named.items()},
            banned_users=frozenset(bans.values()),
            owner_id=self.owner_id,
            users=self.users,
        )
        last = self._rights[-1] if self._rights else None
        if last is None or any(
            getattr(last, name) != getattr(rights, name) for name in ("places", "roles", "named", "banned_users")
        ):
            self._rights_states.append(state)
            self._rights.append(rights)

    def rights(self, state: int) -> Rights:
        """The rights in a state."""
        return self._rights[bisect_right(self._rights_states, state) - 1]

    def state_after(self, count: int) -> int:
        """The state once the first `count` changes are visible: all of the last one's transaction are."""
        return self.state_of[count - 1] if count else 0

    # --- What may be seen --------------------------------------------------------------------

    def comment(self, comment_id: int, state: int) -> Row | None:
        """A comment in a state."""
        return self.things["comments_comment"].at(comment_id, state)

    def item(self, item_id: int | None, state: int) -> Row | None:
        """An item in a state."""
        return None if item_id is None else self.things["items_item"].at(item_id, state)

    def is_in(self, huddle_id: int, profile_id: int, state: int) -> bool:
        """Whether somebody is in a huddle."""
        return self.things["huddles_participant"].at((huddle_id, profile_id), state) is not None

    def may_read_item(self, profile_id: int, item: Row | None, state: int) -> bool:
        """Whether somebody may open an item that is there for them."""
        rights = self.rights(state)
        if item is None or not rights.is_here(profile_id) or not self._item_is_there(profile_id, item, state):
            return False
        return item["kind"] == HUDDLE or self._can_read_item(profile_id, item, state)

    def _item_is_there(self, profile_id: int, item: Row, state: int) -> bool:
        if item["is_deleted"]:
            return False
        if item["kind"] == HUDDLE:
            return not item["is_moderated"] and self.is_in(item["id"], profile_id, state)
        rights = self.rights(state)
        here, place = rights.standing(profile_id, item["microcosm_id"]), rights.places[item["microcosm_id"]]
        return bool(place["is_live"] or here.is_moderator) and bool(
            not item["is_moderated"] or here.is_moderator or profile_id == item["created_by_id"]
        )

    def _can_read_item(self, profile_id: int, item: Row, state: int) -> bool:
        here = self.rights(state).standing(profile_id, item["microcosm_id"])
        return not here.is_banned and (here.can_read or (profile_id != 0 and profile_id == item["created_by_id"]))

    def _comment_is_there(self, profile_id: int, comment: Row, item: Row | None, state: int) -> bool:
        if comment["is_deleted"]:
            return False
        here = self.rights(state).standing(profile_id, item["microcosm_id"] if item else None)
        return not comment["is_moderated"] or here.is_moderator or profile_id == comment["created_by_id"]

    def is_shown_place(self, profile_id: int, place_id: int, state: int) -> bool:
        """Whether a microcosm is within somebody's reach, and nothing above it is deleted."""
        rights = self.rights(state)
        place, here = rights.places.get(place_id), rights.standing(profile_id, place_id)
        if place is None or not here.can_read or any(rights.places[id]["is_deleted"] for id in place["path"]):
            return False
        return bool(place["is_live"] or here.is_moderator)

    def is_shown_item(self, profile_id: int, item_id: int, state: int) -> bool:
        """Whether somebody may read an item, and nothing above it is deleted."""
        item = self.item(item_id, state)
        if item is None or not self.may_read_item(profile_id, item, state):
            return False
        rights = self.rights(state)
        place = rights.places.get(item["microcosm_id"])
        return place is None or not any(rights.places[id]["is_deleted"] for id in place["path"])

    def is_shown_comment(self, profile_id: int, comment_id: int, state: int) -> bool:
        """Whether somebody finds a comment under an item that they may read."""
        comment = self.comment(comment_id, state)
        if comment is None or comment["item_id"] is None:
            return False
        item = self.item(comment["item_id"], state)
        return self.is_shown_item(profile_id, comment["item_id"], state) and self._comment_is_there(
            profile_id, comment, item, state
        )

    def comments_of(self, item_id: int) -> list[int]:
        """All comments that were ever made on an item."""
        return self._comments_of.get(item_id, [])

    # --- What is told ------------------------------------------------------------------------

    def verdict(self, index: int, profile_id: int, state: int) -> str | None:
        """`see`, `gone`, `access` or nothing: what `fn.change_audience` says of a change in a state."""
        change = self.changes[index]
        rights = self.rights(state)
        if not rights.is_here(profile_id):
            return None
        family = change.family
        if family in ("comment", "update") and change.ids.get("comment_id") is not None:
            return self._comment_verdict(change, profile_id, state)
        if family in ITEM_FAMILIES or family == "update":
            return self._item_verdict(change, profile_id, state)
        if family == "huddle":
            item = self.item(change.ids["item_id"], state)
            if item is not None and self._item_is_there(profile_id, item, state):
                return "see"
            has_left = change.action == "participant_left" and change.actor_id == profile_id
            return "gone" if has_left and not self.is_in(change.ids["item_id"], profile_id, state) else None
        if family == "microcosm":
            return self._place_verdict(change, profile_id, state)
        if family == "role":
            return self._role_verdict(change, profile_id, rights)
        if change.kind in ("profile.created", "profile.edited", "site.edited", "forum.imported"):
            return "see"
        if change.kind in ("profile.banned", "profile.unbanned"):
            if profile_id == self.owner_id:
                return "see"
            return "access" if change.ids["profile_id"] == profile_id else None
        if family in ("inbox", "watcher", "ignored"):
            return "see" if profile_id and change.ids["profile_id"] == profile_id else None
        return None

    def _comment_verdict(self, change: Change, profile_id: int, state: int) -> str | None:
        if change.family == "update" and profile_id not in change.ids["profile_ids"]:
            return None
        comment = self.comment(change.ids["comment_id"], state)
        assert comment is not None
        item = self.item(comment["item_id"], state)
        assert item is not None, "the drill has no biographies"
        if not self._item_is_there(profile_id, item, state):
            return None
        is_author = profile_id != 0 and profile_id == comment["created_by_id"]
        here = self.rights(state).standing(profile_id, item["microcosm_id"])
        if not (
            item["kind"] == HUDDLE or self._can_read_item(profile_id, item, state) or (is_author and not here.is_banned)
        ):
            return None
        if self._comment_is_there(profile_id, comment, item, state):
            return "see"
        was_there = change.ids.get("was_visible") or here.is_moderator or is_author
        return "gone" if change.action in ("flagged", "deleted") and was_there else None

    def _item_verdict(self, change: Change, profile_id: int, state: int) -> str | None:
        if change.family == "update" and profile_id not in change.ids["profile_ids"]:
            return None
        item = self.item(change.ids["item_id"], state)
        assert item is not None
        if self.may_read_item(profile_id, item, state):
            return "see"
        rights, was_visible = self.rights(state), bool(change.ids.get("was_visible"))
        source_id = self._source(change, item)
        source = rights.standing(profile_id, source_id)
        if change.action == "moved":
            is_author = profile_id != 0 and profile_id == item["created_by_id"]
            had_it = is_author or (source.can_read and (was_visible or source.is_moderator))
            return "gone" if had_it else None
        if change.action not in ("flagged", "deleted"):
            return None
        if was_visible and source_id is not None and source.can_read and rights.places[source_id]["is_live"]:
            return "gone"
        if not self._can_read_item(profile_id, item, state):
            return None
        here, place = rights.standing(profile_id, item["microcosm_id"]), rights.places[item["microcosm_id"]]
        had_it = here.is_moderator or profile_id == item["created_by_id"]
        return "gone" if had_it or (was_visible and here.can_read and place["is_live"]) else None

    def _place_verdict(self, change: Change, profile_id: int, state: int) -> str | None:
        rights, place_id = self.rights(state), change.ids["microcosm_id"]
        place, here = rights.places[place_id], rights.standing(profile_id, place_id)
        if here.can_read and (place["is_live"] or (here.is_moderator and not place["is_deleted"])):
            return "see"
        was_visible = bool(change.ids.get("was_visible"))
        if here.can_read and (was_visible or here.is_moderator):
            return "gone"
        is_hidden_or_shown = change.action != "created" and was_visible != place["is_live"]
        is_concerned = is_hidden_or_shown and self._has_below(profile_id, place_id, state)
        return "access" if change.ids.get("is_moved") or is_concerned else None

    def _has_below(self, profile_id: int, place_id: int, state: int) -> bool:
        """Whether somebody may read a place at or below another, or has started something there."""
        rights = self.rights(state)
        below = {id for id, place in rights.places.items() if place_id in place["path"]}
        if any(rights.standing(profile_id, id).can_read for id in below):
            return True
        own = (self.item(item_id, state) for item_id in self._items_by[profile_id])
        return any(item is not None and item["microcosm_id"] in below for item in own)

    def _role_verdict(self, change: Change, profile_id: int, rights: Rights) -> str | None:
        here = rights.standing(profile_id, change.ids["microcosm_id"])
        if here.is_moderator and here.can_read:
            return "see"
        if profile_id == 0:
            return "access" if change.ids["takes_guests"] else None
        is_named = profile_id in change.ids["profile_ids"] or profile_id in rights.named.get(change.ids["role_id"], ())
        return "access" if change.ids["takes_members"] or is_named else None

    def payload(self, index: int, verdict: str, state: int) -> Payload:
        """What is told of a change to those with a verdict, in a state."""
        change = self.changes[index]
        is_gone = verdict == "gone"
        actor_id = change.actor_id if not is_gone and change.action in WITH_ACTOR else None
        ids: dict[str, Any] = {}
        comment_id = change.ids.get("comment_id")
        comment = None if comment_id is None else self.comment(comment_id, state)
        if comment_id is not None:
            ids["commentId"] = comment_id
        item_id = comment["item_id"] if comment else change.ids.get("item_id")
        item = self.item(item_id, state)
        if item_id is not None:
            if item is not None:
                ids["itemType"] = WORDS[item["kind"]]
            ids["itemId"] = item_id
        place_id = self.place_of(index, state)
        if place_id is not None and (not is_gone or change.family == "microcosm"):
            ids["microcosmId"] = place_id
        for name, key in (
            ("profile_id", "profileId"),
            ("attendee_id", "profileId"),
            ("role_id", "roleId"),
            ("update_id", "updateId"),
            ("update_type", "updateTypeId"),
        ):
            if change.ids.get(name) is not None:
                ids[key] = change.ids[name]
        return change.position, change.kind, is_gone, tuple(sorted(ids.items())), actor_id or None

    def item_of(self, index: int) -> int | None:
        """The item that a change is about or below, which is always the same."""
        change = self.changes[index]
        comment_id = change.ids.get("comment_id")
        if comment_id is None:
            found: int | None = change.ids.get("item_id")
            return found
        item_id: int | None = next(row["item_id"] for row in self.things["comments_comment"].rows[comment_id] if row)
        return item_id

    def place_of(self, index: int, state: int) -> int | None:
        """The microcosm of what a change is about."""
        item = self.item(self.item_of(index), state)
        if item is not None and item["microcosm_id"] is not None:
            found: int = item["microcosm_id"]
            return found
        return self.changes[index].ids.get("microcosm_id")

    def source_of(self, index: int, state: int) -> int | None:
        """The microcosm that a change concerns beside the one where its thing is."""
        return self._source(self.changes[index], self.item(self.item_of(index), state))

    def _source(self, change: Change, item: Row | None) -> int | None:
        from_id: int | None = change.ids.get("from_microcosm_id")
        if from_id is not None or change.family not in ITEM_FAMILIES or change.action not in ("flagged", "deleted"):
            return from_id
        then_id: int = change.ids["microcosm_id"]
        return then_id if item is not None and item["microcosm_id"] != then_id else None

    def told(self, index: int, profile_id: int, state: int) -> tuple[str | None, Payload | None]:
        """The verdict for somebody, and what they are told with it."""
        key = (index, profile_id, state)
        if key not in self._told:
            verdict = self.verdict(index, profile_id, state)
            payload = self.payload(index, verdict, state) if verdict in ("see", "gone") else None
            self._told[key] = (verdict, payload)
        found: tuple[str | None, Payload | None] = self._told[key]
        return found

    def belongs(self, index: int, topic: Topic, profile_id: int, verdict: str | None, state: int) -> bool:
        """Whether a change is told under a topic to somebody with a verdict."""
        change, (to, id_) = self.changes[index], topic
        if verdict not in ("see", "gone"):
            return False
        if change.family in OWN_FAMILIES:
            named = change.ids.get("profile_ids") or [change.ids.get("profile_id")]
            return to == "inbox" and profile_id in named
        if to == "site":
            return True
        if to == "microcosm":
            source_id = self.source_of(index, state)
            if id_ == source_id:
                return self.rights(state).standing(profile_id, source_id).can_read
            return id_ == self.place_of(index, state) and (source_id is None or verdict == "see")
        return to not in ("inbox", "presence") and id_ == self.item_of(index)

    # --- Which states differ -----------------------------------------------------------------

    def turning_points(self, index: int, profile_id: int, low: int, high: int) -> list[int]:
        """All states within [low, high] in which something else may be told of a change, and the first one."""
        points = {low}
        change = self.changes[index]
        comment_id, item_id = change.ids.get("comment_id"), self.item_of(index)
        if comment_id is not None:
            points.update(self.things["comments_comment"].changed(comment_id, low, high))
        if item_id is not None:
            points.update(self.things["items_item"].changed(item_id, low, high))
            points.update(self.things["huddles_participant"].changed((item_id, profile_id), low, high))
        if change.family == "microcosm":
            # What somebody has started below may have come or gone.
            for own_id in self._items_by[profile_id]:
                points.update(self.things["items_item"].changed(own_id, low, high))
        points.update(self.rights_changed(low, high))
        return sorted(points)

    def rights_changed(self, low: int, high: int) -> list[int]:
        """The states within (low, high] in which tree, roles or bans are others."""
        states = self._rights_states
        return states[bisect_right(states, low) : bisect_right(states, high)]

    def candidates(self, topic: Topic) -> list[int]:
        """The changes that may be told under a topic, by their indexes."""
        to, id_ = topic
        if to == "site":
            return [index for index, change in enumerate(self.changes) if change.family not in OWN_FAMILIES]
        if to == "inbox":
            return [index for index, change in enumerate(self.changes) if change.family in OWN_FAMILIES]
        if to == "microcosm":
            return list(range(len(self.changes)))
        return [index for index in range(len(self.changes)) if self.item_of(index) == id_]
