"""Framing: what must be in the picture, where it is and how high a picture it needs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.camera.direction import Direction
from engine.engines.scene.camera.lens import half_height_of
from engine.engines.scene.language.vocabulary import vocabulary
from engine.engines.scene.physics.motion import Motion
from engine.engines.scene.scene.solids import Body, Part
from engine.engines.scene.scene.world import World

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Size:
    """A shot size: heights of picture, by the subject's own size."""

    person: float  # picture height / height of a standing figure
    thing: float  # share of the picture height (or width) that a thing fills
    lens_mm: float
    blur: float  # of what is far behind, in picture heights
    holds_all: bool  # the whole subject must be inside


# Katz, Film Directing Shot by Shot (1991), ch. 7: cuts at the neck, the chest, the waist, the feet.
SIZES = {
    "extreme_close": Size(0.19, 1.15, 100.0, 0.05, holds_all=False),
    "close": Size(0.34, 0.60, 85.0, 0.045, holds_all=False),
    "medium_close": Size(0.46, 0.50, 70.0, 0.03, holds_all=False),
    "medium": Size(0.62, 0.42, 50.0, 0.018, holds_all=False),
    "full": Size(1.28, 0.36, 45.0, 0.0, holds_all=True),
    "wide": Size(2.4, 0.20, 30.0, 0.0, holds_all=True),
    "extreme_wide": Size(5.5, 0.09, 24.0, 0.0, holds_all=True),
}
AUTO_MM = (46.0, 35.0)  # of an upright and a lying picture
AUTO_ROOM, SIDE_ROOM = 1.35, 1.22  # empty space around what is framed, upright and across
MATE = 1.7  # sizes of the subject: what is larger is no part of a near view
PLAYED_AT = 0.6  # weight of the piece that the prompt names
ACTS, SCENERY = 0.7, 0.75  # weight of who acts; share that is shown of what does not
NEARNESS = 0.2  # of the picture's height, that all of a thing may reach towards the lens
HEADROOM = 0.11  # of the picture, above a head
MIN_HEIGHT = 0.32  # m of picture: nearer than that nothing looks real
WIDEST = 8.0  # from its middle to its edge the picture shows at most so many girths of an actor
STANDING = {"person", "man", "woman", "child", "girl", "boy", "robot", "figure"}


@dataclass(frozen=True, slots=True)
class Thing:
    """An actor with all its bodies, or a single body, along the shot; metres."""

    name: str
    kind: str
    low: Array  # (frames, 3) corners of the box around it
    high: Array
    weight: float
    bodies: tuple[int, ...]
    head: Array | None = None  # (frames, 3) middle of the head of whoever has one
    head_width: float = 0.0
    gaze: Array | None = None  # (frames, 3) where a face looks, of unit length

    @property
    def centre(self) -> Array:
        """Middle of its box, (frames, 3)."""
        return 0.5 * (self.low + self.high)

    @property
    def stature(self) -> float:
        """Its height as it usually is."""
        return float(np.median(self.high[:, 2] - self.low[:, 2]))

    @property
    def breadth(self) -> float:
        """Its horizontal extent as it usually is."""
        return float(np.median((self.high - self.low)[:, :2].max(axis=1)))

    @property
    def extent(self) -> float:
        """The larger of its stature and its breadth."""
        return max(self.stature, self.breadth)

    @property
    def is_figure(self) -> bool:
        """Whether it stands upright on two legs and has a face."""
        return self.head is not None and self.stature > 1.25 * self.breadth

    def front(self) -> Array:
        """Unit horizontal direction it goes in; who stays looks at the audience."""
        way = self.centre[-1] - self.centre[0]
        way = np.array((way[0], way[1], 0.0))
        length = float(np.linalg.norm(way))
        return way / length if length > 0.8 * max(self.breadth, 0.3) else np.array((0.0, -1.0, 0.0))


@dataclass(frozen=True, slots=True)
class Framing:
    """What the picture is about in every frame."""

    main: Thing
    shown: tuple[Thing, ...]
    target: Array  # (frames, 3) what stands in the middle of the picture
    height: Array  # (frames,) m of picture at the target
    deep: Array  # (frames,) how far the subject reaches towards the camera
    depth: float = 0.0  # m from its nearest to its farthest, as it usually is


