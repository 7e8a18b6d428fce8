"""RFC 9457 problem documents for every failure of the API, whichever layer it comes from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions as drf
from rest_framework.response import Response

from core.errors import DomainError
from core.trace import current_trace_id

MEDIA_TYPE = "application/problem+json"

# DRF's own codes that our contract names otherwise.
_CODES = {
    "parse_error": "malformed_body",
    "not_authenticated": "not_authenticated",
    "authentication_failed": "not_authenticated",
    "permission_denied": "forbidden",
    "throttled": "rate_limited",
    "invalid": "invalid",
}

# What the codes mean that are neither a domain error's nor the name of an HTTP status.
_MEANINGS = {
    "invalid": "Some fields are not valid; `errors` names each with a code and a sentence.",
    "malformed_body": "The body cannot be read as what its Content-Type says.",
    "body_too_large": "The body is larger than this route takes.",
    "not_authenticated": "No access token, or one that is forged, expired or signed out.",
    "rate_limited": "Too many requests; Retry-After says when to go on.",
    "internal_error": "A failure on our side, logged under the trace id.",
}


def meaning_of(code: str) -> str | None:
    """Return what a problem's code means, in a sentence or two; None for a code we never send."""
    pending = [DomainError]
    while pending:
        kind = pending.pop()
        if kind.code == code:
            return f"{kind.title} {' '.join((kind.__doc__ or '').split())}"
        pending += kind.__subclasses__()
    if code.upper() in HTTPStatus.__members__:
        return HTTPStatus[code.upper()].description or HTTPStatus[code.upper()].phrase
    return _MEANINGS.get(code)


def problem(
    *,
    status: int,
    code: str,
    title: str,
    detail: str = "",
    errors: list[dict[str, str]] | None = None,
    **extra: Any,
) -> dict[str, Any]:
    """Return the problem document as a dict, with the trace id of this request."""
    return {
        "type": f"{settings.PUBLIC_URL}/problems/{code}",
        "title": title,
        "status": status,
        "detail": detail or title,
        "code": code,
        "trace_id": current_trace_id(),
        "errors": errors or [],
        **extra,
    }


def problem_of(error: DomainError) -> dict[str, Any]:
    """Return the problem document of a domain error."""
    errors = []
    if error.field:
        errors = [{"field": error.field, "code": error.code, "message": error.detail}]
    return problem(
        status=error.status,
        code=error.code,
        title=error.title,
        detail=error.detail,
        errors=errors,
        **error.extra,
    )


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer for an exception raised in a DRF view, after its transactions were rolled back.

    Unknown exceptions return None: they are bugs, reach Django's handler and become a 500 problem.
    """
    body = _problem_for(error)
    if body is None:
        return None
    if isinstance(error, DomainError) and error.after_rollback is not None:
        error.after_rollback()
    response = Response(body, status=body["status"], content_type=MEDIA_TYPE)
    for header, attribute in (("WWW-Authenticate", "auth_header"), ("Retry-After", "wait")):
        value = getattr(error, attribute, None)
        if value:
            response[header] = value if isinstance(value, str) else str(math.ceil(value))
    return response


def _problem_for(error: Exception) -> dict[str, Any] | None:
    match error:
        case DomainError():
            return problem_of(error)
        case Http404():
            return problem(status=404, code="not_found", title="Not found.")
        case PermissionDenied():
            return problem(status=403, code="forbidden", title="You may not do this.")
        case RequestDataTooBig():
            return problem(
                status=413,
                code="body_too_large",
                title="The request's body is too large.",
                limit_bytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
            )
        case drf.APIException():
            return _problem_of_drf(error)
    return None


def flatten(detail: Any, path: str = "") -> list[dict[str, str]]:
    """Return DRF's nested validation detail as a list of {field, code, message}."""
    if isinstance(detail, dict):
        return [
            item
            for key, value in detail.items()
            for item in flatten(value, _join(path, "" if key == "non_field_errors" else str(key)))
        ]
    if isinstance(detail, list):
        if all(isinstance(item, str) for item in detail):
            return [item for entry in detail for item in flatten(entry, path)]
        return [
            item
            for index, entry in enumerate(detail)
            for item in flatten(entry, _join(path, str(index)))
        ]
    return [{"field": path, "code": getattr(detail, "code", "invalid"), "message": str(detail)}]


def problem_response(body: dict[str, Any]) -> HttpResponse:
    """Return the document as a plain Django response, for code outside DRF."""
    return JsonResponse(body, status=body["status"], content_type=MEDIA_TYPE)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404 for paths that no view serves."""
    return problem_response(problem(status=404, code="not_found", title="Not found."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500; the exception is in the log under the same trace id."""
    return problem_response(
        problem(
            status=500,
            code="internal_error",
            title="Something went wrong on our side.",
            detail="The failure is logged under this trace id; trying again later may help.",
        )
    )


def _problem_of_fields(error: drf.ValidationError) -> dict[str, Any]:
    errors = flatten(error.detail)
    return problem(
        status=422,
        code="invalid",
        title="Some fields are not valid.",
        detail="; ".join(f"{e['field']}: {e['message']}" for e in errors),
        errors=errors,
    )


def _problem_of_drf(error: drf.APIException) -> dict[str, Any]:
    if isinstance(error, drf.ValidationError):
        return _problem_of_fields(error)
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else "invalid"
    return problem(
        status=error.status_code,
        code=_CODES.get(code, code),
        title=HTTPStatus(error.status_code).phrase + ".",
        detail=str(error.detail),
    )


def _join(path: str, key: str) -> str:
    return ".".join(part for part in (path, key) if part)
