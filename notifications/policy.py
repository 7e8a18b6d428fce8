"""Pure decisions about webhooks: what may be told where, and when a failed try is repeated."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from random import SystemRandom

import httpx

# Every durable event that a webhook may ask for; docs/events.md says when each happens.
GENERATION_EVENTS = (
    "generation.ready",
    "generation.refused",
    "generation.failed",
    "generation.cancelled",
)
CAMEO_EVENTS = (
    "cameo.used",
    "cameo.withdrawn",
    "cameo.frozen",
    "cameo.unfrozen",
    "cosign.requested",
    "cosign.answered",
    "enrolment.finished",
    "character.checked",
    "likeness.found",
    "likeness.looked_at",
)
WEBHOOK_EVENTS = (*GENERATION_EVENTS, *CAMEO_EVENTS, "moderation.decision", "webhook.disabled")
TEST_EVENT = "webhook.test"  # sent to one webhook because its owner asked
DISABLED_EVENT = "webhook.disabled"
URL_LENGTH_MAX = 500

# Between one failed try and the next; after the last one a delivery is given up. 19 h in all.
WAITS = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=12),
)
JITTER = 0.2  # of a wait, more or less: what failed together does not come back together
FAILING_MAX = timedelta(days=5)

# Global by the registries' word, and yet a way to somewhere else: IPv4 inside of IPv6, and relays.
_NOT_PUBLIC: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "::/8",  # IPv4-compatible and IPv4-mapped among them
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "100::/8",  # discard
        "2001::/23",  # Teredo and other protocol assignments
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fec0::/10",  # site-local
    )
)


def is_public(address: str) -> bool:
    """Tell whether an address is one machine's of the public Internet, whoever says so.

    Private, loopback, link-local, shared (CGNAT), multicast, reserved and documentation addresses
    are not, nor are IPv6 addresses with an IPv4 address inside. What is no address is not public.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return (
        ip.is_global
        and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)
        and not any(ip in network for network in _NOT_PUBLIC if network.version == ip.version)
    )


def fault_of_url(url: str, *, must_be_https: bool, may_be_private: bool) -> str | None:
    """Return why a webhook cannot have this URL, as a sentence; None when it can.

    A host name is looked up at each try and not here: what it stands for may change meanwhile.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return "This is not a URL."
    if parsed.scheme not in ({"https"} if must_be_https else {"https", "http"}):
        return f"The URL begins with https://{'' if must_be_https else ' or http://'}."
    if not parsed.host or parsed.userinfo or parsed.fragment:
        return "The URL names a host, and neither a user nor a fragment."
    if not may_be_private and _is_literal(parsed.host) and not is_public(parsed.host):
        return "The URL's address is not a public one."
    return None


def wait_after(tries: int) -> timedelta | None:
    """Return how long to wait after so many failed tries; None: there is no further one."""
    if tries > len(WAITS):
        return None
    return WAITS[tries - 1] * SystemRandom().uniform(1 - JITTER, 1 + JITTER)


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
