"""The stream of one client, whatever carries it: where it starts, what comes next, when it ends."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from django.db import OperationalError
from django.utils import timezone

from accounts.authentication import user_of_token
from notifications.errors import BadResumePoint
from notifications.hub import Mailbox
from notifications.selectors import events_after, last_sequence

READY_SECONDS = 1.0
RETRY_SECONDS = 1.0
HEARTBEAT_SECONDS = 15.0  # also how late a durable event is at worst while Valkey is away
_DIGITS_MAX = 18
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listener:
    """Who listens, and until when their access token holds."""

    user_id: UUID
    expires_at: float  # seconds since the epoch


async def listener_of(token: str) -> Listener | None:
    """Return who an access token belongs to; None when it does not hold."""
    found = await database_sync_to_async(user_of_token)(token)
    if found is None:
        return None
    user, claims = found
    return Listener(user.pk, float(claims["exp"]))


async def starting_point(user_id: UUID, after: str | None) -> int:
    """Return the number that a stream starts after: `after`, or now when it is None or empty.

    A number from the future, as after a restored backup, means now.

    Raises:
        BadResumePoint: `after` is not a number.
    """
    last: int = await database_sync_to_async(last_sequence)(user_id)
    if not after:
        return last
    if not (after.isascii() and after.isdigit() and len(after) <= _DIGITS_MAX):
        raise BadResumePoint
    return min(int(after), last)


async def messages(
    listener: Listener, mailbox: Mailbox, *, after: int
) -> AsyncIterator[dict[str, Any] | None]:
    """Yield what the client is told, from `stream.ready` until its access token runs out.

    None means that nothing happened for 15 s: the moment for a heartbeat. The table is read at the
    start, at every wake-up and at every heartbeat, so that no durable event depends on Valkey.
    """
    # From then on passing events come too: not before the subscription stands, if there can be one.
    await mailbox.wait(READY_SECONDS)
    yield _passing("stream.ready", {}, sequence=after)
    while time.time() < listener.expires_at:
        for event in mailbox.take():
            yield _passing(event["type"], event["data"])
        try:
            while found := await database_sync_to_async(events_after)(listener.user_id, after):
                for event in found:
                    yield event
                    after = int(event["id"])
        except OperationalError as error:
            _log.warning("an event stream waits for PostgreSQL: %s", error)
            mailbox.put()
            await asyncio.sleep(RETRY_SECONDS)
        patience = min(HEARTBEAT_SECONDS, max(0.0, listener.expires_at - time.time()))
        if not await mailbox.wait(patience):
            yield None


def _passing(type_: str, data: dict[str, Any], *, sequence: int | None = None) -> dict[str, Any]:
    return {
        "id": None if sequence is None else str(sequence),
        "type": type_,
        "data": data,
        "created_at": timezone.now().isoformat().replace("+00:00", "Z"),
    }
