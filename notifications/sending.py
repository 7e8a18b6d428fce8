"""One request to somebody's server, and to no server inside: the guard against SSRF.

A host name is looked up once. Every address it stands for must be public, and the connection goes
to one of those very addresses: a second look-up, which could answer otherwise, does not happen. TLS
still checks the host's name. Nothing is followed elsewhere, no proxy is asked, and of the answer
only the status is read.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus

import httpcore
import httpx
from django.conf import settings

from notifications.policy import fault_of_url, is_public

TRY_SECONDS = 10.0  # for the look-up, the connection and the answer together
ADDRESSES_MAX = 4  # that are tried one after the other
Resolve = Callable[[str, int], list[str]]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try: the status of the answer, or why there is none."""

    http_status: int | None
    error: str = ""

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver took it: any 2xx."""
        return self.http_status is not None and 200 <= self.http_status < 300

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants nothing more, ever: 410."""
        return self.http_status == HTTPStatus.GONE


class AddressRefused(Exception):
    """The host stands for an address that is not public, or for none."""


def send(*, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
    """POST the body once and return what came of it within ten seconds; raises nothing."""
    try:
        return Outcome(asyncio.run(_post(url, body, headers)))
    except TimeoutError:
        return Outcome(None, f"no answer in {TRY_SECONDS:g} s")
    except AddressRefused as error:
        return Outcome(None, str(error))
    except (OSError, httpcore.NetworkError, httpcore.ProtocolError) as error:
        return Outcome(None, _kind_of(error))
    except Exception:  # noqa: BLE001 - one delivery that is special must not keep the others
        _log.exception("a webhook cannot be sent")
        return Outcome(None, "it cannot be sent")


async def _post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    to = httpx.URL(url)
    target = httpcore.URL(scheme=to.raw_scheme, host=to.raw_host, port=to.port, target=to.raw_path)
    fields = [(b"Host", to.netloc), (b"Content-Length", str(len(body)).encode())]
    fields += [(name.encode(), value.encode()) for name, value in headers.items()]
    async with asyncio.timeout(TRY_SECONDS):
        addresses = await _addresses(url, to.raw_host.decode(), to.port or _port(to.scheme))
        async with (
            httpcore.AsyncConnectionPool(
                ssl_context=tls_context() if to.scheme == "https" else None,
                network_backend=_Pinned(addresses),
            ) as pool,
            pool.stream("POST", target, headers=fields, content=body) as answer,
        ):
            return answer.status


async def _addresses(url: str, host: str, port: int) -> list[str]:
    """Look the host up once and return its addresses, all of them public.

    Raises:
        AddressRefused: one is not, there is none, or the URL is of a kind that is not called.
    """
    may_be_private = settings.WEBHOOKS_TO_PRIVATE_ADDRESSES
    fault = fault_of_url(url, must_be_https=settings.PRODUCTION, may_be_private=may_be_private)
    if fault:
        raise AddressRefused(fault)
    found = await _in_thread(host, port)
    if not found:
        raise AddressRefused("the host has no address")
    if not may_be_private and not all(map(is_public, found)):
        raise AddressRefused("the host's address is not a public one")
    return found[:ADDRESSES_MAX]


async def _in_thread(host: str, port: int) -> list[str]:
    """Look a host up in a thread that nobody waits for when the time is over."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[str]] = loop.create_future()

    def answer(result: list[str]) -> None:
        if not found.done():
            found.set_result(result)

    def look() -> None:
        try:
            result = resolve(host, port)
        except (OSError, UnicodeError):
            result = []
        with suppress(RuntimeError):  # the loop is closed: the time was over
            loop.call_soon_threadsafe(answer, result)

    threading.Thread(target=look, name="webhook-dns", daemon=True).start()
    return await found


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host as the system's resolver gives them.

    Raises:
        OSError: there are none, or nobody can say.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class _Pinned(httpcore.AsyncNetworkBackend):
    """Connects to the addresses that were checked, whatever name the connection is for."""

    def __init__(self, addresses: list[str]) -> None:
        self._addresses = addresses
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers.

        Raises:
            ConnectError: none does.
        """
        failure = httpcore.ConnectError("no address")
        for address in self._addresses:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address)
            except httpcore.ConnectError as error:
                failure = error
        raise failure


@cache
def tls_context() -> ssl.SSLContext:
    """Return the settings of TLS: public certificate authorities, names checked."""
    return httpx.create_ssl_context()


def _port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _kind_of(error: Exception) -> str:
    if isinstance(error.__cause__ or error.__context__, ssl.SSLError):
        return "its certificate or TLS is not accepted"
    return "no connection" if isinstance(error, httpcore.ConnectError) else "the connection broke"
