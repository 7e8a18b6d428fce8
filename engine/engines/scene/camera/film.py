"""Camera: motion and director's language → where the camera stands and looks in every frame."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.camera.lens import Camera
from engine.engines.scene.language.vocabulary import vocabulary
from engine.engines.scene.physics.motion import Motion
from engine.engines.scene.scene.sets import ROOM_BACK, ROOM_HALF_WIDTH
from engine.engines.scene.scene.world import World

HALF_VIEW = math.radians(21.0)  # half the vertical view in a standing picture: a 50 mm lens or so
DEFAULT_ELEVATION = 11.0
ROOM_ABOVE = 1.35  # empty space around what is framed
LIFT = 0.16
SETTLE_SECONDS = 0.7  # how slowly the camera follows
WIDEST = 8.0  # from its middle to its edge the picture shows at most so many girths of an actor

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Direction:
    """What the director asked for, in numbers; moves begin with the shot and end with it."""

    distance: float = 1.0
    elevation: float = DEFAULT_ELEVATION
    orbit_degrees: float = 10.0
    push: float = -0.1
    truck: float = 0.0
    crane_degrees: float = 0.0
    shake: float = 0.0
    roll_degrees: float = 0.0


def direction_of(choices: tuple[str, ...]) -> Direction:
    """Look up choices such as "angle.low"; without a move the camera drifts a little."""
    rows: dict[str, dict[str, Any]] = {}
    for choice in choices:
        aspect, name = choice.split(".")
        rows[aspect] = dict(vocabulary().camera[aspect][name])
    move = rows.get("move", {})
    drifts = not move
    return Direction(
        distance=rows.get("distance", {}).get("factor", 1.0),
        elevation=rows.get("angle", {}).get("elevation", DEFAULT_ELEVATION),
        orbit_degrees=move.get("azimuth", 10.0 if drifts else 0.0),
        push=move.get("distance", -0.1 if drifts else 0.0),
        truck=move.get("truck", 0.0),
        crane_degrees=move.get("elevation", 0.0),
        shake=move.get("shake", 0.0),
        roll_degrees=move.get("roll", 0.0),
    )


def film(
    world: World, motion: Motion, direction: Direction, *, aspect: float, fps: int
) -> list[Camera]:
    """Frame what moves: follow its middle softly, from as far as all of it needs.

    Args:
        world: the bodies, for their sizes.
        motion: where they are, a frame each.
        direction: what the director asked for.
        aspect: width / height of the picture.
        fps: frames a second of the film.
    """
    half_height = math.tan(HALF_VIEW) * (1.0 if aspect < 1 else 0.82)
    half_width = half_height * aspect
    widest = _widest(world)
    centre, spread = _interest(world, motion, widest)
    centre = _smoothed(centre, SETTLE_SECONDS * fps)
    need = np.maximum(spread[:, 0] / half_width, spread[:, 1] / half_height) * ROOM_ABOVE
    need = _smoothed(_held(need, int(0.8 * fps)), SETTLE_SECONDS * 1.5 * fps)
    need = np.clip(need, 1.5, widest / min(half_width, half_height)) * direction.distance
    frames = len(centre)
    cameras = []
    for i in range(frames):
        t = i / max(frames - 1, 1)
        ease = t * t * (3.0 - 2.0 * t)
        azimuth = math.radians(direction.orbit_degrees * (ease - 0.5))
        elevation = math.radians(min(direction.elevation + direction.crane_degrees * ease, 86.0))
        far = need[i] * (1.0 + direction.push * (ease if direction.push else 0.0)) + spread[i, 2]
        # What the film is about stands a little below the middle: less floor, more sky.
        lift = LIFT * far * half_height * math.cos(elevation)
        target = centre[i] + np.array((direction.truck * (ease - 0.5) * 2.0, 0.0, lift))
        cameras.append(
            _camera(world, target, (far, azimuth, elevation), direction, half_height, i / fps)
        )
    return cameras


def _actors(world: World) -> list[int]:
    """The bodies that a film is about: all that move, and the pieces they move on."""
    pieces = {name for name, kind in vocabulary().subjects.items() if kind.role}
    return [i for i, body in enumerate(world.bodies) if not body.is_fixed or body.subject in pieces]


def _widest(world: World) -> float:
    """Half the width, in metres, that the picture may take in before its actors get too small."""
    moving = [body for body in world.bodies if not body.is_fixed]
    return WIDEST * float(np.mean([max(body.girth, 0.6 * body.foot) for body in moving]))


def _interest(world: World, motion: Motion, reach: float) -> tuple[Array, Array]:
    """Middle (frames, 3) and half extents (frames, [across, up, deep]) of what is filmed."""
    chosen = _actors(world)
    sizes = np.array([[b.girth, b.girth, max(b.foot, b.reach(0, 0, 1))] for b in world.bodies])[
        chosen
    ]
    at = motion.positions[:, chosen]
    # The first weigh a little more: between two that part, the camera must choose one.
    share = np.array([0.3 if world.bodies[i].is_fixed else 0.96**i for i in chosen])
    weight = _attention(at, share, reach)[..., None]
    low = np.min(np.where(weight > 0.1, at - sizes, np.inf), axis=1)
    high = np.max(np.where(weight > 0.1, at + sizes, -np.inf), axis=1)
    low[:, 2] = np.minimum(low[:, 2], 0.15)  # the ground belongs to the picture
    centre = 0.5 * (low + high)
    mean = np.sum(at * weight, axis=1) / np.sum(weight, axis=1)
    centre[:, :2] = 0.4 * centre[:, :2] + 0.6 * mean[:, :2]
    half = np.maximum(high - centre, centre - low)
    return centre, half[:, [0, 2, 1]]


def _attention(at: Array, share: Array, reach: float) -> Array:
    """Weight (frames, bodies) of each body: a body that leaves for good must not pull the camera.

    A mean shift along time: the middle stays with the group it has, and lets go of what is far.
    """
    middle = np.average(at[0], axis=0, weights=share)
    weights = np.empty(at.shape[:2])
    for frame, places in enumerate(at):
        for _ in range(3):
            far = np.linalg.norm((places - middle)[:, :2], axis=1)
            # Relative to the nearest, so that somebody is always in the picture.
            weights[frame] = share * np.exp((far.min() / reach) ** 4 - (far / reach) ** 4) + 1e-9
            middle = np.average(places, axis=0, weights=weights[frame])
    return weights


def _held(values: Array, frames: int) -> Array:
    """The largest value within `frames` before and after."""
    padded = np.pad(values, frames, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * frames + 1)
    return np.asarray(windows.max(axis=-1))


def _smoothed(values: Array, sigma_frames: float) -> Array:
    """Gaussian average along time, with the ends held."""
    reach = max(1, int(3 * sigma_frames))
    x = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (x / sigma_frames) ** 2)
    kernel /= kernel.sum()
    padding = [(reach, reach)] + [(0, 0)] * (values.ndim - 1)
    padded = np.pad(values, padding, mode="edge")
    return np.apply_along_axis(lambda v: np.convolve(v, kernel, mode="valid"), 0, padded)


def _camera(
    world: World,
    target: Array,
    polar: tuple[float, float, float],
    direction: Direction,
    half_height: float,
    seconds: float,
) -> Camera:
    far, azimuth, elevation = polar
    away = np.array(
        (
            math.sin(azimuth) * math.cos(elevation),
            -math.cos(azimuth) * math.cos(elevation),
            math.sin(elevation),
        )
    )
    eye = target + far * away
    eye[2] = max(eye[2], 0.12)
    if world.place.backdrop == "room":
        eye[0] = np.clip(eye[0], -ROOM_HALF_WIDTH + 0.3, ROOM_HALF_WIDTH - 0.3)
        eye[1] = max(eye[1], ROOM_BACK + 0.5)
    if direction.shake:
        phase = np.array((1.3, 2.1, 0.7)) * seconds * 2.2
        wobble = np.sin(phase) + 0.5 * np.sin(2.3 * phase + 1.0) + 0.25 * np.sin(5.1 * phase)
        target = target + 0.012 * far * direction.shake * wobble
    forward = target - eye
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right) + 1e-9
    up = np.cross(right, forward)
    if direction.roll_degrees:
        c, s = (
            math.cos(math.radians(direction.roll_degrees)),
            math.sin(math.radians(direction.roll_degrees)),
        )
        right, up = c * right + s * up, c * up - s * right
    return Camera(
        eye=_triple(eye),
        right=_triple(right),
        up=_triple(up),
        forward=_triple(forward),
        half_height=half_height,
    )


def _triple(v: Array) -> tuple[float, float, float]:
    return (float(v[0]), float(v[1]), float(v[2]))
