"""Attributes of items, whatever their kind (contract A 26)."""

from typing import ClassVar

from apps.items.access import access_item
from apps.items.events import ConversationEdited
from apps.items.models import ItemAttribute
from apps.items.services import edited_news
from apps.permissions.access import Need
from apps.sites.api.attributes import AttributeDetail, AttributeList, AttributeView
from apps.sites.types import ItemType


class _ItemAttributes(AttributeView):
    model = ItemAttribute
    parent_field = "item_id"
    kind: ClassVar[ItemType] = ItemType.CONVERSATION

    @property
    def word(self) -> str:  # type: ignore[override]
        """The kind, in the plural."""
        return self.kind.plural

    def access(self, parent_id: int, need: Need) -> None:
        self.item = access_item(self.viewer, parent_id, need, kind=self.kind).thing

    def news(self, parent_id: int) -> ConversationEdited:
        return edited_news(self.item, actor_id=self.viewer.profile_id)


class ItemAttributeList(_ItemAttributes, AttributeList):
    """`/conversations/{id}/attributes` and its like: `as_view(kind=...)`."""


class ItemAttributeDetail(_ItemAttributes, AttributeDetail):
    """`/conversations/{id}/attributes/{key}` and its like."""
