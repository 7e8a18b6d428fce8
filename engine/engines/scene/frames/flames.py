"""Flames: the exhaust of a rocket, as long as its engine burns, and flickering."""

import math

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.frames.shapes import BOUND, GLOW, POS, ROT, SIZE
from engine.engines.scene.physics.vehicles import is_burning
from engine.engines.scene.scene.world import Act, World

IGNITES_IN = 0.25  # s from the first spark to the whole flame
FLICKER = ((0.10, 61.0), (0.07, 97.0), (0.05, 141.0))  # of its length, rad/s
OUT = 1e-5  # of its size, when it is out


class Flames:
    """All parts of a world that burn, by the row that the kernels read."""

    def __init__(self, world: World, clock: NDArray[np.float64] | None) -> None:
        plans = {i: actor.plan for actor in world.actors for i in actor.bodies}
        seen = [(i, part) for i, body in enumerate(world.bodies) for part in body.seen]
        self._clock = clock
        self._burning: list[tuple[int, tuple[Act, ...], float]] = [
            (row, plans.get(i, ()), part.size[1] if part.shape != "ellipsoid" else part.size[2])
            for row, (i, part) in enumerate(seen)
            if part.burns
        ]

    def burn(self, solids: NDArray[np.float64], frame: int) -> None:
        """Give the flames among these rows their size in this frame; they hang from their roots."""
        for row, plan, half in self._burning:
            seconds = frame / 24.0 if self._clock is None else float(self._clock[frame])
            size = _size(plan, seconds)
            solids[row, SIZE : SIZE + 3] *= size
            solids[row, BOUND] *= size
            solids[row, GLOW] *= min(size, 1.0)
            axis = solids[row, ROT + 2 : ROT + 9 : 3]
            down = axis if axis[2] < 0.0 else -axis
            solids[row, POS : POS + 3] -= (1.0 - size) * half * down


def _size(plan: tuple[Act, ...], seconds: float) -> float:
    if not is_burning(plan, seconds):
        return OUT
    rise = 1.0 if is_burning(plan, seconds - IGNITES_IN) else 0.5
    return rise * (1.0 + sum(a * math.sin(rate * seconds) for a, rate in FLICKER))
