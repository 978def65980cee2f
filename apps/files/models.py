"""Bytes with a hash: what people uploaded, and the smaller pictures made of it."""

from django.conf import settings
from django.db import models

from apps.core import clock
from apps.sites.models import Site


class File(models.Model):
    """Bytes that a site keeps, known by their hash; tenants are walls, so each site has its own."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="files")
    #: SHA-1 of the stored bytes in hexadecimal: the public id (contract A 24.1).
    hash = models.CharField(max_length=40)
    #: As the first uploader called it, without what no file system takes.
    name = models.CharField(max_length=512)
    #: Found in the bytes, never what the client said.
    mime_type = models.CharField(max_length=255)
    extension = models.CharField(max_length=255)
    size = models.BigIntegerField()
    #: Pictures only.
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    attach_count = models.PositiveIntegerField(default=0)
    #: It was taken off something: while nothing has it, it is not for everybody who knows the hash.
    is_withdrawn = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "hash"], name="files_file_hash"),
            models.CheckConstraint(condition=models.Q(hash__regex=r"^[0-9a-f]{40}$"), name="files_file_hash_form"),
            models.CheckConstraint(condition=models.Q(size__gte=1), name="files_file_size"),
        ]

    def __str__(self) -> str:
        return self.hash


class Thumbnail(models.Model):
    """A smaller copy of a picture whose longer side has one of the fixed lengths (apps/files/sizes.py)."""

    file = models.ForeignKey(File, on_delete=models.CASCADE, related_name="thumbnails")
    side = models.PositiveSmallIntegerField()
    mime_type = models.CharField(max_length=255)
    size = models.BigIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "side"], name="files_thumbnail_side")]

    def __str__(self) -> str:
        return f"{self.side} of {self.file_id}"


class Upload(models.Model):
    """Somebody has sent the bytes of a file themselves, so they may attach it wherever else it is."""

    file = models.ForeignKey(File, on_delete=models.CASCADE, related_name="uploads")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "user"], name="files_upload_pair")]

    def __str__(self) -> str:
        return f"{self.file_id} by {self.user_id}"


class AttachedFile(models.Model):
    """Base of what links a file to something of an app above (contract A 25)."""

    file = models.ForeignKey(File, on_delete=models.CASCADE, related_name="+")
    #: As whoever attached it called it, "" if they did not.
    name = models.CharField(max_length=512, blank=True, default="")
    extension = models.CharField(max_length=32)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        abstract = True


class PendingFile(models.Model):
    """Bytes that are being written and have no row yet: what the sweeper of orphaned bytes goes by."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+")
    hash = models.CharField(max_length=40)
    started_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "hash"], name="files_pendingfile_hash")]
        indexes = [models.Index(fields=["started_at"], name="files_pendingfile_started")]

    def __str__(self) -> str:
        return self.hash
