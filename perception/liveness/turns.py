"""Turns of a head, told from five keypoints a frame.

The nose stands out from the plane of the eyes and the mouth, so it moves against them when a head
turns, and hardly when a picture of one is turned. How far it lies off the middle of the eyes, along
their line and in half eye distances, is compared with the same person's own first frames. Measured:
a real turn moves it by 0.34 and more, a flat photograph that is turned by up to 0.23, noise by up
to 0.08. What is turned, head or picture, also becomes narrower; what is held still does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from perception.liveness.challenge import Turn

TURNED: Final = 0.28  # half eye distances off the frontal frames
BACK: Final = 0.14  # a turn is over below this
FRONTAL: Final = 0.15
STILL: Final = 0.10
STILL_WIDTH: Final = 0.93  # of the frontal width, in heights; noise is 0.03
FRONTAL_SECONDS: Final = 0.6  # the person looks straight ahead at first
_LEAST_FRAMES = 4
_HELD_FRAMES = 2  # a turn is seen in so many frames in a row, or it is noise

Points = npt.NDArray[np.float32]
Verdict = Literal["still_face", "flat_face", "turns_missing", "wrong_turns"]


@dataclass(frozen=True, slots=True)
class Head:
    """How a head moved: one value per frame, and the turns that they make."""

    deltas: npt.NDArray[np.float64]  # smoothed; positive: to the person's own left
    widths: npt.NDArray[np.float64]  # smoothed; between the eyes, 1 in the frontal frames
    turns: tuple[Turn, ...]
    peaks: tuple[tuple[int, int], ...]  # of each turn: its first frame, and that after its last

    @property
    def reach(self) -> tuple[float, float]:
        """Return the farthest to the right (negative) and to the left."""
        return float(self.deltas.min()), float(self.deltas.max())

    @property
    def narrowest(self) -> float:
        """Return the least width."""
        return float(self.widths.min())


def nose_offset(points: Points) -> float:
    """Return how far the nose is off the middle of the eyes, in half eye distances.

    Args:
        points: px, [5, 2]: eye at the picture's left, the other eye, nose, mouth corners.

    Returns:
        Positive towards the picture's right, which is the person's own left. 0 where the eyes
        coincide.
    """
    left, right, nose = points[:3].astype(np.float64)
    axis = right - left
    length = float(np.hypot(*axis))
    if length == 0.0:
        return 0.0
    return float((nose - (left + right) / 2) @ axis / length / (length / 2))


def eye_width(points: Points) -> float:
    """Return the distance between the eyes, in distances from their middle to the mouth's."""
    left, right, _, *mouth = points.astype(np.float64)
    height = float(np.hypot(*((mouth[0] + mouth[1]) / 2 - (left + right) / 2)))
    return float(np.hypot(*(right - left))) / max(height, 1e-6)


def head_of(track: Sequence[tuple[float, Points]]) -> Head:
    """Read the turns out of a track of keypoints.

    Args:
        track: seconds and keypoints of each frame, in order; at least one.
    """
    offsets = np.array([nose_offset(points) for _, points in track])
    seconds = np.array([at for at, _ in track])
    early = max(_LEAST_FRAMES, int(np.sum(seconds <= seconds[0] + FRONTAL_SECONDS)))
    deltas = _median_of_three(offsets - np.median(offsets[:early]))
    wide = np.array([eye_width(points) for _, points in track])
    widths = _median_of_three(wide / max(float(np.median(wide[:early])), 1e-6))
    turns: list[Turn] = []
    peaks: list[tuple[int, int]] = []
    for side, first, end in _excursions(deltas):
        if end - first < _HELD_FRAMES:
            continue
        if (
            turns
            and turns[-1] == side
            and float(_toward(deltas, side)[peaks[-1][1] : first].min(initial=TURNED)) > BACK
        ):
            peaks[-1] = (peaks[-1][0], end)  # it wavered on the way: one turn
            continue
        turns.append(side)
        peaks.append((first, end))
    return Head(deltas, widths, tuple(turns), tuple(peaks))


def verdict(head: Head, commanded: Sequence[Turn]) -> Verdict | None:
    """Compare what a head did with what was asked; None: it is as commanded.

    "still_face": it did not move; "flat_face": it moved as a picture does, or too little to tell;
    "turns_missing": the first turns are right and then there are too few; else "wrong_turns".
    """
    if head.turns == tuple(commanded):
        return None
    if not head.turns:
        is_still = np.abs(head.deltas).max() <= STILL and head.narrowest >= STILL_WIDTH
        return "still_face" if is_still else "flat_face"
    missing = head.turns == tuple(commanded[: len(head.turns)])
    return "turns_missing" if missing else "wrong_turns"


def _toward(deltas: npt.NDArray[np.float64], side: Turn) -> npt.NDArray[np.float64]:
    return deltas if side == "left" else -deltas


def _excursions(deltas: npt.NDArray[np.float64]) -> list[tuple[Turn, int, int]]:
    """Runs of frames beyond the threshold, in order of time: side, first, after the last."""
    runs: list[tuple[Turn, int, int]] = []
    for at, delta in enumerate(deltas):
        if abs(delta) < TURNED:
            continue
        side: Turn = "left" if delta > 0 else "right"
        if runs and runs[-1][0] == side and runs[-1][2] == at:
            runs[-1] = (side, runs[-1][1], at + 1)
        else:
            runs.append((side, at, at + 1))
    return runs


def _median_of_three(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    padded = np.pad(values, 1, mode="edge")
    return np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)
