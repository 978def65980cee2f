"""Permissions, roles and bans: what comes in and what goes out."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.openapi import LinkOutput, Output, page_of
from apps.core.serializers import MAX_ID, Flag, Input, Scalar, Text, Whole
from apps.profiles.serializers import ProfileSummaryOutput


class PermissionsOutput(Output):
    """What the caller may do (contract A 7.5)."""

    create = serializers.BooleanField()  # type: ignore[assignment]
    read = serializers.BooleanField()
    update = serializers.BooleanField()  # type: ignore[assignment]
    delete = serializers.BooleanField()
    closeOwn = serializers.BooleanField()
    openOwn = serializers.BooleanField()
    readOthers = serializers.BooleanField()
    guest = serializers.BooleanField()
    banned = serializers.BooleanField()
    owner = serializers.BooleanField()
    moderator = serializers.BooleanField()
    siteOwner = serializers.BooleanField()


# --- What comes in ---------------------------------------------------------------------------


class RoleMetaInput(Input):
    """What a client may write in `meta` of a role."""

    editReason = Text(required=False)


class RoleInput(Input):
    """A role (contract A 22.1), or the part of it that changes."""

    title = Text(required=False)
    moderator = Flag(required=False)
    banned = Flag(required=False)
    includeGuests = Flag(required=False)
    includeUsers = Flag(required=False)
    create = Flag(required=False)  # type: ignore[assignment]
    read = Flag(required=False)  # type: ignore[assignment]
    update = Flag(required=False)  # type: ignore[assignment]
    delete = Flag(required=False)
    closeOwn = Flag(required=False)
    openOwn = Flag(required=False)
    readOthers = Flag(required=False)
    meta = RoleMetaInput(required=False)


class ReferenceInput(Input):
    """An entry of a list that names things by their ids."""

    id = Whole(min_value=1, max_value=MAX_ID)


class CriterionInput(Input):
    """A criterion (contract A 22.6), or the part of it that changes."""

    orGroup = Whole(required=False, min_value=-(2**31), max_value=2**31 - 1)
    profileColumn = Text(required=False)
    attrKey = Text(required=False)
    predicate = Text(required=False)
    value = Scalar(required=False)


class BanInput(Input):
    """A ban (docs/api/bans.md)."""

    profileId = Whole(min_value=1)
    reason = Text(required=False, default="")
    expires = serializers.DateTimeField(required=False)


# --- What goes out ---------------------------------------------------------------------------


class RoleMetaOutput(Output):
    """`meta` of a role: the edited group only after an edit, permissions only on single reads."""

    created = serializers.DateTimeField()
    createdBy = ProfileSummaryOutput()
    edited = serializers.DateTimeField(required=False)
    editedBy = ProfileSummaryOutput(required=False)
    editReason = serializers.CharField(required=False)
    links = LinkOutput(many=True)
    permissions = PermissionsOutput(required=False)


class RoleOutput(Output):
    """A role (contract A 22.1)."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    siteId = serializers.IntegerField()
    microcosmId = serializers.IntegerField()
    moderator = serializers.BooleanField()
    banned = serializers.BooleanField()
    includeGuests = serializers.BooleanField()
    includeUsers = serializers.BooleanField()
    create = serializers.BooleanField()  # type: ignore[assignment]
    read = serializers.BooleanField()
    update = serializers.BooleanField()  # type: ignore[assignment]
    delete = serializers.BooleanField()
    closeOwn = serializers.BooleanField()
    openOwn = serializers.BooleanField()
    readOthers = serializers.BooleanField()
    meta = RoleMetaOutput()


class ListedRoleOutput(RoleOutput):
    """A role in a list, with the first people in it."""

    members = page_of(ProfileSummaryOutput)


@extend_schema_field({"type": "object", "additionalProperties": False})
class NothingOutput(serializers.DictField):
    """An object without keys."""


class RoleListOutput(Output):
    """The roles that count in a microcosm (contract A 22.2)."""

    roles = page_of(ListedRoleOutput)
    meta = NothingOutput()


class RoleProfileListOutput(Output):
    """People of a role (contract A 22.4, 22.8)."""

    profiles = page_of(ProfileSummaryOutput)
    meta = NothingOutput()


@extend_schema_field({"type": ["string", "number", "boolean"]})
class ScalarOutput(serializers.JSONField):
    """A string, number or bool."""


class CriterionOutput(Output):
    """A criterion (contract A 22.6): a column or the key of an attribute is tested."""

    id = serializers.IntegerField()
    orGroup = serializers.IntegerField()
    profileColumn = serializers.CharField(required=False)
    attrKey = serializers.CharField(required=False)
    predicate = serializers.CharField()
    value = ScalarOutput()


class CriterionListOutput(Output):
    """The criteria of a role."""

    criteria = page_of(CriterionOutput)
    meta = NothingOutput()


class BanMetaOutput(Output):
    """`meta` of a ban."""

    created = serializers.DateTimeField()
    createdBy = ProfileSummaryOutput()
    links = LinkOutput(many=True)


class BanOutput(Output):
    """A ban in force (docs/api/bans.md)."""

    profile = ProfileSummaryOutput()
    reason = serializers.CharField(allow_blank=True)
    expires = serializers.DateTimeField(required=False)
    meta = BanMetaOutput()


class BanListOutput(Output):
    """The bans in force of a site."""

    bans = page_of(BanOutput)
    meta = NothingOutput()
