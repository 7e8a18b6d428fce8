"""The two carriers of an event stream: server-sent events and a WebSocket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, cast
from urllib.parse import parse_qs

from asgiref.typing import (
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    HTTPScope,
    Scope,
    WebSocketScope,
)

from core.errors import DomainError
from core.problems import MEDIA_TYPE, problem, problem_of
from core.trace import start_trace
from notifications.hub import hub
from notifications.streams import listener_of, messages, starting_point

SUBPROTOCOL = "vignette.v1"
TOKEN_PREFIX = "bearer."  # noqa: S105 - browsers can only send a token as a subprotocol
CLOSE_UNAUTHENTICATED = 4401
CLOSE_BAD_RESUME = 4400
CLOSE_TOO_MANY = 4429


async def events_over_sse(
    scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Serve `GET /api/v1/events`; durable events carry the id for `Last-Event-ID` to resume."""
    scope = cast("HTTPScope", scope)
    start_trace(_header(scope, b"x-request-id"))
    if scope["method"] != "GET":
        body = problem(status=405, code="method_not_allowed", title="Method Not Allowed.")
        await _answer_problem(send, body, extra=[(b"allow", b"GET")])
        return
    listener = await listener_of(_bearer(scope))
    if listener is None:
        body = problem(status=401, code="not_authenticated", title="Unauthorized.")
        await _answer_problem(send, body, extra=[(b"www-authenticate", b"Bearer")])
        return
    after = _header(scope, b"last-event-id") or _query(scope, "after")
    try:
        with hub().mailbox(listener.user_id) as mailbox:
            start = await starting_point(listener.user_id, after)
            await send(
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": [
                        (b"content-type", b"text/event-stream; charset=utf-8"),
                        (b"cache-control", b"no-store"),
                        (b"x-accel-buffering", b"no"),  # nginx hands each event on at once
                    ],
                    "trailers": False,
                }
            )

            async def write() -> None:
                async for message in messages(listener, mailbox, after=start):
                    await send(_chunk(_sse(message), more=True))
                await send(_chunk(b"", more=False))

            await _until_gone(write(), receive)
    except DomainError as error:
        await _answer_problem(send, problem_of(error))


async def events_over_websocket(
    scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Serve `/ws/v1/events`: one JSON text per event; `?after=<id>` resumes.

    Refusals accept first and close with 4400, 4401 or 4429, so that browsers can read the code.
    """
    scope = cast("WebSocketScope", scope)
    await receive()  # websocket.connect
    offered = list(scope["subprotocols"])
    await send(
        {
            "type": "websocket.accept",
            "subprotocol": SUBPROTOCOL if SUBPROTOCOL in offered else None,
            "headers": [],
        }
    )
    token = _bearer(scope) or next(
        (p.removeprefix(TOKEN_PREFIX) for p in offered if p.startswith(TOKEN_PREFIX)), ""
    )
    listener = await listener_of(token)
    if listener is None:
        await send(_close(CLOSE_UNAUTHENTICATED, "not_authenticated"))
        return
    try:
        with hub().mailbox(listener.user_id) as mailbox:
            start = await starting_point(listener.user_id, _query(scope, "after"))

            async def write() -> None:
                async for message in messages(listener, mailbox, after=start):
                    # The server pings by itself; an idle stream needs no text of ours.
                    if message is not None:
                        text = json.dumps(message)
                        await send({"type": "websocket.send", "text": text, "bytes": None})
                await send(_close(CLOSE_UNAUTHENTICATED, "token_expired"))

            await _until_gone(write(), receive)
    except DomainError as error:
        code = CLOSE_TOO_MANY if error.retryable else CLOSE_BAD_RESUME
        await send(_close(code, error.code))


async def _until_gone(writing: Coroutine[Any, Any, None], receive: ASGIReceiveCallable) -> None:
    """Write until the stream ends or the client goes away; what a client sends is ignored."""
    writer = asyncio.create_task(writing)
    watcher = asyncio.create_task(_disconnected(receive))
    try:
        await asyncio.wait({writer, watcher}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (writer, watcher):
            task.cancel()
    for task in (writer, watcher):
        with suppress(asyncio.CancelledError, OSError):  # a write to a client that is gone
            await task


async def _disconnected(receive: ASGIReceiveCallable) -> None:
    while (await receive())["type"] not in {"http.disconnect", "websocket.disconnect"}:
        pass


async def _answer_problem(
    send: ASGISendCallable, body: dict[str, Any], extra: list[tuple[bytes, bytes]] | None = None
) -> None:
    headers = [(b"content-type", MEDIA_TYPE.encode()), *(extra or [])]
    start: ASGISendEvent = {
        "type": "http.response.start",
        "status": body["status"],
        "headers": headers,
        "trailers": False,
    }
    await send(start)
    await send(_chunk(json.dumps(body).encode(), more=False))


def _sse(message: dict[str, Any] | None) -> bytes:
    """Return the frame of one event, or a comment that keeps proxies from closing the stream."""
    if message is None:
        return b": still here\n\n"
    number = f"id: {message['id']}\n" if message["id"] is not None else ""
    return f"{number}event: {message['type']}\ndata: {json.dumps(message['data'])}\n\n".encode()


def _chunk(body: bytes, *, more: bool) -> ASGISendEvent:
    return {"type": "http.response.body", "body": body, "more_body": more}


def _close(code: int, reason: str) -> ASGISendEvent:
    return {"type": "websocket.close", "code": code, "reason": reason}


def _header(scope: HTTPScope | WebSocketScope, name: bytes) -> str:
    return next((v.decode("latin-1") for k, v in scope["headers"] if k == name), "")


def _bearer(scope: HTTPScope | WebSocketScope) -> str:
    scheme, _, token = _header(scope, b"authorization").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _query(scope: HTTPScope | WebSocketScope, name: str) -> str:
    values = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=20).get(name)
    return values[0] if values else ""
