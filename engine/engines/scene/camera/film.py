"""Camera: motion and director's language → where the camera stands and looks in every frame."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.camera.clearance import Obstacles
from engine.engines.scene.camera.direction import Direction
from engine.engines.scene.camera.focus import in_focus, lens_setting, out_of_focus
from engine.engines.scene.camera.follow import NEAR, Setup, follow, held, smoothed
from engine.engines.scene.camera.framing import (
    AUTO_MM,
    SIZES,
    Framing,
    Thing,
    frame_from,
    frame_things,
    things_of,
)
from engine.engines.scene.camera.lens import Camera, half_height_of
from engine.engines.scene.camera.moves import Path, jolt
from engine.engines.scene.physics.motion import Motion
from engine.engines.scene.scene.world import World

Array = NDArray[np.float64]
HORIZON_AT = 0.42  # of half the picture above its middle: with the lift, on the upper third
# Where to look for a free view, by how gladly; degrees.
AZIMUTHS = (0.0, 22.0, -22.0, 42.0, -42.0, 65.0, -65.0, 100.0, -100.0, 140.0, -140.0)
SLANTED = 5  # from so many of them all of a group is seen apart
RACKED = math.radians(32.0)  # between the view and the line through the two of a rack focus
STEEPEST = 0.5  # sine of 30 degrees
MANY = 8  # so many are looked over from above, if they stand behind each other
LARGE = 0.8  # what a picture twice as high costs, in which all is half as large
FACING = frozenset({"extreme_close", "close", "medium_close", "medium"})  # sizes that show a face
THREE_QUARTER = math.radians(38.0)  # a face turned farther from the lens shows one eye only
AVERTED = 2.5  # what every radian costs by which it is turned farther than that
STEADY = 0.3  # a gaze that goes all around has no side
THIRTY_DEGREES = math.radians(28.0)  # two views of one subject that differ less jump when cut


def film(
    world: World,
    motion: Motion,
    direction: Direction,
    *,
    aspect: float,
    fps: int,
    previous: Sequence[Camera] | None = None,
) -> list[Camera]:
    """Film one shot: frame what it is about, keep it in the picture, and move as directed.

    Args:
        world: the bodies, for their sizes.
        motion: where they are, a frame each.
        direction: what the director asked for.
        aspect: width / height of the picture.
        fps: frames a second of the film.
        previous: the shot before in the same world; this one stays on its side of the action.
    """
    things = things_of(world, motion, direction.said)
    obstacles = Obstacles(world, motion)
    half_height = half_height_of(_lens_mm(direction, aspect), aspect)
    if direction.seat is not None:
        return _seated(things, direction, half_height, obstacles)
    elevation = _elevation(direction, half_height)
    framings = _framings(things, direction, aspect)
    azimuth, framing = _azimuth(framings, direction, elevation, half_height, obstacles, previous)
    if direction.elevation is None:
        elevation = max(elevation, _over(framing))
    path = follow(framing, direction, Setup(azimuth, elevation, half_height, aspect, fps))
    jolt(path, direction, aspect, fps)
    eyes = _freed(path, obstacles, fps)
    focus, aperture = lens_setting(things, framing, direction, path, eyes)
    return path.cameras(eyes, focus, aperture)


def _lens_mm(direction: Direction, aspect: float) -> float:
    if direction.lens_mm:
        return direction.lens_mm
    if direction.size:
        # Lying pictures see as much height as standing ones only with a shorter lens.
        return SIZES[direction.size].lens_mm * (1.0 if aspect < 1.0 else 0.72)
    return AUTO_MM[0] if aspect < 1.0 else AUTO_MM[1]


def _elevation(direction: Direction, half_height: float) -> float:
    if direction.elevation is not None:
        return math.radians(direction.elevation)
    share = 0.35 if direction.size in NEAR else 1.0
    return share * math.atan(HORIZON_AT * min(half_height, 0.5))


def _over(framing: Framing) -> float:
    """Height, radians, from which a long row that leads away fills an upright half of a picture."""
    if len(framing.shown) < MANY or framing.depth <= 0.0:
        return 0.0
    share = 0.5 * float(np.median(framing.height)) / framing.depth
    return math.asin(min(share, STEEPEST)) if share < 0.8 else 0.0


def _framings(
    things: list[Thing], direction: Direction, aspect: float
) -> list[tuple[float, Framing]]:
    """Sides to look from, radians, the gladdest first, and what is framed from there."""
    wanted = 0.0
    if direction.view is not None:
        front = frame_things(things, direction, aspect).main.front()
        wanted = math.atan2(front[0], -front[1]) + math.radians(direction.view)
    elif direction.rack:
        wanted = _in_depth(things, direction, aspect)
    elif direction.size in FACING:
        faced = _face_side(frame_things(things, direction, aspect).main)
        wanted = faced - min(max(faced, -THREE_QUARTER), THREE_QUARTER)
    azimuths = [wanted + math.radians(degrees) for degrees in AZIMUTHS]
    framings = frame_from(things, direction, aspect, azimuths)
    return list(zip(azimuths, framings, strict=True))


def _face_side(main: Thing) -> float:
    """The side, radians, to which a face looks; what has none looks at the audience."""
    if main.gaze is None:
        return 0.0
    x, y = main.gaze[:, :2].mean(axis=0)
    return math.atan2(x, -y) if math.hypot(x, y) > STEADY else 0.0


def _in_depth(things: list[Thing], direction: Direction, aspect: float) -> float:
    """The side, radians, from which the two of a rack focus are one behind the other."""
    framing = frame_things(things, direction, aspect)
    first = out_of_focus(things, framing, direction)
    if first is None:
        return 0.0
    way = np.median(first.centre - in_focus(things, framing, direction).centre, axis=0)
    along = math.atan2(way[0], -way[1])
    sides = [along + turn + slant for turn in (0.0, math.pi) for slant in (-RACKED, RACKED)]
    return min(((side + math.pi) % (2.0 * math.pi) - math.pi for side in sides), key=abs)


def _azimuth(
    framings: list[tuple[float, Framing]],
    direction: Direction,
    elevation: float,
    half_height: float,
    obstacles: Obstacles,
    previous: Sequence[Camera] | None,
) -> tuple[float, Framing]:
    """Choose the side from which the subject is seen best, and largest."""
    side = None
    if previous:
        ahead = previous[-1].forward
        side = math.atan2(-ahead[0], ahead[1])
    frames = np.unique(np.linspace(0, len(framings[0][1].target) - 1, 5).astype(int))
    tall = [float(np.log2(framing.height).mean()) for _, framing in framings]
    tall[SLANTED:] = [max(tall)] * len(tall[SLANTED:])  # from there one hides the other
    best, least = framings[0], math.inf
    for rank, (azimuth, framing) in enumerate(framings):
        cost = 0.12 * rank + (0.05 if rank else 0.0)
        if direction.view is None:
            cost += LARGE * (tall[rank] - min(tall[:SLANTED]))
        cost += _averted(azimuth, framing.main, direction)
        if side is not None and direction.view is None:
            turn = abs((azimuth - side + math.pi) % (2.0 * math.pi) - math.pi)
            cost += 2.0 * max(0.0, turn - 0.5 * math.pi)  # over the line
            cost += 0.2 if turn < THIRTY_DEGREES else 0.0
        distance = framing.height / (2.0 * half_height) + framing.deep
        path = Path.around(framing.target, distance, azimuth, elevation, half_height)
        eyes = path.eyes()
        for frame in frames:
            eye = obstacles.freed(frame, eyes[frame])
            off = float(np.linalg.norm(eye[:2] - eyes[frame][:2])) / distance[frame]
            hidden = sum(
                obstacles.hides(frame, eye, point, framing.main.bodies)
                for point in _points(framing, frame)
            )
            cost += (hidden / 2.0 * 4.0 + 1.5 * min(off, 1.0)) / len(frames)
        if cost < least:
            best, least = (azimuth, framing), cost
        if least <= 0.12 * (rank + 1):
            break
    return best


def _averted(azimuth: float, main: Thing, direction: Direction) -> float:
    """What it costs to look from there at somebody whose face should be seen."""
    if direction.view is not None or direction.size not in FACING:
        return 0.0
    off = abs((azimuth - _face_side(main) + math.pi) % (2.0 * math.pi) - math.pi)
    return AVERTED * max(0.0, off - THREE_QUARTER)


def _points(framing: Framing, frame: int) -> tuple[Array, Array]:
    """Two points of the main subject that ought to be seen."""
    main = framing.main
    middle = 0.5 * (main.low[frame] + main.high[frame])
    top = middle.copy() if main.head is None else main.head[frame]
    if main.head is None:
        top[2] = 0.2 * middle[2] + 0.8 * main.high[frame, 2]
    return middle, top


def _freed(path: Path, obstacles: Obstacles, fps: int) -> Array:
    """Eyes (frames, 3) outside everything solid, without jumping there."""
    eyes = path.eyes()
    freed = np.array([obstacles.freed(i, eye) for i, eye in enumerate(eyes)])
    push = freed - eyes
    if not np.any(np.abs(push) > 1e-9):
        return eyes
    # Early enough and for long enough, so that the way round is a curve.
    out, back = held(push, int(0.5 * fps)), held(-push, int(0.5 * fps))
    strong = np.where(out > back, out, -back)
    gentle = eyes + smoothed(strong, 0.3 * fps)
    return np.array([obstacles.freed(i, eye) for i, eye in enumerate(gentle)])


def _seated(
    things: list[Thing], direction: Direction, half_height: float, obstacles: Obstacles
) -> list[Camera]:
    """Look through the first subject's eyes, or over its shoulder at the second."""
    ranked = sorted(things, key=lambda t: -t.weight)
    who = next((t for t in ranked if t.head is not None), ranked[0])
    other = next((t for t in ranked if t is not who), None)
    frames = len(who.low)
    head = who.centre if who.head is None else who.head
    head = smoothed(head, 3.0)
    seen = head + 6.0 * who.front() - (0.0, 0.0, 0.8)
    if other is not None:
        seen = other.centre if other.head is None else other.head
    ahead = seen - head
    flat = ahead * (1.0, 1.0, 0.0)
    flat = smoothed(flat, 6.0)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True) + 1e-9
    right = np.stack((flat[:, 1], -flat[:, 0], np.zeros(frames)), axis=1)
    if direction.seat == "pov":
        eyes = head + 0.16 * flat
    else:
        eyes = head - 1.05 * flat + 0.52 * right + (0.0, 0.0, 0.06)
        eyes = np.array([obstacles.freed(i, eye) for i, eye in enumerate(eyes)])
    target = smoothed(seen, 5.0)
    away = eyes - target
    distance = np.linalg.norm(away, axis=1)
    path = Path.around(target, distance, 0.0, 0.0, half_height)
    path.azimuth = np.arctan2(away[:, 0], -away[:, 1])
    path.elevation = np.arcsin(np.clip(away[:, 2] / (distance + 1e-9), -1.0, 1.0))
    jolt(path, direction, 1.0, 24)
    blur = 0.02 if direction.blur is None else direction.blur
    return path.cameras(path.eyes(), distance, np.full(frames, 0.5 * blur))
