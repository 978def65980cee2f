"""Arrangements for tests: microcosms, items in them and roles on them, written straight into the tables.

Counters and times are kept as the services keep them, so that pages can be asked for at once.
"""

from datetime import datetime
from itertools import count
from typing import Any

from apps.core import clock
from apps.items.models import Event, Item, Poll, PollChoice
from apps.microcosms.models import Microcosm
from apps.microcosms.services import adjust_counts
from apps.permissions.models import Role, RoleProfile
from apps.sites.types import ItemType
from tests.factories import Forum, Person

_numbers = count(1)
_COUNTER = {ItemType.CONVERSATION: "conversations", ItemType.EVENT: "events", ItemType.POLL: "polls"}


def make_microcosm(forum: Forum, parent: Microcosm | None = None, **fields: Any) -> Microcosm:
    """A live microcosm of the site's owner, below the root if no parent is given."""
    parent = parent or forum.root
    number = next(_numbers)
    microcosm = Microcosm.objects.create(
        **{
            "site": forum.site,
            "parent": parent,
            "title": f"Place {number}",
            "description": "About it.",
            "item_types": ["microcosm", "conversation", "event", "poll"],
            "owner": forum.owner.profile,
            "created_by": forum.owner.profile,
            "sequence": number,
        }
        | fields
    )
    microcosm.path = [*parent.path, microcosm.id]
    microcosm.save(update_fields=["path"])
    return microcosm


def make_item(microcosm: Microcosm, author: Person, *, at: datetime | None = None, **fields: Any) -> Item:
    """An item whose last activity is at a moment, now if none is given."""
    at = at or clock.now()
    item = Item.objects.create(
        **{
            "site_id": microcosm.site_id,
            "kind": ItemType.CONVERSATION,
            "microcosm": microcosm,
            "title": f"Item {next(_numbers)}",
            "created_by": author.profile,
            "created_at": at,
            "last_activity_at": at,
        }
        | fields
    )
    if item.kind == ItemType.POLL:
        poll = Poll.objects.create(item=item, question="Which one?")
        PollChoice.objects.bulk_create([PollChoice(poll=poll, text=f"Choice {n}", position=n) for n in (1, 2)])
    if item.kind == ItemType.EVENT:
        Event.objects.create(item=item)
    if not (item.is_deleted or item.is_moderated):
        adjust_counts(
            site_id=microcosm.site_id,
            microcosm_id=microcosm.id,
            comments=item.comment_count,
            active_at=item.last_activity_at,
            **{_COUNTER[ItemType(item.kind)]: 1},
        )
    return item


def make_role(microcosm: Microcosm, *people: Person, **fields: Any) -> Role:
    """A role on a microcosm that names some people."""
    role = Role.objects.create(
        **{
            "site_id": microcosm.site_id,
            "microcosm": microcosm,
            "title": f"Role {next(_numbers)}",
            "created_by_id": microcosm.owner_id,
        }
        | fields
    )
    for person in people:
        RoleProfile.objects.create(role=role, profile=person.profile)
    return role


def make_private(microcosm: Microcosm, *people: Person) -> None:
    """Let only these people (and the owners) read a microcosm and what is below it."""
    make_role(microcosm, *people, can_read=True, can_create=True)


def make_moderator(microcosm: Microcosm, *people: Person) -> None:
    """Give people a moderator role with every right."""
    make_role(
        microcosm,
        *people,
        is_moderator=True,
        can_read=True,
        can_create=True,
        can_update=True,
        can_delete=True,
        can_close_own=True,
        can_open_own=True,
        can_read_others=True,
    )
