"""Things that one can hide in each way there is, for the lists of what members ignore, watch and are told."""

from collections.abc import Callable
from dataclasses import dataclass

from apps.items.models import Item
from apps.microcosms.models import Microcosm
from apps.microcosms.services import flag_microcosm
from tests.content import closed_to_all_but, place_in, start
from tests.factories import Forum, Person


@dataclass
class Place:
    """A microcosm with an item, a way to hide the item, and whether the microcosm stays readable then."""

    microcosm: Microcosm
    item: Item
    hide: Callable[[], object]
    shows_microcosm: bool


def private_things(forum: Forum, reader: Person) -> list[Place]:
    """A place for each way to hide an item from somebody who could read it."""
    ways: list[tuple[str, bool, Callable[[Microcosm, Item], object]]] = [
        ("deleted", True, lambda place, item: Item.objects.filter(id=item.id).update(is_deleted=True)),
        ("moderated", True, lambda place, item: Item.objects.filter(id=item.id).update(is_moderated=True)),
        ("private", False, lambda place, item: closed_to_all_but(place, forum.owner)),
        ("place deleted", False, lambda place, item: _hide(forum, place)),
    ]
    things = []
    for name, shows_microcosm, hide in ways:
        microcosm = place_in(forum, title=f"Place of {name}")
        item = start(forum.owner, microcosm, title=f"Secret of {name}")
        things.append(
            Place(
                microcosm=microcosm,
                item=item,
                hide=lambda hide=hide, microcosm=microcosm, item=item: hide(microcosm, item),
                shows_microcosm=shows_microcosm,
            )
        )
    return things


def _hide(forum: Forum, place: Microcosm) -> None:
    flag_microcosm(site_id=forum.site.id, editor_id=forum.owner.id, microcosm_id=place.id, flags={"deleted": True})