def frame_things(things: list[Thing], direction: Direction, aspect: float) -> Framing:
    """Decide what is shown, around which point and how large, before any smoothing."""
    return frame_from(things, direction, aspect, (0.0,))[0]


def frame_from(
    things: list[Thing], direction: Direction, aspect: float, azimuths: Sequence[float]
) -> list[Framing]:
    """The same, seen from each azimuth (radians).

    From there a group may be narrower; a chosen size is the same from anywhere.
    """
    main = _main(things, direction)
    size = SIZES.get(direction.size or "")
    if size is not None:
        return [_frame_size(things, main, direction, size, aspect)] * len(azimuths)
    lens_mm = direction.lens_mm or AUTO_MM[0 if aspect < 1.0 else 1]
    group = _group_of(things, aspect, lens_mm)
    return [_frame_all(things, main, group, azimuth) for azimuth in azimuths]


def _frame_size(
    things: list[Thing], main: Thing, direction: Direction, size: Size, aspect: float
) -> Framing:
    shown = (main,) if direction.size == "extreme_close" else _company(things, main, size)
    low = np.min([t.low for t in shown], axis=0)
    high = np.max([t.high for t in shown], axis=0)
    target = 0.5 * (low + high)
    width, tall = _usual(high - low)
    if len(shown) == 1 and main.is_figure and main.head is not None:
        height = size.person * main.stature
        top = main.high[:, 2]
        if size.holds_all:
            target[:, 2] += 0.03 * height
        else:
            target[:, :2] = main.head[:, :2]
            target[:, 2] = top + (HEADROOM - 0.5) * height
        if direction.size == "extreme_close":
            target = main.head.copy()
        elif not size.holds_all:
            # A broad head fits, too.
            height = max(height, main.head_width / (0.85 * aspect))
            target[:, 2] = top + (HEADROOM - 0.5) * height
    else:
        alone = len(shown) == 1
        fill = min(size.thing * (1.0 if alone else 1.45), 1.15 if alone else 0.8)
        height = max(tall / fill, width / (min(fill * 1.25, 1.2) * aspect))
        target[:, 2] += 0.04 * height
    if size.holds_all:
        height = max(height, width / (0.82 * aspect))
    height = max(height, MIN_HEIGHT)
    frames = len(target)
    return Framing(main, shown, target, np.full(frames, height), np.zeros(frames))


def _usual(extent: Array) -> tuple[float, float]:
    """Horizontal and vertical size of a box that it seldom exceeds."""
    return (
        float(np.quantile(np.hypot(extent[:, 0], 0.5 * extent[:, 1]), 0.8)),
        float(np.quantile(extent[:, 2], 0.8)),
    )


def _main(things: list[Thing], direction: Direction) -> Thing:
    """Whom the shot is about: what the lens is on, else the heaviest of what the prompt says."""
    if direction.focus and not direction.rack:
        for thing in things:
            if direction.focus in {thing.name, thing.kind}:
                return thing
    return max(things, key=lambda t: t.weight)


def _company(things: list[Thing], main: Thing, size: Size) -> tuple[Thing, ...]:
    """The main subject and who stays so near that a picture of it shows them anyway.

    A near view of somebody on a sofa is none of the sofa.
    """
    reach = (2.2 if not size.holds_all else 5.0) * max(main.breadth, 0.7 * main.stature)
    near = []
    for thing in things:
        gap = np.linalg.norm((thing.centre - main.centre)[:, :2], axis=1)
        fits = size.holds_all or thing.extent < MATE * main.extent
        if thing is main or (thing.weight > 0.5 and fits and np.quantile(gap, 0.8) < reach):
            near.append(thing)
    return tuple(near)


@dataclass(frozen=True, slots=True)
class _Group:
    """What is the same about several things from whatever side they are seen."""

    aspect: float
    widest: float  # m to either side that a picture of them reaches at most
    pulls: Array  # (frames, things) weight with which each pulls the picture towards itself
    far: float  # m that the lens is away, for each metre of picture


def _group_of(things: list[Thing], aspect: float, lens_mm: float) -> _Group:
    girths = [max(0.5 * t.breadth, 0.3 * t.stature) for t in _moving(things)]
    widest = WIDEST * min(1.0, 0.5 + 0.5 * aspect) * float(np.mean(girths))
    at = np.stack([t.centre for t in things], axis=1)
    # What is played at stays in the picture, rather than the ball that rebounds from it.
    held = np.array([4.0 if t.weight == PLAYED_AT else t.weight for t in things])
    pulls = _attention(at, held, widest)
    return _Group(aspect, widest, pulls, 0.5 / half_height_of(lens_mm, aspect))


