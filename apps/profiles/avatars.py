"""The picture of somebody new (contract A 23.7): the back ends that AVATARS names.

It is made by a job, stored like an upload and attached like a chosen avatar, so nothing is asked of another server when
a page is shown.
"""

import hashlib
import io
import logging
from typing import Protocol

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.module_loading import import_string
from PIL import Image, ImageDraw

from apps.core.errors import ApiError
from apps.core.outbound import BrokenAnswer, Limits, OutboundError, fetch
from apps.files.attaching import Choice
from apps.files.preparing import Prepared, prepare_file
from apps.files.services import store_file
from apps.files.sizes import Box
from apps.profiles.attachments import attach_first_avatar
from apps.profiles.models import Profile

log = logging.getLogger(__name__)

#: Pixels of a side (contract A 23.7).
SIDE = 100
_CELLS = 5
_MARGIN = 10
_CELL = (SIDE - 2 * _MARGIN) // _CELLS
_BACKGROUND = (240, 240, 240)
_LIMITS = Limits(total=10.0, size=512 * 1024)
_PICTURES = frozenset({"image/gif", "image/jpeg", "image/png", "image/webp"})


class Avatars(Protocol):
    """What AVATARS names."""

    def picture(self, *, user_id: int, email: str) -> bytes:
        """A picture for a user, the same each time unless they change it; raises an OutboundError."""
        ...


class DrawnAvatars:
    """The local default: a pattern that is drawn here."""

    def picture(self, *, user_id: int, email: str) -> bytes:
        """Squares, the same left and right, chosen by a keyed hash of the user's id."""
        noise = salted_hmac("apps.profiles.avatars", str(user_id), algorithm="sha256").digest()
        image = Image.new("P", (SIDE, SIDE), 0)
        image.putpalette([*_BACKGROUND, *_colour(noise)])
        draw = ImageDraw.Draw(image)
        for column in range((_CELLS + 1) // 2):
            for row in range(_CELLS):
                if noise[4 + column * _CELLS + row] % 2:
                    for mirrored in {column, _CELLS - 1 - column}:
                        left, top = _MARGIN + mirrored * _CELL, _MARGIN + row * _CELL
                        draw.rectangle((left, top, left + _CELL - 1, top + _CELL - 1), fill=1)
        stored = io.BytesIO()
        image.save(stored, format="PNG", optimize=True)
        return stored.getvalue()


def _colour(noise: bytes) -> tuple[int, int, int]:
    """A colour that stands out from the background."""
    red, green, blue = (byte * 3 // 4 for byte in noise[:3])
    return red, green, blue


class Gravatar:
    """Asks a server with Gravatar's interface at AVATAR_URL, which learns a hash of the address."""

    def picture(self, *, user_id: int, email: str) -> bytes:
        """What somebody has chosen there, else the pattern that it draws."""
        hash = hashlib.sha256(email.strip().lower().encode()).hexdigest()
        answer = fetch(
            f"{settings.AVATAR_URL.rstrip('/')}/{hash}",
            params={"d": "identicon", "s": str(SIDE)},
            limits=_LIMITS,
            content_types=_PICTURES,
        )
        if answer.status != 200:
            raise BrokenAnswer(f"the server of avatars answers {answer.status}")
        return answer.body


def give_avatar(*, profile_id: int) -> None:
    """Give a profile its first picture, unless it has one; what another server does not give is drawn here.

    Must not be called inside a transaction, because bytes are stored before their row.
    """
    profile = Profile.objects.select_related("user").filter(id=profile_id, avatar_url="").first()
    if profile is None or not settings.AVATARS:
        return
    prepared = _picture(import_string(settings.AVATARS)(), profile)
    file = store_file(prepared, site_id=profile.site_id, user_id=None)
    choice = Choice(file=file, name=prepared.name, extension=prepared.extension)
    attach_first_avatar(choice, site_id=profile.site_id, profile_id=profile.id)


def _picture(avatars: Avatars, profile: Profile) -> Prepared:
    try:
        return _prepared(avatars, profile)
    except (OutboundError, ApiError) as error:
        log.warning("an avatar was drawn here, because the server of avatars gives none: %s", error)
        return _prepared(DrawnAvatars(), profile)


def _prepared(avatars: Avatars, profile: Profile) -> Prepared:
    content = avatars.picture(user_id=profile.user_id, email=profile.user.email)
    return prepare_file(io.BytesIO(content), name="avatar.png", box=Box(SIDE, SIDE))
