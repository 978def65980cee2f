"""What old addresses lead to, in the contract's JSON (A 28)."""

from rest_framework import serializers

from apps.core.openapi import LinkOutput, Output


class ResolvedOutput(Output):
    """The verdict on an old address."""

    url = serializers.CharField()
    status = serializers.ChoiceField(choices=[301, 404])
    redirect = LinkOutput()
    itemType = serializers.CharField(required=False)
    itemId = serializers.IntegerField(required=False)
    offset = serializers.IntegerField(required=False)
    action = serializers.ChoiceField(choices=["incontext", "search", "online"], required=False)
    search = serializers.CharField(required=False)
