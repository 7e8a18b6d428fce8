"""The shapes of events in the REST API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


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
