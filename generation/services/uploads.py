"""Pictures that clips begin from: taken, looked at by a worker, lent to engines, forgotten.

What is kept is a JPEG that we drew anew, sealed in its row under the secret key: no file and no
address leads to it, and it is gone with the row.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from cameos.services import look_at_picture
from core.locks import hold
from core.sealing import cipher
from generation.errors import (
    FaceInUpload,
    TooManyUploads,
    UploadNotFound,
    UploadNotReady,
    UploadRefused,
)
from generation.models import Job, Upload, UploadState
from generation.wake import check_upload_on_commit
from notifications.services import publish

if TYPE_CHECKING:
    from accounts.models import User
    from transcode.pictures import CleanPicture

UPLOADS_MAX: Final = 50  # an account's that are kept
TRIES_MAX: Final = 5
TRIED_AGAIN_AFTER: Final = timedelta(seconds=60)
CHECKED_EVENT: Final = "upload.checked"
REAL_FACE, NOT_CHECKED = "real_face", "not_checked"
SENTENCES: Final = {
    REAL_FACE: "It shows a real person's face that is no cameo you may use.",
    NOT_CHECKED: "It could not be looked at; send it again.",
}
_PURPOSE: Final = "uploads"
_BATCH: Final = 50
_log = logging.getLogger(__name__)


def uploads_of(user_id: UUID) -> QuerySet[Upload]:
    """Return the user's own uploads without their pictures; nobody else may see them."""
    return Upload.objects.filter(user_id=user_id).defer("picture")


def take_upload(*, by: User, picture: CleanPicture) -> Upload:
    """Keep a picture for a clip to begin from, and have a worker look at it on commit.

    Args:
        by: whose it is.
        picture: of `core.pictures.read_picture`.

    Raises:
        TooManyUploads: they have as many as are kept for an account.
    """
    with transaction.atomic():
        _take_turns(by.pk)
        if uploads_of(by.pk).exclude(state=UploadState.REFUSED).count() >= UPLOADS_MAX:
            raise TooManyUploads(limit=UPLOADS_MAX)
        upload = Upload.objects.create(
            user_id=by.pk,
            picture=cipher(_PURPOSE).encrypt(picture.jpeg),
            width_px=picture.width_px,
            height_px=picture.height_px,
        )
        check_upload_on_commit(upload.pk)
    return upload


def delete_upload(*, upload_id: UUID, by: UUID) -> None:
    """Forget an upload; a job that waits to begin from it ends without a clip.

    Raises:
        UploadNotFound: they have no such upload.
    """
    deleted, _ = uploads_of(by).filter(pk=upload_id).delete()
    if not deleted:
        raise UploadNotFound


def check_upload(*, upload_id: UUID) -> None:
    """Look at an upload that nobody has looked at: a stranger's face in it refuses it.

    Called twice or at once, the first answer stays. A picture that brought down workers, or cannot
    be looked at five times, is refused.

    Raises:
        PackError: the pack in use cannot be read, or nobody measured its thresholds.
        KekMissing, SealBroken: a template cannot be opened.
    """
    waiting = Upload.objects.filter(pk=upload_id, state=UploadState.CHECKING)
    # Counted before it is looked at: a process that dies of it has counted, too.
    if not waiting.update(tries=F("tries") + 1, tried_at=Now()):
        return
    upload = waiting.first()
    if upload is None:  # another worker's answer, or deleted
        return
    if upload.tries > TRIES_MAX:
        _answer(upload, refused_code=NOT_CHECKED)
        return
    found = look_at_picture(jpeg=_opened(upload), by=upload.user_id)
    _answer(upload, cast=found.cast, refused_code=REAL_FACE if found.strangers else "")


def usable_upload(*, upload_id: UUID, by: UUID) -> Upload:
    """Return an upload that a clip of theirs may begin from; its picture is read when it is asked.

    Raises:
        UploadNotFound: they have no such upload.
        UploadNotReady: no worker has looked at it yet.
        UploadRefused: a worker refused it.
    """
    upload = uploads_of(by).filter(pk=upload_id).first()
    if upload is None:
        raise UploadNotFound(field="input_reference")
    if upload.state == UploadState.CHECKING:
        raise UploadNotReady(field="input_reference")
    if upload.state == UploadState.REFUSED:
        raise UploadRefused(SENTENCES[upload.refused_code], field="input_reference")
    return upload


def picture_for(*, upload_id: UUID, by: UUID) -> bytes:
    """Return the picture that a job begins from as a PNG, after another look at whose faces it has.

    Since it was uploaded somebody in it may have ended a cameo, or registered their face.

    Raises:
        UploadNotFound: it was deleted meanwhile.
        UploadNotReady, UploadRefused: it is not usable.
        FaceInUpload: it shows somebody whose cameo may not be used now.
        PackError: the pack in use cannot be read, or nobody measured its thresholds.
        KekMissing, SealBroken: a template cannot be opened.
    """
    from transcode.pictures import as_png  # noqa: PLC0415 - Pillow loads where it is needed

    upload = usable_upload(upload_id=upload_id, by=by)
    jpeg = _opened(upload)
    found = look_at_picture(jpeg=jpeg, by=by)
    if found.strangers or not set(found.cast) <= set(upload.cast):
        raise FaceInUpload(field="input_reference")
    return as_png(jpeg)


def check_waiting_uploads() -> None:
    """Look at uploads whose wake-up call, or whose worker, was lost; for a sweep."""
    waiting = Upload.objects.filter(state=UploadState.CHECKING)
    lost = Q(tried_at__isnull=True, created_at__lt=Now() - TRIED_AGAIN_AFTER / 2)
    lost |= Q(tried_at__lt=Now() - TRIED_AGAIN_AFTER)
    for upload_id in list(waiting.filter(lost).values_list("pk", flat=True)[:_BATCH]):
        try:
            check_upload(upload_id=upload_id)
        except Exception:  # noqa: BLE001 - one picture must not keep the others waiting
            _log.exception("upload %s cannot be looked at now", upload_id)


def forget_unused_uploads() -> int:
    """Delete uploads that no request has named for UPLOAD_DAYS, and return how many.

    One that an unfinished job begins from stays.
    """
    unused = Upload.objects.filter(used_at__lt=Now() - timedelta(days=settings.UPLOAD_DAYS))
    needed = Job.objects.active().filter(input_reference=OuterRef("pk"))
    deleted, _ = unused.filter(~Exists(needed)).delete()
    return deleted


def note_use(upload_id: UUID) -> None:
    """Keep an upload for longer: a request has named it."""
    Upload.objects.filter(pk=upload_id).update(used_at=Now())


def _answer(upload: Upload, *, refused_code: str, cast: tuple[UUID, ...] = ()) -> None:
    with transaction.atomic():
        waiting = Upload.objects.filter(pk=upload.pk, state=UploadState.CHECKING)
        if refused_code:
            state = UploadState.REFUSED
            is_ours = waiting.update(state=state, refused_code=refused_code, picture=None)
        else:
            state = UploadState.READY
            is_ours = waiting.update(state=state, cast=list(cast))
        if is_ours:
            data = {"id": str(upload.pk), "state": state}
            publish(upload.user_id, CHECKED_EVENT, data, durable=False)


def _opened(upload: Upload) -> bytes:
    return cipher(_PURPOSE).decrypt(bytes(upload.picture or b""))


def _take_turns(user_id: UUID) -> None:
    """Let one request of a user at a time count and add uploads."""
    hold(f"generation.uploads:{user_id}")
