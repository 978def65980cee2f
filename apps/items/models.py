"""Things people start and discuss, and up to where each member has read them."""

from django.db import models

from apps.core import clock
from apps.core.attributes import Attribute
from apps.microcosms.models import Microcosm
from apps.profiles.models import Profile
from apps.sites.models import Site
from apps.sites.types import ItemType


class Item(models.Model):
    """A conversation, event, poll or huddle: what all of them have (architecture, decision 1)."""

    KINDS = [
        (kind.value, kind.word) for kind in (ItemType.HUDDLE, ItemType.CONVERSATION, ItemType.POLL, ItemType.EVENT)
    ]

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="items")
    kind = models.PositiveSmallIntegerField(choices=KINDS)
    #: Null for huddles, which live outside the tree.
    microcosm = models.ForeignKey(Microcosm, null=True, blank=True, on_delete=models.PROTECT, related_name="items")
    #: HTML-escaped, as the wire shows it.
    title = models.CharField(max_length=1000)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(Profile, on_delete=models.PROTECT, related_name="+")
    edited_at = models.DateTimeField(null=True, blank=True)
    edited_by = models.ForeignKey(Profile, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    edit_reason = models.CharField(max_length=1000, blank=True, default="")
    is_sticky = models.BooleanField(default=False)
    is_open = models.BooleanField(default=True)
    is_deleted = models.BooleanField(default=False)
    is_moderated = models.BooleanField(default=False)
    #: Visible comments, views, and the newest visible comment: kept by `services`, never counted on a read.
    comment_count = models.PositiveIntegerField(default=0)
    view_count = models.PositiveIntegerField(default=0)
    last_comment_id = models.BigIntegerField(null=True, blank=True)
    last_comment_at = models.DateTimeField(null=True, blank=True)
    last_comment_by = models.ForeignKey(Profile, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    #: The newest visible comment's time, else the creation.
    last_activity_at = models.DateTimeField(default=clock.now)
    #: What its author first sent, hashed: the same again within minutes is a repetition, whatever was edited since.
    submission_hash = models.CharField(max_length=64, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind=ItemType.HUDDLE.value, microcosm__isnull=True)
                | (~models.Q(kind=ItemType.HUDDLE.value) & models.Q(microcosm__isnull=False)),
                name="items_item_place",
            )
        ]
        indexes = [
            models.Index(
                models.F("microcosm"),
                models.F("is_sticky").desc(),
                models.F("last_activity_at").desc(),
                models.F("id").desc(),
                condition=models.Q(is_deleted=False, is_moderated=False),
                name="items_item_place_order",
            ),
            models.Index(
                models.F("site"),
                models.F("kind"),
                models.F("is_sticky").desc(),
                models.F("last_activity_at").desc(),
                models.F("id").desc(),
                condition=models.Q(is_deleted=False, is_moderated=False),
                # Which of them a reader may read is decided without reading them.
                include=["microcosm"],
                name="items_item_kind_order",
            ),
            models.Index(
                models.F("site"),
                models.F("created_at"),
                models.F("id"),
                condition=models.Q(is_deleted=False, is_moderated=False, kind=ItemType.POLL.value),
                include=["microcosm"],
                name="items_item_poll_order",
            ),
            models.Index(fields=["created_by", "created_at"], name="items_item_author"),
            # What is new anywhere on a site.
            models.Index(
                models.F("site"),
                models.F("last_activity_at").desc(),
                models.F("id").desc(),
                condition=models.Q(is_deleted=False, is_moderated=False),
                name="items_item_recent",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Poll(models.Model):
    """What a poll has beside what all items have (docs/api/polls.md)."""

    class Results(models.TextChoices):
        """When the counts of votes may be seen."""

        ALWAYS = "always"
        VOTED = "voted"
        CLOSED = "closed"

    item = models.OneToOneField(Item, on_delete=models.CASCADE, primary_key=True, related_name="poll")
    #: HTML-escaped, as the wire shows it.
    question = models.CharField(max_length=3000)
    is_multi = models.BooleanField(default=False)
    #: Whether votes are taken, until `closes_at` if there is one; the item's own flag is another.
    is_open = models.BooleanField(default=True)
    closes_at = models.DateTimeField(null=True, blank=True)
    results = models.CharField(max_length=6, choices=Results, default=Results.ALWAYS)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(results__in=["always", "voted", "closed"]), name="items_poll_results"
            )
        ]

    def __str__(self) -> str:
        return self.question


class PollChoice(models.Model):
    """One of the things a poll lets people choose."""

    poll = models.ForeignKey(Poll, on_delete=models.CASCADE, related_name="choices")
    #: HTML-escaped.
    text = models.CharField(max_length=1000)
    position = models.PositiveIntegerField()

    class Meta:
        constraints = [
            # At the end of the transaction: an edit may turn the order around.
            models.UniqueConstraint(
                fields=["poll", "position"], name="items_pollchoice_order", deferrable=models.Deferrable.DEFERRED
            )
        ]

    def __str__(self) -> str:
        return self.text


