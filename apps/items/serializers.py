"""Items: what comes in and what goes out. `api` adds the comments, which live in an app above."""

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

from apps.core.openapi import LinkOutput, Output, page_of
from apps.core.serializers import Flag, Input, Number, Text, Whole
from apps.permissions.serializers import PermissionsOutput
from apps.profiles.serializers import FlagsOutput, ProfileSummaryOutput


class ItemBreadcrumbOutput(Output):
    """One step from the root down to an item (contract A 7.7)."""

    rel = serializers.CharField()
    href = serializers.CharField()
    title = serializers.CharField()
    id = serializers.IntegerField()
    level = serializers.IntegerField()


class LastCommentOutput(Output):
    """The newest visible comment: all of it or nothing."""

    id = serializers.IntegerField()
    created = serializers.DateTimeField()
    createdBy = ProfileSummaryOutput()


class ItemSummaryMetaOutput(Output):
    """`meta` of an item in a list."""

    created = serializers.DateTimeField()
    createdBy = ProfileSummaryOutput()
    flags = FlagsOutput()
    links = LinkOutput(many=True)


class ItemSummaryOutput(Output):
    """What all items have in a list (contract B 1.1)."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    microcosmId = serializers.IntegerField()
    breadcrumb = ItemBreadcrumbOutput(many=True)
    totalComments = serializers.IntegerField()
    totalViews = serializers.IntegerField()
    lastComment = LastCommentOutput(required=False)
    meta = ItemSummaryMetaOutput()


class ConversationSummaryOutput(ItemSummaryOutput):
    """A conversation in a list."""


class PollSummaryOutput(ItemSummaryOutput):
    """A poll in a list (contract B 4.2)."""

    question = serializers.CharField()
    multi = serializers.BooleanField()
    pollOpen = serializers.BooleanField()
    pollCloses = serializers.DateTimeField(required=False)


class EventSummaryOutput(ItemSummaryOutput):
    """An event in a list (contract B 3.2)."""

    when = serializers.DateTimeField(required=False)
    tz = serializers.CharField(required=False)
    whentz = serializers.DateTimeField(required=False)
    duration = serializers.IntegerField(required=False)
    where = serializers.CharField(required=False)
    lat = serializers.FloatField(required=False)
    lon = serializers.FloatField(required=False)
    north = serializers.FloatField(required=False)
    east = serializers.FloatField(required=False)
    south = serializers.FloatField(required=False)
    west = serializers.FloatField(required=False)
    status = serializers.CharField()
    rsvpLimit = serializers.IntegerField()
    rsvpAttend = serializers.IntegerField(required=False)
    rsvpSpaces = serializers.IntegerField(required=False)


def any_item_summary(name: str, *others: type[Output], is_required: bool = True) -> PolymorphicProxySerializer:
    """An item of any kind in a list, or one of `others`; `name` is the component's in the description."""
    return PolymorphicProxySerializer(
        component_name=name,
        serializers=[*others, ItemSummaryOutput, PollSummaryOutput, EventSummaryOutput],
        resource_type_field_name=None,
        required=is_required,
    )


class ItemMetaOutput(Output):
    """`meta` of an item on its own page; the three keys of an edit are left out until there is one."""

    created = serializers.DateTimeField()
    createdBy = ProfileSummaryOutput()
    edited = serializers.DateTimeField(required=False)
    editedBy = ProfileSummaryOutput(required=False)
    editReason = serializers.CharField(required=False)
    flags = FlagsOutput()
    links = LinkOutput(many=True)
    permissions = PermissionsOutput()


class ItemOutput(Output):
    """What all items have on their own page (contract B 1.2), but for the comments."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    microcosmId = serializers.IntegerField()
    breadcrumb = ItemBreadcrumbOutput(many=True)
    meta = ItemMetaOutput()


class ItemListMetaOutput(Output):
    """`meta` of a list of items."""

    links = LinkOutput(many=True)
    permissions = PermissionsOutput()


class ConversationListOutput(Output):
    """Conversations, and what the caller may do with conversations in general."""

    conversations = page_of(ConversationSummaryOutput)
    meta = ItemListMetaOutput()


class PollListOutput(Output):
    """Polls, and what the caller may do with polls in general."""

    polls = page_of(PollSummaryOutput)
    meta = ItemListMetaOutput()


class PollChoiceOutput(Output):
    """A choice; its counts are left out while the caller may not see them (docs/api/polls.md)."""

    id = serializers.IntegerField()
    choice = serializers.CharField()
    order = serializers.IntegerField()
    votes = serializers.IntegerField(required=False)
    voterCount = serializers.IntegerField(required=False)


class PollOwnOutput(ItemOutput):
    """A poll on its own page, but for the comments; the keys of hidden results are there unless counts always show."""

    question = serializers.CharField()
    multi = serializers.BooleanField()
    pollOpen = serializers.BooleanField()
    pollCloses = serializers.DateTimeField(required=False)
    results = serializers.ChoiceField(choices=["voted", "closed"], required=False)
    resultsHidden = serializers.BooleanField(required=False)
    choices = PollChoiceOutput(many=True)
    voterCount = serializers.IntegerField()


class VoteOutput(Output):
    """The caller's own vote in a poll."""

    choiceIds = serializers.ListField(child=serializers.IntegerField())


class EventListOutput(Output):
    """Events, and what the caller may do with events in general."""

    events = page_of(EventSummaryOutput)
    meta = ItemListMetaOutput()


