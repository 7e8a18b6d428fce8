"""Finished media in the object store, and the signed URLs that lead to it.

A media name is `<kind>/<id>/<version>/<file>`; the first three parts are its prefix. A folder is
saved once under a prefix and not changed after, so URLs may be cached. The signature of a URL
covers the prefix: the relative references inside an HLS playlist stay valid below it.

Whoever holds a signed URL may use it, so its withdrawal has to be looked up: each request for media
asks the table of withheld prefixes by its unique index, and what is hidden stops with the commit.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, default_storage
from django.core.signing import BadSignature, Signer
from django.db import transaction

from core.errors import DomainError
from core.models import WithheldMedia

TYPES = {
    ".mp4": "video/mp4",
    ".m4s": "video/iso.segment",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".vtt": "text/vtt",
}
EXPIRY_STEP_SECONDS = 300  # URLs made within one step are the same text, so they can be cached
PREFIX_PARTS = 3
_NAME = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*/){3,}[A-Za-z0-9_][A-Za-z0-9_.-]*")
_DELETED_AT_ONCE = 500  # prefixes in one sweep
_GRANT = re.compile(r"([1-9][0-9]{0,11})([vr])\.([A-Za-z0-9_-]{43})")
VIEWER, REVIEWER = "v", "r"
_log = logging.getLogger(__name__)


class MediaUrlInvalid(DomainError):
    """The signature is not this server's, or is for another folder."""

    code = "media_url_invalid"
    status = HTTPStatus.FORBIDDEN
    title = "This media address is not valid."


class MediaUrlExpired(DomainError):
    """The signature was right and its time is over."""

    code = "media_url_expired"
    status = HTTPStatus.FORBIDDEN
    title = "This media address has expired; ask for the clip again."


def signed_url(name: str, *, for_review: bool = False) -> str:
    """Return the URL under which `name` is served until it expires.

    Args:
        name: `<kind>/<id>/<version>/<file>`.
        for_review: whether it answers for withheld media too; for moderators' eyes only.

    Returns:
        `/media/<grant>/<name>`, after PUBLIC_URL where one is set. It answers for MEDIA_URL_SECONDS
        at least, and is the same text for calls within EXPIRY_STEP_SECONDS.

    Raises:
        ValueError: the name has not that form.
    """
    expires = int(time.time()) + settings.MEDIA_URL_SECONDS
    expires += -expires % EXPIRY_STEP_SECONDS
    grant = _grant(str(expires), REVIEWER if for_review else VIEWER, prefix_of(name))
    return f"{settings.PUBLIC_URL}/media/{grant}/{name}"


def check_grant(grant: str, name: str) -> tuple[int, bool]:
    """Return for how many seconds more `grant` opens `name`, and whether it is a reviewer's.

    Raises:
        MediaUrlInvalid: forged, for another prefix, or the name is malformed.
        MediaUrlExpired: was valid, is over.
    """
    parts = _GRANT.fullmatch(grant)
    if parts is None or not _NAME.fullmatch(name):
        raise MediaUrlInvalid
    expires, audience, signature = parts.groups()
    text = _signed_text(expires, audience, prefix_of(name))
    try:
        _signer().unsign(f"{text}:{signature}")
    except BadSignature as error:
        raise MediaUrlInvalid from error
    left_seconds = int(expires) - int(time.time())
    if left_seconds <= 0:
        raise MediaUrlExpired
    return left_seconds, audience == REVIEWER


def prefix_of(name: str) -> str:
    """Return the prefix of a media name, with its trailing slash.

    Raises:
        ValueError: the name is not `<kind>/<id>/<version>/<file>` in plain characters.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a media name: {name!r}")
    return "/".join(name.split("/")[:PREFIX_PARTS]) + "/"


def save_folder(folder: Path, *, prefix: str) -> tuple[str, ...]:
    """Save every file of `folder` under `prefix` and return the names, sorted.

    On a local disk the whole folder appears at once and is on the disk when this returns; in a
    bucket the files appear one by one, so name them to people only afterwards. Saving again
    replaces what was there.

    Args:
        folder: finished files, in subfolders or not.
        prefix: `<kind>/<id>/<version>/`.

    Raises:
        ValueError: a file's name or the prefix is not in plain characters, or there is no file.
    """
    files = {f"{prefix}{path.relative_to(folder).as_posix()}": path for path in _files(folder)}
    if not files or any(prefix_of(name) != prefix for name in files):
        raise ValueError(f"nothing to save, or not a prefix: {prefix!r}")
    target = local_path(prefix)
    if target is not None:
        _save_locally(folder, target)
        return tuple(sorted(files))
    for name, path in files.items():
        with path.open("rb") as stream:
            content = File(stream)
            content.content_type = media_type(name)  # type: ignore[attr-defined]  # for S3Storage
            default_storage.save(name, content)
    return tuple(sorted(files))


def delete_prefix(prefix: str) -> None:
    """Delete every file under `prefix`; nothing there is fine.

    Raises:
        ValueError: it is not a prefix.
    """
    prefix_of(f"{prefix}x")
    target = local_path(prefix)
    if target is None:
        _delete_remote(default_storage, prefix.rstrip("/"))
    else:
        _delete_locally(target)


def withhold(prefix: str, *, delete: bool = False) -> None:
    """Make every viewer's URL under `prefix` answer 404 from the caller's commit on.

    Twice is harmless. With `delete` the files are due to be deleted, and nothing releases them.
    """
    row, _ = WithheldMedia.objects.get_or_create(prefix=prefix)
    if delete:
        WithheldMedia.objects.filter(pk=row.pk).update(deletion_is_due=True)


def delete_soon(prefixes: Collection[str]) -> None:
    """Withhold many prefixes from the caller's commit on; `collect_deleted` deletes their files."""
    rows = [WithheldMedia(prefix=each, deletion_is_due=True) for each in sorted(set(prefixes))]
    WithheldMedia.objects.bulk_create(
        rows,
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["prefix"],
        update_fields=["deletion_is_due"],
    )


