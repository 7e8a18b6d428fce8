"""The body of a request → its fields, from JSON or from a form."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from engine.contracts import MAX_REFERENCE_BYTES
from engine.errors import RequestRejected

BODY_SECONDS = 30.0
MAX_FORM_FIELDS = 64
_NESTED = re.compile(r"(\w+)(\[\])?\[(\w+)\]")


async def read_fields(request: Request) -> dict[str, Any]:
    """Read the body as an object; in a form, files are bytes and all else is text.

    Raises:
        RequestRejected: too slow, of another type, or no object.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _fields(request)
    except TimeoutError:
        raise RequestRejected(
            "The request body came too slowly.", param=None, code="request_timeout"
        ) from None


def nested(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Undo how OpenAI's clients write objects into forms.

    `video[id]` is an object. `shots[][prompt]`, repeated, is a list of objects; the clients send
    first every prompt, then every length, so objects of one list must have the same names.

    Raises:
        RequestRejected: a name is given in two ways, or objects of a list differ in their names.
    """
    fields: dict[str, Any] = {}
    lists: dict[str, dict[str, list[Any]]] = {}
    for name, value in items:
        form = _NESTED.fullmatch(name)
        if form is None:
            fields[name] = value
        elif form[2]:
            lists.setdefault(form[1], {}).setdefault(form[3], []).append(value)
        else:
            place = fields.setdefault(form[1], {})
            if not isinstance(place, dict):
                raise RequestRejected(f"{form[1]!r} is given in two ways.", param=form[1])
            place[form[3]] = value
    for name, columns in lists.items():
        if name in fields or len({len(column) for column in columns.values()}) > 1:
            raise RequestRejected(
                f"{name!r} is ambiguous in a form; send it as JSON text.", param=name
            )
        rows = zip(*columns.values(), strict=True)
        fields[name] = [dict(zip(columns, row, strict=True)) for row in rows]
    return fields


async def _fields(request: Request) -> dict[str, Any]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        form = await request.form(
            max_files=1, max_fields=MAX_FORM_FIELDS, max_part_size=MAX_REFERENCE_BYTES + 1024
        )
        async with _closing(form):
            return nested(
                [
                    (name, await value.read() if isinstance(value, UploadFile) else value)
                    for name, value in form.multi_items()
                ]
            )
    if kind != "application/json":
        raise RequestRejected(
            "Send application/json or multipart/form-data.",
            param=None,
            code="unsupported_media_type",
        )
    try:
        fields = json.loads(await request.body())
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise RequestRejected("The body is not a JSON object.", param=None, code="invalid_json")
    return fields


@asynccontextmanager
async def _closing(form: Any) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await form.close()
