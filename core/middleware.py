"""Trace ids, a content security policy, read-only times, problem documents for what is not DRF."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from redis.exceptions import RedisError

from core.errors import ReadOnly
from core.problems import MEDIA_TYPE, problem, problem_of, problem_response
from core.storage import bucket_origin
from core.switches import READ_ONLY, is_thrown
from core.trace import start_trace

GetResponse = Callable[[HttpRequest], HttpResponse]
_log = logging.getLogger(__name__)
RETRY_AFTER_SECONDS = 2
API_PREFIXES = ("/api/", "/_allauth/", "/media/")
SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
# What changes something when its method is not safe: all of the API but the look at a prompt, and
# of allauth's paths those that make or change an account. Signing in and out goes on.
_CHANGING = re.compile(
    r"/api/(?!v1/generations/preflight$)|/_allauth/[a-z]+/v1/(account/|auth/([a-z0-9/]+/)?signup$)"
)


def content_security_policy(media_origin: str) -> str:
    """Return the policy of every page.

    Args:
        media_origin: where media URLs redirect to, like "https://s3.example.org"; empty: nowhere.
    """
    # Blob: the client plays fetched HLS segments and previews; the docs page styles itself inline.
    media = f"'self' blob: {media_origin}".rstrip()
    return (
        f"default-src 'self'; img-src {media} data:; media-src {media}; "
        "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self'"
    )


class TraceMiddleware:
    """Gives every request a trace id, echoed as X-Request-ID."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Run the request under its trace id."""
        trace_id = start_trace(request.headers.get("X-Request-ID", ""))
        response = self.get_response(request)
        response["X-Request-ID"] = trace_id
        return response


class ContentSecurityPolicyMiddleware:
    """Sends the content security policy with every page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._policy = content_security_policy(bucket_origin())

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the policy unless the view set its own."""
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self._policy)
        return response


class ReadOnlyMiddleware:
    """Refuses what would change something while the switch `read_only` is thrown."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 503 before any view is asked, or hand the request on."""
        if (
            request.method in SAFE_METHODS
            or not _CHANGING.match(request.path_info)
            or not is_thrown(READ_ONLY)
        ):
            return self.get_response(request)
        answer = problem_response(problem_of(ReadOnly(retryable=True)))
        answer["Retry-After"] = str(ReadOnly.wait)
        return answer


class ProblemMiddleware:
    """Turns an empty or HTML failure under the API's paths, or a crash, into a problem document."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Rewrite 4xx and 5xx answers that carry no JSON; a path with a NUL byte names nothing."""
        if "\x00" in request.path_info:
            return problem_response(problem(status=404, code="not_found", title="Not found."))
        response = self.get_response(request)
        if (
            response.status_code < HTTPStatus.BAD_REQUEST
            or not request.path.startswith(API_PREFIXES)
            or response.get("Content-Type", "").startswith(("application/json", MEDIA_TYPE))
        ):
            return response
        status = HTTPStatus(response.status_code)
        replaced = problem_response(
            problem(status=status, code=status.name.lower(), title=f"{status.phrase}.")
        )
        for header in ("Allow", "Retry-After", "Content-Range"):
            if header in response:
                replaced[header] = response[header]
        return replaced

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer 503 while PostgreSQL or Valkey is away; leave other crashes to Django's 500."""
        if isinstance(error, OperationalError | InterfaceError | RedisError):
            _log.warning("a service does not answer", exc_info=error)
            answer = problem_response(
                problem(
                    status=HTTPStatus.SERVICE_UNAVAILABLE,
                    code="temporarily_unavailable",
                    title="A part of the server does not answer at the moment.",
                    retryable=True,
                )
            )
            answer["Retry-After"] = str(RETRY_AFTER_SECONDS)
            return answer
        # DRF's parser and fields refuse these bodies; allauth's let them through to the crash.
        if request.path.startswith("/_allauth/") and isinstance(
            error, RecursionError | UnicodeEncodeError
        ):
            return problem_response(
                problem(status=400, code="malformed_body", title="The body is not valid JSON text.")
            )
        return None
