"""News about files."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, kw_only=True)
class FileStored(Event):
    """The site keeps bytes it did not have before."""

    kind: ClassVar[str] = "file.stored"
    file_id: int