def release(prefix: str) -> None:
    """Let URLs under `prefix` answer again; what is to be deleted stays withheld."""
    WithheldMedia.objects.filter(prefix=prefix, deletion_is_due=False).delete()


def is_withheld(prefix: str) -> bool:
    """Tell whether viewers may not have the media under `prefix` now."""
    return WithheldMedia.objects.filter(prefix=prefix).exists()


def collect_deleted() -> int:
    """Delete media whose deletion is due and return how many prefixes went; for a sweep.

    A prefix that the store fails to delete stays withheld and due. Two sweeps at once do the work
    twice, harmlessly.
    """
    # In any order, so that what the store never deletes does not keep the rest from its turn.
    due = WithheldMedia.objects.filter(deletion_is_due=True).order_by("?")
    prefixes = list(due.values_list("prefix", flat=True)[:_DELETED_AT_ONCE])
    return sum(map(_delete_withheld, prefixes))


def delete_on_commit(prefix: str) -> None:
    """Withhold the media, and delete it after the caller's commit; `collect_deleted` retries."""
    withhold(prefix, delete=True)
    transaction.on_commit(partial(_delete_withheld, prefix))


def local_path(name: str) -> Path | None:
    """Return where a media name or prefix is on the local disk; None when media is in a bucket."""
    try:
        return Path(default_storage.path(name))
    except NotImplementedError:
        return None


def read_media(name: str) -> bytes:
    """Return the bytes of a small media file, such as a playlist.

    Raises:
        FileNotFoundError: there is none.
    """
    with default_storage.open(name) as stream:
        return bytes(stream.read())


def presigned_url(name: str, *, seconds: int, disposition: str = "") -> str:
    """Return the bucket's own URL of a media name, good for `seconds`."""
    asked = {"ResponseContentDisposition": disposition} if disposition else {}
    return default_storage.url(name, asked, seconds)  # type: ignore[call-arg]  # S3Storage's


def bucket_origin() -> str:
    """Return the origin that presigned URLs lead to; empty when media is on the local disk."""
    if local_path("clips") is not None:
        return ""
    url = urlsplit(presigned_url("clips", seconds=1))
    return f"{url.scheme}://{url.netloc}"


@contextmanager
def local_copy(name: str) -> Iterator[Path]:
    """Lend the media file as a file on this machine's disk; not to be changed.

    Raises:
        FileNotFoundError: there is none.
    """
    path = local_path(name)
    if path is not None:
        if not path.is_file():
            raise FileNotFoundError(name)
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="media-") as folder:
        copy = Path(folder) / name.rsplit("/", 1)[1]
        with default_storage.open(name) as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        yield copy


def media_type(name: str) -> str:
    """Return the media type that a name's ending stands for."""
    return TYPES.get(Path(name).suffix, "application/octet-stream")


def disposition(name: str) -> str:
    """Return the Content-Disposition of a media file as a download, named by its id and ending."""
    return f'attachment; filename="{name.split("/")[1]}{Path(name).suffix}"'


@lru_cache(maxsize=8192)  # a page of cards names each clip's files, and every viewer's page again
def _grant(expires: str, audience: str, prefix: str) -> str:
    signature = _signer().signature(_signed_text(expires, audience, prefix))
    return f"{expires}{audience}.{signature}"


def _signer() -> Signer:
    return Signer(salt="core.storage")


def _signed_text(expires: str, audience: str, prefix: str) -> str:
    return f"{expires}{audience}{prefix}"


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _save_locally(folder: Path, target: Path) -> None:
    """Copy to a neighbour of `target`, make it durable, and let it take the place at once."""
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.draft")
    try:
        for path in _files(folder):
            copy = draft / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            with path.open("rb") as source, copy.open("xb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
                os.fsync(sink.fileno())
        if target.exists():
            shutil.rmtree(target)
        draft.rename(target)
        _sync_folder(target.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _delete_locally(target: Path) -> None:
    """Move the folder out of readers' way, then delete it and what a killed save or delete left."""
    with suppress(FileNotFoundError):
        target.rename(target.with_name(f".{target.name}.{secrets.token_hex(4)}.deleted"))
    for leftover in target.parent.glob(f".{target.name}.*"):
        with suppress(FileNotFoundError):  # another sweep's, meanwhile
            shutil.rmtree(leftover)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _delete_remote(storage: Storage, folder: str) -> None:
    folders, names = storage.listdir(folder)
    for name in names:
        storage.delete(f"{folder}/{name}")
    for inner in folders:
        _delete_remote(storage, f"{folder}/{inner}")


def _delete_withheld(prefix: str) -> bool:
    try:
        delete_prefix(prefix)
    except Exception:  # noqa: BLE001 - one failing store entry must not keep the others
        _log.exception("media of %s is withheld but not deleted yet", prefix)
        return False
    WithheldMedia.objects.filter(prefix=prefix, deletion_is_due=True).delete()
    return True
