"""The shapes of events and webhooks in the REST API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from notifications.models import Delivery, Webhook
from notifications.policy import GENERATION_EVENTS, URL_LENGTH_MAX, WEBHOOK_EVENTS

DISABLED_REASONS = ("gone", "failing")


class NotificationSerializer(serializers.Serializer[Any]):
    """One durable event."""

    id = serializers.CharField(help_text="The number that an event stream resumes after.")
    type = serializers.CharField()
    data = serializers.DictField()  # type: ignore[assignment]  # a field named as a property
    created_at = serializers.DateTimeField()


class NotificationPageSerializer(serializers.Serializer[Any]):
    """A page of durable events."""

    items = NotificationSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class WebhookRequestSerializer(serializers.Serializer[Any]):
    """A webhook to make."""

    url = serializers.CharField(max_length=URL_LENGTH_MAX)
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=WEBHOOK_EVENTS),
        min_length=1,
        default=list(GENERATION_EVENTS),
    )


class WebhookChangeSerializer(serializers.Serializer[Any]):
    """What to change of a webhook; what is left out stays."""

    url = serializers.CharField(max_length=URL_LENGTH_MAX, required=False)
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=WEBHOOK_EVENTS), min_length=1, required=False
    )
    enabled = serializers.BooleanField(required=False)


class WebhookSerializer(serializers.Serializer[Any]):
    """A webhook; its secret is told when it is made or rotated, and never again."""

    id = serializers.UUIDField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(choices=WEBHOOK_EVENTS))
    enabled = serializers.BooleanField(source="is_enabled")
    disabled_because = serializers.SerializerMethodField()
    failing_since = serializers.DateTimeField(
        allow_null=True, help_text="The first failure since the last success."
    )
    old_secret_until = serializers.DateTimeField(
        allow_null=True, help_text="Until then the secret before signs along."
    )
    created_at = serializers.DateTimeField()

    @extend_schema_field(serializers.ChoiceField(choices=DISABLED_REASONS, allow_null=True))
    def get_disabled_because(self, webhook: Webhook) -> str | None:
        """Return why the server disabled it; None where it did not."""
        return webhook.disabled_because or None


class WebhookListSerializer(serializers.Serializer[Any]):
    """My webhooks."""

    items = WebhookSerializer(many=True)


class NewSecretSerializer(WebhookSerializer):
    """A webhook and its new secret."""

    secret = serializers.CharField(help_text="`whsec_…`, told this once.")


class DeliverySerializer(serializers.Serializer[Any]):
    """One event on its way to a webhook."""

    id = serializers.SerializerMethodField(help_text="`webhook-id` of every try.")
    type = serializers.CharField()
    state = serializers.ChoiceField(choices=Delivery.State.values)
    tries = serializers.IntegerField()
    http_status = serializers.IntegerField(
        allow_null=True, help_text="Of the last answer; null: there was none."
    )
    error = serializers.CharField(help_text="Why the last try had no answer; empty: it had one.")
    tried_at = serializers.DateTimeField(allow_null=True)
    next_try_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    def get_id(self, delivery: Delivery) -> str:
        """Return the id that receivers see."""
        return f"msg_{delivery.pk.hex}"


class DeliveryPageSerializer(serializers.Serializer[Any]):
    """A page of deliveries."""

    items = DeliverySerializer(many=True)
    next = serializers.CharField(allow_null=True)
