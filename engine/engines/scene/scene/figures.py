"""Figures: people and animals as limbs on joints, from tables of their build and what they wear."""

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from engine.engines.scene.language.script import Subject
from engine.engines.scene.language.vocabulary import (
    Colour,
    Material,
    SubjectKind,
    Vector,
    linear,
    vocabulary,
)
from engine.engines.scene.scene.solids import Body, Decal, Matrix, Part, turned
from engine.engines.scene.scene.wardrobe import dress, groom
from engine.engines.scene.scene.world import Joint

TABLES = Path(__file__).with_name("tables")
MIRROR = np.array((-1.0, 1.0, 1.0))
AXES: dict[str, Vector] = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
SOLE_STUFF, FLESH_STUFF = "leather", "soft"


@dataclass(frozen=True, slots=True)
class Figure:
    """The limbs of one actor, root first, each before what hangs on it, and their joints."""

    name: str  # of the actor
    bodies: tuple[Body, ...]
    joints: tuple[Joint, ...]


@dataclass(frozen=True, slots=True)
class _Limb:
    """A row of the tables for one side of the body, in metres at the size of the table."""

    name: str
    kind: str  # the name without its side
    parent: str | None
    at: Matrix
    mass: float
    joints: tuple[tuple[str, Matrix, float, float], ...]  # name, axis, low, high
    servo: Vector
    parts: tuple[Mapping[str, Any], ...]
    is_right: bool


@cache
def _builds() -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for table in sorted(TABLES.glob("*.toml")):
        raw |= tomllib.loads(table.read_text("utf-8"))
    return raw


def build_of(kind: SubjectKind) -> str | None:
    """How a kind is drawn as limbs on joints: as itself, or as whom it is like; None: it is not."""
    return next((name for name in kind.kin if name in _builds()), None)


def make_figure(  # noqa: PLR0913 - where it stands and what it is called
    subject: Subject,
    index: int,
    rng: np.random.Generator,
    *,
    at: Vector,
    heading: float,
    first_body: int,
    name: str | None = None,
) -> Figure:
    """Build the `index`-th figure of a subject, standing.

    Args:
        subject: who; its garments and colour are worn, the rest is chosen by `rng`.
        index: which of the subject's figures.
        rng: chooses build, skin, hair and clothes.
        at: the point of the ground between its feet, metres.
        heading: where it looks, radians from +x towards +y.
        first_body: the index that its root will have among the world's bodies.
        name: of the actor; else the subject's, with a number where there are several.
    """
    build = _builds()[build_of(subject.kind) or "person"]
    base = _builds()[build["like"]] if "like" in build else build
    if name is None:
        name = subject.name or subject.kind.said
        name = f"{name} {index + 1}" if subject.count > 1 else name
    is_dressed = "pelvis" in {limb["name"] for limb in base["limbs"]}
    outfit = (dress if is_dressed else groom)(subject, index, rng, build)
    scale = subject.scale * outfit.height * build.get("scale", 1.0)
    limbs = list(_limbs(base))
    order = _depth_first(limbs)
    looks, instead = outfit.looks, build.get("instead", {})
    turn = turned((0.0, 0.0, math.degrees(heading) + 90.0))
    mass = base["mass"] * scale**3
    bodies: list[Body] = []
    joints: list[Joint] = []
    number = {limb.name: first_body + i for i, limb in enumerate(order)}

    def placed(point: Matrix) -> Matrix:
        return np.asarray(np.array(at) + turn @ (scale * point))

    for limb in order:
        drawn = [*instead.get(limb.kind, limb.parts), *outfit.extra.get(limb.name, ())]
        rows = [row for row in drawn if row.get("only", "") in {"", *outfit.wears}]
        parts = [_part(row, limb, scale, looks, name, subject) for row in rows]
        worn = [
            _part(row, limb, scale, looks, name, subject)
            for row in outfit.trimmings.get(limb.kind, ())
        ]
        volumes = [part.volume for part in parts]
        density = mass * limb.mass / sum(volumes)
        centre = sum(v * p.at for v, p in zip(volumes, parts, strict=True)) / sum(volumes)
        x, y, z = placed(centre / scale)
        bodies.append(
            Body(
                subject=subject.kind.name,
                parts=tuple(
                    replace(p, at=p.at - centre, material=replace(p.material, density=density))
                    for p in parts
                ),
                name=f"{name}/{limb.name}",
                position=(float(x), float(y), float(z)),
                rotation=turn,
                floats=bool(base.get("floats", False)),
                trimmings=tuple(replace(p, at=p.at - centre) for p in worn),
            )
        )
        if limb.parent is None:
            continue
        strength = scale**4
        for joint_name, axis, low, high in limb.joints:
            joints.append(
                Joint(
                    parent=number[limb.parent],
                    child=number[limb.name],
                    kind="hinge",
                    at=_vector(placed(limb.at)),
                    axis=_vector(turn @ axis),
                    name=joint_name,
                    low=low,
                    high=high,
                    stiffness=limb.servo[0] * strength,
                    damping=limb.servo[1] * scale**4.5,
                    strength=limb.servo[2] * strength,
                )
            )
    return Figure(name, tuple(bodies), tuple(joints))


