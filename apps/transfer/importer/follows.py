"""Step: what people follow and ignore."""

from collections.abc import Iterator, Sequence

from django.db import transaction

from apps.sites.types import ItemType
from apps.transfer.importer.documents import Follow, FollowFile
from apps.transfer.importer.run import UNKNOWN, Read, Run, batches
from apps.transfer.services import record_imports
from apps.updates.imports import (
    ImportedFollow,
    ImportedPreference,
    import_ignores,
    import_preferences,
    import_watchers,
)
from apps.updates.types import UpdateType

#: The words of the format for what can be followed; two of them stand for something as a whole.
KINDS = {
    "profile": ItemType.PROFILE,
    "forum": ItemType.MICROCOSM,
    "conversation": ItemType.CONVERSATION,
    "event": ItemType.EVENT,
    "poll": ItemType.POLL,
    "huddle": ItemType.HUDDLE,
    "everybody": ItemType.PROFILE,
    "site": ItemType.SITE,
}
_WHOLES = frozenset({"everybody", "site"})
_TYPES = {type.word: type for type in UpdateType}
#: The map needs a new id; a file of follows becomes many things, so it has the contract's constant.
_NEW_ID = 1


def import_follows(run: Run) -> None:
    """Make watchers and ignores of each file."""
    for batch in batches(run, "follows", FollowFile):
        ready = [read for read in batch if _has_author(run, read)]
        watchers = [follow for read in ready for follow in _follows(run, read, read.document.followed)]
        ignores = [follow for read in ready for follow in _follows(run, read, read.document.ignored)]
        preferences = [preference for read in ready for preference in _preferences(run, read)]
        if not run.is_dry:
            with transaction.atomic():
                import_watchers(watchers)
                import_ignores(ignores)
                import_preferences(preferences)
                record_imports(
                    {read.document.old_id: _NEW_ID for read in ready},
                    origin_id=run.place.origin_id,
                    kind=ItemType.WATCHER,
                )
        run.report.tally("follows").imported += len(ready)


def _has_author(run: Run, read: Read[FollowFile]) -> bool:
    if read.document.author_id == UNKNOWN or read.document.author_id not in run.profiles:
        run.report.error("follows", read.path, f"belongs to profile {read.document.author_id}, which is not imported")
        return False
    return True


def _follows(run: Run, read: Read[FollowFile], wanted: Sequence[Follow]) -> Iterator[ImportedFollow]:
    new_ids = {
        "profile": run.profiles,
        "forum": run.forums,
        "conversation": run.conversations,
        "event": run.events,
        "poll": run.polls,
        "huddle": run.huddles,
        **{word: {0: 0} for word in _WHOLES},
    }
    profile_id = run.profiles[read.document.author_id]
    for follow in wanted:
        target_id = new_ids[follow.kind].get(follow.old_id)
        if target_id is None or (follow.kind == "profile" and follow.old_id == UNKNOWN):
            run.report.warn(read.path, f"names {follow.kind} {follow.old_id}, which is not imported")
        elif follow.kind == "profile" and target_id == profile_id:
            run.report.warn(read.path, "names its own author, which is left out")
        else:
            yield ImportedFollow(
                profile_id=profile_id,
                kind=KINDS[follow.kind],
                target_id=target_id,
                sends_email=follow.sends_mail,
                sends_sms=follow.sends_sms,
            )


def _preferences(run: Run, read: Read[FollowFile]) -> Iterator[ImportedPreference]:
    profile_id = run.profiles[read.document.author_id]
    for preference in read.document.preferences:
        if preference.type not in _TYPES:
            run.report.warn(read.path, f"has a preference of the unknown type {preference.type[:40]!r}")
            continue
        yield ImportedPreference(
            profile_id=profile_id,
            type=_TYPES[preference.type],
            sends_email=preference.sends_mail,
            sends_sms=preference.sends_sms,
        )
