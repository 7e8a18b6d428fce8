"""Things: what a subject is made into, of one body or of several that joints hold together."""

import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from engine.engines.scene.language.script import Subject
from engine.engines.scene.language.vocabulary import Place, Vector
from engine.engines.scene.scene.solids import Body, Matrix, Part, turned
from engine.engines.scene.scene.world import WORLD, Act, Joint

WATER_DENSITY = 1000.0  # kg/m³


def chance(seed: int, name: str, what: str) -> np.random.Generator:
    """Chance of its own for each name and purpose: what else is in a shot changes nothing of it."""
    return np.random.default_rng((seed, zlib.crc32(name.encode()), zlib.crc32(what.encode())))


@dataclass(frozen=True, slots=True)
class Thing:
    """One of a subject's things. `hull` has the parts of all its bodies: staging moves only it.

    `bodies` and `joints` are in the frame of the hull; a joint's indices are of `bodies`.
    """

    subject: Subject
    name: str
    hull: Body
    bodies: tuple[Body, ...]
    joints: tuple[Joint, ...] = ()
    actor: str | None = None  # the kind of actor that it is
    facing: float = 0.0  # degrees from x to where its face is, as it is drawn
    seat: Vector | None = None  # where somebody or something on it rests, in the frame of the hull
    origin: Vector = (0.0, 0.0, 0.0)  # of the frame it was designed in, in the frame of the hull
    is_standing: bool = False  # stays where it was put: a set piece, or a thing on a stand
    first: int = 0  # index of its first body in the world
    plan: tuple[Act, ...] = ()

    @property
    def kind(self) -> str:
        """Name of its kind in the table."""
        return self.subject.kind.name

    @property
    def top(self) -> Vector:
        """Where what is put on it rests, in the world."""
        x, y, z = self.hull.position
        if self.seat is None:
            return (x, y, z + self.hull.reach(0.0, 0.0, 1.0))
        sx, sy, sz = np.array(self.hull.position) + _turn(self.hull) @ np.array(self.seat)
        return (float(sx), float(sy), float(sz))

    def put_at(self, x: float, y: float, z: float, turn: Matrix) -> "Thing":
        """The thing with the origin of its design there."""
        at = np.array((x, y, z)) - turn @ np.array(self.origin)
        return self.moved_to(replace(self.hull, position=triple(at), rotation=turn))

    def moved_to(self, hull: Body) -> "Thing":
        """The same thing with its hull there."""
        return replace(self, hull=hull)

    def unfolded(self) -> tuple[tuple[Body, ...], tuple[Joint, ...]]:
        """Its bodies and joints where its hull is, joints between indices of the world's bodies."""
        hull = self.hull
        if len(self.bodies) == 1 and not self.joints:
            return (replace(hull, name=self.name),), ()
        turn, origin = _turn(hull), np.array(hull.position)
        spin, velocity = np.array(hull.spin), np.array(hull.velocity)
        bodies = []
        for body in self.bodies:
            arm = turn @ np.array(body.position)
            bodies.append(
                replace(
                    body,
                    name=f"{self.name}/{body.name}" if body.name else self.name,
                    position=triple(origin + arm),
                    rotation=turn if body.rotation is None else turn @ body.rotation,
                    velocity=triple(velocity + np.cross(spin, arm)),
                    spin=triple(spin + turn @ np.array(body.spin)),
                    floats=body.floats or hull.floats,
                    is_upright=body.is_upright and hull.is_upright,
                    hops=hull.hops,
                )
            )
        joints = tuple(
            replace(
                joint,
                parent=joint.parent if joint.parent == WORLD else joint.parent + self.first,
                child=joint.child + self.first,
                at=triple(origin + turn @ np.array(joint.at)),
                axis=triple(turn @ np.array(joint.axis)),
            )
            for joint in self.joints
        )
        return tuple(bodies), joints


def thing_of(subject: Subject, name: str, body: Body) -> Thing:
    """A thing of one body."""
    origin = (0.0, 0.0, -body.foot)
    return Thing(subject, name, body, (body,), origin=origin, is_standing=body.is_fixed)


