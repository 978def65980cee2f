"""What people say: comments and every version of their text."""

from django.db import models

from apps.core import clock
from apps.core.attributes import Attribute
from apps.files.models import AttachedFile
from apps.items.models import Item
from apps.profiles.models import Profile
from apps.sites.models import Site


class Comment(models.Model):
    """A comment on an item, or on a profile as its biography."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="comments")
    #: Exactly one of the two is the parent.
    item = models.ForeignKey(Item, null=True, blank=True, on_delete=models.CASCADE, related_name="comments")
    profile = models.ForeignKey(Profile, null=True, blank=True, on_delete=models.CASCADE, related_name="comments")
    in_reply_to = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replies")
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(Profile, on_delete=models.PROTECT, related_name="+")
    #: The number of the current revision.
    revision_count = models.PositiveIntegerField(default=1)
    attachment_count = models.PositiveIntegerField(default=0)
    is_deleted = models.BooleanField(default=False)
    is_moderated = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(item__isnull=True) ^ models.Q(profile__isnull=True), name="comments_comment_parent"
            )
        ]
        indexes = [
            # Few: whoever goes through a list of comments asks here which of them are not to be seen.
            models.Index(
                fields=["id"],
                name="comments_comment_hidden",
                condition=models.Q(is_deleted=True) | models.Q(is_moderated=True),
            ),
            models.Index(
                fields=["item", "created_at", "id"],
                condition=models.Q(is_deleted=False, is_moderated=False),
                name="comments_comment_page",
            ),
            models.Index(
                fields=["profile", "created_at", "id"],
                condition=models.Q(is_deleted=False, is_moderated=False),
                name="comments_comment_biography",
            ),
            models.Index(fields=["created_by", "created_at"], name="comments_comment_author"),
            # What one person has said in one place. Nothing more in it: the planner would sort it for a page otherwise.
            models.Index(
                fields=["item", "created_by"],
                condition=models.Q(is_deleted=False, is_moderated=False),
                name="comments_comment_said",
            ),
        ]

    def __str__(self) -> str:
        return f"comment {self.id}"


class CommentBlock(models.Model):
    """A stretch of a long discussion: where it begins, and how many visible comments it holds until the next one."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+", db_index=False)
    #: The place of its first comment when it was begun; nothing has to stand there any more.
    first_at = models.DateTimeField()
    first_id = models.BigIntegerField()
    #: Visible comments of the item that stand before it.
    before_count = models.PositiveIntegerField()
    comment_count = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "first_at", "first_id"], name="comments_block_first")]
        indexes = [models.Index(fields=["item", "before_count", "first_at", "first_id"], name="comments_block_before")]

    def __str__(self) -> str:
        return f"block {self.id} of {self.item_id}"


class Revision(models.Model):
    """One version of a comment's text: the source as written and the HTML it became."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="revisions")
    #: 1 for the first; the current one is the comment's `revision_count`.
    number = models.PositiveIntegerField()
    markdown = models.TextField()
    html = models.TextField()
    #: Which renderer made `html`; an older one is rendered again by a job.
    renderer_version = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(Profile, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comment", "number"], name="comments_revision_number")]
        indexes = [
            models.Index(fields=["renderer_version", "id"], name="comments_revision_renderer"),
            # Whether somebody has said the very same before, however much else they have said meanwhile.
            models.Index(
                models.F("created_by"),
                models.Func(
                    models.F("markdown"),
                    models.Value(0),
                    function="hashtextextended",
                    output_field=models.BigIntegerField(),
                ),
                models.F("created_at"),
                condition=models.Q(number=1),
                name="comments_revision_same",
            ),
        ]

    def __str__(self) -> str:
        return f"revision {self.number} of {self.comment_id}"


class Mention(models.Model):
    """A profile named in a comment; kept so that nobody is told twice."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="mentions")
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="mentions")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comment", "profile"], name="comments_mention_pair")]

    def __str__(self) -> str:
        return f"{self.profile_id} in {self.comment_id}"


class Attachment(AttachedFile):
    """A file attached to a comment; `Comment.attachment_count` follows."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="attachments")
    created_by = models.ForeignKey(Profile, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comment", "file"], name="comments_attachment_pair")]

    def __str__(self) -> str:
        return f"{self.file_id} on {self.comment_id}"


class CommentAttribute(Attribute):
    """An attribute of a comment."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="attributes")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comment", "key"], name="comments_attribute_key")]
