"""Attributes of anything (contract A 26): the views that each kind of parent completes, and those of the site."""

import math
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from datetime import date
from typing import Any, ClassVar

from django.db import transaction
from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.attributes import (
    Attribute,
    Value,
    attribute,
    attribute_page,
    delete_attributes,
    put_attributes,
)
from apps.core.errors import Missing, OutOfRange, WrongType
from apps.core.events import Event, publish
from apps.core.openapi import operation
from apps.core.pagination import collection
from apps.moderation.services import recorded
from apps.permissions.access import Need, require_site_owner
from apps.sites.events import SiteEdited
from apps.sites.models import SiteAttribute
from apps.sites.serializers import (
    AttributeInput,
    AttributeKeyInput,
    AttributeListOutput,
    AttributeOutput,
    AttributeValueInput,
)
from apps.text.cleaning import clean_sentence, clean_word

MAX_KEY_LENGTH = 50
MAX_VALUE_LENGTH = 10_000
#: How many attributes one request may write or delete.
MAX_ATTRIBUTES = 250
_DATE_LENGTH = len("2026-01-31")


class AttributeView(Api):
    """Base of both views; the parent's id is the first variable of the path."""

    #: The table of the attributes, its foreign key, and what the collection calls the parents.
    model: ClassVar[type[Attribute]]
    parent_field: ClassVar[str]
    word: ClassVar[str]

    def access(self, parent_id: int, need: Need) -> None:
        """Raise unless the viewer may do what they need to with the parent."""
        raise NotImplementedError

    def check_keys(self, keys: Collection[str]) -> None:
        """Raise for keys that the viewer may not write, whatever they may do with the parent."""

    def recording(self, kind: str, parent: dict[str, int], keys: Collection[str]) -> AbstractContextManager[None]:
        """A transaction that goes into the audit trail."""
        ids = parent | {"keys": sorted(keys)}
        return recorded(kind, site_id=self.viewer.site_id, actor_id=self.viewer.profile_id or None, ids=ids)

    def news(self, parent_id: int) -> Event:
        """What to tell of a parent that has other attributes."""
        raise NotImplementedError

    @transaction.atomic
    def write(self, parent: dict[str, int], values: Mapping[str, Value]) -> None:
        """Write attributes of the parent."""
        put_attributes(self.model, parent, values)
        publish(self.news(parent[self.parent_field]))

    @transaction.atomic
    def remove(self, parent: dict[str, int], keys: Collection[str]) -> None:
        """Remove attributes of the parent."""
        delete_attributes(self.model, parent, keys=keys)
        publish(self.news(parent[self.parent_field]))

    def parent(self, ids: Mapping[str, Any], need: Need) -> dict[str, int]:
        """The parent as its foreign key, for a viewer who may do that to it."""
        parent_id: int = next(iter(ids.values()))
        self.access(parent_id, need)
        return {self.parent_field: parent_id}


class AttributeList(AttributeView):
    """`/<parents>/{id}/attributes`."""

    @operation("The attributes of something", answer=AttributeListOutput, cursors=True)
    def get(self, request: Request, **ids: Any) -> Answer:
        """By key."""
        parent, url = self.parent(ids, Need.READ), self.url
        paging = self.paging_of("attributes", self.parent_field, *parent.values())
        total, rows = attribute_page(self.model, parent, paging=paging)
        rows, ends = paging.cut(rows, total=total, key=lambda row: (row.key,))
        # The reference says 0 instead of the parent's id.
        kind = f"/api/v1/{self.word}/0/attributes"
        items = [_shape(row) for row in rows]
        page = collection(paging=paging, total=total, items=items, type=kind, url=url, ends=ends)
        return Answer({"attributes": page}, headers=ends.headers(url))

    @operation("Write attributes", body={"application/json": AttributeInput(many=True)})
    def put(self, request: Request, **ids: Any) -> Answer:
        """New ones, or other values of those there are; all or none."""
        parent = self.parent(ids, Need.UPDATE)
        given = AttributeInput.read_list(request.data, max_length=MAX_ATTRIBUTES)
        values = {checked_key(entry["key"]): checked_value(entry["value"]) for entry in given}
        self.check_keys(values)
        with self.recording("attributes.written", parent, values):
            self.write(parent, values)
        return Answer()

    @operation("Delete attributes", body={"application/json": AttributeKeyInput(many=True)})
    def delete(self, request: Request, **ids: Any) -> Answer:
        """All of those named, or none if one is missing."""
        parent = self.parent(ids, Need.DELETE)
        given = AttributeKeyInput.read_list(request.data, max_length=MAX_ATTRIBUTES)
        keys = {checked_key(entry["key"]) for entry in given}
        self.check_keys(keys)
        with self.recording("attributes.deleted", parent, keys):
            self.remove(parent, keys)
        return Answer()


