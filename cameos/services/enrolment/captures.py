"""Where captures are: sealed parts in the object store, and one open copy while a worker looks.

What a worker finds is sealed beside the parts only while a moderator is asked. All of it is
unreadable from the commit that ends the enrolment, with its data key; the files go after that
commit, or with the next sweep.
"""

from __future__ import annotations

import io
import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.functions import Now

from cameos.custody import record, seal, unseal
from cameos.errors import KeyShredded
from cameos.models import ConsentEvent, Enrolment
from cameos.policy.captures import PIECE_BYTES_MAX
from cameos.states import ENDED, EnrolmentState
from core.storage import delete_prefix, local_path, read_media

FOLDER = "captures"
PARTS, FINDINGS = "1", "2"
_SEAL_BYTES = 64  # more than sealing adds
_log = logging.getLogger(__name__)


class CaptureLost(Exception):
    """A part of a capture is not in the object store, or is not what was stored."""


def prefix_of(enrolment_id: UUID, version: str = PARTS) -> str:
    """Return under which prefix of the object store an enrolment's parts or findings are."""
    return f"{FOLDER}/{enrolment_id}/{version}/"


def save_part(enrolment_id: UUID, piece: bytes, *, offset: int) -> str:
    """Seal a piece of a capture, store it and return its name.

    The name is one of its own: of two who store a piece for the same offset neither touches the
    other's; which of them counts, the row says.

    Raises:
        KeyShredded: the enrolment has ended.
        KekMissing: its key is wrapped under a key that LIKENESS_KEKS no longer has.
        SealBroken: its key was altered.
    """
    name = f"{offset:08d}-{secrets.token_hex(8)}"
    _save(enrolment_id, PARTS, name, piece)
    return name


def drop_part(enrolment_id: UUID, name: str) -> None:
    """Delete a part that does not count."""
    default_storage.delete(f"{prefix_of(enrolment_id)}{name}")


def save_finding(enrolment_id: UUID, part: str, data: bytes) -> None:
    """Seal and store what was found of a face, for as long as a moderator is asked.

    Raises:
        KeyShredded: the enrolment has ended.
        KekMissing: its key is wrapped under a key that LIKENESS_KEKS no longer has.
        SealBroken: its key was altered.
    """
    _save(enrolment_id, FINDINGS, part, data)


def open_finding(enrolment_id: UUID, part: str) -> bytes | None:
    """Return what `save_finding` stored; None: nothing, or no longer.

    Raises:
        KekMissing: the key is wrapped under a key that LIKENESS_KEKS no longer has.
        SealBroken: it was altered.
    """
    try:
        sealed = read_media(f"{prefix_of(enrolment_id, FINDINGS)}{part}")
        return unseal(sealed, subject_id=enrolment_id, part=f"{FINDINGS}/{part}")
    except (OSError, KeyShredded):
        return None


@contextmanager
def opened_capture(enrolment: Enrolment) -> Iterator[Path]:
    """Put a capture together in a private file of this machine, and lend it.

    The folder is its owner's alone and is deleted whatever happens; what a killed process leaves,
    `clear_leftovers` deletes.

    Raises:
        CaptureLost: a part is missing, or the parts are not as many bytes as were received.
        KeyShredded: the enrolment has ended.
        KekMissing: its key is wrapped under a key that LIKENESS_KEKS no longer has.
        SealBroken: a part was altered.
    """
    root = _work_root()
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = root / f"{enrolment.pk}.{enrolment.fence}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        path = folder / "capture"
        _assemble(enrolment, path)
        yield path
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clear_leftovers() -> int:
    """Delete open copies on this machine that no living lease is about; return how many."""
    root = _work_root()
    found = 0
    for folder in root.iterdir() if root.is_dir() else ():
        enrolment_id, _, fence = folder.name.partition(".")
        held = Enrolment.objects.filter(pk=enrolment_id, fence=fence, lease_until__gt=Now())
        if not held.exists():
            shutil.rmtree(folder, ignore_errors=True)
            found += 1
    return found


