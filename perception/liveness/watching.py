"""Looking at a capture: where the face is in each sampled frame, and a crop of it to embed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from perception.faces import Face, FaceModel
from transcode.probe import MediaLimits
from transcode.recordings import frames_at_rate

FRAMES_PER_SECOND: Final = 8.0
FRAME_SIDE_PX: Final = 720  # frames are looked at no larger
MIN_FACE_PX: Final = 64  # the shorter side of its box
BYSTANDER: Final = 0.35  # a face of less of the largest one's height is somebody in the background
MARGIN: Final = 0.5  # of the box's sides, kept around a face on each side
_MOST_WITHOUT = 0.2  # share of frames in which motion blurs the face away
_LONGEST_WITHOUT_SECONDS = 0.8
_LEAST_SIGHTS = 8
_FRAMES_WITH_TWO = 2  # one may be the detector's mistake

Picture = npt.NDArray[np.uint8]
Template = npt.NDArray[np.float32]


@dataclass(eq=False)
class Sight:
    """The one face of a frame, in a crop of the frame; its template is made when asked for."""

    seconds: float
    face: Face  # in px of the crop
    crop: Picture
    model: FaceModel

    @cached_property
    def template(self) -> Template:
        """Return the face's template, of unit length."""
        return self.model.embed(self.crop, self.face)


@dataclass(eq=False)
class Track:
    """What was seen of a face from the first frame of a capture to the last."""

    model: FaceModel
    sights: list[Sight] = field(default_factory=list)
    frames: int = 0
    frames_with_two: int = 0
    seconds: float = 0.0
    longest_without_seconds: float = 0.0

    def unseen(self) -> list[str]:
        """Return why the face cannot be judged: "no_face", "two_faces", "face_too_small"."""
        if self.frames_with_two >= _FRAMES_WITH_TWO:
            return ["two_faces"]
        without = self.frames - len(self.sights)
        if (
            len(self.sights) < _LEAST_SIGHTS
            or without > _MOST_WITHOUT * self.frames
            or self.longest_without_seconds > _LONGEST_WITHOUT_SECONDS
        ):
            return ["no_face"]
        return ["face_too_small"] if self.face_px < MIN_FACE_PX else []

    @property
    def face_px(self) -> float:
        """Return the shorter side of the face's box in px, as it mostly is; 0 without a face."""
        sides = [_shorter_side(sight.face) for sight in self.sights]
        return float(np.median(sides)) if sides else 0.0

    def facts(self) -> dict[str, Any]:
        """Return the counts, as JSON."""
        return {
            "seen": len(self.sights),
            "with_two": self.frames_with_two,
            "px": round(self.face_px),
        }


def watch(path: Path, model: FaceModel, *, limits: MediaLimits) -> Track:
    """Find the face in eight frames of each second.

    Raises:
        NotAVideo: as `frames_at_rate`.
    """
    track = Track(model)
    last_seen = 0.0
    for seconds, frame in frames_at_rate(
        path, FRAMES_PER_SECOND, max_side_px=FRAME_SIDE_PX, limits=limits
    ):
        track.frames += 1
        track.seconds = seconds
        track.longest_without_seconds = max(track.longest_without_seconds, seconds - last_seen)
        faces = model.find(frame)
        if not faces:
            continue
        last_seen = seconds
        tallest = _height(faces[0])
        if any(_height(other) > BYSTANDER * tallest for other in faces[1:]):
            track.frames_with_two += 1
        track.sights.append(_sight(seconds, frame, faces[0], model))
    return track


def _sight(seconds: float, frame: Picture, face: Face, model: FaceModel) -> Sight:
    """Keep the face and its surroundings; the rest of the frame is let go."""
    x0, y0, x1, y1 = face.box
    aside, above = MARGIN * (x1 - x0), MARGIN * (y1 - y0)
    left, top = max(0, int(x0 - aside)), max(0, int(y0 - above))
    crop = frame[top : int(y1 + above) + 1, left : int(x1 + aside) + 1].copy()
    moved = Face(
        box=(x0 - left, y0 - top, x1 - left, y1 - top),
        keypoints=face.keypoints - np.array([left, top], np.float32),
        score=face.score,
    )
    return Sight(seconds, moved, crop, model)


def _height(face: Face) -> float:
    return face.box[3] - face.box[1]


def _shorter_side(face: Face) -> float:
    return min(_height(face), face.box[2] - face.box[0])
