"""Motions: arranged bodies → bodies with the place and the velocity that their verb asks for.

Bodies come arranged around the origin and run along +x; whoever calls turns and shifts the stage.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from engine.engines.scene.language.vocabulary import Vector
from engine.engines.scene.scene.arrangements import is_slender
from engine.engines.scene.scene.solids import Body, turned
from engine.engines.scene.scene.things import moved, triple

RAMP_TILT = math.radians(24.0)
TABLE_TOP = 0.75
CRASH_SPEED = 5.2  # m/s
HIGH = 2.0  # m: what is aimed at above this is thrown at in a high curve
FASTEST = 10.0  # m/s: what is faster is not seen
STILL = frozenset({"rest", "float", "hop", "jump", "swing"})


@dataclass(frozen=True, slots=True)
class Staging:
    """What a motion needs to know: chance, the place, and what it is aimed at.

    The aim is in the frame of the motion: `aim` metres ahead of the origin, at height `aim_top`.
    """

    rng: np.random.Generator
    gravity: float = 9.81
    on_water: bool = False
    aim: Vector | None = None  # middle of what is thrown, rolled or crashed at
    aim_mass: float = 0.0  # kg, of all of it
    aim_top: float = 0.0  # height of its highest point
    is_opening: bool = False  # the aim is a ring or a container, to be entered from above

    def shake(self, size: float) -> float:
        """A number between -size and size."""
        return float(self.rng.uniform(-size, size))

    def jitter(self, size: float) -> Vector:
        """A small vector, each component between -size and size."""
        return (self.shake(size), self.shake(size), self.shake(size))

    def any_turn(self) -> Vector:
        """Degrees about the three axes, all equally likely."""
        return self.jitter(180.0)

    @property
    def slowness(self) -> float:
        """How much longer a flight takes here than on Earth."""
        return math.sqrt(9.81 / max(self.gravity, 1.0))


Stager = Callable[[list[Body], Staging], Iterator[Body]]


def _drop(bodies: list[Body], staging: Staging, *, spin: float = 1.2) -> Iterator[Body]:
    """From the height of a person, the later ones from higher; turned anyhow unless upright."""
    height, lift = 0.9 + 5.0 * min(bodies[0].girth, 0.3) + staging.aim_top, 0.0
    for i, body in enumerate(bodies):
        x, y, _ = body.position
        lift += 0.0 if i == 0 else float(staging.rng.uniform(0.35, 0.9)) * 2.4 * body.girth
        free = not body.is_upright and body.girth < 0.8
        yield replace(
            body,
            position=(x, y, height + lift + body.foot),
            rotation=turned(staging.any_turn()) if free else body.rotation,
            velocity=(staging.shake(0.16), staging.shake(0.12), 0.0),
            spin=staging.jitter(spin) if free else (0.0, 0.0, 0.0),
        )


def _tumble(bodies: list[Body], staging: Staging) -> Iterator[Body]:
    for body in _drop(bodies, staging, spin=9.0):
        x, y, z = body.position
        yield replace(
            body, position=(x - 1.1, y, 0.55 * z + 0.2), velocity=(1.1, 0.1, 0.4), is_upright=False
        )


def _roll(bodies: list[Body], staging: Staging, *, speed: float = 0.0) -> Iterator[Body]:
    """In from the left; round ones already turn as fast as they go."""
    is_aimed = staging.aim is not None
    speed = speed or (3.4 if is_aimed else 1.25)
    ahead = staging.aim[0] if staging.aim else 0.0
    start = ahead - (max(2.2, 0.45 * speed) if is_aimed else 1.7) - 2.0 * bodies[0].girth
    for i, body in enumerate(bodies):
        x, y, _ = body.position
        if body.is_round:
            body = replace(body, rotation=turned(staging.any_turn()))  # noqa: PLW2901
        elif rolls(body):
            body = replace(body, rotation=turned((90.0, 0.0, 0.0)))  # noqa: PLW2901
        v = speed * (1.0 + staging.shake(0.12))
        turns = body.is_round or rolls(body)
        yield replace(
            body,
            position=(start + x - 0.5 * i * body.girth, y * (0.5 if is_aimed else 1.0), body.foot),
            velocity=(v, staging.shake(0.05), 0.0),
            spin=(0.0, v / body.foot if turns else 0.0, 0.0),
        )


def rolls(body: Body) -> bool:
    """Whether it rolls on its round side: a can, a barrel, a coin, a tyre."""
    return body.parts[0].shape == "cylinder" and len(body.parts) == 1


def _slide(bodies: list[Body], staging: Staging) -> Iterator[Body]:
    for body in bodies:
        x, y, _ = body.position
        yield replace(
            body,
            position=(x - 1.7 - 2.0 * body.girth, y, body.foot),
            velocity=(3.0 + staging.shake(0.3), 0.0, 0.0),
        )


def _throw(bodies: list[Body], staging: Staging) -> Iterator[Body]:
    """A parabola from the left that comes down on what it is aimed at, else on the middle."""
    for i, body in enumerate(bodies):
        _, y, _ = body.position
        goal_x, goal_y, goal_z = staging.aim or (0.0, y * 0.6, body.foot)
        seconds = (0.62 if staging.aim else 0.85) * staging.slowness
        start, from_height = -2.3 - body.girth, 1.0 + body.foot
        if staging.is_opening:
            seconds, start = 0.95 * staging.slowness, start - 0.5
            goal_x += staging.shake(0.04)
        elif staging.aim_top > HIGH:  # slowly up to a board, or it rebounds out of the picture
            seconds, start, from_height = 0.9 * staging.slowness, start + 0.5, 1.6 + body.foot
        start += min(goal_x, 0.0) - 0.9 * i * body.girth * 2.2
        rise = (goal_z - from_height + 0.5 * staging.gravity * seconds**2) / seconds
        across = 0.0 if staging.aim is None else goal_y - 0.6 * y
        yield replace(
            body,
            position=(start, y * 0.6, from_height + 0.1 * i),
            rotation=turned(staging.any_turn()) if not body.is_upright else None,
            velocity=((goal_x - start) / seconds, across / seconds + staging.shake(0.03), rise),
            spin=staging.jitter(6.0 if goal_z < HIGH else 2.0),
            is_upright=False,
        )


def _kick(bodies: list[Body], staging: Staging) -> Iterator[Body]:
    """Off the ground, low and fast, as from a foot that nobody sees."""
    for i, body in enumerate(_roll(bodies, staging, speed=5.5)):
        rise = 1.8 if staging.aim is None else 1.2 + 0.8 * min(staging.aim_top, 1.5)
        yield replace(body, velocity=(5.5 - 0.3 * i, body.velocity[1], rise))


def _crash(bodies: list[Body], staging: Staging) -> Iterator[Body]:
    """Into the targets, light bodies faster; without any, into each other from both sides."""
    if staging.aim is not None:
        yield from _ram(bodies, staging)
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


def _ram(bodies: list[Body], staging: Staging) -> Iterator[Body]:
    """Fast enough to scatter what is hit; what is lighter flies at its upper half."""
    x, y, _ = staging.aim or (0.0, 0.0, 0.0)
    mass = sum(body.mass for body in bodies)
    odds = max(staging.aim_mass / max(mass, 1e-3), 1.0)
    speed = min(CRASH_SPEED * odds**0.3, FASTEST)
    is_flying = odds > 3.0 and staging.aim_top > 2.5 * bodies[0].foot and bodies[0].girth < 0.6
    for i, body in enumerate(_roll(bodies, staging, speed=speed)):
        if not is_flying:
            yield body
            continue
        bx, by, _ = body.position
        seconds = max((x - bx) / body.velocity[0], 0.1)
        height = max(0.62 * staging.aim_top, body.foot)
        yield replace(
            body,
            position=(bx, by + y, height + 0.05 * i),
            velocity=(body.velocity[0], 0.0, 0.5 * staging.gravity * seconds),
            is_upright=False,
        )


def _spin(bodies: list[Body], staging: Staging) -> Iterator[Body]:
    for body in bodies:
        is_top = body.parts[0].shape == "cone"
        about = (45.0 if is_top else 11.0) + staging.shake(3.0)
        turn = turned((90.0, 0.0, 0.0)) if rolls(body) else body.rotation
        body = replace(body, rotation=turn)  # noqa: PLW2901
        x, y, _ = body.position
        yield replace(body, position=(x, y, body.foot), spin=(0.0, 0.0, about))


def _topple(bodies: list[Body], staging: Staging) -> Iterator[Body]:
    """A row is pushed at its first; what is piled up leans over as one, until it falls apart."""
    is_row = len({round(body.position[2], 3) for body in bodies}) == 1
    if not is_row:
        yield from _lean(bodies)
        return
    for i, body in enumerate(bodies):
        if i > 0 and is_slender(body):
            yield body
            continue
        ahead = np.array((1.0, 0.0, 0.0)) if body.rotation is None else body.rotation[:, 0]
        spin = 1.1 / max(body.foot, 0.05) + 0.6
        yield replace(
            body,
            velocity=triple(1.1 * ahead) if i == 0 else (0.0, 0.0, 0.0),
            spin=(-spin * float(ahead[1]), spin * float(ahead[0]), 0.0),
            is_upright=False,
        )


def _lean(bodies: list[Body]) -> Iterator[Body]:
    """Turn the whole pile about the edge of its base, a little faster than it needs to go over.

    Energy: ½ J ω² = m g (√(h² + w²) - h) takes the middle, at height h, over an edge w away.
    """
    mass = sum(body.mass for body in bodies)
    height = sum(body.mass * body.position[2] for body in bodies) / mass
    base = min(body.position[2] for body in bodies) + 1e-3
    edge = max(b.position[0] + b.reach(1, 0, 0) for b in bodies if b.position[2] <= base)
    rise = math.hypot(height, edge) - height
    inertia = sum(b.mass * ((b.position[0] - edge) ** 2 + b.position[2] ** 2) for b in bodies)
    rate = 1.35 * math.sqrt(2.0 * mass * 9.81 * rise / inertia)
    for body in bodies:
        x, _, z = body.position
        yield replace(
            body,
            velocity=(rate * z, 0.0, rate * (edge - x)),
            spin=(0.0, rate, 0.0),
            is_upright=False,
        )


def _burst(bodies: list[Body], staging: Staging) -> Iterator[Body]:
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
            spin=staging.jitter(9.0),
            is_upright=False,
        )


def _float(bodies: list[Body], staging: Staging) -> Iterator[Body]:
    """On the water where there is some; else in the air, as if nothing weighed anything."""
    if not staging.on_water:
        yield from _hover(bodies, staging)
        return
    for body in bodies:
        yield replace(body, velocity=(staging.shake(0.1), staging.shake(0.05), 0.0))


def _hover(bodies: list[Body], staging: Staging) -> Iterator[Body]:
    for body in bodies:
        x, y, z = body.position
        yield replace(
            body,
            position=(x, y, z + 0.5 + float(staging.rng.uniform(0.0, 1.3))),
            rotation=body.rotation if body.is_upright else turned(staging.any_turn()),
            velocity=staging.jitter(0.16),
            spin=staging.jitter(0.9),
            floats=True,
        )


def _fly(bodies: list[Body], staging: Staging) -> Iterator[Body]:
    """Carried by the air from the left, rising."""
    for i, body in enumerate(bodies):
        x, y, _ = body.position
        yield replace(
            body,
            position=(x - 1.6 - 2.1 * i * body.girth, y, 1.3 + body.foot + 0.25 * (i % 3)),
            velocity=(0.85 + staging.shake(0.1), staging.shake(0.05), 0.18),
            spin=(0.0, 0.0, staging.shake(0.3)),
            floats=True,
        )


def _splash(bodies: list[Body], staging: Staging) -> Iterator[Body]:
    """From high above into the water."""
    for body in _drop(bodies, staging):
        yield moved(body, 0.0, 0.0, 0.6)


def _sink(bodies: list[Body], staging: Staging) -> Iterator[Body]:
    """Let go of so high above the water that one sees what it is, then the splash."""
    for i, body in enumerate(bodies):
        x, y, _ = body.position
        above = 0.9 + 0.35 * i if staging.on_water else 0.65 + 0.2 * i
        yield replace(body, position=(x, y, body.foot + above))


def _hop(bodies: list[Body], staging: Staging) -> Iterator[Body]:
    for body in bodies:
        if body.is_upright:
            heading = staging.shake(25.0)
            yield replace(body, rotation=turned((0.0, 0.0, heading)), hops=True)
        else:
            yield replace(body, velocity=(0.5, 0.0, 3.4), spin=staging.jitter(2.0))


def _rest(bodies: list[Body], staging: Staging) -> Iterator[Body]:
    for body in bodies:
        yield moved(body, 0.0, 0.45 if staging.aim else 0.0)


def _still(bodies: list[Body], _staging: Staging) -> Iterator[Body]:
    yield from bodies


def _down_ramp(bodies: list[Body], staging: Staging) -> Iterator[Body]:
    for i, body in enumerate(_roll(bodies, staging, speed=0.7)):
        x = -1.05 - 0.05 * i - 2.1 * i * body.girth
        above = (
            0.62
            - (max(x, -1.45) + 0.3) * math.tan(RAMP_TILT)
            + (body.foot + 0.05) / math.cos(RAMP_TILT)
        )
        turn = body.rotation if body.is_round else turned((0.0, math.degrees(RAMP_TILT), 0.0))
        yield replace(body, position=(x, 0.0, above + 0.3 * i), rotation=turn, is_upright=False)


def _down_stairs(bodies: list[Body], staging: Staging) -> Iterator[Body]:
    for i, body in enumerate(_roll(bodies, staging, speed=1.1)):
        y = 0.0 if len(bodies) == 1 else (i % 3 - 1) * 2.2 * body.girth
        yield replace(body, position=(-1.35 - 0.4 * (i // 3), y, 1.0 + body.foot + 0.35 * (i // 3)))


def _off_table(bodies: list[Body], staging: Staging) -> Iterator[Body]:
    for i, body in enumerate(_roll(bodies, staging, speed=1.3)):
        yield replace(
            body, position=(0.1 - 2.3 * i * body.girth, 0.0, TABLE_TOP + 0.005 + body.foot)
        )


STAGERS: dict[str, Stager] = {
    "drop": _drop,
    "bounce": _drop,
    "splash": _splash,
    "sink": _sink,
    "tumble": _tumble,
    "flip": _tumble,
    "roll": _roll,
    "slide": _slide,
    "drive": _slide,
    "throw": _throw,
    "catch": _throw,
    "kick": _kick,
    "crash": _crash,
    "spin": _spin,
    "topple": _topple,
    "burst": _burst,
    "float": _float,
    "hover": _hover,
    "fly": _fly,
    "hop": _hop,
    "jump": _hop,
    "rest": _rest,
    "swing": _still,
    "down_ramp": _down_ramp,
    "down_stairs": _down_stairs,
    "off_table": _off_table,
}
