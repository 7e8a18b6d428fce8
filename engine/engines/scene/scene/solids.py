"""Solids: the parts that bodies are made of, with their sizes, weights and looks."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.language.script import Subject
from engine.engines.scene.language.vocabulary import (
    PASTEL,
    RAINBOW,
    Colour,
    Material,
    PartKind,
    Vector,
    linear,
    vocabulary,
)

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Decal:
    """A picture on a part: on the -y face of a box, around the -y side of anything round."""

    kind: Literal["face", "text", "image"]
    text: str = ""  # what is written; of a face: who wears it, so that mouths find their speaker
    image: bytes | None = None  # an encoded picture; of a face: the crop it wears
    expression: str | None = None  # of a drawn face


@dataclass(frozen=True, slots=True)
class Part:
    """One convex solid of a body; `at` and `rotation` are relative to the body's centre of mass."""

    shape: str
    size: Vector
    at: Matrix  # (3,) metres
    rotation: Matrix  # (3, 3)
    material: Material
    colour: Colour
    second: Colour
    pattern: str
    glow: float
    decal: Decal | None = None
    burns: bool = False  # a flame, which is there while its body's engine runs

    @property
    def volume(self) -> float:
        """Cubic metres."""
        a, b, c = self.size
        if self.shape in {"sphere", "ellipsoid"}:
            return 4.0 / 3.0 * math.pi * a * b * c
        if self.shape == "box":
            return 8.0 * a * b * c
        if self.shape == "capsule":
            return math.pi * a * a * (2.0 * b + 4.0 / 3.0 * a)
        return math.pi * a * a * 2.0 * b * (1.0 / 3.0 if self.shape == "cone" else 1.0)

    @property
    def bound(self) -> float:
        """Radius in metres of the ball around `at` that holds the part."""
        a, b, c = self.size
        if self.shape in {"sphere", "ellipsoid"}:
            return max(a, b, c)
        if self.shape == "box":
            return math.sqrt(a * a + b * b + c * c)
        return a + b if self.shape == "capsule" else math.hypot(a, b)

    def reach(self, direction: Matrix) -> float:
        """How far the part extends from the body's centre along a unit direction, in metres."""
        return float(direction @ self.at + self.extent(self.rotation.T @ direction))

    def extent(self, direction: Matrix) -> float:
        """How far it extends from its own middle along a unit direction of its own frame."""
        a, b, c = self.size
        x, y, z = (float(d) for d in direction)
        if self.shape in {"sphere", "ellipsoid"}:
            return math.sqrt((a * x) ** 2 + (b * y) ** 2 + (c * z) ** 2)
        if self.shape == "box":
            return abs(a * x) + abs(b * y) + abs(c * z)
        if self.shape == "capsule":
            return abs(b * z) + a
        rim = a * math.hypot(x, y)
        return max(b * z, -b * z + rim) if self.shape == "cone" else abs(b * z) + rim


@dataclass(frozen=True, slots=True)
class Body:
    """A thing in the world at time 0; lengths in metres, velocity m/s, spin rad/s."""

    subject: str
    parts: tuple[Part, ...]
    name: str = ""  # unique in the world: "red ball 2", "dog/left foreleg"
    position: Vector = (0.0, 0.0, 0.0)
    rotation: Matrix | None = None
    velocity: Vector = (0.0, 0.0, 0.0)
    spin: Vector = (0.0, 0.0, 0.0)
    is_fixed: bool = False
    is_upright: bool = False  # turns about the vertical only
    floats: bool = False  # no gravity
    hops: bool = False
    trimmings: tuple[Part, ...] = ()  # that are only seen: they weigh and touch nothing

    def reach(self, x: float, y: float, z: float) -> float:
        """Extent from the centre of mass along a unit direction, in metres."""
        direction = np.array((x, y, z))
        if self.rotation is not None:
            direction = self.rotation.T @ direction
        return max(part.reach(direction) for part in self.parts)

    @property
    def foot(self) -> float:
        """Height of the centre of mass above what the body stands on."""
        return self.reach(0.0, 0.0, -1.0)

    @property
    def girth(self) -> float:
        """Largest horizontal extent."""
        return max(self.reach(s * x, s * y, 0.0) for s in (1, -1) for x, y in ((1, 0), (0, 1)))

    @property
    def seen(self) -> tuple[Part, ...]:
        """All parts that a picture shows."""
        return (*self.parts, *self.trimmings)

    @property
    def is_round(self) -> bool:
        """Whether it is one ball."""
        return len(self.parts) == 1 and self.parts[0].shape == "sphere"

    @property
    def mass(self) -> float:
        """Kilograms."""
        return sum(part.volume * part.material.density for part in self.parts)


