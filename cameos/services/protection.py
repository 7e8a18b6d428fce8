"""Faces that are registered to be kept out of clips: by their owners, and by the operator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from cameos.custody import record, shred_key
from cameos.errors import ListedFaceNotFound, PictureWithoutFace, ProtectedFaceNotFound
from cameos.models import Cameo, CameoKind, CameoState, ConsentEvent, Likeness
from cameos.policy.names import find_name
from cameos.services.film_faces import FACE_WIDTH_MIN_PX
from cameos.services.likeness import store_likeness
from cameos.services.recognition import model

LISTED_RULE: Final = "listed_person"
NAME_CHARACTERS_MAX: Final = 60


def protected_faces_of(user_id: UUID) -> QuerySet[Cameo]:
    """Return the living protected faces of a user: one at most."""
    mine = Cameo.objects.filter(owner_id=user_id, kind=CameoKind.PROTECTED)
    return mine.filter(revoked_at__isnull=True)


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


def listed_faces() -> QuerySet[Cameo]:
    """Return the operator's living entries, oldest first."""
    entries = Cameo.objects.filter(kind=CameoKind.LISTED, state=CameoState.ACTIVE)
    return entries.order_by("created_at", "id")


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
            pack_sha256=model().pack.sha256,
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


def names_listed_in(texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return where texts name a listed person, in the form of policy's reasons; empty: nowhere.

    Whole words are compared, without accents and in any letter case. One query.

    Args:
        texts: by the name of their field.
    """
    names = [name for name in listed_faces().values_list("name", flat=True) if name]
    return [
        {
            "field": field,
            "rule": LISTED_RULE,
            "span": list(span),
            "message": "This person is not to be shown in clips of this instance.",
            "suggestion": "Leave the name out.",
        }
        for field, text in texts.items()
        for name in dict.fromkeys(names)
        if (span := find_name(name, text)) is not None
    ]


def _end(cameo: Cameo) -> None:
    """End a locked cameo in the caller's transaction; nothing of the face can be read after it."""
    cameo.state, cameo.revoked_at = CameoState.REVOKED, timezone.now()
    cameo.save(update_fields=["state", "revoked_at", "name"])
    Likeness.objects.filter(cameo=cameo).delete()
    record(ConsentEvent.REVOKED, subject_id=cameo.pk)
    shred_key(cameo.pk)
