"""Frames: world, motion, cameras and light → pictures, a few at a time on all cores."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.camera.lens import Camera
from engine.engines.scene.frames.film import develop, fall
from engine.engines.scene.frames.shapes import (
    BOUND,
    BOX,
    CAPSULE,
    CLEAR,
    COLOUR,
    COLUMNS,
    CONE,
    CYLINDER,
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
from engine.engines.scene.frames.tracer import trace
from engine.engines.scene.light.lighting import Lighting
from engine.engines.scene.physics.motion import Motion
from engine.engines.scene.scene.solids import Part
from engine.engines.scene.scene.world import World

KINDS = {
    "sphere": SPHERE,
    "ellipsoid": SPHERE,
    "box": BOX,
    "cylinder": CYLINDER,
    "capsule": CAPSULE,
    "cone": CONE,
}
Picture = NDArray[np.uint8]


class Take:
    """One simulated world with one light: everything a frame of it needs."""

    def __init__(self, world: World, motion: Motion, lighting: Lighting) -> None:
        self._motion = motion
        self._lighting = lighting
        self._parts = [(i, part) for i, body in enumerate(world.bodies) for part in body.parts]
        self._template = np.array([_row(part) for _, part in self._parts])
        self._spans = _spans(world)
        self._bodies = np.array([i for i, _ in self._parts])
        self._at = np.array([part.at for _, part in self._parts])
        self._turn = np.array([part.rotation for _, part in self._parts])

    def picture(self, frame: int, camera: Camera, seconds: float, size: tuple[int, int]) -> Picture:
        """Render one frame; `size` is (width, height) in px. Safe to call from several threads."""
        width, height = size
        look = self._lighting.look._replace(seconds=seconds)
        solids = self._solids(frame)
        light = np.empty((height, width, 3), np.float32)
        met = np.empty((height, width), np.int32)
        trace(solids, self._groups(frame), camera, look, light, met)
        if self._lighting.falling:
            fall(light, self._lighting.falling, camera, look)
        picture = np.empty((height, width, 3), np.uint8)
        develop(light, look, picture)
        return picture

    def _groups(self, frame: int) -> NDArray[np.float64]:
        return np.hstack([self._motion.positions[frame], self._spans])

    def _solids(self, frame: int) -> NDArray[np.float64]:
        rotation = self._motion.rotations[frame][self._bodies]
        solids = self._template.copy()
        offset = np.einsum("pij,pj->pi", rotation, self._at)
        solids[:, POS : POS + 3] = self._motion.positions[frame][self._bodies] + offset
        solids[:, ROT : ROT + 9] = (rotation @ self._turn).reshape(-1, 9)
        return solids


def _spans(world: World) -> NDArray[np.float64]:
    """A body each: radius around its centre of mass, first solid, one past its last solid."""
    first, rows = 0, []
    for body in world.bodies:
        radius = max(float(np.linalg.norm(part.at)) + part.bound for part in body.parts)
        rows.append((radius, first, first + len(body.parts)))
        first += len(body.parts)
    return np.array(rows, dtype=np.float64)


def _row(part: Part) -> NDArray[np.float64]:
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
    return row


def render_frames(
    shots: Sequence[tuple[Take, Sequence[Camera]]], size: tuple[int, int], fps: int
) -> Iterator[Picture]:
    """Yield the pictures in order; each shot is a take and its cameras, one a frame.

    The tracer runs without the interpreter's lock, so one thread a core is enough; at most two
    pictures a core wait for the consumer.
    """
    cores = os.cpu_count() or 1
    jobs = chain.from_iterable(
        ((take, frame, camera) for frame, camera in enumerate(cameras)) for take, cameras in shots
    )
    waiting: list[Future[Picture]] = []
    with ThreadPoolExecutor(cores, thread_name_prefix="tracer") as pool:
        try:
            for number, (take, frame, camera) in enumerate(jobs):
                waiting.append(pool.submit(take.picture, frame, camera, number / fps, size))
                if len(waiting) > 2 * cores:
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()
