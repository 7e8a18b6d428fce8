"""Whose faces a still picture shows; workers alone look."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from cameos.models import CameoKind
from cameos.services.faces.film_faces import FACE_WIDTH_MIN_PX
from cameos.services.faces.recognition import Match, known_faces, matches_in, model, thresholds
from cameos.services.use.gates import judge


@dataclass(frozen=True, slots=True)
class FacesInPicture:
    """What a picture shows.

    Attributes:
        faces: how many human faces.
        cast: the cameos that they are of and that its uploader may use, or may ask for.
        strangers: how many faces are of no such cameo.
    """

    faces: int
    cast: tuple[UUID, ...]
    strangers: int


def look_at_picture(*, jpeg: bytes, by: UUID) -> FacesInPicture:
    """Find the faces of a picture and whose cameos they are.

    A face is of somebody's cameo when it is most like a registration of that person, surely enough
    to act by, and their terms let `by` use the cameo now, or ask for it: then every job that uses
    the picture passes the gates with that cameo in its cast.

    Args:
        jpeg: of `transcode.pictures`.
        by: whose upload it is.

    Raises:
        PackError: the pack in use cannot be read, or nobody measured its thresholds.
        KekMissing, SealBroken: a template cannot be opened.
    """
    from transcode.pictures import decode  # noqa: PLC0415 - Pillow loads where it is needed

    frame = decode(jpeg)
    faces = model().find(frame)
    known = known_faces() if faces else None
    candidates = []
    for face in faces:
        if known is None or not known.ids or face.box[2] - face.box[0] < FACE_WIDTH_MIN_PX:
            continue
        template = model().embed(frame, face)
        matches = matches_in(known, template, at_least=thresholds().identify)
        if (cameo_id := _cameo_of(matches)) is not None:
            candidates.append(cameo_id)
    judged = judge(by=by, cameo_ids=candidates, texts={})
    usable = {each.cameo_id for each in judged if each.outcome in {"allowed", "asked"}}
    shown = [cameo_id for cameo_id in candidates if cameo_id in usable]
    return FacesInPicture(
        faces=len(faces), cast=tuple(dict.fromkeys(shown)), strangers=len(faces) - len(shown)
    )


def shows_human_face(*, jpeg: bytes) -> bool:
    """Tell whether a picture shows a human face, by the detector's threshold of the pack in use.

    Args:
        jpeg: of `transcode.pictures`.

    Raises:
        PackError: the pack in use cannot be read.
    """
    from transcode.pictures import decode  # noqa: PLC0415 - Pillow loads where it is needed

    return bool(model().find(decode(jpeg)))


def _cameo_of(matches: tuple[Match, ...]) -> UUID | None:
    """Return the cameo of whom a face is most like; an operator's entry is nobody's."""
    if not matches or matches[0].owner_id is None:
        return None
    owner_id = matches[0].owner_id
    theirs = (m for m in matches if m.kind == CameoKind.PERSON and m.owner_id == owner_id)
    match = next(theirs, None)
    return None if match is None else match.cameo_id
