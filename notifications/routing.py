"""The event streams; `config.asgi` takes these paths before Django."""

from __future__ import annotations

from typing import Any

from django.urls import path

from notifications.consumers import events_over_sse, events_over_websocket

# Channels' URLRouter takes ASGI applications where Django's types say views.
_sse: Any = events_over_sse
_websocket: Any = events_over_websocket
events_http = [path("api/v1/events", _sse)]
events_websocket = [path("ws/v1/events", _websocket)]
