"""Writes of sockets and streams: who is where, and the tickets that open a stream."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson
from django.db import transaction

from apps.accounts.tokens import new_token, token_hash
from apps.core import clock
from apps.core.errors import InvalidToken
from apps.core.wakes import PRESENCE, wakes
from apps.live.models import Presence, Ticket
from apps.live.queries import statements
from apps.profiles.models import Profile

#: How long a ticket can be used; a client asks for one right before it opens its stream.
TICKET_SECONDS = 30
#: Old tickets that one new one clears away.
_CLEARED_AT_ONCE = 100


# --- Presence -------------------------------------------------------------------------------------


def tell_presence(*news: dict[str, int]) -> None:
    """Tell all processes what happens at places, each an object of `site`, `item` and more."""
    wakes().tell(PRESENCE, [orjson.dumps(one).decode() for one in news])


def tell_typing(*, site_id: int, item_id: int, profile_id: int) -> None:
    """Tell all processes that somebody is typing under an item, unless they hide themselves."""
    if Profile.objects.filter(site_id=site_id, id=profile_id, is_visible=True).exists():
        tell_presence({"site": site_id, "item": item_id, "typing": profile_id})


@transaction.atomic
def save_presence(*, process: str, counts: Sequence[tuple[int, int, int, int]]) -> None:
    """Write how many connections of somebody are at a place through a process: site, item (or 0), profile, count."""
    sites, items, profiles, numbers = zip(*sorted(counts), strict=True)
    statements.save_presence.execute(
        process=process,
        site_ids=list(sites),
        item_ids=list(items),
        profile_ids=list(profiles),
        counts=list(numbers),
        now=clock.now(),
    )
    Presence.objects.filter(process=process, connection_count=0).delete()
    places = sorted({(site_id, item_id) for site_id, item_id, _profile_id, _count in counts})
    tell_presence(*({"site": site_id, "item": item_id} for site_id, item_id in places))


def keep_presence(*, process: str) -> int:
    """A process is alive: who is here through it counts on. How many rows it has."""
    return Presence.objects.filter(process=process).update(seen_at=clock.now())


def forget_process(*, process: str) -> None:
    """Nobody is here through a process any more."""
    Presence.objects.filter(process=process).delete()


def forget_presence(*, before: datetime) -> None:
    """Delete what processes that were killed have left."""
    Presence.objects.filter(seen_at__lt=before).delete()


# --- Tickets --------------------------------------------------------------------------------------


@transaction.atomic
def issue_ticket(*, site_id: int, token_id: int) -> tuple[str, datetime]:
    """A ticket that opens one stream for the holder of a token, and until when."""
    now = clock.now()
    old = Ticket.objects.filter(expires_at__lte=now).order_by("expires_at")
    ids = list(old.select_for_update(skip_locked=True).values_list("id", flat=True)[:_CLEARED_AT_ONCE])
    Ticket.objects.filter(id__in=ids).delete()
    ticket, expires_at = new_token(), now + timedelta(seconds=TICKET_SECONDS)
    Ticket.objects.create(
        ticket_hash=token_hash(ticket), site_id=site_id, access_token_id=token_id, expires_at=expires_at
    )
    return ticket, expires_at


@transaction.atomic
def redeem_ticket(ticket: str, *, site_id: int) -> str:
    """The hash of the access token that a ticket stands for, once; raises InvalidToken."""
    mine = Ticket.objects.filter(
        site_id=site_id,
        ticket_hash=token_hash(ticket.encode(errors="replace").decode()),
        expires_at__gt=clock.now(),
    )
    # Of two at once the lock lets one through; the other then finds nothing.
    found = mine.select_for_update(of=("self",)).select_related("access_token").first()
    if found is None:
        raise InvalidToken("the ticket is not valid")
    found.delete()
    return found.access_token.token_hash
