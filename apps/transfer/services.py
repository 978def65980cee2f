"""Writes of imports: where a site's content came from, and the old-id map."""

from collections.abc import Iterable, Mapping

from django.db import transaction

from apps.core import clock
from apps.core.bulk import copy_rows
from apps.core.events import publish
from apps.sites.types import ItemType
from apps.transfer.events import ForumImported
from apps.transfer.models import ImportedItem, Origin, PendingReply
from apps.transfer.queries import statements


@transaction.atomic
def open_origin(*, site_id: int, title: str, product: str, has_founded_site: bool) -> Origin:
    """The one origin of a site, made if this is its first import; later runs leave it as it is."""
    origin, _created = Origin.objects.get_or_create(
        site_id=site_id,
        defaults={
            "title": title[:250],
            "product": product,
            "has_founded_site": has_founded_site,
            "created_at": clock.now(),
        },
    )
    return origin


def record_imports(new_ids: Mapping[int, int] | Mapping[str, int], *, origin_id: int, kind: ItemType) -> None:
    """Note the new ids of old ones; must be called inside the transaction that writes the things themselves."""
    copy_rows(
        [
            ImportedItem(origin_id=origin_id, kind=int(kind), old_id=str(old_id), new_id=new_id)
            for old_id, new_id in new_ids.items()
        ]
    )


@transaction.atomic
def record_former_ids(new_ids: Mapping[str, int], *, site_id: int, product: str, kind: ItemType) -> int:
    """Note what things were called in a forum before the imported one; returns how many of these are new."""
    return statements.record_former_ids.execute(
        site_id=site_id, product=product, kind=int(kind), old_ids=list(new_ids), new_ids=list(new_ids.values())
    )


def record_replies(replies: Iterable[tuple[int, int]], *, origin_id: int) -> None:
    """Note which old id a comment answers; must be called inside the transaction that writes the comments."""
    copy_rows(
        [PendingReply(comment_id=comment_id, origin_id=origin_id, old_id=str(old_id)) for comment_id, old_id in replies]
    )


def forget_threaded_replies(*, site_id: int) -> None:
    """Drop the notes about replies that are joined to what they answer."""
    statements.forget_threaded_replies.execute(site_id=site_id)


@transaction.atomic
def finish_origin(*, origin_id: int) -> None:
    """Everything has been imported and marked as read once."""
    Origin.objects.filter(id=origin_id).update(is_finished=True)


@transaction.atomic
def announce_import(*, site_id: int, origin_id: int, actor_id: int) -> None:
    """Tell followers of the site's log that there is more than they have heard of."""
    publish(ForumImported(site_id=site_id, actor_id=actor_id, origin_id=origin_id))
