"""One port for everything: events go to Channels, the rest to Django's WSGI handler.

The WSGI handler on threads costs about half the CPU a request of Django's own ASGI path
(docs/decisions/0002-one-port.md has the measurement).
"""

from __future__ import annotations

from typing import Any

from a2wsgi import WSGIMiddleware
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, Scope
from channels.routing import ProtocolTypeRouter, URLRouter

from config.wsgi import application as wsgi_application  # first: it sets Django up
from notifications.routing import events_http, events_websocket

_wsgi: Any = wsgi_application  # a2wsgi has types of its own for WSGI and ASGI
_django: Any = WSGIMiddleware(_wsgi, workers=16)
_events = ProtocolTypeRouter(
    {"http": URLRouter(events_http), "websocket": URLRouter(events_websocket)}
)
EVENT_PATHS = frozenset({"/api/v1/events", "/ws/v1/events"})


async def application(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Hand a connection to the event stream or to Django."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["path"] in EVENT_PATHS:
        await _events(scope, receive, send)
    elif scope["type"] == "http":
        await _django(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 4404, "reason": None})


async def _lifespan(receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return
