"""Arrangements for tests of items and comments: microcosms, conversations and comments, made through the services."""

from datetime import datetime
from itertools import count

from apps.comments.models import Comment
from apps.comments.services import comment_on_item, comment_on_profile
from apps.items.models import Item
from apps.items.polls import ChoiceDraft, PollDraft, create_poll
from apps.items.services import create_conversation
from apps.microcosms.drafts import Draft
from apps.microcosms.models import Microcosm
from apps.microcosms.services import create_microcosm
from apps.permissions.models import Role
from tests.factories import Forum, Person
from tests.trees import make_role

_numbers = count(1)
ALL_TYPES = ["microcosm", "conversation", "event", "poll"]
RIGHTS = ["create", "read", "update", "delete", "close_own", "open_own", "read_others"]


def place_in(forum: Forum, parent: Microcosm | None = None, *, title: str | None = None) -> Microcosm:
    """A microcosm below another, or below the root, owned by the owner of the site."""
    return create_microcosm(
        Draft(title=title or f"Place {next(_numbers)}", description="A place.", item_types=ALL_TYPES),
        site_id=forum.site.id,
        parent_id=(parent or forum.root).id,
        creator_id=forum.owner.id,
    )


def closed_to_all_but(place: Microcosm, *people: Person) -> Role:
    """A role that makes a microcosm private to some people."""
    return make_role(place, *people, title="Private", can_read=True, can_create=True)


def moderator_of(place: Microcosm, *people: Person, all_rights: bool = True) -> Role:
    """A role of moderators, with every right ticked as the official client does, or none."""
    rights = {f"can_{right}": True for right in RIGHTS} if all_rights else {}
    return make_role(place, *people, title="Moderators", is_moderator=True, **rights)


def start(person: Person, place: Microcosm, *, title: str | None = None, **flags: bool) -> Item:
    """A conversation; flags are `is_*` fields."""
    item_id = create_conversation(
        site_id=place.site_id,
        author_id=person.id,
        microcosm_id=place.id,
        title=title or f"Conversation {next(_numbers)}",
        flags=flags,
        by_moderator=True,
    )
    return Item.objects.get(id=item_id)


def ask(
    person: Person,
    place: Microcosm,
    *,
    choices: tuple[str, ...] = ("Red", "Blue"),
    is_multi: bool = False,
    results: str = "always",
    closes_at: datetime | None = None,
    **flags: bool,
) -> Item:
    """A poll; flags are `is_*` fields of the item."""
    item_id = create_poll(
        PollDraft(
            question="Which one?",
            choices=[ChoiceDraft(text=text) for text in choices],
            is_multi=is_multi,
            results=results,
            closes_at=closes_at,
        ),
        site_id=place.site_id,
        author_id=person.id,
        microcosm_id=place.id,
        title=f"Poll {next(_numbers)}",
        flags=flags,
        by_moderator=True,
    )
    return Item.objects.get(id=item_id)


def say(
    person: Person, item: Item, markdown: str | None = None, *, answering: Comment | None = None, **flags: bool
) -> Comment:
    """A comment on an item; flags are `is_*` fields."""
    comment_id = comment_on_item(
        site_id=item.site_id,
        author_id=person.id,
        item_id=item.id,
        markdown=markdown or f"Comment {next(_numbers)}",
        in_reply_to_id=answering.id if answering else None,
        flags=flags,
        by_moderator=True,
    )
    return Comment.objects.get(id=comment_id)


def describe(person: Person, markdown: str = "About me") -> Comment:
    """A biography."""
    comment_id = comment_on_profile(
        site_id=person.profile.site_id, author_id=person.id, home_id=person.id, markdown=markdown, in_reply_to_id=None
    )
    return Comment.objects.get(id=comment_id)
