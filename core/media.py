"""Serves signed media with byte ranges (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, parse_http_date_safe
from django.views.decorators.http import require_safe

from core import storage
from core.errors import DomainError, NotFound
from core.problems import problem_of, problem_response

CHUNK_BYTES = 256 * 1024
# What a client keeps, or a bucket's own URL opens, cannot be withheld any more: it is over soon.
CACHED_SECONDS_MAX = 300
_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))", re.IGNORECASE)


class RangeNotSatisfiable(DomainError):
    """The range begins behind the file's last byte."""

    code = "range_not_satisfiable"
    status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    title = "The file ends before this range begins."


@require_safe
def serve(request: HttpRequest, grant: str, name: str) -> HttpResponseBase:
    """Answer a signed media URL: the file, a part of it, or where in the bucket it is."""
    try:
        seconds = min(_open_seconds(grant, name), CACHED_SECONDS_MAX)
        response = _respond(request, name, seconds=seconds)
    except FileNotFoundError:
        return problem_response(problem_of(NotFound()))
    except DomainError as error:
        return problem_response(problem_of(error))
    response["Cache-Control"] = f"private, max-age={seconds}"
    return response


def requested_range(header: str, size_bytes: int) -> range | None:
    """Return the offsets that a Range header asks for of a file of `size_bytes`.

    Returns:
        None for a header that is to be ignored (RFC 9110, 14.2): another unit, several ranges, or
        malformed.

    Raises:
        RangeNotSatisfiable: well-formed, but without one byte of the file.
    """
    parts = _RANGE.fullmatch(header.strip())
    if parts is None:
        return None
    first, last, suffix = parts.groups()
    if suffix is not None:
        asked = range(max(0, size_bytes - int(suffix)), size_bytes)
    else:
        if last and int(last) < int(first):
            return None
        end = min(int(last) + 1, size_bytes) if last else size_bytes
        asked = range(int(first), end)
    if not asked:
        raise RangeNotSatisfiable
    return asked


def _open_seconds(grant: str, name: str) -> int:
    """Return for how many seconds more the grant opens the file.

    Raises:
        MediaUrlInvalid: forged, or of another clip.
        MediaUrlExpired: was valid, is over.
        NotFound: the media is withheld from viewers.
    """
    left_seconds, is_reviewer = storage.check_grant(grant, name)
    if not is_reviewer and storage.is_withheld(storage.prefix_of(name)):
        raise NotFound
    return left_seconds


def _respond(request: HttpRequest, name: str, *, seconds: int) -> HttpResponseBase:
    path = storage.local_path(name)
    disposition = storage.disposition(name) if "download" in request.GET else ""
    if path is None:
        return _from_bucket(name, disposition, seconds=seconds)
    if not path.is_file():
        raise FileNotFoundError(name)
    if settings.MEDIA_ACCEL_PREFIX:
        response: HttpResponseBase = HttpResponse(content_type=storage.media_type(name))
        response["X-Accel-Redirect"] = quote(f"{settings.MEDIA_ACCEL_PREFIX.rstrip('/')}/{name}")
    else:
        response = _from_disk(request, path)
    if disposition:
        response["Content-Disposition"] = disposition
    return response


def _from_bucket(name: str, disposition: str, *, seconds: int) -> HttpResponseBase:
    """Answer what must come from this origin; send the rest to the bucket.

    The references in a playlist stay signed here, and a browser takes captions from here alone.
    """
    if name.endswith((".m3u8", ".vtt")):
        return HttpResponse(storage.read_media(name), content_type=storage.media_type(name))
    return HttpResponseRedirect(
        storage.presigned_url(name, seconds=seconds, disposition=disposition)
    )


def _from_disk(request: HttpRequest, path: Path) -> HttpResponseBase:
    stream = path.open("rb")
    facts = os.fstat(stream.fileno())
    etag, modified = f'"{facts.st_mtime_ns:x}-{facts.st_size:x}"', int(facts.st_mtime)
    response: HttpResponseBase | None
    response = get_conditional_response(request, etag=etag, last_modified=modified)
    if response is not None:
        stream.close()
    else:
        try:
            asked = _asked(request, facts.st_size, etag, modified)
        except RangeNotSatisfiable as error:
            stream.close()
            refused = problem_response(problem_of(error))
            refused["Content-Range"] = f"bytes */{facts.st_size}"
            return refused
        response = _bytes(request, stream, asked, facts.st_size)
        response["Content-Type"] = storage.media_type(path.name)
        response["Accept-Ranges"] = "bytes"
    response["ETag"], response["Last-Modified"] = etag, http_date(modified)
    return response


def _bytes(
    request: HttpRequest, stream: BinaryIO, asked: range | None, size_bytes: int
) -> HttpResponseBase:
    sent = range(size_bytes) if asked is None else asked
    if request.method == "HEAD":
        stream.close()
        response: HttpResponseBase = HttpResponse()
    elif asked is None:
        response = StreamingHttpResponse(FilePart(stream, sent))
    else:
        response = StreamingHttpResponse(FilePart(stream, sent), status=HTTPStatus.PARTIAL_CONTENT)
        response["Content-Range"] = f"bytes {sent.start}-{sent.stop - 1}/{size_bytes}"
    response["Content-Length"] = str(len(sent))
    return response


def _asked(request: HttpRequest, size_bytes: int, etag: str, modified: int) -> range | None:
    """Return the offsets asked for; None: the whole file. Only GET has ranges (RFC 9110, 14.2)."""
    if request.method != "GET" or not _range_applies(request, etag, modified):
        return None
    return requested_range(request.headers.get("Range", ""), size_bytes)


def _range_applies(request: HttpRequest, etag: str, modified: int) -> bool:
    """Tell whether If-Range, where there is one, still names this very file (RFC 9110, 13.1.5)."""
    condition = request.headers.get("If-Range")
    if condition is None:
        return True
    if condition.startswith(('"', "W/")):
        return condition == etag
    return parse_http_date_safe(condition) == modified


class FilePart:
    """The bytes of an open file at given offsets, in chunks; closes the file with the response."""

    def __init__(self, stream: BinaryIO, offsets: range) -> None:
        self.stream, self.offsets = stream, offsets

    def __iter__(self) -> Iterator[bytes]:
        """Read the part once, from its beginning."""
        self.stream.seek(self.offsets.start)
        left = len(self.offsets)
        while left > 0 and (chunk := self.stream.read(min(left, CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk

    def close(self) -> None:
        """Close the file; Django calls it when the response is over."""
        self.stream.close()
