"""Profiles: what comes in and what goes out."""

from typing import Any, ClassVar

from rest_framework import serializers

from apps.core.openapi import LinkOutput, Output
from apps.core.serializers import Flag, Input, Text, Whole


class FlagsOutput(Output):
    """Flags of anything (contract A 7.4): each is left out when it is unknown."""

    sticky = serializers.BooleanField(required=False)
    open = serializers.BooleanField(required=False)
    deleted = serializers.BooleanField(required=False)
    moderated = serializers.BooleanField(required=False)
    visible = serializers.BooleanField(required=False)
    unread = serializers.BooleanField(required=False)
    watched = serializers.BooleanField(required=False)
    ignored = serializers.BooleanField(required=False)
    sendEmail = serializers.BooleanField(required=False)
    sendSMS = serializers.BooleanField(required=False)
    attending = serializers.BooleanField(required=False)


class ProfileSummaryMetaOutput(Output):
    """`meta` of a profile summary; the summary of nobody has no links."""

    flags = FlagsOutput()
    links = LinkOutput(many=True, required=False)


class ProfileSummaryOutput(Output):
    """A person wherever one is named (contract A 7.6)."""

    id = serializers.IntegerField()
    siteId = serializers.IntegerField(required=False)
    userId = serializers.IntegerField()
    profileName = serializers.CharField()
    visible = serializers.BooleanField()
    avatar = serializers.CharField(allow_blank=True)
    meta = ProfileSummaryMetaOutput()


class StatOutput(Output):
    """A number about something (contract A 7.2)."""

    metric = serializers.CharField()
    value = serializers.IntegerField()


class ProfileOptionsOutput(Output):
    """A member's switches (contract A 23.5)."""

    profileId = serializers.IntegerField()
    showDOB = serializers.BooleanField()
    showDOBYear = serializers.BooleanField()
    sendEmail = serializers.BooleanField()
    sendSMS = serializers.BooleanField()
    isDiscouraged = serializers.BooleanField()


class UserMetaOutput(Output):
    """`meta` of a user's record."""

    links = LinkOutput(many=True)


class UserOutput(Output):
    """A person on the platform (contract A 13.2)."""

    userId = serializers.IntegerField()
    email = serializers.CharField()
    gender = serializers.CharField(required=False)
    language = serializers.CharField(required=False)
    created = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=["email_confirm", "valid", "email_confirm_edit"])
    banned = serializers.BooleanField(required=False)
    dobDay = serializers.IntegerField(required=False)
    dobMonth = serializers.IntegerField(required=False)
    dobYear = serializers.IntegerField(required=False)
    canonicalEmail = serializers.CharField()
    meta = UserMetaOutput()


class RefusingInput(Input):
    """An input that refuses some keys instead of ignoring them."""

    refused: ClassVar[frozenset[str]] = frozenset()

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, dict):
            for key, value in data.items():
                if str(key).lower() in self.refused and value is not None:
                    raise serializers.ValidationError({str(key): "must not be sent"}, code="refused")
        return super().to_internal_value(data)


class ProfileInput(Input):
    """What can be changed of a profile (contract A 23.4)."""

    profileName = Text(required=False)
    visible = Flag(required=False)
    styleId = Whole(required=False, min_value=0, max_value=32767)
    gender = Text(required=False)


class NewProfileInput(RefusingInput, ProfileInput):
    """The same for a new profile, which refuses what the server decides (contract A 23.3)."""

    refused = frozenset({"siteid", "userid", "id", "itemcount", "commentcount", "created", "lastactive"})


class ProfileOptionsInput(Input):
    """Switches to change (contract A 23.5)."""

    showDOB = Flag(required=False)
    showDOBYear = Flag(required=False)
    sendEmail = Flag(required=False)
    sendSMS = Flag(required=False)


class NewUserInput(RefusingInput):
    """Somebody to give a profile (contract A 13.1)."""

    refused = frozenset({"userid", "created"})

    email = Text(allow_blank=False)


class BatchRowInput(Input):
    """A member to import, and whether they carry the mark of a member (contract A 13.3)."""

    email = Text(allow_blank=False)
    isMember = Flag(required=True)
