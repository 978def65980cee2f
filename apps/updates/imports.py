"""Bulk writes of imported history: what people follow and ignore (docs/decisions/0013)."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.core import clock
from apps.sites.types import ItemType
from apps.updates.models import Ignore, Preference, Watcher
from apps.updates.queries import target_columns
from apps.updates.types import UpdateType


@dataclass(frozen=True, slots=True)
class ImportedFollow:
    """A profile follows or ignores something; the id 0 stands for all profiles, or for the site."""

    profile_id: int
    kind: ItemType
    target_id: int
    sends_email: bool = False
    sends_sms: bool = False


def import_watchers(follows: Sequence[ImportedFollow]) -> None:
    """Write what people follow; what they follow already stays as it is."""
    now = clock.now()
    Watcher.objects.bulk_create(
        [
            Watcher(
                profile_id=follow.profile_id,
                send_email=follow.sends_email,
                send_sms=follow.sends_sms,
                created_at=now,
                kind=int(follow.kind),
                **target_columns(follow.kind, follow.target_id),
            )
            for follow in follows
        ],
        ignore_conflicts=True,
    )


def import_ignores(follows: Sequence[ImportedFollow]) -> None:
    """Write what people ignore; what they ignore already stays as it is."""
    now = clock.now()
    Ignore.objects.bulk_create(
        [
            Ignore(
                profile_id=follow.profile_id,
                created_at=now,
                kind=int(follow.kind),
                **target_columns(follow.kind, follow.target_id),
            )
            for follow in follows
        ],
        ignore_conflicts=True,
    )


@dataclass(frozen=True, slots=True)
class ImportedPreference:
    """How somebody wants to be told of a type of update."""

    profile_id: int
    type: UpdateType
    sends_email: bool
    sends_sms: bool


def import_preferences(preferences: Sequence[ImportedPreference]) -> None:
    """Write what people chose to be told of; what they chose already stays."""
    Preference.objects.bulk_create(
        [
            Preference(
                profile_id=preference.profile_id,
                type=int(preference.type),
                send_email=preference.sends_email,
                send_sms=preference.sends_sms,
            )
            for preference in preferences
        ],
        ignore_conflicts=True,
    )
