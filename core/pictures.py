"""Pictures that people send: read once, bounded, and kept only as pixels that we drew anew."""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO, Final

from core.errors import DomainError, InvalidField

if TYPE_CHECKING:
    from transcode.pictures import CleanPicture

PICTURE_BYTES_MAX: Final = 8 * 1024 * 1024
# Decoding takes half a second of a core and 160 MB: more at once would starve other requests.
_AT_ONCE_MAX: Final = 2
_WAIT_SECONDS: Final = 10.0
_slots = threading.BoundedSemaphore(_AT_ONCE_MAX)


class PictureUnreadable(InvalidField):
    """Neither JPEG, PNG nor WebP by its content, or damaged."""

    code = "picture_unreadable"
    title = "The file is no JPEG, PNG or WebP that can be read."


class PictureTooLarge(DomainError):
    """Too many bytes, or too many pixels to be decoded."""

    code = "picture_too_large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    title = "The picture is too large: at most 8 MiB and 40 megapixels."


class PictureTooSmall(InvalidField):
    """So few pixels that nothing can be made of it."""

    code = "picture_too_small"
    title = "The picture is too small: at least 64 px a side."


class PictureIsMore(InvalidField):
    """The file is a picture and another file at once: an archive, a document, a page, a script."""

    code = "picture_is_more"
    title = "The file holds more than a picture."


class PicturesBusy(DomainError):
    """As many pictures are being read as the machine can bear."""

    code = "pictures_busy"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "Too many pictures are being read at the moment; try again shortly."
    retryable = True


_FAULTS: Final[dict[str, type[DomainError]]] = {
    "unreadable": PictureUnreadable,
    "too_large": PictureTooLarge,
    "too_small": PictureTooSmall,
    "more_than_a_picture": PictureIsMore,
}


def read_picture(upload: BinaryIO, *, field: str) -> CleanPicture:
    """Return what an uploaded picture shows as a JPEG without anything else that was in the file.

    Args:
        upload: the file, at its beginning.
        field: of the form, for the errors.

    Raises:
        PictureUnreadable, PictureTooSmall, PictureIsMore: it is not a picture that we take.
        PictureTooLarge: over 8 MiB or 40 megapixels; nothing was decoded.
        PicturesBusy: too many at once.
    """
    from transcode.errors import NotAPicture  # noqa: PLC0415 - Pillow loads where it is needed
    from transcode.pictures import clean_picture  # noqa: PLC0415 - as above

    data = upload.read(PICTURE_BYTES_MAX + 1)
    if not _slots.acquire(timeout=_WAIT_SECONDS):
        raise PicturesBusy
    try:
        return clean_picture(data)
    except NotAPicture as error:
        raise _FAULTS[error.fault](field=field) from error
    finally:
        _slots.release()
