"""Files in a bucket of any S3-compatible service; chosen by FILE_STORAGE_URL (docs/settings.md)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

from apps.files.storage import CHUNK_BYTES, Slice

_MISSING = {"NoSuchKey", "404", "NotFound"}


class S3Slice:
    """A part of an object as it arrives."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk: bytes = self._body.read(CHUNK_BYTES)
        if not chunk:
            self.close()
            raise StopIteration
        return chunk

    def close(self) -> None:
        """Give the connection back."""
        self._body.close()


class S3FileStorage(S3Storage):  # type: ignore[misc]
    """A bucket; an object appears in it complete or not at all."""

    def __init__(self, **settings: Any) -> None:
        # Every wait has an end, and nothing is asked that only Amazon's own service knows.
        settings["client_config"] = Config(
            connect_timeout=5,
            read_timeout=30,
            retries={"max_attempts": 3, "mode": "standard"},
            signature_version="s3v4",
            s3={"addressing_style": settings.pop("addressing_style", None) or "auto"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        super().__init__(**settings)

    def open_slice(self, name: str, *, start: int, length: int) -> Slice:
        """`length` bytes from `start` on; raises FileNotFoundError."""
        try:
            answer = self.connection.meta.client.get_object(
                Bucket=self.bucket_name,
                Key=self._normalize_name(clean_name(name)),
                Range=f"bytes={start}-{start + length - 1}",
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _MISSING:
                raise FileNotFoundError(name) from error
            raise
        return S3Slice(answer["Body"])

    def remove_leftovers(self, *, before: datetime) -> int:
        """Nothing: a rule of the bucket ends unfinished uploads (docs/api/files.md)."""
        return 0
