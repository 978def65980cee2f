"""Paths of the app."""

from django.urls import path

from apps.items.api import attributes, conversations, events, geocode, polls, reading
from apps.sites.types import ItemType

urlpatterns = [
    path("conversations", conversations.ConversationList.as_view()),
    path("conversations/<id:conversation_id>", conversations.ConversationDetail.as_view()),
    path("events", events.EventList.as_view()),
    path("events/<id:event_id>", events.EventDetail.as_view()),
    path("events/<id:event_id>/attendees", events.AttendeeList.as_view()),
    path("events/<id:event_id>/attendees/<id:profile_id>", events.AttendeeDetail.as_view()),
    path("events/<id:event_id>/attendeescsv", events.AttendeeCsv.as_view()),
    path("events/<id:event_id>/calendar", events.EventCalendar.as_view()),
    path("microcosms/<id:microcosm_id>/calendar", events.MicrocosmCalendar.as_view()),
    path("polls", polls.PollList.as_view()),
    path("polls/<id:poll_id>", polls.PollDetail.as_view()),
    path("polls/<id:poll_id>/vote", polls.PollVoteDetail.as_view()),
    path("conversations/<id:conversation_id>/attributes", attributes.ItemAttributeList.as_view()),
    path("conversations/<id:conversation_id>/attributes/<key:key>", attributes.ItemAttributeDetail.as_view()),
    path("events/<id:event_id>/attributes", attributes.ItemAttributeList.as_view(kind=ItemType.EVENT)),
    path("events/<id:event_id>/attributes/<key:key>", attributes.ItemAttributeDetail.as_view(kind=ItemType.EVENT)),
    path("polls/<id:poll_id>/attributes", attributes.ItemAttributeList.as_view(kind=ItemType.POLL)),
    path("polls/<id:poll_id>/attributes/<key:key>", attributes.ItemAttributeDetail.as_view(kind=ItemType.POLL)),
    path("geocode", geocode.Geocode.as_view()),
    path("profiles/read", reading.ProfileRead.as_view()),
]
