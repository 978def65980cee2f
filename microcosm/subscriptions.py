"""When this happens, these run: each event and its handlers, in the transaction of the change, in this order.

An event runs the handlers of the classes it is derived from, too. A handler gets all events of its class that are
published at once, or `each` by itself. Handlers note what has to be true at once (who starts something watches it) or
queue a job; the work itself is done by workers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from apps.comments.events import CommentCreated, CommentEdited
from apps.core.events import Event
from apps.huddles.events import HuddleCreated, ParticipantLeft, ParticipantsAdded
from apps.items.events import AttendeeChanged, ConversationCreated, PollVoted
from apps.moderation import services as moderation
from apps.profiles import handlers as profiles
from apps.profiles.events import ProfileCreated
from apps.sites import handlers as sites
from apps.sites.events import SiteFounded
from apps.updates import handlers as updates
from apps.webhooks import handlers as webhooks

Handler = Callable[[Sequence[Any]], None]


def each(*handlers: Callable[[Any], None]) -> list[Handler]:
    """Handlers of one event as handlers of several: most things happen one at a time."""

    def of_several(handler: Callable[[Any], None]) -> Handler:
        def run(events: Sequence[Any]) -> None:
            for event in events:
                handler(event)

        return run

    return [of_several(handler) for handler in handlers]


SUBSCRIPTIONS: Mapping[type[Event], Sequence[Handler]] = {
    Event: [moderation.record_events, webhooks.wake],
    SiteFounded: each(sites.tell_operators),
    ProfileCreated: [profiles.picture_newcomers, updates.mail_of_newcomers],
    ConversationCreated: each(updates.watch_started, updates.tell_of_item),
    AttendeeChanged: each(updates.watch_attended, updates.tell_of_attendee),
    PollVoted: each(updates.tell_of_vote),
    HuddleCreated: each(updates.watch_joined),
    ParticipantsAdded: each(updates.watch_joined),
    ParticipantLeft: each(updates.stop_watching_left),
    CommentCreated: each(updates.watch_commented, updates.tell_of_comment),
    CommentEdited: each(updates.tell_mentioned),
}
