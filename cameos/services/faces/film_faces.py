"""Whose faces a finished film shows, before anybody but its maker's engine has seen it.

A face that is surely somebody's who is not in the clip's cast ends the clip. One that may be keeps
it from everybody but its author until a moderator has looked. Faces that are nobody's pass.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from cameos.errors import LikenessWithoutConsent
from cameos.models import Cameo, CameoKind, CameoState, CameoUse, Gate, LikenessDoubt, Outcome
from cameos.services.faces.recognition import (
    KnownFaces,
    Match,
    known_faces,
    matches_in,
    model,
    thresholds,
)
from notifications.services import publish

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from perception.faces import Face

    Frame = npt.NDArray[np.uint8]

FRAMES_A_SECOND: Final = 2.0
FRAMES_MAX: Final = 60
FACES_A_FRAME_MAX: Final = 8  # the largest ones
# Of the face's box. Measured with the default pack: a face scaled down to this width is still
# surely itself (similarity .976 against .96); at 20 px it is not (.92).
FACE_WIDTH_MIN_PX: Final = 32
FOUND_EVENT: Final = "likeness.found"
FOUND_REASON: Final = "likeness_found"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A registered face in a film, where it is most alike."""

    match: Match
    at_seconds: float


@dataclass(frozen=True, slots=True)
class FacesReport:
    """What was looked at, and what a moderator should look at."""

    frames: int
    faces: int  # that were compared
    too_small: int  # that were not
    doubts: tuple[Sighting, ...]
    took_seconds: float


def check_faces(*, path: Path, by: UUID, cameo_ids: Collection[UUID], clip_id: UUID) -> FacesReport:
    """Hold the faces of a film against all registered ones; two frames a second, 60 at most.

    Costs two queries where nobody is registered. Else a frame costs its detection and each face its
    template: with the default pack about 20 and 110 ms of one core. A face counts by the
    registration that it is most like: it may be shown when that one's owner has a cameo in the
    cast, or is the author with an active cameo of their own. Owners of others are told once a clip
    (`likeness.found`), also when this raises; a `CameoUse` row says so.

    Not seen are faces narrower than 32 px, all but the 8 largest of a frame, and what is shown
    between two samples.

    Args:
        path: the film.
        by: its author.
        cameo_ids: its cast, which the gates have let through.
        clip_id: that it will become.

    Raises:
        LikenessWithoutConsent: it shows somebody else's protected, listed or enrolled face.
        transcode.errors.NotAVideo: it cannot be decoded.
        PackError: the pack in use cannot be read, or nobody measured its thresholds.
        KekMissing, SealBroken: a template cannot be opened.
    """
    began = time.perf_counter()
    known = known_faces()
    if not known.ids:
        return FacesReport(0, 0, 0, (), time.perf_counter() - began)
    looker = _Looker(known, permitted=_permitted_owners(by, cameo_ids))
    looker.look(path)
    if looker.found:
        tell_owners(looker.found.values(), by=by, clip_id=clip_id)
        raise LikenessWithoutConsent
    doubts = tuple(looker.doubts.values())
    _note(doubts, by=by, clip_id=clip_id)
    took_seconds = time.perf_counter() - began
    report = FacesReport(looker.frames, looker.faces, looker.too_small, doubts, took_seconds)
    _log.info(
        "faces of %s: %d in %d frames, %d too small, %.1f s",
        clip_id,
        report.faces,
        report.frames,
        report.too_small,
        took_seconds,
    )
    return report


class _Looker:
    """One pass over one film."""

    def __init__(self, known: KnownFaces, *, permitted: frozenset[UUID]) -> None:
        self._known, self._permitted = known, permitted
        self._model, self._from = model(), thresholds()
        self.frames = self.faces = self.too_small = 0
        self.found: dict[UUID, Sighting] = {}  # by cameo: not permitted
        self.doubts: dict[UUID, Sighting] = {}

    def look(self, path: Path) -> None:
        from transcode.probe import walk_frames  # noqa: PLC0415 - workers alone have av loaded

        for at_seconds, frame in walk_frames(path, per_second=FRAMES_A_SECOND, most=FRAMES_MAX):
            self.frames += 1
            for match in self._strangers(frame):
                is_sure = match.similarity >= self._from.identify
                _keep_best(self.found if is_sure else self.doubts, Sighting(match, at_seconds))

    def _strangers(self, frame: Frame) -> Iterator[Match]:
        for face in self._large_faces(frame):
            self.faces += 1
            template = self._model.embed(frame, face)
            matches = matches_in(self._known, template, at_least=self._from.maybe)
            if matches and not self._is_permitted(matches[0]):
                yield matches[0]

    def _large_faces(self, frame: Frame) -> Iterator[Face]:
        for face in self._model.find(frame)[:FACES_A_FRAME_MAX]:
            if face.box[2] - face.box[0] < FACE_WIDTH_MIN_PX:
                self.too_small += 1
            else:
                yield face

    def _is_permitted(self, match: Match) -> bool:
        return match.kind != CameoKind.LISTED and match.owner_id in self._permitted


def _permitted_owners(by: UUID, cameo_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return whose face the film may show: each has agreed to it with a cameo that is active."""
    mine = Q(owner_id=by, kind=CameoKind.PERSON)
    active = Cameo.objects.filter(Q(pk__in=cameo_ids) | mine, state=CameoState.ACTIVE)
    owners = active.filter(kind=CameoKind.PERSON, owner__isnull=False)
    return frozenset(owners.values_list("owner_id", flat=True))


def _keep_best(kept: dict[UUID, Sighting], sighting: Sighting) -> None:
    cameo_id = sighting.match.cameo_id
    if cameo_id not in kept or kept[cameo_id].match.similarity < sighting.match.similarity:
        kept[cameo_id] = sighting


def tell_owners(found: Iterable[Sighting], *, by: UUID, clip_id: UUID) -> None:
    """Write a row for each face, and tell its owner that it was kept out of a clip; each once.

    Args:
        found: whose faces.
        by: the author, whom the row names and the owner is not told.
        clip_id: the clip, also of one that never comes to be.
    """
    with transaction.atomic():
        # In one order, so that two films never wait for each other's counters crosswise.
        for sighting in sorted(found, key=lambda each: str(each.match.owner_id)):
            match = sighting.match
            cameo = Cameo.objects.filter(pk=match.cameo_id).first()
            if cameo is None:  # deleted with its account, in this moment
                continue
            _, is_new = CameoUse.objects.get_or_create(
                cameo=cameo,
                clip_id=clip_id,
                reason=FOUND_REASON,
                defaults={
                    "user_id": by,
                    "gate": Gate.FILM,
                    "outcome": Outcome.DENIED,
                    "terms_version": cameo.terms_version,
                },
            )
            if is_new and match.owner_id is not None:
                data = {
                    "cameo": str(match.cameo_id),
                    "kind": match.kind,
                    "at_seconds": round(sighting.at_seconds, 1),
                }
                publish(match.owner_id, FOUND_EVENT, data, durable=True)


def _note(doubts: Iterable[Sighting], *, by: UUID, clip_id: UUID) -> None:
    """Ask moderators; again for the same clip and face is the same question."""
    LikenessDoubt.objects.bulk_create(
        [
            LikenessDoubt(
                cameo_id=doubt.match.cameo_id,
                user_id=by,
                clip_id=clip_id,
                at_seconds=doubt.at_seconds,
                similarity=doubt.match.similarity,
            )
            for doubt in doubts
        ],
        ignore_conflicts=True,
    )
