"""Connections that end: no peer keeps a call longer than its deadline, however slowly it drips.

httpx limits each read, not a whole exchange: one byte every nine seconds would hold a caller for
ever. Here every read and write gets what is left of the call's time.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ssl import SSLContext
from typing import Any

import httpcore
import httpx

MAX_CONNECTIONS = 100
KEPT_SECONDS = 2.0  # an idle connection; servers close theirs after 5 s and more
PIECE_BYTES = 16384

# The call of this thread (or task) that is under way; `inf`: without a deadline.
_deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let what this thread sends and receives in the block take so long at most, all together."""
    token = _deadline.set(min(_deadline.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _deadline.reset(token)


class BoundedTransport(httpx.HTTPTransport):
    """An HTTP transport whose exchanges end with the deadline that `within` sets.

    After it, an exchange fails with `httpx.ReadTimeout` or `httpx.WriteTimeout`.
    """

    def __init__(self) -> None:
        # The parent would make a pool of its own, and has no way to hand it a network backend.
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=_Backend(),
        )


class _Backend(httpcore.SyncBackend):
    def connect_tcp(self, *arguments: Any, **options: Any) -> httpcore.NetworkStream:
        return _Stream(super().connect_tcp(*arguments, **options))


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In pieces: a peer that takes a byte at a time would stretch one large write.
        for start in range(0, len(buffer), PIECE_BYTES):
            piece = buffer[start : start + PIECE_BYTES]
            self._stream.write(piece, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(timeout: float | None, too_late: type[Exception]) -> float | None:
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise too_late("the exchange took too long")
    if left == float("inf"):
        return timeout
    return left if timeout is None else min(left, timeout)