class AttributeDetail(AttributeView):
    """`/<parents>/{id}/attributes/{key}`."""

    @operation("One attribute of something", answer=AttributeOutput)
    def get(self, request: Request, key: str, **ids: Any) -> Answer:
        return Answer(_shape(attribute(self.model, self.parent(ids, Need.READ), key=key)))

    @operation("Write one attribute", body=AttributeValueInput, success=(302,), prefer=200, represents=AttributeOutput)
    def put(self, request: Request, key: str, **ids: Any) -> Answer:
        """A key in the body does not count."""
        parent = self.parent(ids, Need.UPDATE)
        value = checked_value(AttributeValueInput.read(request.data)["value"])
        key = checked_key(key)
        self.check_keys([key])
        with self.recording("attributes.written", parent, [key]):
            self.write(parent, {key: value})
        return self.wrote(
            self.request._request.path, representation=lambda: _shape(attribute(self.model, parent, key=key))
        )

    @operation("Delete one attribute")
    def delete(self, request: Request, key: str, **ids: Any) -> Answer:
        parent = self.parent(ids, Need.UPDATE)
        self.check_keys([key])
        with self.recording("attributes.deleted", parent, [key]):
            self.remove(parent, [key])
        return Answer()


def _shape(row: Attribute) -> dict[str, Any]:
    return {"key": row.key, "value": row.value}


def checked_key(key: str) -> str:
    """A key as it is stored; raises OutOfRange."""
    key = clean_word(key)
    if not key:
        raise OutOfRange("key must not be blank")
    if len(key) > MAX_KEY_LENGTH:
        raise OutOfRange(f"key may have {MAX_KEY_LENGTH} characters")
    return key


def checked_value(value: str | float | bool) -> Value:
    """A value as it is stored: a text that is a date becomes one; raises OutOfRange or WrongType."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _number(value)
    if not isinstance(value, str):
        raise WrongType("value must be a string, a number or a bool")
    text = clean_sentence(value).strip()
    if not text:
        raise OutOfRange("value must not be blank")
    # A list shows 250 of them.
    if len(text) > MAX_VALUE_LENGTH:
        raise OutOfRange(f"value may have {MAX_VALUE_LENGTH} characters")
    return _date(text) or text


def _number(value: float) -> float:
    try:
        number = float(value)
    except OverflowError as error:
        raise OutOfRange("value is too large") from error
    if not math.isfinite(number):
        raise OutOfRange("value is too large")
    return number


def _date(text: str) -> date | None:
    if len(text) != _DATE_LENGTH or text[4] != "-" or text[7] != "-" or not text.isascii():
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


class _SiteAttributes(AttributeView):
    model = SiteAttribute
    parent_field = "site_id"
    word = "site"

    def access(self, parent_id: int, need: Need) -> None:
        if parent_id != self.viewer.site_id:
            raise Missing
        if need is not Need.READ:
            # By `update` and `delete` on the site, which its creator has too (A 26, A 31.6).
            require_site_owner(self.viewer, or_creator=True)

    def news(self, parent_id: int) -> SiteEdited:
        return SiteEdited(site_id=parent_id, actor_id=self.viewer.profile_id)


class SiteAttributeList(_SiteAttributes, AttributeList):
    """`/site/{id}/attributes`: of the site one is on."""


class SiteAttributeDetail(_SiteAttributes, AttributeDetail):
    """`/site/{id}/attributes/{key}`."""
