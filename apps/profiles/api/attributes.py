"""Attributes of profiles (contract A 26)."""

from collections.abc import Collection, Mapping

from django.db import transaction

from apps.core.attributes import Value
from apps.core.errors import Banned
from apps.permissions.access import Need, access_profile, require_site_owner
from apps.permissions.queries import is_tested
from apps.profiles.events import ProfileEdited
from apps.profiles.models import ProfileAttribute
from apps.profiles.services import MEMBER_KEY, mark_claims
from apps.sites.api.attributes import AttributeDetail, AttributeList, AttributeView


class _ProfileAttributes(AttributeView):
    model = ProfileAttribute
    parent_field = "profile_id"
    word = "profiles"

    def access(self, parent_id: int, need: Need) -> None:
        # The door lets the banned through to their own profile: they may see it, and nothing more.
        if self.viewer.is_banned:
            raise Banned
        access_profile(self.viewer, parent_id, need)

    def check_keys(self, keys: Collection[str]) -> None:
        """What gives access is for the owner of the site: nobody lets themselves in."""
        if MEMBER_KEY in keys or is_tested(site_id=self.viewer.site_id, keys=keys):
            require_site_owner(self.viewer)

    @transaction.atomic
    def write(self, parent: dict[str, int], values: Mapping[str, Value]) -> None:
        super().write(parent, values)
        mark_claims(**parent, keys=values.keys(), is_own_claim=not self.viewer.is_site_owner)

    def news(self, parent_id: int) -> ProfileEdited:
        return ProfileEdited(site_id=self.viewer.site_id, actor_id=self.viewer.profile_id, profile_id=parent_id)


class ProfileAttributeList(_ProfileAttributes, AttributeList):
    """`/profiles/{id}/attributes`."""


class ProfileAttributeDetail(_ProfileAttributes, AttributeDetail):
    """`/profiles/{id}/attributes/{key}`."""
