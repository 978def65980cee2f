"""What accounts answer, as far as it tells of users, who are shown by profiles."""

from rest_framework import serializers

from apps.core.openapi import Output
from apps.profiles.serializers import UserOutput


class TokenOutput(Output):
    """An access token, shown to a request that carries it."""

    accessToken = serializers.CharField()
    user = UserOutput()
    clientId = serializers.IntegerField()
    created = serializers.DateTimeField()
    expires = serializers.DateTimeField()
