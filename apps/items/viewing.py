"""Who looks at items (contract B 1.3, 17): counted in memory, stored as `PendingView`, added to the items by a job."""

from dataclasses import dataclass

from django.db import transaction

from apps.core.tallies import Counts, Tally
from apps.items.models import PendingView
from apps.items.queries import statements

#: Pending rows that one transaction takes: it locks their items for as long as it runs.
FOLD_BATCH = 500


@dataclass(frozen=True)
class Folded:
    """What a job has added to the items."""

    row_count: int
    view_count: int


@transaction.atomic
def store_views(counts: Counts) -> None:
    """Store views for the job to add up: adding them here would wait for whoever has an item locked."""
    PendingView.objects.bulk_create(
        [
            PendingView(site_id=site_id, item_id=item_id, view_count=count)
            for (site_id, item_id), count in sorted(counts.items())
        ],
        batch_size=1000,
    )


#: The views of this process.
views = Tally("views", store_views)


@transaction.atomic
def fold_views() -> Folded:
    """Add a batch of the stored views of all sites to their items; less than FOLD_BATCH rows are the last ones.

    Locks items in the order of their ids. Views of what is gone are forgotten.
    """
    row = statements.fold_views.row(limit=FOLD_BATCH)
    return Folded(row_count=row.row_count, view_count=row.view_count) if row else Folded(0, 0)