class EventOwnOutput(ItemOutput):
    """An event on its own page, but for the comments."""

    when = serializers.DateTimeField(required=False)
    tz = serializers.CharField(required=False)
    whentz = serializers.DateTimeField(required=False)
    duration = serializers.IntegerField(required=False)
    where = serializers.CharField(required=False)
    lat = serializers.FloatField(required=False)
    lon = serializers.FloatField(required=False)
    north = serializers.FloatField(required=False)
    east = serializers.FloatField(required=False)
    south = serializers.FloatField(required=False)
    west = serializers.FloatField(required=False)
    status = serializers.CharField()
    rsvpLimit = serializers.IntegerField()
    rsvpAttend = serializers.IntegerField(required=False)
    rsvpSpaces = serializers.IntegerField(required=False)


class AttendeeMetaOutput(Output):
    """`meta` of an answer in a list; alone it says what the caller may do, too."""

    created = serializers.DateTimeField()
    createdBy = ProfileSummaryOutput()
    links = LinkOutput(many=True)
    permissions = PermissionsOutput(required=False)


class AttendeeOutput(Output):
    """An answer to an event; who waits for a place is a `maybe` with a place in the queue (docs/api/events.md)."""

    profileId = serializers.IntegerField()
    profile = ProfileSummaryOutput()
    rsvp = serializers.ChoiceField(choices=["yes", "maybe", "invited", "no"])
    rsvpdOn = serializers.DateTimeField()
    waiting = serializers.IntegerField(required=False)
    meta = AttendeeMetaOutput()


class AttendeeListOutput(Output):
    """The answers to an event."""

    attendees = page_of(AttendeeOutput)
    meta = ItemListMetaOutput()


class ItemFlagsInput(Input):
    """Flags that a moderator may give a new conversation."""

    sticky = Flag(required=False)
    open = Flag(required=False)
    deleted = Flag(required=False)
    moderated = Flag(required=False)


class ItemMetaInput(Input):
    """`meta` of a new item."""

    flags = ItemFlagsInput(required=False)


class ConversationInput(Input):
    """A new conversation (contract B 2.1)."""

    microcosmId = Whole(required=False)
    title = Text(required=False)
    meta = ItemMetaInput(required=False)


class EditMetaInput(Input):
    """`meta` of an edit."""

    editReason = Text(required=False)


class ConversationEditInput(Input):
    """Changes to a conversation; what is absent stays (contract B 1.5)."""

    microcosmId = Whole(required=False)
    title = Text(required=False)
    meta = EditMetaInput(required=False)


class PollChoiceInput(Input):
    """A choice; the id is that of one there is, counts are never taken."""

    id = Whole(required=False)
    choice = Text(required=False)


class PollFieldsInput(Input):
    """What can be said of a poll, new or not."""

    microcosmId = Whole(required=False)
    title = Text(required=False)
    question = Text(required=False)
    choices = PollChoiceInput(many=True, required=False)
    multi = Flag(required=False)
    pollOpen = Flag(required=False)
    pollCloses = Text(required=False, help_text="RFC 3339 with an offset; an empty text on an edit is never.")
    results = Text(required=False, help_text="When the counts show: `always`, once one has `voted`, or once `closed`.")


class PollInput(PollFieldsInput):
    """A new poll (contract B 4.1)."""

    meta = ItemMetaInput(required=False)


class PollEditInput(PollFieldsInput):
    """Changes to a poll; what is absent stays (contract B 4.2)."""

    meta = EditMetaInput(required=False)


class VoteInput(Input):
    """A vote (contract B 4.3)."""

    choiceIds = serializers.ListField(child=Whole(), max_length=100)


class EventFieldsInput(Input):
    """What can be said of an event, new or not."""

    microcosmId = Whole(required=False)
    title = Text(required=False)
    when = Text(required=False, help_text="RFC 3339 with an offset, of which only the clock counts; empty is no date.")
    tz = Text(required=False)
    duration = Whole(required=False)
    where = Text(required=False)
    lat = Number(required=False)
    lon = Number(required=False)
    north = Number(required=False)
    east = Number(required=False)
    south = Number(required=False)
    west = Number(required=False)
    rsvpLimit = Whole(required=False)


class EventInput(EventFieldsInput):
    """A new event (contract B 3.1)."""

    meta = ItemMetaInput(required=False)


class EventEditInput(EventFieldsInput):
    """Changes to an event; what is absent stays (contract B 3.3)."""

    meta = EditMetaInput(required=False)


class AttendeeInput(Input):
    """An answer to an event."""

    profileId = Whole(required=False)
    rsvp = Text(required=False)
    wait = Flag(required=False, help_text="With `yes`: queue for a place if there is none.")


class ReadInput(Input):
    """What has been read (contract B 12.2)."""

    itemType = Text(help_text="The name of a type; `site` stands for everything outside huddles.")
    itemId = Whole(required=False, help_text="Not needed for the site; 0 stands for all huddles.")


class PlaceOutput(Output):
    """A match of the geocoder, or nothing at all (contract A 29)."""

    place_id = serializers.CharField(required=False)
    licence = serializers.CharField(required=False)
    lat = serializers.CharField(required=False)
    lon = serializers.CharField(required=False)
    display_name = serializers.CharField(required=False)
    boundingbox = serializers.ListField(child=serializers.CharField(), required=False)
