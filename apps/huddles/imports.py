"""Bulk writes of imported history: huddles, who is in them, and that all of it has been read (docs/decisions/0013)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.core.bulk import copy_rows
from apps.core.sql import Statements
from apps.huddles.models import Huddle, Participant

statements = Statements(__file__)


@dataclass(frozen=True, slots=True)
class ImportedHuddle:
    """What a huddle has beside its item: who is in it since when, and whether people can be added."""

    item_id: int
    is_confidential: bool
    joined_at: Mapping[int, datetime]


def import_huddles(huddles: Sequence[ImportedHuddle]) -> None:
    """Write the huddles of items that exist."""
    copy_rows([Huddle(item_id=huddle.item_id, is_confidential=huddle.is_confidential) for huddle in huddles])
    copy_rows(
        [
            Participant(huddle_id=huddle.item_id, profile_id=profile_id, joined_at=joined_at)
            for huddle in huddles
            for profile_id, joined_at in huddle.joined_at.items()
        ]
    )


def mark_all_huddles_read(*, site_id: int, at: datetime) -> None:
    """Every participant of a huddle of the site has read all of theirs up to a moment."""
    statements.mark_huddles_of_site_read.execute(site_id=site_id, at=at)
