"""Was this file made here? Reads an upload, or a file of ours, for whoever holds it."""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from urllib.parse import urlsplit
from uuid import UUID

from accounts.selectors import Viewer
from cameos.services import receipts_in
from core.errors import NotFound
from core.storage import check_grant, is_withheld, local_copy, prefix_of
from feed.errors import ClipNotFound
from feed.selectors import author_of, clip_of_mark, credentials
from moderation.errors import NotOurUrl, UnreadableMedia, UploadTooLarge, VerifierBusy

if TYPE_CHECKING:
    from provenance.verify import Verification

UPLOAD_BYTES_MAX: Final = 100 * 1024 * 1024
# Decoding takes seconds of a core: more at once would starve the other requests of this process.
_AT_ONCE_MAX: Final = 2
_WAIT_SECONDS: Final = 10.0
_slots = threading.BoundedSemaphore(_AT_ONCE_MAX)
_MEDIA_PATH: Final = re.compile(r"/media/(?P<grant>[^/]+)/(?P<name>.+)")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a file says of itself, what its pixels say, and what we may tell of the clip.

    Attributes:
        verification: The manifest's state and the invisible mark.
        clip_id: The clip of this instance that both lead to; None when it was not made here.
        credentials: How that clip was made, when the viewer may see it.
        consents: Whether the consents to show the likenesses in that clip still hold; names nobody.
    """

    verification: Verification
    clip_id: UUID | None
    credentials: dict[str, Any] | None
    consents: list[dict[str, Any]]


def verify_upload(*, upload: BinaryIO, size_bytes: int, viewer: Viewer) -> Finding:
    """Check an uploaded MP4, JPEG or PNG; the bytes are kept no longer than this takes.

    Args:
        upload: The file, at its beginning.
        size_bytes: Its size, at most 100 MiB.
        viewer: Who asks; a stranger is fine.

    Raises:
        UploadTooLarge: Over the limit.
        UnreadableMedia: No such media, damaged, or over the limits of size and length.
        VerifierBusy: Too many checks at once.
    """
    if size_bytes > UPLOAD_BYTES_MAX:
        raise UploadTooLarge(limit_bytes=UPLOAD_BYTES_MAX)
    with _slot(), tempfile.NamedTemporaryFile(prefix="verify-") as copy:
        shutil.copyfileobj(upload, copy, 1 << 20)
        copy.flush()
        return _verify(Path(copy.name), viewer)


def verify_url(*, url: str, hosts: frozenset[str], viewer: Viewer) -> Finding:
    """Check a file of ours by its signed media URL; nothing is fetched over the network.

    Args:
        url: `/media/<grant>/<name>`, relative or absolute.
        hosts: The names (with port) that this instance answers under.
        viewer: Who asks.

    Raises:
        NotOurUrl: Another host, or no media URL.
        core.storage.MediaUrlInvalid: The signature is not ours.
        core.storage.MediaUrlExpired: Its time is over.
        NotFound: The file is gone or withheld.
        UnreadableMedia: It is no picture or video, such as a playlist.
        VerifierBusy: Too many checks at once.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise NotOurUrl(field="url") from error
    match = _MEDIA_PATH.fullmatch(parts.path)
    if match is None or (parts.netloc and parts.netloc not in hosts):
        raise NotOurUrl(field="url")
    name = match["name"]
    check_grant(match["grant"], name)
    if is_withheld(prefix_of(name)):
        raise NotFound
    try:
        with _slot(), local_copy(name) as path:
            return _verify(path, viewer)
    except FileNotFoundError as error:
        raise NotFound from error


def _verify(path: Path, viewer: Viewer) -> Finding:
    # c2pa and av load where a file is checked, not in every process.
    from core.marker import marker  # noqa: PLC0415
    from provenance import errors, verify  # noqa: PLC0415

    try:
        verification = verify.verify_file(path, marker())
    except errors.UnreadableMedia as error:
        raise UnreadableMedia(str(error), field="file") from error
    clip_id = _clip_of(verification)
    return Finding(
        verification=verification,
        clip_id=clip_id,
        credentials=_credentials(clip_id, viewer) if clip_id else None,
        consents=receipts_in(clip_id) if clip_id else [],
    )


def _clip_of(verification: Verification) -> UUID | None:
    """Return the clip that pixels or manifest name; pixels first, they are harder to change."""
    if verification.mark_id is not None:
        marked = clip_of_mark(verification.mark_id)
        if marked is not None:
            return marked
    if verification.clip_id is None:
        return None
    try:
        clip_id = UUID(verification.clip_id)
        author_of(clip_id)  # an operator may trust further roots: their clips are not ours
    except (ValueError, ClipNotFound):
        return None
    return clip_id


def _credentials(clip_id: UUID, viewer: Viewer) -> dict[str, Any] | None:
    try:
        return credentials(clip_id, viewer=viewer)
    except ClipNotFound:
        return None


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=_WAIT_SECONDS):
        raise VerifierBusy
    try:
        yield
    finally:
        _slots.release()
