"""File names: what is kept of the one a client sends."""

import unicodedata

from apps.core.errors import OutOfRange

MAX_NAME = 512
_MAX_EXTENSION = 32
#: No file system takes all of these, and clients print names inside markup.
_REPLACED = str.maketrans(dict.fromkeys('<>:"|?*', "_"))
#: Control characters, invisible ones (which can turn the direction of what follows), surrogates, line ends.
_DROPPED = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def clean_file_name(raw: str) -> str:
    """The last part of a path without characters that are dangerous in headers, markup or folders.

    Raises OutOfRange if it is longer than a name may be.
    """
    name = raw.replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(character for character in name if unicodedata.category(character) not in _DROPPED)
    name = name.translate(_REPLACED).strip()
    if len(name) > MAX_NAME:
        raise OutOfRange(f"the name of a file may have {MAX_NAME} characters")
    return name if name.strip(".") else "file"


def extension_of(name: str) -> str:
    """What stands behind the last dot, in lower case; "" if there is none that an address can carry."""
    stem, dot, extension = name.rpartition(".")
    extension = extension.lower()
    is_plain = extension.isascii() and extension.isalnum() and len(extension) <= _MAX_EXTENSION
    return extension if stem and dot and is_plain else ""


def download_name(name: str, *, extension: str) -> str:
    """The name to save a file under: its own, ending as its content demands."""
    known = extension_of(name)
    if known == extension or extension == "unk":
        return name
    stem = name.removesuffix(f".{name.rpartition('.')[2]}") if known else name
    return f"{stem}.{extension}"
