"""Faces that are registered to be kept out of clips: by their owners, and by the operator."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from cameos.custody import record, shred_key
from cameos.errors import ListedFaceNotFound, PictureWithoutFace, ProtectedFaceNotFound
from cameos.models import Cameo, CameoKind, CameoState, ConsentEvent, Likeness
from cameos.selectors.protection import listed_faces, protected_faces_of
from cameos.services import likeness
from cameos.services.faces.film_faces import FACE_WIDTH_MIN_PX
from cameos.services.faces.recognition import model
from cameos.services.likeness import store_likeness

NAME_CHARACTERS_MAX: Final = 60


def end_protection(*, protected_id: UUID, by: UUID) -> None:
    """End a protected face: its template is destroyed, and it is matched against nothing any more.

    Raises:
        ProtectedFaceNotFound: `by` has no such protected face, or has ended it.
    """
    with transaction.atomic():
        cameo = protected_faces_of(by).select_for_update().filter(pk=protected_id).first()
        if cameo is None:
            raise ProtectedFaceNotFound
        _end(cameo)


def list_face(*, name: str, picture: bytes) -> Cameo:
    """Keep somebody's face out of every clip, and their name out of every prompt, from now on.

    The picture itself is not kept. For one person several entries may be made, a picture each.

    Args:
        name: as people write it, at most 60 characters; empty: the face alone.
        picture: JPEG, PNG or WebP with one face.

    Raises:
        PictureWithoutFace: the picture shows no face that can be recognised, or several.
        transcode.errors.NotAPicture: it is no picture that we read.
        PackError: the pack in use cannot be read.
        KekMissing: no key-encryption key is there.
    """
    from transcode.pictures import clean_picture, decode  # noqa: PLC0415 - not in every process

    frame = decode(clean_picture(picture).jpeg)
    faces = model().find(frame)
    if len(faces) != 1 or faces[0].box[2] - faces[0].box[0] < FACE_WIDTH_MIN_PX:
        raise PictureWithoutFace(field="picture")
    template = model().embed(frame, faces[0])
    with transaction.atomic():
        cameo = Cameo.objects.create(
            kind=CameoKind.LISTED, state=CameoState.ACTIVE, name=name[:NAME_CHARACTERS_MAX]
        )
        store_likeness(
            cameo_id=cameo.pk,
            template=template,
            portrait=None,
            pack_sha256=likeness.current_pack(),
        )
        record(ConsentEvent.ENROLLED, subject_id=cameo.pk, kind=CameoKind.LISTED)
    return cameo


def unlist_face(*, listed_id: UUID) -> None:
    """End an operator's entry: template and name are gone.

    Raises:
        ListedFaceNotFound: there is no such entry, or it was ended.
    """
    with transaction.atomic():
        cameo = listed_faces().select_for_update().filter(pk=listed_id).first()
        if cameo is None:
            raise ListedFaceNotFound
        cameo.name = ""
        _end(cameo)


def _end(cameo: Cameo) -> None:
    """End a locked cameo in the caller's transaction; nothing of the face can be read after it."""
    cameo.state, cameo.revoked_at = CameoState.REVOKED, timezone.now()
    cameo.save(update_fields=["state", "revoked_at", "name"])
    Likeness.objects.filter(cameo=cameo).delete()
    record(ConsentEvent.REVOKED, subject_id=cameo.pk)
    shred_key(cameo.pk)
