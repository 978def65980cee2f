"""Writes of polls and votes (contract B 4; docs/api/polls.md).

Votes are rows and nothing else: every total is counted from them when it is read. Whoever casts or withdraws a vote
locks the poll's item, as every edit does, so a vote is never cast for a choice that is just going.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count

from apps.core import clock
from apps.core.errors import Closed, Missing, OutOfRange
from apps.core.events import publish
from apps.items.events import PollVoted
from apps.items.models import Item, Poll, PollChoice, PollVote
from apps.items.queries import statements
from apps.items.services import edit_item, insert_item, require_open, usable_title
from apps.sites.types import ItemType
from apps.text.characters import is_blank
from apps.text.cleaning import clean_title, unescape

MAX_QUESTION_LENGTH = 512
MAX_CHOICE_LENGTH = 150
MAX_CHOICES = 100


class BlankQuestion(OutOfRange):
    """question must not be blank."""


class QuestionTooLong(OutOfRange):
    """question may have 512 characters."""


class ChoicesMissing(OutOfRange):
    """choices must hold at least one choice."""


class TooManyChoices(OutOfRange):
    """choices may hold 100 choices."""


class BlankChoice(OutOfRange):
    """choice must not be blank."""


class ChoiceTooLong(OutOfRange):
    """choice may have 150 characters."""


class UnknownChoice(OutOfRange):
    """This is no choice of this poll."""


class RepeatedChoice(OutOfRange):
    """choices names a choice more than once."""


class CloseInPast(OutOfRange):
    """pollCloses has passed."""


class UnknownResults(OutOfRange):
    """results must be always, voted or closed."""


class ResultsPromised(OutOfRange):
    """results cannot change once somebody has voted."""


class SeveralChosen(OutOfRange):
    """multi cannot be taken back: somebody has chosen several."""


class ChoiceIdsMissing(OutOfRange):
    """choiceIds must hold at least one id."""


class OneChoiceOnly(OutOfRange):
    """This poll takes one choice only."""


class PollClosed(Closed):
    """This poll is closed."""


@dataclass(frozen=True)
class ChoiceDraft:
    """A choice as a member wrote it; `id` is that of one there is, and `text` None keeps its text."""

    id: int | None = None
    text: str | None = None


@dataclass(frozen=True)
class PollDraft:
    """What a member wrote of a poll; what is None was not given."""

    question: str | None = None
    choices: Sequence[ChoiceDraft] | None = None
    is_multi: bool | None = None
    is_open: bool | None = None
    closes_at: datetime | None = None
    never_closes: bool = False
    results: str | None = None


@transaction.atomic
def create_poll(
    draft: PollDraft,
    *,
    site_id: int,
    author_id: int,
    microcosm_id: int,
    title: str,
    flags: dict[str, bool],
    by_moderator: bool,
) -> int:
    """Start a poll and return its id; `flags` are `is_*` fields of the item and count only from moderators.

    Raises what `create_conversation` does, and the errors above for what the draft lacks or has too much of.
    """
    title = usable_title(title)
    if draft.closes_at is not None and draft.closes_at <= clock.now():
        raise CloseInPast
    poll = Poll(
        question=_usable_question(draft.question or ""),
        is_multi=bool(draft.is_multi),
        is_open=draft.is_open is not False,
        closes_at=draft.closes_at,
        results=_usable_results(draft.results or Poll.Results.ALWAYS),
    )
    choices = [
        PollChoice(poll=poll, text=_usable_choice(choice.text or ""), position=position)
        for position, choice in enumerate(_usable_list(draft.choices or ()), start=1)
    ]
    poll.item = insert_item(
        ItemType.POLL,
        site_id=site_id,
        author_id=author_id,
        microcosm_id=microcosm_id,
        title=title,
        flags=flags,
        by_moderator=by_moderator,
    )
    poll.save(force_insert=True)
    for choice in choices:
        choice.poll = poll
    PollChoice.objects.bulk_create(choices)
    return poll.item.id


@transaction.atomic
def edit_poll(
    draft: PollDraft,
    *,
    site_id: int,
    actor_id: int,
    item_id: int,
    title: str | None,
    microcosm_id: int | None,
    reason: str | None,
    moderates_target: bool,
) -> None:
    """Change what was given of a poll; no vote is touched, but those for a choice that goes go with it.

    Raises what `edit_item` does, and the errors above.
    """
    item = edit_item(
        site_id=site_id,
        actor_id=actor_id,
        item_id=item_id,
        title=title,
        microcosm_id=microcosm_id,
        reason=reason,
        moderates_target=moderates_target,
    )
    poll = Poll.objects.get(item=item)
    if draft.choices:
        _edit_choices(poll, draft.choices)
    if draft.question is not None:
        poll.question = _usable_question(draft.question)
    if draft.is_open is not None:
        poll.is_open = draft.is_open
    _edit_rules(poll, draft)
    poll.save(update_fields=["question", "is_multi", "is_open", "closes_at", "results"])


@transaction.atomic
def cast_vote(*, site_id: int, profile_id: int, item_id: int, choice_ids: Sequence[int], by_moderator: bool) -> None:
    """Make these somebody's votes in a poll, whatever they were before.

    Raises ChoiceIdsMissing, OneChoiceOnly, UnknownChoice, PollClosed, ItemClosed, MicrocosmClosed, and Missing for a
    poll that has just gone.
    """
    wanted = set(choice_ids)
    poll = _lock_open_poll(site_id=site_id, item_id=item_id, profile_id=profile_id, by_moderator=by_moderator)
    if not wanted:
        raise ChoiceIdsMissing
    if len(wanted) > 1 and not poll.is_multi:
        raise OneChoiceOnly
    if not wanted <= set(poll.choices.values_list("id", flat=True)):
        raise UnknownChoice
    _store_votes(poll, profile_id=profile_id, choice_ids=sorted(wanted))


@transaction.atomic
def withdraw_vote(*, site_id: int, profile_id: int, item_id: int, by_moderator: bool) -> None:
    """Take somebody's votes back, if there are any; raises as `cast_vote` where no votes are taken any more."""
    poll = _lock_open_poll(site_id=site_id, item_id=item_id, profile_id=profile_id, by_moderator=by_moderator)
    _store_votes(poll, profile_id=profile_id, choice_ids=[])


