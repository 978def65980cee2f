"""The people of a site and each one's profile (contract A 23.1 to 23.4)."""

from dataclasses import astuple
from typing import Any

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.errors import Banned
from apps.core.openapi import LAX_FLAG, operation, patch_document, query_parameter
from apps.core.pagination import collection
from apps.core.patching import read_patch
from apps.core.response_cache import FLEETING, kept
from apps.permissions.access import Need, access_profile, require_site_owner
from apps.permissions.queries import Permissions
from apps.profiles import queries, services
from apps.profiles.api.composition import profile_shape
from apps.profiles.api.serializers import PeopleOutput, ProfileOutput
from apps.profiles.models import Profile
from apps.profiles.serializers import NewProfileInput, ProfileInput
from apps.profiles.shapes import profile_summary, watch_flags
from apps.sites.types import ItemType, href
from apps.text.cleaning import escape, unescape

#: What the wire calls the fields of a profile that can be changed.
_FIELDS = {"profileName": "name", "visible": "is_visible", "styleId": "style_id", "gender": "gender"}


class ProfileList(Api):
    """`/profiles`."""

    @operation(
        "The people of the site",
        answer=PeopleOutput,
        cursors=True,
        query=(
            query_parameter("top", LAX_FLAG, "Those who comment most first, instead of by name."),
            query_parameter("q", str, "How the name begins, in any case; a leading @ or + does not count."),
            query_parameter("following", LAX_FLAG, "Only people whom the caller watches."),
            query_parameter("online", LAX_FLAG, "Only people who were here within 90 minutes."),
        ),
    )
    @kept()
    def get(self, request: Request) -> Answer:
        wanted = queries.PeopleFilter(
            start=_stored_start(request.query_params.get("q", "")),
            is_top=self.query_flag("top"),
            is_following=self.query_flag("following"),
            is_online=self.query_flag("online"),
        )
        # Whom somebody follows is a list of their own.
        owner = self.viewer.profile_id if wanted.is_following else 0
        paging, url = self.paging_of("profiles", *astuple(wanted), owner), self.url
        rows = queries.people_rows(self.viewer, wanted, paging=paging)
        head = rows[0]
        people, ends = paging.cut([row for row in rows if row.id is not None], total=head.total, key=wanted.key)
        meta = {
            "flags": watch_flags(head),
            "links": [{"rel": "self", "href": url.as_sent(paging.offset)}],
            "permissions": Permissions.of_row(head).shape(),
        }
        page = collection(
            paging=paging,
            total=head.total,
            items=[_summary(row, site_id=self.viewer.site_id) for row in people],
            type=href(ItemType.PROFILE),
            url=url,
            ends=ends,
        )
        return Answer({"profiles": page, "meta": meta}, headers=ends.headers(url), may_be_kept=not wanted.is_online)

    @operation(
        "Ask for a profile: the caller has one already, and may change it in passing",
        body=NewProfileInput,
        success=(302,),
        prefer=201,
        represents=ProfileOutput,
    )
    def post(self, request: Request) -> Answer:
        profile_id = self.viewer.require_profile()
        changes = _changes(NewProfileInput.read(request.data))
        access = access_profile(self.viewer, profile_id, Need.UPDATE)
        services.edit_profile(access.thing, actor_id=profile_id, **changes)
        return self.wrote(
            href(ItemType.PROFILE, profile_id),
            representation=lambda: profile_shape(self.viewer, profile_id),
            created=True,
        )


class ProfileDetail(Api):
    """`/profiles/{id}`; on the root site only one's own."""

    @operation("A profile", answer=ProfileOutput)
    # It says when they were here last, which moves no version.
    @kept(lifetime=FLEETING)
    def get(self, request: Request, profile_id: int) -> Answer:
        return Answer(profile_shape(self.viewer, profile_id))

    @operation("Change a profile", body=ProfileInput, success=(302,), prefer=200, represents=ProfileOutput)
    def put(self, request: Request, profile_id: int) -> Answer:
        changes = _changes(ProfileInput.read(request.data))
        profile = self._access(profile_id, Need.UPDATE)
        services.edit_profile(profile, actor_id=self.viewer.profile_id, **changes)
        return self.wrote(
            href(ItemType.PROFILE, profile_id), representation=lambda: profile_shape(self.viewer, profile_id)
        )

    @operation(
        "Give or take the mark of a member: the path is /member",
        body=patch_document(["/member"]),
        errors=(501,),
    )
    def patch(self, request: Request, profile_id: int) -> Answer:
        replacements = read_patch(request.data, paths={"/member"})
        profile = self._access(profile_id, Need.READ)
        require_site_owner(self.viewer)
        services.set_membership(
            {profile.id: replacements[-1].value}, site_id=self.viewer.site_id, actor_id=self.viewer.profile_id
        )
        return Answer()

    def _access(self, profile_id: int, need: Need) -> Profile:
        # The door lets the banned through to their own profile: they may see it, and nothing more.
        if self.viewer.is_banned:
            raise Banned
        return access_profile(self.viewer, profile_id, need).thing


def _stored_start(q: str) -> str:
    """How the stored, escaped names begin that `q` asks for."""
    return escape(unescape(q.strip().lstrip("+@")))


def _changes(body: dict[str, Any]) -> dict[str, Any]:
    return {_FIELDS[key]: value for key, value in body.items()}


def _summary(row: Any, *, site_id: int) -> dict[str, Any]:
    return profile_summary(
        id=row.id,
        site_id=site_id,
        user_id=row.user_id,
        name=row.name,
        is_visible=row.is_visible,
        avatar_url=row.avatar_url,
    )
