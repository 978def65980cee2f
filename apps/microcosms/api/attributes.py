"""Attributes of microcosms (contract A 26)."""

from apps.microcosms.events import MicrocosmEdited
from apps.microcosms.models import MicrocosmAttribute
from apps.permissions.access import Need, access_microcosm
from apps.sites.api.attributes import AttributeDetail, AttributeList, AttributeView


class _MicrocosmAttributes(AttributeView):
    model = MicrocosmAttribute
    parent_field = "microcosm_id"
    word = "microcosms"

    def access(self, parent_id: int, need: Need) -> None:
        self.microcosm = access_microcosm(self.viewer, parent_id, need).thing

    def news(self, parent_id: int) -> MicrocosmEdited:
        return MicrocosmEdited(
            site_id=self.viewer.site_id,
            actor_id=self.viewer.profile_id,
            microcosm_id=parent_id,
            was_visible=self.microcosm.is_live,
        )


class MicrocosmAttributeList(_MicrocosmAttributes, AttributeList):
    """`/microcosms/{id}/attributes`."""


class MicrocosmAttributeDetail(_MicrocosmAttributes, AttributeDetail):
    """`/microcosms/{id}/attributes/{key}`."""
