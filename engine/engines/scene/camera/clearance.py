"""Clearance: whether something solid hides the subject or stands where the camera is."""

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.motion import Motion
from engine.engines.scene.scene.sets import CURTAIN_AT, ROOM_BACK, ROOM_FRONT, ROOM_HALF_WIDTH
from engine.engines.scene.scene.world import World

Array = NDArray[np.float64]
AIR = 0.12  # m between the eye and anything solid
OVER_GROUND, OVER_WATER = 0.1, 0.3
WALL = 0.35
SEEN_THROUGH = 0.5  # materials clearer than this hide nothing


class Obstacles:
    """Every solid as a turned box, and the walls of the set."""

    def __init__(self, world: World, motion: Motion) -> None:
        parts = [(i, part) for i, body in enumerate(world.bodies) for part in body.parts]
        self._motion = motion
        self._owner = np.array([i for i, _ in parts], dtype=int)
        self._at = np.array([part.at for _, part in parts]).reshape(-1, 3)
        self._turn = np.array([part.rotation for _, part in parts]).reshape(-1, 3, 3)
        self._half = np.array([_box(part.shape, part.size) for _, part in parts]).reshape(-1, 3)
        self._hides = np.array(
            [part.material.clear < SEEN_THROUGH for _, part in parts], dtype=bool
        )
        self._backdrop = world.place.backdrop
        self._ground = OVER_WATER if motion.water is not None else OVER_GROUND

    def _placed(self, frame: int) -> tuple[Array, Array]:
        turn = self._motion.rotations[frame][self._owner]
        at = self._motion.positions[frame][self._owner] + np.einsum("pij,pj->pi", turn, self._at)
        return at, turn @ self._turn

    def hides(self, frame: int, eye: Array, seen: Array, own: tuple[int, ...]) -> bool:
        """Whether a solid of another body lies between the eye and a point."""
        if not len(self._owner):
            return False
        at, turn = self._placed(frame)
        start = np.einsum("pji,pj->pi", turn, eye - at)
        way = np.einsum("pji,pj->pi", turn, np.broadcast_to(seen - eye, at.shape))
        way = np.where(np.abs(way) < 1e-9, 1e-9, way)
        a, b = (-self._half - start) / way, (self._half - start) / way
        enter, leave = np.minimum(a, b).max(axis=1), np.maximum(a, b).min(axis=1)
        hit = (enter < leave) & (leave > 0.0) & (enter < 0.98) & self._hides
        return bool(np.any(hit & ~np.isin(self._owner, own)))

    def freed(self, frame: int, eye: Array, ignored: tuple[int, ...] = ()) -> Array:
        """The nearest place to `eye` inside the set, above the ground and outside every solid."""
        eye = self._on_set(eye)
        if not len(self._owner):
            return eye
        at, turn = self._placed(frame)
        for _ in range(4):
            local = np.einsum("pji,pj->pi", turn, eye - at)
            gap = np.abs(local) - self._half - AIR
            inside = np.all(gap < 0.0, axis=1) & ~np.isin(self._owner, ignored)
            if not inside.any():
                break
            for p in np.nonzero(inside)[0]:
                # Out through the nearest side that does not lead into the ground.
                outward = np.sign(local[p]) * turn[p]
                cost = -gap[p] + np.where(outward[2] < -0.5, 9.0, 0.0)
                axis = int(np.argmin(cost))
                eye = eye + (-gap[p, axis] + 1e-3) * outward[:, axis]
            eye = self._on_set(eye)
        return eye

    def _on_set(self, eye: Array) -> Array:
        x, y, z = eye
        z = max(z, self._ground)
        if self._backdrop == "room":
            x = min(max(x, -ROOM_HALF_WIDTH + WALL), ROOM_HALF_WIDTH - WALL)
            y = min(max(y, ROOM_BACK + WALL), ROOM_FRONT - WALL)
        if self._backdrop == "curtain":
            y = min(y, CURTAIN_AT - WALL)
        return np.array((x, y, z))


def _box(shape: str, size: tuple[float, float, float]) -> tuple[float, float, float]:
    a, b, c = size
    if shape in {"box", "ellipsoid"}:
        return (a, b, c)
    if shape == "sphere":
        return (a, a, a)
    return (a, a, a + b) if shape == "capsule" else (a, a, b)
