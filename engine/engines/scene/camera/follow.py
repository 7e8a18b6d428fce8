"""Follow: framing and moves → a path that keeps its subject in the picture."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.camera.direction import Direction
from engine.engines.scene.camera.framing import Framing
from engine.engines.scene.camera.moves import Path, move

Array = NDArray[np.float64]
SETTLE_SECONDS = (0.7, 0.4, 0.22, 0.1)  # how slowly the camera follows, if that holds the subject
NEAR_SETTLE_SECONDS = (0.35, 0.2, 0.1, 0.05)
NEAR = {"extreme_close", "close", "medium_close"}
IN_FRAME = 0.97  # share of the frames
INSIDE = 0.88  # of half the picture: well inside
LOOK_ROOM = 0.11  # of the picture's width, before somebody who goes
BRISK = 0.9  # m/s: from here on somebody gets all of it
DRIFT = (8.0, 0.93)  # orbit in degrees and dolly of a camera that nobody directs: it breathes
CALM = {"extreme_close": 0.3, "close": 0.45, "medium_close": 0.5, "medium": 0.7}
MARGIN = 0.9  # of half the picture, that a subject may reach while the camera turns from it


@dataclass(frozen=True, slots=True)
class Setup:
    """Where the camera is put before it moves; angles in radians."""

    azimuth: float
    elevation: float
    half_height: float
    aspect: float
    fps: int


def follow(framing: Framing, moves: Direction, setup: Setup) -> Path:
    """Carry out the moves around the subject, as calmly as it can be held in the picture.

    A camera that must not turn by itself in its own direction of move first tries to hold the
    subject by standing farther away; only then it turns after it.
    """
    best: tuple[float, Path] | None = None
    settles = NEAR_SETTLE_SECONDS if moves.size in NEAR else SETTLE_SECONDS
    for attempt, seconds in enumerate(settles):
        widen = 1.0 if moves.size else 1.0 + 0.12 * attempt
        path = _path(framing, moves, setup, seconds, widen, turns_after=attempt > 1)
        share = _share_in_frame(path, framing, setup.aspect)
        if best is None or share > best[0] + 0.005:
            best = (share, path)
        if share >= IN_FRAME:
            break
    return best[1] if best else path


def _path(
    framing: Framing,
    moves: Direction,
    setup: Setup,
    settle_seconds: float,
    widen: float,
    *,
    turns_after: bool,
) -> Path:
    target, height = framing.target, framing.height * widen
    settle = settle_seconds * setup.fps
    deep = smoothed(framing.deep, 2.0 * settle)
    if moves.is_rooted:
        target, height = _held_still(framing, height, setup.aspect, moves)
        deep = np.full_like(deep, deep.max())
    else:
        target = smoothed(target, settle * (0.5 if moves.follow else 1.0))
        if np.ptp(height) > 0.0:
            if moves.is_directed:
                # A director's move must not be mixed with one of ours.
                most = 1.0 if turns_after else 0.9
                height = np.full_like(height, np.quantile(height, most))
            else:
                height = smoothed(held(height, int(1.2 * settle)), 2.0 * settle)
        target = target + _look_room(framing, height * setup.aspect, settle, setup.fps)
    if (moves.pan or moves.tilt or moves.truck or moves.pedestal) and not moves.size:
        height = height * 1.25  # the subject crosses the picture
    room = _free_room(framing, target, height, setup.aspect)
    path = Path.around(
        target,
        height / (2.0 * setup.half_height) + deep,
        setup.azimuth,
        setup.elevation,
        setup.half_height,
    )
    if moves.is_rooted and not moves.still:
        reach = 0.12 if moves.zoom != 1.0 else 0.3
        across = reach if turns_after or not moves.pan else 9.0
        up = reach if turns_after or not moves.tilt else 9.0
        _turn_after(path, framing, setup.aspect, (across, up))
    move(path, moves if moves.is_directed else _with_drift(moves), setup.aspect, room)
    return path


def _with_drift(direction: Direction) -> Direction:
    """A breath of a move; near views breathe less."""
    calm = CALM.get(direction.size or "", 1.0)
    orbit, dolly = DRIFT
    return replace(direction, orbit=orbit * calm, dolly=dolly**calm)


def _held_still(
    framing: Framing, height: Array, aspect: float, moves: Direction
) -> tuple[Array, Array]:
    """One target and height for the whole shot, from which all of the way is seen."""
    low, high = framing.target.min(axis=0), framing.target.max(axis=0)
    span = high - low
    still = np.tile(0.5 * (low + high), (len(height), 1))
    usual = float(np.quantile(height, 0.75 if moves.still else 0.5))
    # Who may turn after the subject need not see all of its way at once.
    share = 0.85 if moves.still else 0.4
    tall = 0.0 if moves.tilt else span[2]
    needed = usual + share * max(tall, math.hypot(span[0], 0.3 * span[1]) / aspect)
    # A chosen size stays one: who walks out of a close-up is followed by turning, or leaves.
    most = usual * (1.35 if moves.size else 2.6)
    chosen = min(needed, most)
    if needed > most or moves.tilt:  # who rises out of the picture has begun in it
        still[:, 2] = np.minimum(still[:, 2], low[2] + 0.5 * max(chosen - usual, 0.0))
    return still, np.full_like(height, chosen)


def _turn_after(path: Path, framing: Framing, aspect: float, reach: tuple[float, float]) -> None:
    """Turn a rooted camera after a subject that goes farther than `reach` from its middle."""
    across, up = _seen_at(path, _middle(framing), aspect)
    sigma = max(2.0, 0.06 * len(across))

    def beyond(seen: Array, limit: float) -> Array:
        return smoothed(np.sign(seen) * np.maximum(np.abs(seen) - limit, 0.0), sigma)

    path.yaw += np.arctan(beyond(across, reach[0]) * path.half_height * aspect)
    path.pitch += np.arctan(beyond(up, reach[1]) * path.half_height)


def _middle(framing: Framing) -> Array:
    """What must stay in the picture: a head in near views, else the middle of what is shown."""
    main = framing.main
    near = len(framing.shown) == 1 and float(np.median(framing.height)) < main.stature
    if main.head is not None and near:
        return main.head
    return main.centre if len(framing.shown) == 1 else framing.target


def _seen_at(path: Path, points: Array, aspect: float) -> tuple[Array, Array]:
    """Where points (frames, 3) are in the picture: ±1 at its right and left, upper and lower edge.

    What lies behind the camera is far outside.
    """
    still = np.zeros(len(points))
    cameras = path.cameras(path.eyes(), still, still)
    axes = np.array([(c.right, c.up, c.forward) for c in cameras])
    offset = points - np.array([c.eye for c in cameras])
    x, y, z = np.einsum("fij,fj->if", axes, offset)
    near = np.maximum(z, 1e-3) * path.half_height
    return np.where(z > 0, x / (near * aspect), 9.0), np.where(z > 0, y / near, 9.0)


def _share_in_frame(path: Path, framing: Framing, aspect: float) -> float:
    """Share of the frames in which the subject is well inside the picture."""
    across, up = _seen_at(path, _middle(framing), aspect)
    # What is small enough should be whole.
    tall = (framing.main.high - framing.main.low)[:, 2] / (2.0 * path.half_height * path.distance)
    top = np.where(tall < 0.6, 1.0 - 0.9 * tall, INSIDE)
    return float(np.mean((np.abs(across) < INSIDE) & (np.abs(up) < np.minimum(top, INSIDE))))


def _free_room(
    framing: Framing, target: Array, height: Array, aspect: float
) -> tuple[float, float]:
    """Share of half the picture that the main subject leaves free, across and up."""
    main = framing.main
    size = main.high - main.low
    off = np.abs(main.centre - target)
    across = (size[:, 0] + 2.0 * off[:, 0]) / (height * aspect)
    up = (size[:, 2] + 2.0 * off[:, 2]) / height
    return MARGIN - float(np.quantile(across, 0.8)), MARGIN - float(np.quantile(up, 0.8))


def _look_room(framing: Framing, width: Array, sigma: float, fps: int) -> Array:
    """Shift of the target (frames, 3) ahead of somebody who goes somewhere."""
    if len(width) < 2:
        return np.zeros((len(width), 3))
    velocity = np.gradient(framing.main.centre, axis=0) * fps
    velocity[:, 2] = 0.0
    velocity = smoothed(velocity, 2.0 * sigma)
    speed = np.linalg.norm(velocity, axis=1) + 1e-9
    share = LOOK_ROOM * width * np.minimum(1.0, speed / BRISK) / speed
    return np.asarray(velocity * share[:, None])


def held(values: Array, frames: int) -> Array:
    """The largest value within `frames` before and after."""
    padding = [(frames, frames)] + [(0, 0)] * (values.ndim - 1)
    padded = np.pad(values, padding, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * frames + 1, axis=0)
    return np.asarray(windows.max(axis=-1))


def smoothed(values: Array, sigma_frames: float) -> Array:
    """Gaussian average along time, with the ends held."""
    reach = max(1, int(3 * sigma_frames))
    x = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (x / sigma_frames) ** 2)
    kernel /= kernel.sum()
    padding = [(reach, reach)] + [(0, 0)] * (values.ndim - 1)
    padded = np.pad(values, padding, mode="edge")
    return np.apply_along_axis(lambda v: np.convolve(v, kernel, mode="valid"), 0, padded)