def delete_capture_on_commit(enrolment_id: UUID) -> None:
    """Delete an ended enrolment's files after the caller's commit; the sweep repeats it."""
    transaction.on_commit(partial(_try_to_delete, enrolment_id))


def delete_parts_on_commit(enrolment_id: UUID) -> None:
    """Delete the video after the caller's commit, and leave what was found in it."""
    transaction.on_commit(partial(_try_to_delete, enrolment_id, keep_findings=True))


def delete_captures() -> int:
    """Delete the files that ended enrolments, and videos that reviews, still have; for a sweep."""
    due = Enrolment.objects.exclude(capture_prefix="").filter(capture_deleted_at__isnull=True)
    ended = due.filter(state__in=ENDED).values_list("pk", flat=True)
    in_review = due.filter(state=EnrolmentState.REVIEW).values_list("pk", flat=True)
    return sum(_try_to_delete(each) for each in ended) + sum(
        _try_to_delete(each, keep_findings=True) for each in in_review
    )


def delete_orphans() -> int:
    """Delete stored captures of enrolments that are over or gone; return of how many.

    An upload that was cut off while its enrolment ended may have left a sealed part behind.
    """
    try:
        names, _ = default_storage.listdir(FOLDER)
    except FileNotFoundError:
        return 0
    open_ones = {str(each) for each in Enrolment.objects.open().values_list("pk", flat=True)}
    gone = [name for name in names if name not in open_ones]
    for name in gone:
        _delete_files(UUID(name))
    return len(gone)


def _save(enrolment_id: UUID, version: str, name: str, data: bytes) -> None:
    sealed = seal(data, subject_id=enrolment_id, part=f"{version}/{name}")
    path = f"{prefix_of(enrolment_id, version)}{name}"
    default_storage.delete(path)  # what a killed worker left; a file that is there would be kept
    default_storage.save(path, File(io.BytesIO(sealed)))


def _assemble(enrolment: Enrolment, path: Path) -> None:
    written = 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        for name in enrolment.parts:
            try:
                with default_storage.open(f"{prefix_of(enrolment.pk)}{name}") as stored:
                    sealed = stored.read(PIECE_BYTES_MAX + _SEAL_BYTES)
            except FileNotFoundError as error:
                raise CaptureLost(name) from error
            target.write(unseal(sealed, subject_id=enrolment.pk, part=f"{PARTS}/{name}"))
        written = target.tell()
    if written != enrolment.received_bytes:
        raise CaptureLost(f"{written} bytes of {enrolment.received_bytes}")


def _try_to_delete(enrolment_id: UUID, *, keep_findings: bool = False) -> bool:
    try:
        _delete_files(enrolment_id, keep_findings=keep_findings)
    except Exception:  # noqa: BLE001 - the enrolment has ended; the sweep tries again
        _log.exception("the capture of %s is unreadable but not deleted yet", enrolment_id)
        return False
    with transaction.atomic():
        first = Enrolment.objects.filter(pk=enrolment_id, capture_deleted_at__isnull=True)
        if first.exclude(capture_prefix="").update(capture_deleted_at=Now(), parts=[]):
            record(ConsentEvent.CAPTURE_DELETED, subject_id=enrolment_id)
            return True
    return False


def _delete_files(enrolment_id: UUID, *, keep_findings: bool = False) -> None:
    delete_prefix(prefix_of(enrolment_id))
    if keep_findings:
        return
    delete_prefix(prefix_of(enrolment_id, FINDINGS))
    folder = local_path(f"{FOLDER}/{enrolment_id}")
    if folder is not None:
        with suppress(OSError):  # not there, or a part came in this moment: the purge finds it
            folder.rmdir()


def _work_root() -> Path:
    return Path(settings.WORK_DIR) / FOLDER
