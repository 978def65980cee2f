"""What can be wrong with an upload (contract A 4.2)."""

from django.conf import settings

from apps.core.errors import ApiError


class FileTooLarge(ApiError):
    """The file is too large."""

    status = 413
    code = 20

    @classmethod
    def over_limit(cls) -> "FileTooLarge":
        """With the limit of one file in its message."""
        return cls(f"a file may have {settings.MAX_FILE_BYTES} bytes")


class BadImage(ApiError):
    """The picture cannot be read, or is too large to be shown."""

    code = 21


class UploadExpired(ApiError):
    """The upload took too long; send it again."""
