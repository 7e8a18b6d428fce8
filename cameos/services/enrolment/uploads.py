"""The upload of a capture: in parts that survive a lost connection, sealed before they are stored.

The database decides what counts: a part is stored under a name of its own and then appended to the
row's list, if the row is still at the byte where the part begins. Of two who send the same bytes at
once, one is appended and the other is told where the server is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

from django.db.models.functions import Now

from cameos.errors import (
    CaptureTooLarge,
    CaptureTypeRefused,
    ChallengeExpired,
    EnrolmentNotPossible,
    KeyShredded,
    LengthRequired,
    OffsetMismatch,
)
from cameos.models import Enrolment
from cameos.policy.captures import (
    BYTES_MAX,
    BYTES_MIN,
    HEAD_BYTES,
    PARTS_MAX,
    PIECE_BYTES_MAX,
    TYPES,
    container_of,
)
from cameos.selectors.enrolments import enrolment_of
from cameos.services.enrolment.captures import drop_part, prefix_of, save_part
from cameos.states import EnrolmentState
from core.errors import InvalidField


@dataclass(frozen=True, slots=True)
class Incoming:
    """Bytes that a request brings.

    Attributes:
        body: the bytes; read once.
        length: how many the request says there are.
        offset: at which byte of the capture they begin.
        total: how many bytes the capture has; None: as was said before.
        media_type: what the whole capture is said to be; empty: not said.
    """

    body: BinaryIO
    length: int
    offset: int
    total: int | None
    media_type: str = ""


def receive(*, user_id: UUID, enrolment_id: UUID, incoming: Incoming) -> int:
    """Store bytes of a capture and return at which byte the server is then.

    The first request begins the upload, which it may only while the challenge is good, and says how
    long the whole capture is. A connection that breaks leaves what has come: go on from there.

    Raises:
        EnrolmentNotFound: they have no such enrolment.
        EnrolmentNotPossible: it takes no bytes: submitted, ended, or in too many small parts.
        ChallengeExpired: the upload did not begin in time.
        LengthRequired: the first request does not say how long the capture is.
        InvalidField: it is said to be another length than before, or hardly any bytes.
        OffsetMismatch: the server is at another byte, or another request was faster.
        CaptureTooLarge: over the limit, or more bytes than were declared.
        CaptureTypeRefused: these bytes begin no MP4 or WebM, or not what they are said to be.
        KekMissing: the enrolment's key cannot be opened at the moment.
        SealBroken: its key was altered.
    """
    enrolment = enrolment_of(user_id, enrolment_id)
    if enrolment.state != EnrolmentState.CHALLENGED:
        raise EnrolmentNotPossible
    total = _total(enrolment, incoming)
    if incoming.offset != enrolment.received_bytes:
        raise OffsetMismatch(received_bytes=enrolment.received_bytes)
    if incoming.offset + incoming.length > total:
        raise CaptureTooLarge(
            "These are more bytes than were declared.", upload_bytes=total, limit_bytes=BYTES_MAX
        )
    _begin(enrolment, total)
    left = incoming.length
    while left and (piece := _read(incoming.body, min(left, PIECE_BYTES_MAX))):
        _check_head(enrolment, piece, incoming.media_type)
        _append(enrolment, piece)
        left -= len(piece)
    return enrolment.received_bytes


def _total(enrolment: Enrolment, incoming: Incoming) -> int:
    """Return how long the whole capture is.

    Raises:
        LengthRequired: nobody has said it.
        InvalidField: it was said otherwise before, or is hardly anything.
        CaptureTooLarge: over the limit.
    """
    declared, total = enrolment.upload_bytes, incoming.total
    if declared is None and total is None:
        raise LengthRequired
    if declared is not None and total not in {None, declared}:
        raise InvalidField(f"It was said to be {declared} before.", field="Upload-Length")
    found = declared if declared is not None else int(total or 0)
    if found > BYTES_MAX:
        raise CaptureTooLarge(limit_bytes=BYTES_MAX)
    if found < BYTES_MIN:
        raise InvalidField(f"A capture has {BYTES_MIN} bytes at least.", field="Upload-Length")
    return found


def _begin(enrolment: Enrolment, total: int) -> None:
    """Begin the upload where it has not begun, by the database's clock.

    Raises:
        ChallengeExpired: the time is over.
        InvalidField: another request began it, with another length.
        EnrolmentNotPossible: the enrolment moved on meanwhile.
    """
    if enrolment.upload_bytes is not None:
        return
    mine = Enrolment.objects.filter(pk=enrolment.pk, state=EnrolmentState.CHALLENGED)
    in_time = mine.filter(upload_bytes__isnull=True, challenge_expires_at__gt=Now())
    if not in_time.update(upload_bytes=total, capture_prefix=prefix_of(enrolment.pk)):
        now = mine.first()
        if now is None:
            raise EnrolmentNotPossible
        if now.upload_bytes is None:
            raise ChallengeExpired
        if now.upload_bytes != total:
            raise InvalidField(f"It was said to be {now.upload_bytes}.", field="Upload-Length")
    enrolment.upload_bytes = total


def _check_head(enrolment: Enrolment, piece: bytes, media_type: str) -> None:
    """Refuse what is seen at once to be no video; the rest is seen when the capture is whole.

    Raises:
        CaptureTypeRefused: the first bytes are of something else.
    """
    if enrolment.received_bytes or len(piece) < HEAD_BYTES:
        return
    container = container_of(piece)
    if container is None or (media_type and TYPES.get(media_type) != container):
        raise CaptureTypeRefused(types=list(TYPES))


def _append(enrolment: Enrolment, piece: bytes) -> None:
    """Store a piece and let it count, if the row is still where the piece begins.

    Raises:
        EnrolmentNotPossible: the enrolment ended meanwhile, or has too many parts.
        OffsetMismatch: another request was faster.
        KekMissing: the enrolment's key cannot be opened at the moment.
        SealBroken: its key was altered.
    """
    if len(enrolment.parts) >= PARTS_MAX:
        raise EnrolmentNotPossible(f"A capture comes in {PARTS_MAX} parts at most.")
    offset = enrolment.received_bytes
    try:
        name = save_part(enrolment.pk, piece, offset=offset)
    except KeyShredded as error:
        raise EnrolmentNotPossible from error
    still_there = Enrolment.objects.filter(
        pk=enrolment.pk, state=EnrolmentState.CHALLENGED, received_bytes=offset
    )
    parts = [*enrolment.parts, name]  # grows with `received_bytes`, so these are the row's
    if not still_there.update(received_bytes=offset + len(piece), parts=parts):
        drop_part(enrolment.pk, name)
        now = Enrolment.objects.filter(pk=enrolment.pk).first()
        if now is None or now.state != EnrolmentState.CHALLENGED:
            raise EnrolmentNotPossible
        raise OffsetMismatch(received_bytes=now.received_bytes)
    enrolment.received_bytes, enrolment.parts = offset + len(piece), parts


def _read(body: BinaryIO, size: int) -> bytes:
    """Read so many bytes, or as many as come."""
    pieces, left = [], size
    while left and (chunk := _some(body, left)):
        pieces.append(chunk)
        left -= len(chunk)
    return b"".join(pieces)


def _some(body: BinaryIO, size: int) -> bytes:
    try:
        return body.read(size)
    except OSError:  # the connection broke: what has come so far is kept
        return b""
