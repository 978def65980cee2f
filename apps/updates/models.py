"""What a profile follows, mutes and is told."""

from django.db import models

from apps.comments.models import Comment
from apps.core import clock
from apps.items.models import Item
from apps.microcosms.models import Microcosm
from apps.profiles.models import Profile
from apps.sites.types import ItemType
from apps.updates.types import Digest, UpdateType

#: What members are told of that is no activity of its item.
ASIDE = [type.value for type in (UpdateType.MENTIONED, UpdateType.NEW_ATTENDEE, UpdateType.EVENT_REMINDER)]
DIGESTS = [(digest.value, digest.word) for digest in Digest]
TYPES = [(type.value, type.word) for type in UpdateType]


def _given(column: str) -> models.Q:
    return models.Q(**{f"{column}__isnull": False})


class Target(models.Model):
    """Base of what a member can follow or mute; the column of `kind` is set, none for all profiles or the site."""

    kind = models.PositiveSmallIntegerField(choices=[(kind.value, kind.word) for kind in ItemType])
    item = models.ForeignKey(Item, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    microcosm = models.ForeignKey(Microcosm, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    target_profile = models.ForeignKey(Profile, null=True, blank=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        abstract = True


class Watcher(Target):
    """A profile follows something."""

    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="watchers")
    send_email = models.BooleanField(default=False)
    send_sms = models.BooleanField(default=False)
    last_notified_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["profile", "kind", "item", "microcosm", "target_profile"],
                nulls_distinct=False,
                name="updates_watcher_target",
            )
        ]
        indexes = [
            # Those who watch one thing, in the order of their ids: people are told in slices.
            models.Index(fields=["item", "profile"], name="updates_watcher_of_item", condition=_given("item")),
            models.Index(
                fields=["microcosm", "profile"], name="updates_watcher_of_place", condition=_given("microcosm")
            ),
            models.Index(
                fields=["target_profile", "profile"],
                name="updates_watcher_of_person",
                condition=_given("target_profile"),
            ),
            # The site and all profiles have no id.
            models.Index(
                fields=["kind", "profile"],
                name="updates_watcher_of_all",
                condition=models.Q(item__isnull=True, microcosm__isnull=True, target_profile__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.profile_id} watches"


class Ignore(Target):
    """A profile does not want to see something."""

    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="ignores")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["profile", "kind", "item", "microcosm", "target_profile"],
                nulls_distinct=False,
                name="updates_ignore_target",
            )
        ]

    def __str__(self) -> str:
        return f"{self.profile_id} ignores"


class Preference(models.Model):
    """Whether a profile wants mail about a type of update; without a row the type and the global switch decide."""

    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    type = models.PositiveSmallIntegerField(choices=TYPES)
    send_email = models.BooleanField(default=False)
    send_sms = models.BooleanField(default=False)
    #: Whether that mail waits to be sent with others.
    digest = models.PositiveSmallIntegerField(choices=DIGESTS, default=Digest.NONE.value, db_default=Digest.NONE.value)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["profile", "type"], name="updates_preference_type")]

    def __str__(self) -> str:
        return f"preference {self.type} of {self.profile_id}"


class Update(models.Model):
    """A profile is told of something; what it is about is shown only while they may read it."""

    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="updates")
    type = models.PositiveSmallIntegerField(choices=TYPES)
    #: The item, or what the comment hangs on; null for comments on profiles and for new people.
    item = models.ForeignKey(Item, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    comment = models.ForeignKey(Comment, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    #: Who caused it; null where that is nobody's business, as with votes.
    created_by = models.ForeignKey(Profile, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    #: It counts as read when it was viewed, or when its item has been read after this moment.
    unread_since = models.DateTimeField(default=clock.now)
    is_viewed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            # Handlers may run twice: the same news is one row.
            models.UniqueConstraint(
                fields=["profile", "type", "item", "comment", "created_by"],
                nulls_distinct=False,
                name="updates_update_news",
            )
        ]
        indexes = [
            # With what decides whether they are shown, so that a long list is counted without reading its rows.
            models.Index(
                fields=["profile", "-created_at", "-id"],
                include=["type", "item", "comment", "created_by"],
                name="updates_update_list",
            ),
            models.Index(fields=["created_at"], name="updates_update_age"),
            # What reading an item clears though nothing has happened there since it was read. News of comments, which
            # is nearly everything, is left out.
            models.Index(
                fields=["profile", "item", "unread_since"],
                name="updates_update_of_item",
                condition=models.Q(
                    models.Q(type__in=ASIDE) | models.Q(unread_since__gt=models.F("created_at")), is_viewed=False
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"update {self.id}"


class Mail(models.Model):
    """A mail to a member about an update or about somebody new; deleted when it turns out that it is not to be sent."""

    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="+", db_index=False)
    type = models.PositiveSmallIntegerField(choices=TYPES)
    #: Not a foreign key: updates that nobody misses go, and what was mailed is remembered.
    update = models.ForeignKey(
        Update,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    #: Who is new, for type 9, which has no update.
    newcomer = models.ForeignKey(Profile, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    #: What the update is about, so that nobody is mailed about it again before they have been there.
    item = models.ForeignKey(Item, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    digest = models.PositiveSmallIntegerField(choices=DIGESTS, default=Digest.NONE.value)
    created_at = models.DateTimeField(default=clock.now)
    #: When it was decided that it is sent; what is claimed and not sent is sent again.
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["profile", "update", "newcomer"], nulls_distinct=False, name="updates_mail_news"
            )
        ]
        indexes = [
            models.Index(fields=["profile", "item"], name="updates_mail_of_item"),
            models.Index(fields=["profile", "claimed_at"], name="updates_mail_claimed"),
            models.Index(
                fields=["digest", "profile"],
                name="updates_mail_waiting",
                condition=models.Q(sent_at__isnull=True, digest__gt=0),
            ),
            models.Index(fields=["created_at"], name="updates_mail_age"),
        ]

    def __str__(self) -> str:
        return f"mail {self.id}"


class Undeliverable(models.Model):
    """An address that has refused mail for good, and since when it gets none."""

    #: In lower case.
    email = models.CharField(max_length=254, unique=True)
    bounce_count = models.PositiveIntegerField(default=0)
    bounced_at = models.DateTimeField(default=clock.now)
    #: What the receiving server said last.
    reason = models.TextField(blank=True, default="")
    #: Null while it still gets mail.
    stopped_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.email


class PushSubscription(models.Model):
    """A browser in which a member gets push messages."""

    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="+", db_index=False)
    #: The address at the browser's push service, and its SHA-256, which is short enough for an index.
    endpoint = models.TextField()
    endpoint_hash = models.CharField(max_length=64)
    #: The browser's public key and secret, as it gave them.
    p256dh = models.CharField(max_length=100)
    auth = models.CharField(max_length=32)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["profile", "endpoint_hash"], name="updates_push_subscription_endpoint")
        ]

    def __str__(self) -> str:
        return f"browser {self.id} of {self.profile_id}"