class PollVote(models.Model):
    """Somebody's vote for a choice; all totals are counted from these rows."""

    pk = models.CompositePrimaryKey("choice_id", "profile_id")
    choice = models.ForeignKey(PollChoice, on_delete=models.CASCADE, related_name="votes")
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    #: The choice's poll, so that one person's votes and all voters are found without the choices.
    poll = models.ForeignKey(Poll, on_delete=models.CASCADE, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["poll", "profile"], name="items_pollvote_voter")]

    def __str__(self) -> str:
        return f"{self.profile_id} chose {self.choice_id}"


class Event(models.Model):
    """What an event has beside what all items have (docs/api/events.md)."""

    class Status(models.TextChoices):
        """How firm it is; only the first two are set by anything."""

        PROPOSED = "proposed"
        UPCOMING = "upcoming"
        POSTPONED = "postponed"
        CANCELLED = "cancelled"
        PAST = "past"

    #: Where it is on a map, and what of the map to show; kept as clients send them.
    NUMBERS = ("lat", "lon", "north", "east", "south", "west")

    item = models.OneToOneField(Item, on_delete=models.CASCADE, primary_key=True, related_name="event")
    #: The reading of a clock at the place, as if that were UTC; `starts_at` is the moment.
    when_at = models.DateTimeField(null=True, blank=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    zone = models.CharField(max_length=64, default="Europe/Belfast")
    #: In minutes.
    duration = models.PositiveIntegerField(default=0)
    #: HTML-escaped.
    place = models.CharField(max_length=1000, blank=True, default="")
    lat = models.FloatField(default=0)
    lon = models.FloatField(default=0)
    north = models.FloatField(default=0)
    east = models.FloatField(default=0)
    south = models.FloatField(default=0)
    west = models.FloatField(default=0)
    status = models.CharField(max_length=9, choices=Status, default=Status.PROPOSED)
    #: 0 is no limit.
    rsvp_limit = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"event {self.item_id}"


class Attendee(models.Model):
    """Somebody's answer to an event."""

    class Rsvp(models.IntegerChoices):
        """The answers, in the order lists have them."""

        YES = 1, "yes"
        MAYBE = 2, "maybe"
        INVITED = 3, "invited"
        NO = 4, "no"

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="attendees", db_index=False)
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    rsvp = models.PositiveSmallIntegerField(choices=Rsvp)
    rsvp_at = models.DateTimeField(default=clock.now)
    #: The place in the queue of those who would come if there were room; only a maybe has one.
    queue_number = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(Profile, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "profile"], name="items_attendee_profile"),
            models.UniqueConstraint(fields=["event", "queue_number"], name="items_attendee_queue"),
            models.CheckConstraint(
                condition=models.Q(queue_number__isnull=True) | models.Q(rsvp=2), name="items_attendee_waits"
            ),
        ]
        indexes = [models.Index(fields=["event", "rsvp", "rsvp_at", "id"], name="items_attendee_order")]

    def __str__(self) -> str:
        return f"{self.profile_id} answered {self.event_id}"


class ItemReadMark(models.Model):
    """Up to when a member has read an item; never moves backwards."""

    pk = models.CompositePrimaryKey("profile_id", "item_id")
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    read_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.profile_id} read item {self.item_id}"


class MicrocosmReadMark(models.Model):
    """Up to when a member has marked a whole microcosm as read."""

    pk = models.CompositePrimaryKey("profile_id", "microcosm_id")
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    microcosm = models.ForeignKey(Microcosm, on_delete=models.CASCADE, related_name="+")
    read_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.profile_id} read microcosm {self.microcosm_id}"


class PendingView(models.Model):
    """Views of an item that a process has counted and a job has not added to it yet (apps/items/viewing.py).

    Plain numbers instead of foreign keys: storing them must not touch the rows of the items, which writers lock.
    """

    site_id = models.BigIntegerField()
    item_id = models.BigIntegerField()
    view_count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.view_count} views of {self.item_id}"


class ItemAttribute(Attribute):
    """An attribute of an item of any kind."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="attributes")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "key"], name="items_attribute_key")]


class PlaceLookup(models.Model):
    """A question to the geocoder and its answer: kept for those who ask the same, and counted (`geocoding`)."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+")
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    #: In lower case.
    words = models.CharField(max_length=250)
    place = models.JSONField(default=dict)
    asked_at = models.DateTimeField()
    #: Null until the geocoder has answered.
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["site", "words", "answered_at"], name="items_placelookup_words"),
            models.Index(fields=["profile", "asked_at"], name="items_placelookup_profile"),
            models.Index(fields=["site", "asked_at"], name="items_placelookup_age"),
        ]

    def __str__(self) -> str:
        return self.words


class PageVersion(models.Model):
    """What changes with all that the comments on an item's page show, written by triggers alone (decision 0042).

    Without a row it is 0. A plain number instead of a foreign key: writing it does not touch the row of the item, which
    writers lock earlier.
    """

    item_id = models.BigIntegerField(primary_key=True)
    version = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.version} of {self.item_id}"