def _lock_open_poll(*, site_id: int, item_id: int, profile_id: int, by_moderator: bool) -> Poll:
    """A poll, its item locked alone: votes change no counter of the microcosm, so those elsewhere need not wait."""
    item = Item.objects.select_for_update(no_key=True).filter(site_id=site_id, id=item_id, kind=ItemType.POLL).first()
    if item is None or item.microcosm is None:
        raise Missing
    # The poll may have been hidden since the voter was let through to it.
    is_there = item.microcosm.is_live and not item.is_deleted
    is_there = is_there and (not item.is_moderated or item.created_by_id == profile_id)
    if not is_there and not by_moderator:
        raise Missing
    require_open(item)
    poll = Poll.objects.get(item=item)
    if not poll.is_open or (poll.closes_at is not None and poll.closes_at <= clock.now()):
        raise PollClosed
    poll.item = item
    return poll


def _store_votes(poll: Poll, *, profile_id: int, choice_ids: list[int]) -> None:
    change_count = statements.store_votes.value(
        site_id=poll.item.site_id,
        poll_id=poll.item_id,
        profile_id=profile_id,
        choice_ids=choice_ids,
        at=clock.now(),
    )
    if change_count and poll.item.microcosm_id is not None:
        publish(
            PollVoted(
                site_id=poll.item.site_id,
                actor_id=profile_id,
                item_id=poll.item_id,
                microcosm_id=poll.item.microcosm_id,
            )
        )


# --- Edits ----------------------------------------------------------------------------------------


def _edit_choices(poll: Poll, drafts: Sequence[ChoiceDraft]) -> None:
    """Change, add and (when at least one is named by its id) remove choices; the order is that of the drafts."""
    existing = {choice.id: choice for choice in poll.choices.order_by("position")}
    named = [draft.id for draft in drafts if draft.id is not None]
    if not set(named) <= existing.keys():
        raise UnknownChoice
    if len(set(named)) < len(named):
        raise RepeatedChoice
    kept = list(drafts) if named else [*(ChoiceDraft(id=id) for id in existing), *drafts]
    _usable_list(kept)
    poll.choices.exclude(id__in=[draft.id for draft in kept if draft.id is not None]).delete()
    for position, draft in enumerate(kept, start=1):
        choice = existing[draft.id] if draft.id is not None else PollChoice(poll=poll)
        if draft.id is None or draft.text is not None:
            choice.text = _usable_choice(draft.text or "")
        choice.position = position
        choice.save()


def _edit_rules(poll: Poll, draft: PollDraft) -> None:
    """How many may be chosen, until when, and when the counts show: no change breaks what voters were promised."""
    if draft.is_multi is False and poll.is_multi and _is_several_chosen(poll):
        raise SeveralChosen
    if draft.is_multi is not None:
        poll.is_multi = draft.is_multi
    if draft.results is not None and _usable_results(draft.results) != poll.results:
        if PollVote.objects.filter(poll=poll).exists():
            raise ResultsPromised
        poll.results = draft.results
    if draft.never_closes:
        poll.closes_at = None
    elif draft.closes_at is not None and draft.closes_at != poll.closes_at:
        if draft.closes_at <= clock.now():
            raise CloseInPast
        poll.closes_at = draft.closes_at


def _is_several_chosen(poll: Poll) -> bool:
    voters = PollVote.objects.filter(poll=poll).values("profile_id").annotate(number=Count("choice_id"))
    return voters.filter(number__gt=1).exists()


# --- Texts ----------------------------------------------------------------------------------------


def _usable_question(text: str) -> str:
    question = clean_title(text)
    if is_blank(question):
        raise BlankQuestion
    if len(unescape(question)) > MAX_QUESTION_LENGTH:
        raise QuestionTooLong
    return question


def _usable_choice(text: str) -> str:
    choice = clean_title(text)
    if is_blank(choice):
        raise BlankChoice
    if len(unescape(choice)) > MAX_CHOICE_LENGTH:
        raise ChoiceTooLong
    return choice


def _usable_list(drafts: Sequence[ChoiceDraft]) -> Sequence[ChoiceDraft]:
    if not drafts:
        raise ChoicesMissing
    if len(drafts) > MAX_CHOICES:
        raise TooManyChoices
    return drafts


def _usable_results(word: str) -> str:
    if word not in Poll.Results.values:
        raise UnknownResults
    return word
