"""What the OpenAPI document says of every operation: its problems and its Idempotency-Key."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

PROBLEM = {
    "type": "object",
    "description": "Why a request failed, as RFC 9457 has it; `code` is stable.",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "trace_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
                "required": ["field", "code", "message"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code", "trace_id", "errors"],
}
KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="1 to 200 characters of the client's: the same request again has no second effect.",
)


class ApiSchema(AutoSchema):
    """Names the Idempotency-Key header where a view method honours it."""

    def get_override_parameters(self) -> list[Any]:
        """Return the parameters that are not in the path."""
        handler = getattr(self.view, self.method.lower(), None)
        return [KEY] if getattr(handler, "is_idempotent", False) else []


def add_problems(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Say that every operation may answer with a problem document."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    answer = {
        "description": "A problem document.",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"]["default"] = answer
    return result