def turned(degrees: Vector) -> Matrix:
    """Rotation matrix of turns about x, then y, then z, in degrees."""
    x, y, z = (math.radians(d) for d in degrees)
    cx, sx, cy, sy, cz, sz = (f(a) for a in (x, y, z) for f in (math.cos, math.sin))
    about_x = np.array(((1, 0, 0), (0, cx, -sx), (0, sx, cx)))
    about_y = np.array(((cy, 0, sy), (0, 1, 0), (-sy, 0, cy)))
    about_z = np.array(((cz, -sz, 0), (sz, cz, 0), (0, 0, 1)))
    return np.asarray(about_z @ about_y @ about_x, dtype=np.float64)


def make_body(subject: Subject, index: int, rng: np.random.Generator) -> Body:
    """Make the `index`-th of a subject's bodies, at rest with its centre of mass at the origin.

    With the same `rng` for every index, the colours do not depend on how many there are.
    """
    kind = subject.kind
    material = material_of(subject)
    main, second = colours_of(subject, index, rng)
    parts = []
    for part_kind in kind.parts:
        part = _make_part(part_kind, subject.scale, material)
        parts.append(
            replace(
                part,
                colour=linear(part_kind.colour) if part_kind.colour else main,
                second=linear(part_kind.second) if part_kind.second else second,
                material=_dull(material) if part_kind.colour and len(kind.parts) > 1 else material,
            )
        )
    solid = [part for part in parts if not part.burns]
    masses = [part.volume for part in solid]
    centre = sum(m * part.at for m, part in zip(masses, solid, strict=True)) / sum(masses)
    parts = [replace(part, at=part.at - centre) for part in parts]
    return Body(
        subject=kind.name,
        parts=tuple(part for part in parts if not part.burns),
        trimmings=tuple(part for part in parts if part.burns),
        is_upright=kind.upright,
        floats=kind.floats,
        is_fixed=kind.is_scenery,
    )


def colours_of(subject: Subject, index: int, rng: np.random.Generator) -> tuple[Colour, Colour]:
    """First and second colour of the `index`-th of a subject's bodies."""
    main = _colour_of(subject, material_of(subject), index, rng)
    shadow = (0.25 * main[0], 0.25 * main[1], 0.25 * main[2])
    return main, linear(subject.kind.second) if subject.kind.second else shadow


def _make_part(kind: PartKind, scale: float, material: Material) -> Part:
    a, b, c = (scale * s for s in kind.size)
    size = (a, a, a) if kind.shape == "sphere" else (a, b, c)
    return Part(
        shape=kind.shape,
        size=size,
        at=scale * np.array(kind.at, dtype=np.float64),
        rotation=turned(kind.turn),
        material=material,
        colour=(0.0, 0.0, 0.0),
        second=(0.0, 0.0, 0.0),
        pattern=kind.pattern,
        glow=kind.glow,
        burns=kind.burns,
    )


def material_of(subject: Subject) -> Material:
    """The asked material; else the kind's own, with the kind's exceptions.

    A rubber football is as hollow as any: who names the kind's own material asks for nothing else.
    """
    kind, materials = subject.kind, vocabulary().materials
    if subject.material and subject.material != kind.material:
        return materials[subject.material]
    material = materials[kind.material]
    own = {
        name: getattr(kind, name)
        for name in ("density", "restitution", "friction")
        if getattr(kind, name) is not None
    }
    if subject.action == "crash" and kind.crashing_density is not None:
        own["density"] = kind.crashing_density
    if kind.painted:
        own |= {"metal": False, "f0": 0.06, "gloss": 80.0}
    return replace(material, **own)


def _dull(material: Material) -> Material:
    """A part with its own colour is painted on: neither mirror nor glass."""
    return replace(material, metal=False, clear=False, f0=min(material.f0, 0.05))


def _colour_of(
    subject: Subject, material: Material, index: int, rng: np.random.Generator
) -> Colour:
    named = subject.colour
    if named is None and subject.material:
        named = material.colour
    named = named or subject.kind.colour or material.colour or "#d8332a"
    if named in {"rainbow", "pastel"}:
        palette = RAINBOW if named == "rainbow" else PASTEL
        return linear(palette[(index + int(rng.integers(len(palette)))) % len(palette)])
    # Of several, each has its own shade; the first has it pure, as if it were alone.
    shade = float(rng.uniform(0.86, 1.1, index + 1)[index]) if index else 1.0
    r, g, b = linear(named)
    return (min(1.0, r * shade), min(1.0, g * shade), min(1.0, b * shade))
