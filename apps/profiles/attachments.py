"""Avatars: the files attached to a profile, and which of them is shown (contract A 25)."""

from django.db import transaction

from apps.core import clock
from apps.core.errors import Missing, OutOfRange
from apps.core.events import publish
from apps.core.pagination import Paging, rows_of
from apps.files.attaching import Choice, UnknownFile, file_path
from apps.files.services import count_link, withdraw
from apps.profiles.events import ProfileEdited
from apps.profiles.models import Attachment, Profile


class LastAvatar(OutOfRange):
    """The last avatar cannot be removed."""


def avatar_page(*, profile_id: int, paging: Paging) -> tuple[int, list[Attachment]]:
    """How many files are attached to a profile, and a page of them in the order of their attaching."""
    attached = Attachment.objects.filter(profile_id=profile_id).select_related("file")
    return attached.count(), rows_of(attached, paging=paging, columns=("id",))


@transaction.atomic
def attach_avatar(choice: Choice, *, site_id: int, profile_id: int, actor_id: int) -> None:
    """Make a file the avatar of a profile; one that was attached before becomes the current one again."""
    _attach(_lock_profile(site_id=site_id, profile_id=profile_id), choice, actor_id=actor_id)


@transaction.atomic
def attach_first_avatar(choice: Choice, *, site_id: int, profile_id: int) -> None:
    """The same for a profile that has none; who has chosen one meanwhile keeps it."""
    profile = _lock_profile(site_id=site_id, profile_id=profile_id)
    if not profile.avatar_url:
        _attach(profile, choice, actor_id=profile.id)


def _attach(profile: Profile, choice: Choice, *, actor_id: int) -> None:
    attached, is_new = Attachment.objects.get_or_create(
        profile=profile,
        file=choice.file,
        defaults={
            "name": choice.name,
            "extension": choice.extension,
            "created_by_id": actor_id,
            "created_at": clock.now(),
        },
    )
    is_shown = _show(profile, attached, actor_id=actor_id)
    if is_new:
        if not is_shown:
            publish(ProfileEdited(site_id=profile.site_id, actor_id=actor_id, profile_id=profile.id))
        count_link(file_id=choice.file.id)


@transaction.atomic
def detach_avatar(*, site_id: int, profile_id: int, hash: str, actor_id: int) -> None:
    """Take a file off a profile; the most recent other one is shown if it was the current one.

    Raises UnknownFile for one that is not attached, LastAvatar for the only one.
    """
    profile = _lock_profile(site_id=site_id, profile_id=profile_id)
    attached = Attachment.objects.select_related("file").filter(profile=profile, file__hash=hash).first()
    if attached is None:
        raise UnknownFile
    other = Attachment.objects.select_related("file").filter(profile=profile).exclude(id=attached.id)
    latest = other.order_by("-id").first()
    if latest is None:
        raise LastAvatar
    attached.delete()
    was_shown = profile.avatar_url == _path(attached)
    if not (was_shown and _show(profile, latest, actor_id=actor_id)):
        publish(ProfileEdited(site_id=site_id, actor_id=actor_id, profile_id=profile_id))
    withdraw({attached.file_id: 1})


def _path(attached: Attachment) -> str:
    return file_path(attached.file.hash, attached.extension)


def _lock_profile(*, site_id: int, profile_id: int) -> Profile:
    profile = Profile.objects.select_for_update(no_key=True).filter(site_id=site_id, id=profile_id).first()
    if profile is None:
        raise Missing
    return profile


def _show(profile: Profile, attached: Attachment, *, actor_id: int) -> bool:
    """Make an attached file the current avatar; whether it was not."""
    if profile.avatar_url == _path(attached):
        return False
    profile.avatar_url = _path(attached)
    profile.save(update_fields=["avatar_url"])
    publish(ProfileEdited(site_id=profile.site_id, actor_id=actor_id, profile_id=profile.id))
    return True
