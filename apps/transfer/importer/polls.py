"""Step: polls with their choices and votes. Only exports of ours have them."""

from datetime import datetime

from django.db import transaction

from apps.items.imports import ImportedChoice, ImportedItem, ImportedPoll, import_attributes, import_items
from apps.items.imports import import_polls as write_polls
from apps.items.models import Item, Poll, PollChoice
from apps.items.polls import MAX_CHOICE_LENGTH, MAX_CHOICES, MAX_QUESTION_LENGTH
from apps.sites.types import ItemType
from apps.text.cleaning import clean_title
from apps.transfer.importer.conversations import placed_item
from apps.transfer.importer.extensions import PollFile
from apps.transfer.importer.fields import FileError
from apps.transfer.importer.run import Read, Run, batches
from apps.transfer.importer.titles import stored_title
from apps.transfer.services import record_imports


def import_polls(run: Run) -> None:
    """Make a poll for each file whose section is there."""
    run.polls = run.load_map(ItemType.POLL)
    for batch in batches(run, "polls", PollFile):
        ids = run.reserve_ids(Item, len(batch))
        made: dict[int, int] = {}
        items: list[ImportedItem] = []
        polls: list[ImportedPoll] = []
        for read, id_ in zip(batch, ids, strict=True):
            base = read.document.base
            try:
                poll = _poll(run, read, item_id=id_)
                item = placed_item(run, base, path=read.path, id_=id_, kind=ItemType.POLL)
            except FileError as error:
                run.report.error("polls", read.path, str(error))
                continue
            items.append(item)
            polls.append(poll)
            made[base.old_id] = id_
        if not run.is_dry:
            with transaction.atomic():
                import_items(items, site_id=run.place.site_id)
                write_polls(polls)
                import_attributes(
                    {
                        made[base.old_id]: base.attributes
                        for base in (read.document.base for read in batch)
                        if base.old_id in made
                    }
                )
                record_imports(made, origin_id=run.place.origin_id, kind=ItemType.POLL)
        run.polls |= made
        run.report.tally("polls").imported += len(made)


def _poll(run: Run, read: Read[PollFile], *, item_id: int) -> ImportedPoll:
    file = read.document

    def warn(message: str) -> None:
        run.report.warn(read.path, message)

    if not 0 < len(file.choices) <= MAX_CHOICES:
        raise FileError(f"has {len(file.choices)} choices; a poll has 1 to {MAX_CHOICES}")
    if file.results and file.results not in Poll.Results.values:
        raise FileError(f"shows its results at the unknown time {file.results[:20]!r}")
    voters: set[int] = set()
    choices = []
    for id_, choice in zip(run.reserve_ids(PollChoice, len(file.choices)), file.choices, strict=True):
        votes: dict[int, datetime] = {}
        for old_id, voted_at in choice.votes:
            profile_id = run.known_profile(old_id)
            if profile_id is None:
                warn(f"has a vote of profile {old_id}, who is not imported")
            elif file.is_multi or profile_id not in voters:
                votes.setdefault(profile_id, voted_at or file.base.created_at or run.now)
                voters.add(profile_id)
        text = stored_title(choice.text, clean=clean_title, limit=MAX_CHOICE_LENGTH, warn=warn)
        choices.append(ImportedChoice(id=id_, text=text, votes=tuple(votes.items())))
    return ImportedPoll(
        item_id=item_id,
        question=stored_title(file.question, clean=clean_title, limit=MAX_QUESTION_LENGTH, warn=warn),
        is_multi=file.is_multi,
        is_open=file.is_open,
        closes_at=file.closes_at,
        results=file.results or Poll.Results.ALWAYS,
        choices=tuple(choices),
    )
