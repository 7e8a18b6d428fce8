"""Word of every video's end to one URL of the operator's: Standard Webhooks, with OpenAI's events.

What is signed, and how, is in `engine.standard_webhooks`.
"""

import asyncio
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from engine.errors import WebhookMisconfigured
from engine.queue import Record
from engine.standard_webhooks import (
    MAX_SECRET_BYTES,
    MIN_SECRET_BYTES,
    SECRET_PREFIX,
    secret_bytes,
    sign,
)

log = logging.getLogger(__name__)

MAX_PENDING = 1000  # notices that wait or are retried; more are dropped
MAX_CONNECTIONS = 4
STOP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where notices go, and what they are signed with."""

    url: httpx.URL
    secret: bytes


@dataclass(frozen=True, slots=True)
class Pace:
    """How long one try may take, and when a notice that failed is tried again or given up."""

    try_seconds: float = 10.0
    first_wait_seconds: float = 2.0  # doubled with every try, half more or less by chance
    longest_wait_seconds: float = 1800.0
    max_tries: int = 12
    max_age_seconds: float = 2 * 3600.0


@dataclass(frozen=True, slots=True)
class _Notice:
    id: str
    video_id: str
    body: bytes


def read_endpoint(url: str | None, secret: str | None) -> Endpoint | None:
    """Check what the operator set; None when nothing is.

    Raises:
        WebhookMisconfigured: one is set without the other, or wrong.
    """
    if not url and not secret:
        return None
    if not url or not secret:
        raise WebhookMisconfigured(
            "ENGINE_WEBHOOK_URL and ENGINE_WEBHOOK_SECRET go together: set both or none."
        )
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise WebhookMisconfigured("ENGINE_WEBHOOK_URL is no http:// or https:// URL.")
    return Endpoint(parsed, _key(secret))


class Webhooks:
    """Delivers notices in a thread of its own; what is not delivered when it stops is lost.

    Args:
        endpoint: where to.
        is_kept: whether a video of this id is still there: nothing is said of one that is not.
        pace: of the tries.
    """

    def __init__(
        self, endpoint: Endpoint, is_kept: Callable[[str], bool], pace: Pace | None = None
    ) -> None:
        self._endpoint = endpoint
        self._is_kept = is_kept
        self._pace = pace or Pace()
        self._pending = threading.BoundedSemaphore(MAX_PENDING)
        self._deliveries: set[asyncio.Task[None]] = set()
        self._lines = asyncio.Semaphore(MAX_CONNECTIONS)
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Begin to deliver."""
        self._loop = asyncio.new_event_loop()
        # A try as a whole has a limit; httpx knows only one for each step of it.
        self._http = httpx.AsyncClient(timeout=None)  # noqa: S113
        self._thread = threading.Thread(target=self._work, name="webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Give up what is not delivered, and end the thread."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(STOP_SECONDS)

    def tell(self, record: Record) -> None:
        """Say that a video ended; returns at once, and drops the notice when too many wait."""
        if not self._pending.acquire(blocking=False):
            log.warning("too many webhooks wait: nobody is told of %s", record.id)
            return
        notice = _notice(record)
        try:
            self._loop.call_soon_threadsafe(self._begin, notice)
        except RuntimeError:  # the loop is closed: the service ends
            self._pending.release()

    # ── the thread ─────────────────────────────────────────────────────────────────────

    def _work(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._until_stopped())

    async def _until_stopped(self) -> None:
        await self._stopping.wait()
        for delivery in self._deliveries:
            delivery.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)
        await self._http.aclose()

    def _begin(self, notice: _Notice) -> None:
        delivery = self._loop.create_task(self._deliver(notice))
        self._deliveries.add(delivery)
        delivery.add_done_callback(self._ended)

    def _ended(self, delivery: asyncio.Task[None]) -> None:
        self._deliveries.discard(delivery)
        self._pending.release()

    async def _deliver(self, notice: _Notice) -> None:
        pace, started = self._pace, time.monotonic()
        for tries in range(1, pace.max_tries + 1):
            if not self._is_kept(notice.video_id):
                return
            failure = await self._try(notice)
            if failure is None:
                return
            wait = min(pace.first_wait_seconds * 2 ** (tries - 1), pace.longest_wait_seconds)
            wait *= secrets.SystemRandom().uniform(0.5, 1.5)
            if time.monotonic() - started + wait > pace.max_age_seconds:
                break
            if tries < pace.max_tries:
                await asyncio.sleep(wait)
        log.warning("the webhook for %s is given up: %s", notice.video_id, failure)

    async def _try(self, notice: _Notice) -> str | None:
        """Send a notice once; what to retry for, or None when there is nothing more to do."""
        timestamp = int(time.time())
        headers = {
            "content-type": "application/json",
            "user-agent": "vignette-engine",
            "webhook-id": notice.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(self._endpoint.secret, notice.id, timestamp, notice.body),
        }
        try:
            async with (
                self._lines,  # waiting for one is no part of a try
                asyncio.timeout(self._pace.try_seconds),
                # The body of the answer is nobody's business: it is never read.
                self._http.stream(
                    "POST",
                    self._endpoint.url,
                    content=notice.body,
                    headers=headers,
                    follow_redirects=False,
                ) as answer,
            ):
                status = answer.status_code
        except TimeoutError:
            return f"no answer in {self._pace.try_seconds} s"
        except httpx.HTTPError as error:
            return type(error).__name__
        if status == 429 or status >= 500:
            return f"it answered {status}"
        if not 200 <= status < 300:
            log.warning("the webhook for %s is given up: it answered %s", notice.video_id, status)
        return None


def _notice(record: Record) -> _Notice:
    event_id = f"evt_{secrets.token_hex(16)}"
    event = {
        "id": event_id,
        "object": "event",
        "type": f"video.{record.status}",
        "created_at": record.completed_at,
        "data": {"id": record.id},
    }
    return _Notice(event_id, record.id, json.dumps(event).encode())


def _key(secret: str) -> bytes:
    try:
        return secret_bytes(secret)
    except ValueError:
        raise WebhookMisconfigured(
            f"ENGINE_WEBHOOK_SECRET must be {SECRET_PREFIX} and base64 of {MIN_SECRET_BYTES} to "
            f"{MAX_SECRET_BYTES} random bytes; `openssl rand -base64 32` makes such base64."
        ) from None
