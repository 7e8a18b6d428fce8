"""One Valkey subscription per process, fanned out to the streams that are open in it.

Valkey only says that there is something to look at: durable events are read from PostgreSQL. So a
lost subscription loses nothing; when it is back, every stream looks at the table again.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifications.errors import TooManyStreams
from notifications.services import CHANNEL

STREAMS_PER_USER = 10  # in one process
PASSING_MAX = 100  # a client that reads too slowly loses the oldest passing events, nothing else
RECONNECT_SECONDS = 0.5
QUIET_SECONDS = 30.0
_log = logging.getLogger(__name__)


class Mailbox:
    """What has arrived for one open stream since it last looked."""

    def __init__(self) -> None:
        self._arrived = asyncio.Event()
        self._passing: deque[dict[str, Any]] = deque(maxlen=PASSING_MAX)

    def put(self, passing: dict[str, Any] | None = None) -> None:
        """Wake the stream, with an event that is kept nowhere or to look at the table."""
        if passing is not None:
            self._passing.append(passing)
        self._arrived.set()

    async def wait(self, seconds: float) -> bool:
        """Return True when something arrived, False after that many seconds without."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._arrived.wait(), seconds)
            return True
        return False

    def take(self) -> list[dict[str, Any]]:
        """Return the passing events that arrived and forget them."""
        self._arrived.clear()
        taken = list(self._passing)
        self._passing.clear()
        return taken


class Hub:
    """The open streams of this process by user; listens to Valkey while there is one."""

    def __init__(self) -> None:
        self._boxes: dict[str, list[Mailbox]] = {}
        self._listening: asyncio.Task[None] | None = None
        self._is_connected: bool | None = None  # None: not tried yet

    @contextmanager
    def mailbox(self, user_id: UUID) -> Iterator[Mailbox]:
        """Receive the user's events inside the block; wakes at once, or when Valkey answers.

        Raises:
            TooManyStreams: the user has as many streams in this process as one may.
        """
        user, box = str(user_id), Mailbox()
        boxes = self._boxes.setdefault(user, [])
        if len(boxes) >= STREAMS_PER_USER:
            raise TooManyStreams
        boxes.append(box)
        if self._is_connected:
            box.put()
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        try:
            yield box
        finally:
            boxes.remove(box)
            if not boxes:
                del self._boxes[user]
            if not self._boxes and self._listening is not None:
                self._listening.cancel()
                self._listening = self._is_connected = None

    async def _listen(self) -> None:
        while True:
            try:
                await self._follow()
            except (RedisError, OSError) as error:
                if self._is_connected is not False:
                    _log.warning("event streams wait for Valkey: %s", error)
                self._is_connected = False
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _follow(self) -> None:
        """Pass on what Valkey says until the connection fails."""
        valkey = Redis.from_url(settings.REDIS_URL, health_check_interval=int(QUIET_SECONDS))
        async with valkey, valkey.pubsub() as subscription:
            await subscription.subscribe(CHANNEL)
            while True:
                message = await subscription.get_message(timeout=QUIET_SECONDS)
                if message is None:
                    continue
                if message["type"] == "subscribe":  # also after redis-py reconnected by itself
                    self._is_connected = True
                    self._wake_all()
                elif message["type"] == "message":
                    self._deliver(json.loads(message["data"]))

    def _deliver(self, message: dict[str, Any]) -> None:
        for box in self._boxes.get(message["user"], ()):
            box.put(None if "sequence" in message else message)

    def _wake_all(self) -> None:
        for boxes in self._boxes.values():
            for box in boxes:
                box.put()


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """Return the hub of the running event loop: one per process in service."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