def _moving(things: list[Thing]) -> list[Thing]:
    return [t for t in things if t.weight > 0.5] or things


def _frame_all(things: list[Thing], main: Thing, group: _Group, azimuth: float) -> Framing:
    """Everything that acts, and the ground it acts on; what leaves for good is let go."""
    moving, aspect = _moving(things), group.aspect
    at = np.stack([t.centre for t in things], axis=1)
    weights = np.array([t.weight for t in things])
    weight = group.pulls[..., None]
    # From here on across, deep and up, as the camera sees them.
    c, s = math.cos(azimuth), math.sin(azimuth)
    turn = np.array(((c, s, 0.0), (-s, c, 0.0), (0.0, 0.0, 1.0)))
    at = at @ turn.T
    extents = np.stack([t.high - t.low for t in things], axis=1)
    half = 0.5 * np.sqrt(extents**2 @ (turn.T**2))
    counted = (weight > 0.1) | (weight == weight.max(axis=1, keepdims=True))
    low = np.min(np.where(counted, at - half, np.inf), axis=1)
    high = np.max(np.where(counted, at + half, -np.inf), axis=1)
    # Of what only stands there a part is enough.
    acts = counted & (weights[:, None] > ACTS)
    acting = acts.any(axis=1)
    inner_low = np.where(acting, np.min(np.where(acts, at - half, np.inf), axis=1), low)
    inner_high = np.where(acting, np.max(np.where(acts, at + half, -np.inf), axis=1), high)
    low += (1.0 - SCENERY) * (inner_low - low)
    high += (1.0 - SCENERY) * (inner_high - high)
    low[:, 2] = np.minimum(low[:, 2], np.maximum(0.15, low[:, 2] - 1.2))  # ground, if it is near
    centre = 0.5 * (low + high)
    mean = np.sum(at * weight, axis=1) / np.sum(weight, axis=1)
    centre[:, :2] = 0.7 * centre[:, :2] + 0.3 * mean[:, :2]
    half_size = np.maximum(high - centre, centre - low)
    height = np.maximum(half_size[:, 0] * SIDE_ROOM / aspect, half_size[:, 2] * AUTO_ROOM) * 2.0
    height = np.clip(height, 1.15, 2.0 * group.widest / min(1.0, aspect))
    # How far back for the nearest of them: what leads away is narrower than it would be in a row.
    far = group.far
    off = np.abs(at - centre[:, None]) + half
    wanted = 2.0 * far * np.maximum(off[..., 0] * SIDE_ROOM / aspect, off[..., 2] * AUTO_ROOM)
    nearer = centre[:, None, 1] - at[..., 1] + half[..., 1]
    back = np.max(np.where(counted[..., 0], wanted + nearer, 0.0), axis=1) - far * height
    deep = np.minimum(np.maximum(back, NEARNESS * height), half_size[:, 1])
    centre[:, 2] += 0.08 * min(1.0, 0.5 / aspect) * height  # less floor, more sky
    depth = 2.0 * float(np.median(half_size[:, 1]))
    return Framing(main, tuple(moving), centre @ turn, height, deep, depth)


def _attention(at: Array, share: Array, reach: float) -> Array:
    """Weight (frames, things) of each: one that leaves for good must not pull the camera.

    A mean shift along time: the middle stays with the group it has, and lets go of what is far.
    """
    middle = share @ at[0] / share.sum()
    weights = np.empty(at.shape[:2])
    for frame, places in enumerate(at):
        for _ in range(3):
            far = np.hypot(places[:, 0] - middle[0], places[:, 1] - middle[1])
            # Relative to the nearest, so that somebody is always in the picture.
            weights[frame] = share * np.exp((far.min() / reach) ** 4 - (far / reach) ** 4) + 1e-9
            middle = weights[frame] @ places / weights[frame].sum()
    return weights


# ── things ──


