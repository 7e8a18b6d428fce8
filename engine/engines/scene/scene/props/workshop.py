"""Workshop: from sizes and places in metres to the parts, bodies and joints of a prop.

A prop stands on z = 0 around the origin, its front towards x; sizes are half extents, as in the
table of things.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from engine.engines.scene.language.script import Subject
from engine.engines.scene.language.vocabulary import Colour, Material, Vector, linear, vocabulary
from engine.engines.scene.scene.solids import Body, Decal, Part, colours_of, material_of, turned
from engine.engines.scene.scene.things import Thing, about, assembled, triple
from engine.engines.scene.scene.world import WORLD, Joint

DARK, STEEL, RUBBER, GLASS, LIGHT = "#22252b", "#b9bdc4", "#1b1c1f", "#1d2a36", "#fff2c4"
GROUND = "ground"  # in place of a member: what does not move


@dataclass(frozen=True, slots=True)
class Member:
    """One body of a prop; `kilograms` of all its parts, None: what their materials weigh."""

    name: str  # "" for the one that the prop is named for
    parts: tuple[Part, ...]
    kilograms: float | None = None
    is_fixed: bool = False
    is_upright: bool = False
    floats: bool = False


@dataclass(frozen=True, slots=True)
class Hinge:
    """A joint between two members by name, GROUND for what does not move."""

    name: str
    parent: str
    child: str
    at: Vector
    axis: Vector = (0.0, 1.0, 0.0)
    kind: Literal["hinge", "ball", "fixed"] = "hinge"
    low: float | None = None
    high: float | None = None
    angle: float = 0.0
    damping: float = 0.0
    strength: float = 0.0


@dataclass(frozen=True, slots=True)
class Prop:
    """A design: members and their joints."""

    members: tuple[Member, ...]
    hinges: tuple[Hinge, ...] = ()
    seat: Vector | None = None  # where somebody sits, stands, or something rests
    actor: str | None = None


class Workshop:
    """Makes parts in the colours and of the material of a subject, at its scale."""

    def __init__(self, subject: Subject, index: int, rng: np.random.Generator) -> None:
        self.subject = subject
        self.material = material_of(subject)
        self.main, self.second = colours_of(subject, index, rng)
        self.swing_degrees = 0.0  # how far a thing that swings is pulled back
        self.raised = 0.0  # metres by which what swings hangs higher than just above the ground
        self.is_open = False  # somebody sits in it: it has no roof

    def box(self, size: Vector, at: Vector, **look: Any) -> Part:
        """A box of these half extents."""
        return self._part("box", size, at, **look)

    def ball(self, radius: float, at: Vector, **look: Any) -> Part:
        """A ball."""
        return self._part("sphere", (radius, radius, radius), at, **look)

    def egg(self, size: Vector, at: Vector, **look: Any) -> Part:
        """An ellipsoid of these half axes."""
        return self._part("ellipsoid", size, at, **look)

    def tube(self, radius: float, half: float, at: Vector, **look: Any) -> Part:
        """A cylinder along z."""
        return self._part("cylinder", (radius, half, 0.0), at, **look)

    def cone(self, radius: float, half: float, at: Vector, **look: Any) -> Part:
        """A cone along z, its tip upwards."""
        return self._part("cone", (radius, half, 0.0), at, **look)

    def rod(self, start: Vector, end: Vector, radius: float, **look: Any) -> Part:
        """A capsule from one point to another."""
        a, b = np.array(start), np.array(end)
        along = b - a
        length = float(np.linalg.norm(along))
        x, y, z = along / length
        tilt = (0.0, math.degrees(math.acos(z)), math.degrees(math.atan2(y, x)))
        size = (radius, max(0.5 * length - radius, 1e-3), 0.0)
        return self._part("capsule", size, triple(0.5 * (a + b)), turn=tilt, **look)

    def ring(self, radius: float, at: Vector, thick: float, count: int, **look: Any) -> list[Part]:
        """A lying ring of so many rods."""
        x, y, z = at
        rim = [
            (x + radius * math.cos(a), y + radius * math.sin(a), z)
            for a in (math.tau * i / count for i in range(count))
        ]
        return [self.rod(p, q, thick, **look) for p, q in zip(rim, [*rim[1:], rim[0]], strict=True)]

    def _part(  # noqa: PLR0913 - what a part can look like
        self,
        shape: str,
        size: Vector,
        at: Vector,
        *,
        turn: Vector = (0.0, 0.0, 0.0),
        colour: str | Colour | None = None,
        second: str | Colour | None = None,
        material: str | None = None,
        pattern: str = "plain",
        glow: float = 0.0,
        bounce: float | None = None,
        decal: Decal | None = None,
    ) -> Part:
        scale = self.subject.scale
        made_of = vocabulary().materials[material] if material else self.material
        if bounce is not None:
            made_of = replace(made_of, restitution=bounce)
        return Part(
            shape=shape,
            size=(size[0] * scale, size[1] * scale, size[2] * scale),
            at=scale * np.array(at, dtype=np.float64),
            rotation=turned(turn),
            material=_painted(made_of) if colour is not None else made_of,
            colour=_colour(colour, self.main),
            second=_colour(second, self.second),
            pattern=pattern,
            glow=glow,
            decal=decal,
        )


def put_together(subject: Subject, name: str, prop: Prop) -> Thing:
    """Weigh the members, centre each on its mass and join them."""
    scale = subject.scale
    bodies = tuple(_body(subject, member) for member in prop.members)
    order = {member.name: i for i, member in enumerate(prop.members)}
    joints = tuple(
        Joint(
            parent=WORLD if hinge.parent == GROUND else order[hinge.parent],
            child=order[hinge.child],
            kind=hinge.kind,
            at=_scaled(hinge.at, scale),
            axis=hinge.axis,
            name=hinge.name,
            low=hinge.low,
            high=hinge.high,
            angle=hinge.angle,
            damping=hinge.damping,
            strength=hinge.strength * scale**4,
        )
        for hinge in prop.hinges
    )
    bodies = tuple(
        _swung(body, next((j for j in joints if j.child == i), None))
        for i, body in enumerate(bodies)
    )
    thing = assembled(subject, name, bodies, joints)
    seat = None
    if prop.seat is not None:
        shift = np.array(bodies[0].position) - np.array(thing.bodies[0].position)
        seat = triple(np.array(_scaled(prop.seat, scale)) - shift)
    return replace(thing, seat=seat, actor=prop.actor)


def _body(subject: Subject, member: Member) -> Body:
    weights = [part.volume * part.material.density for part in member.parts]
    share = 1.0
    if member.kilograms is not None:
        share = member.kilograms * subject.scale**3 / sum(weights)
    centre = np.average([part.at for part in member.parts], axis=0, weights=weights)
    parts = tuple(
        replace(
            part,
            at=part.at - centre,
            material=replace(part.material, density=part.material.density * share),
        )
        for part in member.parts
    )
    return Body(
        subject=subject.kind.name,
        parts=parts,
        name=member.name,
        position=triple(centre),
        is_fixed=member.is_fixed,
        is_upright=member.is_upright,
        floats=member.floats,
    )


def _swung(body: Body, joint: Joint | None) -> Body:
    """Turn a body about its hinge to the angle that the joint has at time 0."""
    if joint is None or not joint.angle:
        return body
    turn = about(joint.axis, joint.angle)
    arm = np.array(body.position) - np.array(joint.at)
    return replace(body, position=triple(np.array(joint.at) + turn @ arm), rotation=turn)


def _scaled(v: Vector, scale: float) -> Vector:
    return (v[0] * scale, v[1] * scale, v[2] * scale)


def _painted(material: Material) -> Material:
    """What is painted is neither mirror nor glass."""
    return replace(material, metal=False, clear=False, f0=min(material.f0, 0.05))


def _colour(named: str | Colour | None, default: Colour) -> Colour:
    if named is None:
        return default
    return linear(named) if isinstance(named, str) else named
