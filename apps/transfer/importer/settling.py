"""The end of an import: replies, everything that is counted, and what counts as read. Each part may be repeated."""

from django.db import transaction

from apps.comments.blocks import divide_site_anew
from apps.comments.imports import recount_attachments, thread_replies
from apps.comments.models import Comment
from apps.core.bulk import analyse
from apps.files.imports import recount_files
from apps.huddles.imports import mark_all_huddles_read
from apps.items.imports import recount_items
from apps.items.models import Item
from apps.microcosms import services as microcosms
from apps.microcosms.models import Microcosm
from apps.profiles.imports import forget_unread_huddles, mark_everything_read, recount_profiles
from apps.profiles.models import Profile
from apps.sites.statistics import count_people
from apps.transfer import queries
from apps.transfer.importer.run import Run
from apps.transfer.models import ImportedItem, PendingReply
from apps.transfer.services import announce_import, finish_origin, forget_threaded_replies

#: The tables that the statements below join, as large as an import has made them.
_FILLED = (Profile, Microcosm, Item, Comment, ImportedItem, PendingReply)


def settle(run: Run) -> None:
    """Join replies to what they answer and bring all counters up to date, whatever was imported so far."""
    site_id = run.place.site_id
    if run.report.imported_count or not run.place.is_finished:
        # Measured on the sample in a new database: joining replies takes 28 s on the plans for empty tables, else 0.05.
        analyse(_FILLED)
    with transaction.atomic():
        thread_replies(site_id=site_id)
        forget_threaded_replies(site_id=site_id)
    for _, old_id in queries.unresolved_replies(site_id=site_id):
        run.report.warn("comments", f"comment {old_id}, which another one answers, is not imported or somewhere else")
    # Each for itself: one transaction over all would hold its locks against an order that writers keep.
    recount_attachments(site_id=site_id)
    recount_files(site_id=site_id)
    recount_items(site_id=site_id)
    divide_site_anew(site_id=site_id)
    microcosms.repair_counters(site_id=site_id)
    microcosms.recompute_sequence(site_id=site_id)
    recount_profiles(site_id=site_id)
    if run.report.imported_count or not run.place.is_finished:
        # A job counts them every ten minutes: too late for who looks at the site now.
        count_people([site_id])


def finish(run: Run) -> None:
    """Mark everything as read for everybody, once in the life of an import, and tell the site's log what came."""
    site_id = run.place.site_id
    if not run.place.is_finished:
        with transaction.atomic():
            mark_everything_read(site_id=site_id, at=run.now)
            mark_all_huddles_read(site_id=site_id, at=run.now)
            forget_unread_huddles(site_id=site_id)
            finish_origin(origin_id=run.place.origin_id)
    if run.report.imported_count:
        announce_import(site_id=site_id, origin_id=run.place.origin_id, actor_id=run.place.owner_id)