def things_of(world: World, motion: Motion, said: tuple[str, ...] = ()) -> list[Thing]:
    """Actors as one thing each, loose bodies by themselves, and the pieces they move on.

    Scenery counts when the prompt names it, or when there is nothing else.
    """
    owned = {i for actor in world.actors for i in actor.bodies}
    pieces = {name for name, kind in vocabulary().subjects.items() if kind.role}
    boxes = [_box(body, motion, i) for i, body in enumerate(world.bodies)]
    things = [
        _gazing(_thing(world, boxes, actor.bodies, actor.name, actor.kind, 0.98**n), world, motion)
        for n, actor in enumerate(world.actors)
        if actor.bodies
    ]
    named = sum(body.is_fixed and body.subject in said for body in world.bodies)
    for i, body in enumerate(world.bodies):
        if i in owned:
            continue
        is_said = body.subject in said or body.name in said
        if not body.is_fixed:
            weight = 0.9 * 0.97 ** min(i, 40)
        elif body.subject in pieces:
            weight = PLAYED_AT if is_said else 0.3
        elif is_said:
            weight = 0.45 / named  # a forest must not outweigh whoever stands in it
        else:
            continue
        things.append(_thing(world, boxes, (i,), body.name or body.subject, body.subject, weight))
    if not things:
        order = sorted(range(len(boxes)), key=lambda i: math.hypot(*world.bodies[i].position[:2]))
        things = [
            _thing(world, boxes, (i,), world.bodies[i].name, world.bodies[i].subject, 0.9)
            for i in order[:3]
        ]
    return things or [_empty(len(motion.positions))]


def _empty(frames: int) -> Thing:
    """The middle of an empty set."""
    low, high = np.tile((-0.5, -0.5, 0.0), (frames, 1)), np.tile((0.5, 0.5, 1.2), (frames, 1))
    return Thing("", "", low, high, 1.0, ())


def _thing(
    world: World,
    boxes: list[tuple[Array, Array]],
    members: tuple[int, ...],
    name: str,
    kind: str,
    weight: float,
) -> Thing:
    low = np.min([boxes[i][0] for i in members], axis=0)
    high = np.max([boxes[i][1] for i in members], axis=0)
    head, head_width = None, 0.0
    for i in members:
        if "head" in world.bodies[i].name:
            head = 0.5 * (boxes[i][0] + boxes[i][1])
            head_width = float(np.median((boxes[i][1] - boxes[i][0])[:, :2].min(axis=1)))
    if head is None and kind in STANDING:
        head = 0.5 * (low + high)
        head[:, 2] = high[:, 2] - 0.08 * (high - low)[:, 2]
    return Thing(name, kind, low, high, weight, members, head, head_width)


def _gazing(thing: Thing, world: World, motion: Motion) -> Thing:
    """The actor with where it looks: who has a head is drawn looking along -y."""
    heads = [i for i in thing.bodies if "head" in world.bodies[i].name]
    return replace(thing, gaze=-motion.rotations[:, heads[0], :, 1]) if heads else thing


def _box(body: Body, motion: Motion, index: int) -> tuple[Array, Array]:
    """Corners (frames, 3) of the box around a body; one row when it never moves."""
    frames = len(motion.positions)
    seen = slice(0, 1) if body.is_fixed else slice(None)
    at, turn = motion.positions[seen, index], motion.rotations[seen, index]
    low, high = np.full_like(at, np.inf), np.full_like(at, -np.inf)
    for part in body.parts:
        middle = at + turn @ part.at
        half = _extent(part, turn @ part.rotation)
        low, high = np.minimum(low, middle - half), np.maximum(high, middle + half)
    if body.is_fixed:
        low, high = np.repeat(low, frames, axis=0), np.repeat(high, frames, axis=0)
    return low, high


def _extent(part: Part, turn: Array) -> Array:
    """Half extents (frames, 3) of a turned solid along the axes of the world."""
    a, b, c = part.size
    if part.shape in {"sphere", "ellipsoid"}:
        return np.asarray(np.sqrt((turn**2) @ (np.array((a, b, c)) ** 2)))
    if part.shape == "box":
        return np.asarray(np.abs(turn) @ np.array((a, b, c)))
    if part.shape == "capsule":
        return np.asarray(np.abs(turn[..., 2]) * b + a)
    rim = np.sqrt(np.maximum(0.0, 1.0 - turn[..., 2] ** 2))
    return np.asarray(np.abs(turn[..., 2]) * b + a * rim)
