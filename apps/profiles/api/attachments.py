"""Avatars: `/profiles/{id}/attachments` (contract A 25)."""

from typing import Any

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.errors import Banned
from apps.core.openapi import operation
from apps.core.pagination import DEFAULT_LIMIT, Ends, Paging, RequestUrl
from apps.files.attaching import choose_file
from apps.files.serializers import AttachmentInput
from apps.files.shapes import attachment_list
from apps.permissions.access import Access, Need, access_profile
from apps.profiles.api.serializers import AttachmentListOutput
from apps.profiles.attachments import attach_avatar, avatar_page, detach_avatar
from apps.profiles.models import Profile
from apps.profiles.viewer import Viewer
from apps.sites.types import ItemType, href


class ProfileAttachmentList(Api):
    """`/profiles/{id}/attachments`."""

    @operation("The avatars of a profile", answer=AttachmentListOutput, cursors=True)
    def get(self, request: Request, profile_id: int) -> Answer:
        """The current one is that whose address is the `avatar` of the profile."""
        url = self.url
        shape, ends = self._page(self.paging_of("attachments", "profile", profile_id), profile_id, url=url)
        return Answer(shape, headers=ends.headers(url))

    @operation("Choose an avatar", body=AttachmentInput, success=(302,), prefer=201, represents=AttachmentListOutput)
    def post(self, request: Request, profile_id: int) -> Answer:
        """An uploaded file becomes the avatar; one that was attached before becomes the current one again."""
        access = _access(self.viewer, profile_id, Need.UPDATE)
        given = AttachmentInput.read(request.data)
        actor_id = self.viewer.require_profile()
        choice = choose_file(
            site_id=self.viewer.site_id,
            profile_id=actor_id,
            user_id=self.viewer.user_id,
            hash=given["fileHash"],
            name=given.get("fileName", ""),
        )
        attach_avatar(choice, site_id=self.viewer.site_id, profile_id=access.thing.id, actor_id=actor_id)
        return self.wrote(
            f"{href(ItemType.PROFILE, profile_id)}/attachments",
            representation=lambda: self._page(Paging(limit=DEFAULT_LIMIT), profile_id, url=self.url)[0],
            created=True,
        )

    def _page(self, paging: Paging, profile_id: int, *, url: RequestUrl) -> tuple[dict[str, Any], Ends]:
        access = _access(self.viewer, profile_id, Need.READ)
        total, rows = avatar_page(profile_id=access.thing.id, paging=paging)
        return attachment_list(rows, total=total, paging=paging, url=url, permissions=access.permissions.shape())


class ProfileAttachmentDetail(Api):
    """`/profiles/{id}/attachments/{hash}[.ext]`."""

    @operation("Remove an avatar")
    def delete(self, request: Request, profile_id: int, file_hash: str) -> Answer:
        """The last one stays; after the current one the most recent other one is shown."""
        access = _access(self.viewer, profile_id, Need.UPDATE)
        detach_avatar(
            site_id=self.viewer.site_id,
            profile_id=access.thing.id,
            hash=file_hash.partition(".")[0].lower(),
            actor_id=self.viewer.require_profile(),
        )
        return Answer()


def _access(viewer: Viewer, profile_id: int, need: Need) -> Access[Profile]:
    # The door lets the banned through to their own profile: they may see it, and nothing more.
    if viewer.is_banned:
        raise Banned
    return access_profile(viewer, profile_id, need)
