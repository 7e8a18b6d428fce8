"""Scene: a script → a world, every body with its place and motion at time 0."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from engine.engines.scene.language.script import Script, Subject
from engine.engines.scene.language.vocabulary import Place, Vector, vocabulary
from engine.engines.scene.scene.solids import Body, make_body, turned
from engine.engines.scene.scene.world import World

DEFAULT_PLACE = "studio"
STAGED_BY_ROLE = {"ramp": "down_ramp", "stairs": "down_stairs", "table": "off_table"}
HEADING = math.radians(48.0)  # the action runs from the left front to the right back,
HEADING_WITH_PIECE = math.radians(-30.0)  # or down a piece of the set, towards the camera
RAMP_TILT = math.radians(24.0)


@dataclass(frozen=True, slots=True)
class _Staging:
    """What a motion needs to know to put its bodies: chance, gravity, and whom it is aimed at."""

    rng: np.random.Generator
    gravity: float
    target_top: float  # height of the highest target, 0 without one
    has_targets: bool
    has_wall: bool


Stager = Callable[[list[Body], _Staging], Iterator[Body]]


def build_world(script: Script, seed: int) -> World:
    """Put everything of the script into its place; the same seed gives the same world."""
    words = vocabulary()
    rng = np.random.default_rng(seed)
    place = words.places[script.place or DEFAULT_PLACE]
    pieces = [s for s in script.subjects if s.kind.role]
    actors = [s for s in script.subjects if not s.kind.is_scenery]
    targets = [s for s in actors if s.is_target]
    bodies: list[Body] = [make_body(piece, 0, rng) for piece in pieces]
    bodies = [_as_drawn(body, piece) for body, piece in zip(bodies, pieces, strict=True)]
    placed_targets: list[Body] = []
    for offset, target in enumerate(targets):
        made = [make_body(target, i, rng) for i in range(target.count)]
        placed_targets += [_moved(b, offset * 1.1) for b in _arranged(made, target)]
    staging = _Staging(
        rng=rng,
        gravity=place.gravity,
        target_top=max((b.position[2] + b.reach(0, 0, 1) for b in placed_targets), default=0.0),
        has_targets=bool(placed_targets),
        has_wall=any(piece.kind.role == "wall" for piece in pieces),
    )
    role = next((p.kind.role for p in pieces if p.kind.role in STAGED_BY_ROLE), None)
    acting = [s for s in actors if not s.is_target]
    bodies += placed_targets
    for lane, subject in enumerate(acting):
        made = [make_body(subject, i, rng) for i in range(subject.count)]
        motion = _motion_of(subject, acting, role)
        staged = STAGERS[motion](list(_arranged(made, subject)), staging)
        bodies += [_in_lane(body, lane, len(acting), motion) for body in staged]
    heading = HEADING_WITH_PIECE if pieces else HEADING
    bodies = [_headed(body, heading) for body in _apart(bodies)]
    decor = [s for s in script.subjects if s.kind.is_scenery and not s.kind.role]
    bodies += _scenery(decor, place, rng)
    return World(bodies=tuple(bodies), place=place)


def _motion_of(subject: Subject, acting: list[Subject], role: str | None) -> str:
    if role and subject.action not in {"throw", "float", "burst", "drop"}:
        return STAGED_BY_ROLE[role]
    if subject.action:
        return subject.action
    if subject.arrangement == "row" and subject.kind.name == "domino":
        return "topple"
    if any(other.action for other in acting if other is not subject):
        return "rest"
    return "float" if subject.kind.floats else "hop" if subject.kind.upright else "drop"


def _as_drawn(body: Body, subject: Subject) -> Body:
    """A set piece stands where its table row draws it; making it moved its centre to the origin."""
    drawn = np.array(subject.kind.parts[0].at) * subject.scale
    x, y, z = drawn - body.parts[0].at
    return replace(body, position=(float(x), float(y), float(z)))


def _moved(body: Body, dx: float, dy: float = 0.0, dz: float = 0.0) -> Body:
    x, y, z = body.position
    return replace(body, position=(x + dx, y + dy, z + dz))


def _headed(body: Body, heading: float) -> Body:
    """Turn the stage: what runs across a standing picture would leave it too soon."""
    c, s = math.cos(heading), math.sin(heading)

    def turn(v: Vector) -> Vector:
        return (c * v[0] - s * v[1], s * v[0] + c * v[1], v[2])

    if body.is_upright and not body.is_fixed:  # who stands keeps looking at the camera
        return replace(body, position=turn(body.position), velocity=turn(body.velocity))
    rotation = turned((0.0, 0.0, math.degrees(heading)))
    return replace(
        body,
        position=turn(body.position),
        velocity=turn(body.velocity),
        spin=turn(body.spin),
        rotation=rotation if body.rotation is None else rotation @ body.rotation,
    )


def _apart(bodies: list[Body]) -> list[Body]:
    """Lift bodies in the air, and move moving ones back, until none begins inside another."""
    placed: list[Body] = []
    for body in bodies:
        is_airborne = body.position[2] - body.foot > 0.02
        is_moving = is_airborne or any(body.velocity) or any(body.spin)
        for _ in range(200):
            if not is_moving or not any(_overlap(body, other) for other in placed):
                break
            step = 0.25 * body.girth
            body = _moved(body, 0.0, 0.0, step) if is_airborne else _moved(body, -step)  # noqa: PLW2901
        placed.append(body)
    return placed


def _overlap(a: Body, b: Body) -> bool:
    """Whether two bodies may touch: exact between balls, their bounding boxes otherwise."""
    if a.is_round and b.is_round:
        return math.dist(a.position, b.position) < 1.02 * (a.girth + b.girth)
    for axis in range(3):
        way = [0.0, 0.0, 0.0]
        way[axis] = 1.0
        low, high = (a, b) if a.position[axis] <= b.position[axis] else (b, a)
        gap = high.position[axis] - low.position[axis]
        if gap >= low.reach(*way) + high.reach(*(-w for w in way)) - 1e-3:
            return False
    return True


def _in_lane(body: Body, lane: int, lanes: int, motion: str) -> Body:
    """Different subjects act side by side, the first in front."""
    if lanes == 1:
        return body
    shift = (lane - 0.5 * (lanes - 1)) * 0.75
    if motion in {"drop", "bounce", "tumble", "hop", "rest", "spin", "float"}:
        # Side by side as the camera sees them, so against the turn that the stage makes later.
        return _moved(body, shift * math.cos(HEADING), -shift * math.sin(HEADING))
    return _moved(body, 0.0, shift)


# ── arrangements: bodies that stand on the ground, touching nothing they do not rest on ──


def _arranged(bodies: list[Body], subject: Subject) -> Iterator[Body]:
    name = subject.arrangement
    if name is None:
        is_pile = subject.is_target and not (bodies[0].is_round or bodies[0].is_upright)
        name = "stack" if (is_pile or subject.action == "topple") and len(bodies) > 1 else "group"
    return ARRANGEMENTS[name](bodies)


def _standing(body: Body, x: float, y: float, z: float = 0.0) -> Body:
    return replace(body, position=(x, y, z + body.foot))


def _group(bodies: list[Body]) -> Iterator[Body]:
    """A sunflower head: evenly spread around the middle."""
    room = 2.3 * max(b.girth for b in bodies)
    for i, body in enumerate(bodies):
        angle, far = 2.39996 * i, room * math.sqrt(i)
        yield _standing(body, far * math.cos(angle), far * math.sin(angle))


def _row(bodies: list[Body]) -> Iterator[Body]:
    """Along x with a soft curve; gaps of six tenths of the height, so that dominoes reach."""
    gap = max(2.15 * bodies[0].reach(1, 0, 0), 0.62 * bodies[0].foot * 2.0)
    if bodies[0].is_round:
        gap = 2.3 * bodies[0].girth
    for i, body in enumerate(bodies):
        x = (i - 0.5 * (len(bodies) - 1)) * gap
        bend = 0.28 * math.sin(x * 1.3)
        yaw = math.degrees(math.atan(0.28 * 1.3 * math.cos(x * 1.3)))
        yield replace(_standing(body, x, bend), rotation=turned((0.0, 0.0, yaw)))


def _stack(bodies: list[Body]) -> Iterator[Body]:
    """A tower; from five on two by two, from thirteen on three by three."""
    n = len(bodies)
    side = 1 if n < 7 else 2 if n < 17 else 3
    yield from _levels(bodies, [side * side] * n)


def _pyramid(bodies: list[Body]) -> Iterator[Body]:
    base = next(m for m in range(1, 9) if m * (m + 1) * (2 * m + 1) // 6 >= len(bodies))
    yield from _levels(bodies, [m * m for m in range(base, 0, -1)])


def _levels(bodies: list[Body], per_level: list[int]) -> Iterator[Body]:
    width = 2.04 * max(b.girth for b in bodies)
    left, height = list(bodies), 0.0
    for room in per_level:
        level, left = left[:room], left[room:]
        side = math.isqrt(room)
        for i, body in enumerate(level):
            x, y = (i % side - 0.5 * (side - 1)) * width, (i // side - 0.5 * (side - 1)) * width
            yield _standing(body, x, y, height)
        if not left:
            return
        height += level[0].foot + level[0].reach(0, 0, 1) + 0.001
    yield from (_standing(body, width * (i + 2), 0.0) for i, body in enumerate(left))


def _triangle(bodies: list[Body]) -> Iterator[Body]:
    """Bowling order, its point towards -x."""
    gap = 3.1 * max(b.girth for b in bodies)
    i, line = 0, 1
    while i < len(bodies):
        for j in range(min(line, len(bodies) - i)):
            yield _standing(bodies[i + j], 0.866 * gap * (line - 1), gap * (j - 0.5 * (line - 1)))
        i, line = i + line, line + 1


ARRANGEMENTS: dict[str, Callable[[list[Body]], Iterator[Body]]] = {
    "group": _group,
    "row": _row,
    "stack": _stack,
    "pyramid": _pyramid,
    "triangle": _triangle,
}

# ── motions: arranged bodies → bodies with the position and velocity that their verb asks for ──


def _jitter(staging: _Staging, size: float) -> Vector:
    x, y, z = staging.rng.uniform(-size, size, 3)
    return (float(x), float(y), float(z))


def _any_turn(staging: _Staging) -> Vector:
    x, y, z = staging.rng.uniform(-180.0, 180.0, 3)
    return (float(x), float(y), float(z))


def _drop(bodies: list[Body], staging: _Staging, *, spin: float = 1.2) -> Iterator[Body]:
    """From the height of a person, the later ones from higher; turned anyhow unless upright."""
    height = 0.9 + 5.0 * bodies[0].girth + staging.target_top
    lift = 0.0
    for i, body in enumerate(bodies):
        x, y, _ = body.position
        lift += 0.0 if i == 0 else float(staging.rng.uniform(0.35, 0.9)) * 2.4 * body.girth
        free = not body.is_upright
        yield replace(
            body,
            position=(x, y, height + lift + body.foot),
            rotation=turned(_any_turn(staging)) if free else None,
            velocity=(float(staging.rng.uniform(-0.16, 0.16)), _jitter(staging, 0.12)[0], 0.0),
            spin=_jitter(staging, spin) if free else (0.0, 0.0, 0.0),
        )


def _tumble(bodies: list[Body], staging: _Staging) -> Iterator[Body]:
    for body in _drop(bodies, staging, spin=9.0):
        x, y, z = body.position
        yield replace(
            body, position=(x - 1.1, y, 0.55 * z + 0.2), velocity=(1.1, 0.1, 0.4), is_upright=False
        )


def _roll(bodies: list[Body], staging: _Staging, *, speed: float = 0.0) -> Iterator[Body]:
    """In from the left; round ones already turn as fast as they go."""
    speed = speed or (3.4 if staging.has_targets else 1.25)
    start = -(2.2 if staging.has_targets else 1.7) - 2.0 * bodies[0].girth
    for i, body in enumerate(bodies):
        x, y, _ = body.position
        turn = turned(_any_turn(staging)) if body.is_round else None
        if not body.is_round and body.parts[0].shape == "cylinder":
            turn = turned((90.0, 0.0, 0.0))
        body = replace(body, rotation=turn)  # noqa: PLW2901
        v = speed * (1.0 + 0.12 * float(staging.rng.uniform(-1, 1)))
        yield replace(
            body,
            position=(
                start + x - 0.5 * i * body.girth,
                y * (0.5 if staging.has_targets else 1),
                body.foot,
            ),
            velocity=(v, 0.05 * float(staging.rng.uniform(-1, 1)), 0.0),
            spin=(0.0, v / body.foot if turn is not None else 0.0, 0.0),
        )


def _slide(bodies: list[Body], staging: _Staging) -> Iterator[Body]:
    for body in _roll(bodies, staging, speed=3.0):
        yield replace(body, spin=(0.0, 0.0, 0.0), rotation=None)


def _throw(bodies: list[Body], staging: _Staging) -> Iterator[Body]:
    """A parabola from the left that comes down on the middle, the wall or the targets."""
    start = -2.3 - bodies[0].girth
    for i, body in enumerate(bodies):
        _, y, _ = body.position
        seconds = 0.62 if staging.has_targets or staging.has_wall else 0.85
        seconds *= math.sqrt(9.81 / max(staging.gravity, 1.0))
        goal = (
            0.5 * staging.target_top
            if staging.has_targets
            else 0.9
            if staging.has_wall
            else body.foot
        )
        from_height = 0.7 + body.foot
        up = (goal - from_height + 0.5 * staging.gravity * seconds**2) / seconds
        reach = 0.8 - start if staging.has_wall else -start
        yield replace(
            body,
            position=(start - 0.9 * i * body.girth * 2.2, y * 0.6, from_height + 0.1 * i),
            rotation=turned(_any_turn(staging)) if not body.is_upright else None,
            velocity=(reach / seconds, 0.1 * float(staging.rng.uniform(-1, 1)), up),
            spin=_jitter(staging, 6.0),
            is_upright=False,
        )


def _crash(bodies: list[Body], staging: _Staging) -> Iterator[Body]:
    """Into the targets; without any, into each other from both sides."""
    if staging.has_targets:
        yield from _roll(bodies, staging, speed=5.2)
        return
    for i, body in enumerate(_roll(bodies, staging, speed=3.0)):
        if i % 2 == 0:
            yield body
            continue
        (x, y, z), (vx, vy, vz), (sx, sy, sz) = body.position, body.velocity, body.spin
        yield replace(
            body,
            position=(-x, y * 0.3, z),
            velocity=(-vx, vy, vz),
            spin=(sx, -sy, sz),
            rotation=body.rotation if body.is_round else turned((0.0, 0.0, 180.0)),
        )


def _spin(bodies: list[Body], staging: _Staging) -> Iterator[Body]:
    for body in bodies:
        about = 11.0 + 3.0 * float(staging.rng.uniform(-1, 1))
        stands = body.parts[0].shape != "cylinder" or len(body.parts) > 1
        turn = None if stands else turned((90.0, 0.0, 0.0))
        body = replace(body, rotation=turn)  # noqa: PLW2901
        x, y, _ = body.position
        yield replace(body, position=(x, y, body.foot), spin=(0.0, 0.0, about))


def _topple(bodies: list[Body], staging: _Staging) -> Iterator[Body]:
    """A row is pushed at its first; a tower leans more the higher, until it must fall."""
    is_row = len({round(body.position[2], 3) for body in bodies}) == 1
    for i, body in enumerate(bodies):
        z = body.position[2]
        if is_row:
            push = (1.1, 0.0, 0.0) if i == 0 else (0.0, 0.0, 0.0)
            turn = (0.0, 4.2, 0.0) if i == 0 else (0.0, 0.0, 0.0)
            yield replace(body, velocity=push, spin=turn, is_upright=False)
        else:
            lean = 1.5 * max(0.0, z - body.foot)
            yield replace(body, velocity=(lean, 0.15 * lean, 0.0), is_upright=False)


def _burst(bodies: list[Body], staging: _Staging) -> Iterator[Body]:
    for body in bodies:
        x, y, z = body.position
        far = math.hypot(x, y) + 1e-6
        out = float(staging.rng.uniform(0.5, 1.5))
        side = staging.rng.uniform(-1, 1, 2) if far < 0.01 else (x / far, y / far)
        yield replace(
            body,
            position=(x, y, z + 0.3),
            velocity=(
                float(side[0]) * out,
                float(side[1]) * out * 0.6,
                float(staging.rng.uniform(3.0, 5.5)),
            ),
            spin=_jitter(staging, 9.0),
            is_upright=False,
        )


def _float(bodies: list[Body], staging: _Staging) -> Iterator[Body]:
    for body in bodies:
        x, y, z = body.position
        yield replace(
            body,
            position=(x, y, z + 0.5 + float(staging.rng.uniform(0.0, 1.3))),
            rotation=None if body.is_upright else turned(_any_turn(staging)),
            velocity=_jitter(staging, 0.16),
            spin=_jitter(staging, 0.9),
            floats=True,
        )


def _hop(bodies: list[Body], staging: _Staging) -> Iterator[Body]:
    for body in bodies:
        if body.is_upright:
            heading = float(staging.rng.uniform(-25.0, 25.0))
            yield replace(body, rotation=turned((0.0, 0.0, heading)), hops=True)
        else:
            yield replace(body, velocity=(0.5, 0.0, 3.4), spin=_jitter(staging, 2.0))


def _rest(bodies: list[Body], staging: _Staging) -> Iterator[Body]:
    for body in bodies:
        yield _moved(body, 0.0, 0.45 if staging.has_targets else 0.0)


def _down_ramp(bodies: list[Body], staging: _Staging) -> Iterator[Body]:
    for i, body in enumerate(_roll(bodies, staging, speed=0.7)):
        x = -1.05 - 0.05 * i - 2.1 * i * body.girth
        above = (
            0.62
            - (max(x, -1.45) + 0.3) * math.tan(RAMP_TILT)
            + (body.foot + 0.05) / math.cos(RAMP_TILT)
        )
        turn = body.rotation if body.is_round else turned((0.0, math.degrees(RAMP_TILT), 0.0))
        yield replace(body, position=(x, 0.0, above + 0.3 * i), rotation=turn, is_upright=False)


def _down_stairs(bodies: list[Body], staging: _Staging) -> Iterator[Body]:
    for i, body in enumerate(_roll(bodies, staging, speed=1.1)):
        y = 0.0 if len(bodies) == 1 else (i % 3 - 1) * 2.2 * body.girth
        yield replace(body, position=(-1.35 - 0.4 * (i // 3), y, 1.0 + body.foot + 0.35 * (i // 3)))


def _off_table(bodies: list[Body], staging: _Staging) -> Iterator[Body]:
    for i, body in enumerate(_roll(bodies, staging, speed=1.3)):
        yield replace(body, position=(0.1 - 2.3 * i * body.girth, 0.0, 0.76 + body.foot))


STAGERS: dict[str, Stager] = {
    "drop": _drop,
    "bounce": _drop,
    "tumble": _tumble,
    "roll": _roll,
    "slide": _slide,
    "throw": _throw,
    "crash": _crash,
    "spin": _spin,
    "topple": _topple,
    "burst": _burst,
    "float": _float,
    "hop": _hop,
    "rest": _rest,
    "down_ramp": _down_ramp,
    "down_stairs": _down_stairs,
    "off_table": _off_table,
}


def _scenery(asked: list[Subject], place: Place, rng: np.random.Generator) -> list[Body]:
    """Set pieces behind and beside the action, those of the prompt before those of the place."""
    words = vocabulary()
    pieces = [make_body(s, i, rng) for s in asked for i in range(s.count)]
    for name in place.scenery:
        pieces.append(make_body(Subject(words.subjects[name], count=2), 0, rng))
    placed = []
    for i, body in enumerate(pieces):
        side = -1.0 if i % 2 == 0 else 1.0
        near = i < sum(s.count for s in asked)
        x = side * (1.15 + 0.5 * (i // 2) + float(rng.uniform(0.0, 0.5)) + body.girth * 0.5)
        y = (1.6 if near else 2.6) + 0.75 * i + float(rng.uniform(0.0, 0.8)) + body.girth * 0.5
        if place.backdrop == "sea":
            y = min(y, 4.6)
        yaw = turned((0.0, 0.0, float(rng.uniform(0, 360)) if not near else 0.0))
        placed.append(replace(_standing(body, x, y), is_fixed=True, rotation=yaw))
    return placed
