"""Opaque, signed keyset cursors: whatever is inserted, a page repeats and skips no row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core import signing
from django.db.models import Model, Q, QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from core.errors import BadCursor, InvalidField

LIMIT_DEFAULT = 20
LIMIT_MAX = 50
Row = TypeVar("Row", bound=Model)
PAGE_PARAMETERS = [
    OpenApiParameter("cursor", str, description="`next` of the page before."),
    OpenApiParameter(
        "limit",
        int,
        description=f"1 to {LIMIT_MAX}, {LIMIT_DEFAULT} when left out; more is capped.",
    ),
]


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows of one page and the cursor of the next; None when there is no further row."""

    rows: list[Row]
    next: str | None

    def answer(self, render: Callable[[list[Row]], Any]) -> dict[str, Any]:
        """Return the body that every list of the API answers with."""
        return {"items": render(self.rows), "next": self.next}


def page_of(
    rows: QuerySet[Row], *, request: Request, keys: tuple[str, ...], context: str
) -> Page[Row]:
    """Return the page that the request's `cursor` and `limit` ask for, newest first.

    Args:
        rows: the visible rows, unordered.
        request: carries `?cursor=` and `?limit=` (1 to 50, above is capped).
        keys: not-null columns that together are unique, sorted descending, e.g. ("published_at",
        "id").
        context: name of the list and of who may continue it; a cursor of another context is
        refused.

    Raises:
        BadCursor: the cursor is not one of this list's.
        InvalidField: the limit is not a positive number.
    """
    limit = _limit(request.query_params.get("limit"))
    cursor = request.query_params.get("cursor")
    if cursor is not None:
        rows = rows.filter(_after(_decode(cursor, keys=keys, context=context), keys))
    found = list(rows.order_by(*(f"-{key}" for key in keys))[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    last = [_plain(getattr(found[-1], key)) for key in keys] if more else None
    return Page(found, signing.dumps(last, salt=_salt(context)) if last else None)


def _limit(text: str | None) -> int:
    if text is None:
        return LIMIT_DEFAULT
    if not text.isascii() or not text.isdigit() or int(text[:9]) < 1:
        raise InvalidField("The limit is a number from 1.", field="limit")
    return min(int(text[:9]), LIMIT_MAX)


def _decode(cursor: str, *, keys: tuple[str, ...], context: str) -> list[Any]:
    try:
        values = signing.loads(cursor, salt=_salt(context))
    except (signing.BadSignature, ValueError) as error:
        raise BadCursor(field="cursor") from error
    if not isinstance(values, list) or len(values) != len(keys):
        raise BadCursor(field="cursor")
    return values


def _after(values: list[Any], keys: tuple[str, ...]) -> Q:
    """Return `(keys) < (values)`; the leading `<=` lets PostgreSQL seek the index."""
    condition = Q()
    for depth in range(len(keys)):
        equal = {keys[i]: values[i] for i in range(depth)}
        condition |= Q(**equal, **{f"{keys[depth]}__lt": values[depth]})
    return Q(**{f"{keys[0]}__lte": values[0]}) & condition


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _salt(context: str) -> str:
    return f"core.cursors:{context}"
