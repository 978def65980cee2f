"""What follows for watchers and updates when something happens; runs in the transaction of the change."""

from collections.abc import Sequence

from apps.comments.events import CommentCreated, CommentEdited
from apps.huddles.events import HuddleCreated, ParticipantLeft, ParticipantsAdded
from apps.items.events import AttendeeChanged, ConversationCreated, PollVoted
from apps.items.models import Attendee, Item, PollVote
from apps.jobs.services import defer, defer_all
from apps.profiles.events import ProfileCreated
from apps.sites.types import ItemType
from apps.updates import mailing, telling
from apps.updates.models import Watcher
from apps.updates.services import stop_watching, watch, watch_item
from apps.updates.types import UpdateType, usual_type


def watch_started(event: ConversationCreated) -> None:
    """Who starts something watches it (contract B 15.3)."""
    if event.actor_id is None:
        return
    kind = ItemType(Item.objects.values_list("kind", flat=True).get(site_id=event.site_id, id=event.item_id))
    watch(
        site_id=event.site_id,
        profile_id=event.actor_id,
        kind=kind,
        target_id=event.item_id,
        type=UpdateType.NEW_COMMENT,
    )


def watch_commented(event: CommentCreated) -> None:
    """Who says something watches where they said it."""
    if event.actor_id is None:
        return
    if event.item_id is not None:
        watch_item(site_id=event.site_id, profile_id=event.actor_id, item_id=event.item_id)
    elif event.home_id is not None:
        watch(
            site_id=event.site_id,
            profile_id=event.actor_id,
            kind=ItemType.PROFILE,
            target_id=event.home_id,
            type=usual_type(ItemType.PROFILE, event.home_id),
        )


def watch_joined(event: HuddleCreated | ParticipantsAdded) -> None:
    """Who is brought into a huddle watches it."""
    for profile_id in event.invited_ids:
        watch(
            site_id=event.site_id,
            profile_id=profile_id,
            kind=ItemType.HUDDLE,
            target_id=event.item_id,
            type=UpdateType.NEW_COMMENT_IN_HUDDLE,
        )


def stop_watching_left(event: ParticipantLeft) -> None:
    """Who leaves a huddle has nothing to do with it any more."""
    if event.actor_id is not None:
        stop_watching(profile_id=event.actor_id, kind=ItemType.HUDDLE, target_id=event.item_id)


def tell_of_item(event: ConversationCreated) -> None:
    """Those who watch the microcosm or the site hear of what is new in it."""
    defer(
        telling.TELL_WATCHERS,
        site_id=event.site_id,
        type=int(UpdateType.NEW_ITEM),
        item_id=event.item_id,
        actor_id=event.actor_id or 0,
    )


def watch_attended(event: AttendeeChanged) -> None:
    """Who is going to an event watches it."""
    if _is_going(event):
        watch(
            site_id=event.site_id,
            profile_id=event.attendee_id,
            kind=ItemType.EVENT,
            target_id=event.item_id,
            type=UpdateType.EVENT_REMINDER,
        )


def mail_of_newcomers(events: Sequence[ProfileCreated]) -> None:
    """Those who watch the people of a site are mailed about who is new; nobody, most of the time."""
    of_people = Watcher.objects.filter(
        kind=ItemType.PROFILE.value, target_profile=None, item=None, microcosm=None,
        profile__site_id__in={event.site_id for event in events},
    )  # fmt: skip
    watched = set(of_people.values_list("profile__site_id", flat=True).distinct())
    news = [event for event in events if event.site_id in watched]
    defer_all(mailing.MAIL_OF_NEWCOMER, [{"site_id": event.site_id, "newcomer_id": event.profile_id} for event in news])


def tell_of_attendee(event: AttendeeChanged) -> None:
    """Those who watch an event hear who is going, and who waited for a place hears that they are."""
    if _is_going(event):
        # Nobody says yes for another: it is the place that somebody else has left.
        if event.actor_id != event.attendee_id:
            defer(telling.TELL_OF_PLACE, site_id=event.site_id, item_id=event.item_id, profile_id=event.attendee_id)
        defer(
            telling.TELL_WATCHERS,
            site_id=event.site_id,
            type=int(UpdateType.NEW_ATTENDEE),
            item_id=event.item_id,
            actor_id=event.attendee_id,
        )


def _is_going(event: AttendeeChanged) -> bool:
    going = Attendee.objects.filter(event__item__site_id=event.site_id, rsvp=Attendee.Rsvp.YES)
    return going.filter(event_id=event.item_id, profile_id=event.attendee_id).exists()


def tell_of_vote(event: PollVoted) -> None:
    """Those who watch a poll hear that its votes are others; once, and not whose.

    All are told with the first vote; for those who watch since then it is tried again whenever there are twice as many
    voters, not with each vote: one try looks at everybody who watches.
    """
    voters = PollVote.objects.filter(poll__item__site_id=event.site_id, poll_id=event.item_id)
    count = voters.values("profile_id").distinct().count()
    if count.bit_count() == 1:
        defer(telling.TELL_WATCHERS, site_id=event.site_id, type=int(UpdateType.NEW_VOTE), item_id=event.item_id)


def tell_of_comment(event: CommentCreated) -> None:
    """Those who watch, those who are answered and those who are named hear of a comment."""
    defer(
        telling.TELL_OF_COMMENT,
        site_id=event.site_id,
        comment_id=event.comment_id,
        actor_id=event.actor_id or 0,
        mentioned_ids=",".join(map(str, event.mentioned_ids)),
    )


def tell_mentioned(event: CommentEdited) -> None:
    """Those whom an edit names for the first time hear of it."""
    if event.mentioned_ids:
        defer(
            telling.TELL_MENTIONED,
            site_id=event.site_id,
            comment_id=event.comment_id,
            actor_id=event.actor_id or 0,
            mentioned_ids=",".join(map(str, event.mentioned_ids)),
        )
