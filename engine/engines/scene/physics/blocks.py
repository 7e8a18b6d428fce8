"""Blocks: the parts of all bodies as pieces that air and water press on."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.model import body_ids
from engine.engines.scene.scene.solids import Part
from engine.engines.scene.scene.world import World

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

LONGEST_BLOCK = 0.8  # m: longer parts are cut, so that they feel a wave along their length
MOST_CUTS = 6  # along one side
MANY_PARTS = 6  # a body with more of them needs fewer cells in each
DRAG = {  # coefficient along x and y, and along z, of a whole part (Hoerner 1965, rounded)
    "sphere": (0.47, 0.47),
    "ellipsoid": (0.45, 0.45),
    "box": (1.1, 1.1),
    "cylinder": (0.9, 0.9),
    "capsule": (0.8, 0.35),
    "cone": (0.8, 0.6),
}
# Water that moves along: this share of (area across)^1.5 is half the volume of a sphere (Lamb 1932,
# §92), and within a fifth of a disc's (§102) and of a long strip's.
ADDED_VOLUME = 2.0 / 3.0 / math.sqrt(math.pi)


@dataclass(frozen=True, slots=True)
class Blocks:
    """k pieces of parts, with m cells that fill them; lengths in m, in the frame of their body."""

    body: Indices  # (k,) MuJoCo's number of the body
    at: Array  # (k, 3)
    turn: Array  # (k, 3, 3) of the part in its body
    drag: Array  # (k, 3) coefficient · area against each axis of the part, m²
    area: Array  # (k, 3) across each axis of the part, m²
    added: Array  # (k, 3) volume of water that moves along with it along each axis of the part
    volume: Array  # (k,)
    radius: Array  # (k,) of the ball around it
    cell_half: Array  # (k, 3) half the sides of its cells
    first: Indices  # (k + 1,) of its cells
    cells: Array  # (m, 3)
    cell_volume: Array  # (m,)


def make_blocks(world: World, model: mujoco.MjModel, felt: Sequence[bool]) -> Blocks:
    """Cut the parts of all bodies that can move; of those alone that are `felt`."""
    ids = body_ids(world, model)
    pieces = [
        (int(ids[i]), part, piece)
        for i, body in enumerate(world.bodies)
        if felt[i] and not body.is_fixed
        for part in body.parts
        for piece in _pieces(part, 6 if len(body.parts) > MANY_PARTS else 10)
    ]
    counts = [len(piece.volumes) for _, _, piece in pieces]
    return Blocks(
        body=np.array([body for body, _, _ in pieces], dtype=np.int64),
        at=np.array([piece.at for _, _, piece in pieces]).reshape(-1, 3),
        turn=np.array([part.rotation for _, part, _ in pieces]).reshape(-1, 3, 3),
        drag=np.array([piece.drag for _, _, piece in pieces]).reshape(-1, 3),
        area=np.array([piece.area for _, _, piece in pieces]).reshape(-1, 3),
        added=np.array([piece.added for _, _, piece in pieces]).reshape(-1, 3),
        volume=np.array([piece.volumes.sum() for _, _, piece in pieces]),
        radius=np.array([piece.radius for _, _, piece in pieces]),
        cell_half=np.array([piece.cell_half for _, _, piece in pieces]).reshape(-1, 3),
        first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        cells=np.concatenate([np.empty((0, 3)), *(piece.cells for _, _, piece in pieces)]),
        cell_volume=np.concatenate([np.empty(0), *(piece.volumes for _, _, piece in pieces)]),
    )


@dataclass(frozen=True, slots=True)
class _Piece:
    at: Array
    drag: Array
    area: Array
    added: Array
    radius: float
    cell_half: Array
    cells: Array
    volumes: Array


def _pieces(part: Part, fineness: int) -> Iterator[_Piece]:
    half = _half_sides(part)
    cuts = np.clip(np.ceil(2.0 * half / LONGEST_BLOCK), 1, MOST_CUTS).astype(int)
    per_piece = np.maximum(fineness // cuts, 4)
    cells, volumes = _filled(part, half, cuts * per_piece)
    cell_half = half / (cuts * per_piece)
    areas, coefficients = _areas(part)
    number = np.minimum(((cells + half) / (2.0 * half) * cuts).astype(int), cuts - 1)
    key = (number[:, 0] * cuts[1] + number[:, 1]) * cuts[2] + number[:, 2]
    for one in np.unique(key):
        inside = key == one
        share = float(volumes[inside].sum() / volumes.sum())
        middle = np.average(cells[inside], axis=0, weights=volumes[inside])
        yield _Piece(
            at=part.at + part.rotation @ middle,
            drag=areas * coefficients * share,
            area=areas * share,
            added=ADDED_VOLUME * areas**1.5 * share,
            radius=float(np.linalg.norm(half / cuts)),
            cell_half=cell_half,
            cells=part.at + cells[inside] @ part.rotation.T,
            volumes=volumes[inside],
        )


def _half_sides(part: Part) -> Array:
    a, b, c = part.size
    if part.shape in {"sphere", "ellipsoid", "box"}:
        return np.array((a, b, c))
    return np.array((a, a, a + b if part.shape == "capsule" else b))


def _filled(part: Part, half: Array, counts: NDArray[np.int_]) -> tuple[Array, Array]:
    """Cells of a grid that lie in the part, with their volumes; cells on its skin count in part."""
    fine = 3  # probes along each side of a cell
    probes = [(np.arange(n * fine) + 0.5) / (n * fine) * 2.0 - 1.0 for n in counts]
    grid = np.stack(np.meshgrid(*probes, indexing="ij"), axis=-1) * half
    x, y, z = counts
    split = (x, fine, y, fine, z, fine)
    inside = _is_inside(part, grid).reshape(split).mean(axis=(1, 3, 5)).ravel()
    middles = grid.reshape(*split, 3).mean(axis=(1, 3, 5)).reshape(-1, 3)
    kept = inside > 0.0
    return middles[kept], inside[kept] * (part.volume / inside.sum())


def _is_inside(part: Part, at: Array) -> NDArray[np.bool_]:
    a, b, c = part.size
    x, y, z = at[..., 0], at[..., 1], at[..., 2]
    across = np.hypot(x, y)
    if part.shape == "box":
        return np.ones(x.shape, dtype=bool)
    if part.shape in {"sphere", "ellipsoid"}:
        return np.asarray((x / a) ** 2 + (y / b) ** 2 + (z / c) ** 2 <= 1.0)
    if part.shape == "capsule":
        return np.asarray(across**2 + np.maximum(np.abs(z) - b, 0.0) ** 2 <= a * a)
    if part.shape == "cone":
        return np.asarray(across <= a * 0.5 * (1.0 - z / b))
    return np.asarray(across <= a)


def _areas(part: Part) -> tuple[Array, Array]:
    """Its area across each of its axes, m², and the coefficient of drag along it."""
    a, b, c = part.size
    side, end = DRAG[part.shape]
    if part.shape in {"sphere", "ellipsoid"}:
        areas = np.array((b * c, a * c, a * b)) * math.pi
    elif part.shape == "box":
        areas = np.array((b * c, a * c, a * b)) * 4.0
    else:
        flank = 4.0 * a * b + (math.pi * a * a if part.shape == "capsule" else 0.0)
        flank *= 0.5 if part.shape == "cone" else 1.0
        areas = np.array((flank, flank, math.pi * a * a))
    return areas, np.array((side, side, end))
