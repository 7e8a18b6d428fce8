"""The base of every REST view: problem documents, rate-limit headers, ETags on single reads."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView


def parsed(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return the request's body as the serializer validates it; unknown fields are ignored.

    Raises:
        rest_framework.exceptions.ValidationError: a field is missing or not valid (422 `invalid`).
    """
    given = serializer(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


class ApiView(APIView):
    """A view that parses, calls one function and renders.

    Attributes:
        rate: the route class of `core.throttles.RATES`; None: read or write by the method.
        etag: whether GET answers carry an ETag and honour If-None-Match.
    """

    rate: ClassVar[str | None] = None
    etag: ClassVar[bool] = False

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Add rate-limit headers and, for single reads, the ETag or a 304."""
        response = super().finalize_response(request, response, *args, **kwargs)
        for header, value in getattr(request._request, "rate_limit_headers", {}).items():
            response[header] = value
        if self.etag and request.method in {"GET", "HEAD"} and response.status_code == 200:
            tag = f'"{hashlib.sha256(response.render().content).hexdigest()[:32]}"'
            if _names(request.headers.get("If-None-Match", ""), tag):
                response = self._not_modified(response)
            response["ETag"] = tag
        response.setdefault("Cache-Control", "private, no-cache")
        return response

    def _not_modified(self, response: Response) -> Response:
        answer = Response(status=304)
        answer.accepted_renderer = response.accepted_renderer
        answer.accepted_media_type = response.accepted_media_type
        answer.renderer_context = response.renderer_context  # type: ignore[attr-defined]
        return answer


def _names(header: str, tag: str) -> bool:
    """Tell whether If-None-Match names the tag, by weak comparison (RFC 9110, 8.8.3.2)."""
    named = {each.removeprefix("W/") for each in parse_etags(header)}
    return bool(named & {tag, "*"})