def assembled(
    subject: Subject, name: str, bodies: tuple[Body, ...], joints: tuple[Joint, ...]
) -> Thing:
    """A thing of several bodies: its hull's middle is their centre of mass."""
    masses = np.array([body.mass for body in bodies])
    centre = np.average([body.position for body in bodies], axis=0, weights=masses)
    parts: list[Part] = []
    for body in bodies:
        turn, at = _turn(body), np.array(body.position) - centre
        parts += [
            replace(part, at=at + turn @ part.at, rotation=turn @ part.rotation)
            for part in body.parts
        ]
    is_fixed = any(body.is_fixed for body in bodies)
    hull = Body(
        subject=subject.kind.name,
        parts=tuple(parts),
        is_fixed=is_fixed,
        is_upright=bodies[0].is_upright,
        floats=subject.kind.floats,
    )
    return Thing(
        subject,
        name,
        hull,
        tuple(replace(body, position=triple(np.array(body.position) - centre)) for body in bodies),
        tuple(replace(joint, at=triple(np.array(joint.at) - centre)) for joint in joints),
        is_standing=is_fixed or any(joint.parent == WORLD for joint in joints),
        origin=triple(-centre),
    )


def _turn(body: Body) -> Matrix:
    return np.eye(3) if body.rotation is None else body.rotation


def triple(v: Matrix) -> Vector:
    """An array of three as a tuple."""
    return (float(v[0]), float(v[1]), float(v[2]))


def about(axis: Vector, degrees: float) -> Matrix:
    """Rotation matrix of a turn about any axis (Rodrigues)."""
    x, y, z = np.array(axis) / np.linalg.norm(axis)
    cross = np.array(((0.0, -z, y), (z, 0.0, -x), (-y, x, 0.0)))
    angle = math.radians(degrees)
    turn = np.eye(3) + math.sin(angle) * cross + (1.0 - math.cos(angle)) * cross @ cross
    return np.asarray(turn, dtype=np.float64)


def moved(body: Body, dx: float, dy: float = 0.0, dz: float = 0.0) -> Body:
    """The body, so many metres further."""
    x, y, z = body.position
    return replace(body, position=(x + dx, y + dy, z + dz))


def yawed(body: Body, radians: float) -> Body:
    """The body, its place and its motion turned about the vertical through the origin."""
    c, s = math.cos(radians), math.sin(radians)

    def turn(v: Vector) -> Vector:
        return (c * v[0] - s * v[1], s * v[0] + c * v[1], v[2])

    rotation = turned((0.0, 0.0, math.degrees(radians)))
    return replace(
        body,
        position=turn(body.position),
        velocity=turn(body.velocity),
        spin=turn(body.spin),
        rotation=rotation if body.rotation is None else rotation @ body.rotation,
    )


def resting_height(body: Body, place: Place) -> float:
    """Height of the centre of mass over the ground, or over the water that carries the body."""
    return body.foot - draught(body) if place.water else body.foot


def draught(body: Body, load: float = 0.0) -> float:
    """How deep it lies in still water, in metres (Archimedes); its whole height when it sinks.

    Args:
        body: as it is turned now.
        load: kilograms that it carries besides.
    """
    low, high = 0.0, body.foot + body.reach(0.0, 0.0, 1.0)
    mass = body.mass + load
    if mass >= WATER_DENSITY * sum(part.volume for part in body.parts):
        return high
    slices = list(_slices(body))
    for _ in range(30):
        depth = 0.5 * (low + high)
        lifted = sum(volume * share(depth) for volume, share in slices)
        low, high = (low, depth) if lifted * WATER_DENSITY > mass else (depth, high)
    return 0.5 * (low + high)


def _slices(body: Body) -> Iterator[tuple[float, Callable[[float], float]]]:
    """Each part's volume, and the share of it that lies below a height over the foot."""
    up = _turn(body).T @ np.array((0.0, 0.0, 1.0))
    for part in body.parts:
        low, high = body.foot - part.reach(-up), body.foot + part.reach(up)
        stands = part.shape == "cylinder" and abs(float(up @ part.rotation[:, 2])) > 0.7
        is_prism = part.shape == "box" or stands
        yield part.volume, partial(_prism if is_prism else _ball, low, high)


def _prism(low: float, high: float, depth: float) -> float:
    return min(max((depth - low) / (high - low), 0.0), 1.0)


def _ball(low: float, high: float, depth: float) -> float:
    t = _prism(low, high, depth)
    return t * t * (3.0 - 2.0 * t)
