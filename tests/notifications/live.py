"""The real ASGI application on a real socket, in a thread of the test process."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from asgiref.sync import SyncToAsync
from django.db import connections
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

DEADLINE_SECONDS = 10.0


@contextmanager
def asgi_server() -> Iterator[str]:
    """Serve config.asgi on a free port; give its `host:port`."""
    from config.asgi import application  # noqa: PLC0415 - the services run by now

    config = uvicorn.Config(
        application,
        port=0,
        log_config=None,
        access_log=False,
        ws="websockets-sansio",
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run, name="asgi", daemon=True)
    thread.start()
    try:
        assert server.up.wait(DEADLINE_SECONDS)
        yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(DEADLINE_SECONDS)
        assert not thread.is_alive()
        # The streams read in asgiref's one thread, whose connection outlives the server.
        SyncToAsync.single_thread_executor.submit(connections.close_all).result(DEADLINE_SECONDS)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.up.set()


@dataclass
class SseClient:
    """A mobile client on the event stream: keeps what it got and where to resume."""

    address: str
    token: str
    last_event_id: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    _stream: Any = None
    _client: httpx.Client | None = None

    def open(self) -> httpx.Response:
        """Connect, resuming where the last connection ended."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if self.last_event_id:
            headers["Last-Event-ID"] = self.last_event_id
        self._client = httpx.Client(timeout=DEADLINE_SECONDS)
        request = self._client.build_request(
            "GET", f"http://{self.address}/api/v1/events", headers=headers
        )
        response = self._client.send(request, stream=True)
        self._stream = self._frames(response)
        return response

    def next(self) -> dict[str, Any]:
        """Return the next event; heartbeats are skipped."""
        return next(self._stream)

    def until(self, type_: str) -> dict[str, Any]:
        """Read on until an event of that type."""
        while (event := self.next())["type"] != type_:
            pass
        return event

    def cut(self) -> None:
        """Drop the connection without a word."""
        if self._client is not None:
            self._client.close()

    def _frames(self, response: httpx.Response) -> Iterator[dict[str, Any]]:
        frame: dict[str, str] = {}
        for line in response.iter_lines():
            if line.startswith(":"):
                frame["comment"] = line
            elif line:
                name, _, value = line.partition(": ")
                frame[name] = value
            elif "event" in frame:
                self.last_event_id = frame.get("id", self.last_event_id)
                event = {
                    "id": frame.get("id"),
                    "type": frame["event"],
                    "data": json.loads(frame["data"]),
                }
                self.events.append(event)
                frame = {}
                yield event
            else:
                frame = {}


@contextmanager
def websocket(address: str, *, query: str = "", **options: Any) -> Iterator[ClientConnection]:
    """Open the WebSocket stream."""
    url = f"ws://{address}/ws/v1/events{query}"
    with connect(url, open_timeout=DEADLINE_SECONDS, **options) as connection:
        yield connection


def close_code(connection: ClientConnection) -> int | None:
    """Read until the server closes; return its code."""
    with suppress(ConnectionClosed):
        while True:
            connection.recv(timeout=DEADLINE_SECONDS)
    return connection.close_code