def _vector(v: Matrix) -> Vector:
    return (float(v[0]), float(v[1]), float(v[2]))


def _limbs(build: Mapping[str, Any]) -> Iterator[_Limb]:
    """All limbs, those in pairs twice."""
    paired = {row["name"] for row in build["limbs"] if row.get("pair")}
    for row in build["limbs"]:
        for side in ("left", "right") if row.get("pair") else ("",):
            parent = row.get("parent")
            if parent in paired:
                parent = f"{side} {parent}"
            is_right = side == "right"
            yield _Limb(
                name=f"{side} {row['name']}" if side else row["name"],
                kind=row["name"],
                parent=parent,
                at=np.array(row.get("at", (0, 0, 0)), dtype=float) * (MIRROR if is_right else 1.0),
                mass=row["mass"],
                joints=tuple(
                    (f"{side}_{n}" if side else n, _axis(axis, is_right=is_right), low, high)
                    for n, axis, low, high in row.get("joints", ())
                ),
                servo=tuple(row.get("servo", (0.0, 0.0, 0.0))),
                parts=tuple(row["parts"]),
                is_right=is_right,
            )


def _axis(said: str, *, is_right: bool) -> Matrix:
    """A turn about y or z goes the other way round on the other side."""
    axis = np.array(AXES[said[-1]]) * (-1.0 if said[0] == "-" else 1.0)
    return axis * (np.array((1.0, -1.0, -1.0)) if is_right else 1.0)


def _depth_first(limbs: list[_Limb]) -> list[_Limb]:
    def under(name: str | None) -> Iterator[_Limb]:
        for limb in limbs:
            if limb.parent == name:
                yield limb
                yield from under(limb.name)

    return list(under(None))


def _part(
    row: Mapping[str, Any],
    limb: _Limb,
    scale: float,
    looks: Mapping[str, Colour],
    wearer: str,
    subject: Subject,
) -> Part:
    mirror = MIRROR if limb.is_right else np.ones(3)
    if "from" in row:
        a, b = (
            np.array(row["from"], dtype=float) * mirror,
            np.array(row["to"], dtype=float) * mirror,
        )
        at, rotation = 0.5 * (a + b), _along(b - a)
        size: Vector = (row["radius"], 0.5 * float(np.linalg.norm(b - a)), 0.0)
    else:
        at = np.array(row["at"], dtype=float) * mirror
        x, y, z = row.get("turn", (0.0, 0.0, 0.0))
        rotation = turned((x, -y, -z) if limb.is_right else (x, y, z))
        first, second, third = (*row["size"], 0.0, 0.0)[:3]
        size = (first, first, first) if row["shape"] == "sphere" else (first, second, third)
    worn = row["colour"]
    decal = None
    if row.get("face"):
        decal = Decal("face", text=wearer, expression=subject.expression)
    elif row.get("text") and subject.text:
        decal = Decal("text", text=subject.text)
    return Part(
        shape=row["shape"],
        size=(scale * size[0], scale * size[1], scale * size[2]),
        at=scale * at,
        rotation=rotation,
        material=_stuff(worn, row.get("shine", 0.0)),
        colour=linear(worn) if worn.startswith("#") else looks[worn],
        second=looks.get(row.get("second", "trim"), (0.1, 0.1, 0.1)),
        pattern=row.get("pattern", "plain"),
        glow=row.get("glow", 0.0),
        decal=decal,
    )


def _along(way: Matrix) -> Matrix:
    """The smallest turn that lays z along `way`."""
    z = way / np.linalg.norm(way)
    v, c = np.cross((0.0, 0.0, 1.0), z), z[2]
    if c < -0.9999:
        return turned((180.0, 0.0, 0.0))
    k = np.array(((0, -v[2], v[1]), (v[2], 0, -v[0]), (-v[1], v[0], 0)))
    return np.asarray(np.eye(3) + k + k @ k / (1.0 + c))


def _stuff(worn: str, shine: float) -> Material:
    """Cloth and flesh: they ring like soft things, swallow blows, and shoes grip."""
    materials = vocabulary().materials
    if worn in {"sole", "shoe", "paw", "hoof"}:
        return replace(materials[SOLE_STUFF], restitution=0.003, friction=0.95)
    gloss, f0 = (
        (28.0, 0.028) if worn in {"skin", "hand", "fur", "scales", "steel"} else (8.0, 0.018)
    )
    if shine:
        gloss, f0 = 60.0, shine
    return replace(materials[FLESH_STUFF], restitution=0.03, friction=0.8, gloss=gloss, f0=f0)
