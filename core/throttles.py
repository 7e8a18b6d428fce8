"""Rate limits per route class and caller, counted in Valkey, told in RateLimit headers.

Headers follow draft-ietf-httpapi-ratelimit-headers. The window is fixed: one atomic counter per
caller and window. While Valkey restarts, requests pass: a limit is a brake, not an access rule.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

if TYPE_CHECKING:  # DRF's views read their default throttles, this module, while they load
    from rest_framework.views import APIView

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rate:
    """`quota` requests in each window of `seconds`."""

    quota: int
    seconds: int


# A view names its class in `rate`; reads and writes are told apart by the method otherwise.
RATES = {
    "read": Rate(600, 60),
    "write": Rate(120, 60),
    "generate": Rate(20, 60),
    "verify": Rate(10, 60),
    "waitlist": Rate(5, 60),
    "invite": Rate(20, 60),
    "guardian": Rate(10, 60),
    "appeal": Rate(10, 60),
    "picture": Rate(20, 60),
    "enrolment": Rate(10, 60),
    "upload": Rate(300, 60),  # parts of a file
    "webhook_test": Rate(10, 60),
    "purchase": Rate(20, 60),
    "webhook": Rate(1200, 60),  # of a payment provider, from few addresses and in bursts
}


class RouteThrottle(BaseThrottle):
    """Counts a request against its route class; `finalize` of ApiView writes the headers."""

    def __init__(self) -> None:
        self.remaining_seconds = 0

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Tell whether the caller is within the rate, and keep the figures for the headers."""
        if not settings.RATE_LIMITS:
            return True
        name = getattr(view, "rate", None) or (
            "read" if request.method in {"GET", "HEAD", "OPTIONS"} else "write"
        )
        rate = RATES[name]
        now = time.time()
        window = int(now // rate.seconds)
        self.remaining_seconds = math.ceil((window + 1) * rate.seconds - now)
        key = f"rate:{name}:{self._caller(request)}:{window}"
        try:
            cache.add(key, 0, timeout=rate.seconds + 5)
            used = cache.incr(key)
        except (RedisError, ValueError):
            _log.warning("rate limits are not counted: Valkey does not answer")
            return True
        left = max(0, rate.quota - used)
        request._request.rate_limit_headers = {  # type: ignore[attr-defined]
            "RateLimit": f'"{name}";r={left};t={self.remaining_seconds}',
            "RateLimit-Policy": f'"{name}";q={rate.quota};w={rate.seconds}',
        }
        return used <= rate.quota

    def wait(self) -> float:
        """Return the seconds until the window ends."""
        return self.remaining_seconds

    def _caller(self, request: Request) -> str:
        if request.user.is_authenticated:
            return f"user:{request.user.pk}"
        return f"ip:{client_ip(request)}"


def client_ip(request: HttpRequest | Request) -> str:
    """Return the caller's address, believing exactly TRUSTED_PROXIES entries of X-Forwarded-For."""
    proxies = settings.TRUSTED_PROXIES
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if proxies and len(forwarded) >= proxies:
        try:
            return str(ip_address(forwarded[-proxies].strip()))
        except ValueError:
            pass  # not an address: the proxy's own is as near as we come
    return request.META.get("REMOTE_ADDR") or "0.0.0.0"  # noqa: S104 - a peer on a Unix socket
