"""What the routes of webhooks read and answer."""

from rest_framework import serializers

from apps.core.openapi import Output, page_of
from apps.core.serializers import MAX_ID, Input, Text, Whole
from apps.permissions.serializers import NothingOutput
from apps.webhooks.models import MAX_KIND_LENGTH, MAX_URL_LENGTH, Delivery, Webhook
from apps.webhooks.services import MAX_KINDS


class WebhookInput(Input):
    """A webhook as its owner describes it."""

    url = Text(max_length=MAX_URL_LENGTH, required=False)
    kinds = serializers.ListField(child=Text(max_length=MAX_KIND_LENGTH), max_length=MAX_KINDS, required=False)


class ReplayInput(Input):
    """Where to begin again."""

    after = Whole(min_value=0, max_value=MAX_ID)


class WebhookOutput(Output):
    """A webhook, without its secret."""

    id = serializers.IntegerField()
    url = serializers.CharField()
    kinds = serializers.ListField(child=serializers.CharField())
    active = serializers.BooleanField()
    disabledReason = serializers.ChoiceField(choices=Webhook.Disabled.choices, required=False)
    profileId = serializers.IntegerField()
    position = serializers.IntegerField()
    failingSince = serializers.CharField(required=False)
    created = serializers.CharField()


class NewWebhookOutput(WebhookOutput):
    """A webhook that was just made, with its secret, which is shown this once."""

    secret = serializers.CharField()


class SecretOutput(Output):
    """A secret, which is shown this once."""

    secret = serializers.CharField()


class WebhookListOutput(Output):
    """The webhooks of a site."""

    webhooks = page_of(WebhookOutput)
    meta = NothingOutput()


class DeliveryOutput(Output):
    """One delivery and how its last try ended."""

    id = serializers.CharField()
    kind = serializers.CharField()
    position = serializers.IntegerField(required=False)
    status = serializers.ChoiceField(choices=Delivery.Status.choices)
    tries = serializers.IntegerField()
    created = serializers.CharField()
    due = serializers.CharField(required=False)
    tried = serializers.CharField(required=False)
    responseStatus = serializers.IntegerField(required=False)
    milliseconds = serializers.IntegerField(required=False)
    error = serializers.CharField(required=False)


class DeliveryListOutput(Output):
    """What a webhook was or will be sent."""

    deliveries = page_of(DeliveryOutput)
    meta = NothingOutput()
