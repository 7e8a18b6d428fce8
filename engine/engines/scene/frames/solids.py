"""Solids of a frame: the rows that the kernels read, from bodies, their motion and their decals."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.frames.atlas import Atlas
from engine.engines.scene.frames.flames import Flames
from engine.engines.scene.frames.memory import GROUP_COLUMNS
from engine.engines.scene.frames.shapes import (
    BOUND,
    BOX,
    CAPSULE,
    CLEAR,
    COLOUR,
    COLUMNS,
    CONE,
    CYLINDER,
    DECAL,
    F0,
    GLOSS,
    GLOW,
    KIND,
    METAL,
    PATTERN,
    POS,
    ROT,
    SECOND,
    SIZE,
    SPHERE,
)
from engine.engines.scene.frames.textures import PATTERNS
from engine.engines.scene.physics.motion import Motion
from engine.engines.scene.scene.solids import Decal, Part
from engine.engines.scene.scene.world import World
from engine.engines.scene.speech.spoken import Mouth

KINDS = {
    "sphere": SPHERE,
    "ellipsoid": SPHERE,
    "box": BOX,
    "cylinder": CYLINDER,
    "capsule": CAPSULE,
    "cone": CONE,
}
BLINK_EVERY, BLINK_FRAMES = 83, 3  # frames; the names set the faces apart
HA_FRAMES = 4  # that a laughing mouth stays as it is
Rows = NDArray[np.float64]


class Solids:
    """All parts of a world as rows, frame by frame."""

    def __init__(
        self,
        world: World,
        motion: Motion,
        atlas: Atlas,
        mouths: Mapping[str, NDArray[np.int8]],
        clock: NDArray[np.float64] | None = None,
    ) -> None:
        parts = [(i, part) for i, body in enumerate(world.bodies) for part in body.seen]
        self._motion = motion
        self._template = np.array([_row(part) for _, part in parts]).reshape(-1, COLUMNS)
        self._spans = _spans(world)
        self.bodies = np.array([i for i, _ in parts], dtype=np.int64)
        self._at = np.array([part.at for _, part in parts]).reshape(-1, 3)
        self._turn = np.array([part.rotation for _, part in parts]).reshape(-1, 3, 3)
        self._mouths = mouths
        self._flames = Flames(world, clock)
        self._worn: list[tuple[int, Decal, tuple[int, ...]]] = []
        for row, (_, part) in enumerate(parts):
            if part.decal is not None and part.decal in atlas.index:
                self._worn.append((row, part.decal, atlas.index[part.decal]))

    def groups(self, frame: int) -> Rows:
        """A body each: x, y, z and radius of a ball around it, first and last row.

        Before them a row that holds only their number.
        """
        groups = np.zeros((1 + len(self._spans), GROUP_COLUMNS))
        groups[0, 0] = len(self._spans)
        groups[1:, :3] = self._motion.positions[frame]
        groups[1:, 3:] = self._spans
        return groups

    def at(self, frame: int) -> Rows:
        """The rows in this frame."""
        rotation = self._motion.rotations[frame][self.bodies]
        solids = self._template.copy()
        offset = np.einsum("pij,pj->pi", rotation, self._at)
        solids[:, POS : POS + 3] = self._motion.positions[frame][self.bodies] + offset
        solids[:, ROT : ROT + 9] = (rotation @ self._turn).reshape(-1, 9)
        self._flames.burn(solids, frame)
        for row, decal, pictures in self._worn:
            solids[row, DECAL] = pictures[self._face(frame, decal, len(pictures))]
        return solids

    def _face(self, frame: int, decal: Decal, pictures: int) -> int:
        """Which of a decal's pictures shows: the mouth of this frame, and whether it blinks."""
        shapes = self._mouths.get(decal.text)
        mouth = int(shapes[frame]) if shapes is not None and frame < len(shapes) else Mouth.CLOSED
        if decal.expression == "laughing" and mouth == Mouth.CLOSED and frame // HA_FRAMES % 2:
            mouth = Mouth.WIDE
        if pictures >= 2 * len(Mouth):
            late = sum(decal.text.encode()) * 17
            if (frame + late) % BLINK_EVERY < BLINK_FRAMES:
                mouth += len(Mouth)
        return min(mouth, pictures - 1) if pictures >= len(Mouth) else 0


def _spans(world: World) -> Rows:
    """Radius of a bounding ball, first and last row of each body."""
    rows: list[tuple[float, int, int]] = []
    first = 0
    for body in world.bodies:
        radius = max((float(np.linalg.norm(p.at)) + p.bound for p in body.seen), default=0.0)
        rows.append((radius, first, first + len(body.seen)))
        first += len(body.seen)
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def _row(part: Part) -> Rows:
    row = np.zeros(COLUMNS)
    material = part.material
    row[KIND] = KINDS[part.shape]
    row[SIZE : SIZE + 3] = part.size
    row[BOUND] = part.bound
    row[COLOUR : COLOUR + 3] = part.colour
    row[SECOND : SECOND + 3] = part.second
    row[PATTERN] = PATTERNS.index(part.pattern)
    row[F0] = material.f0
    row[METAL] = material.metal
    row[GLOSS] = material.gloss
    row[CLEAR] = material.clear
    row[GLOW] = part.glow
    row[DECAL] = -1.0
    return row
