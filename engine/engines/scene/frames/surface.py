"""Surface: where the water is, how high it stands and which way it leans.

Around the action the height comes from a table of this frame (what the simulation made, and the
waves of the place); far away it is flat, and only the ripples of `ripples.py` show.
"""
# ruff: noqa: ANN001, ANN201
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.frames.memory import float32_at
from engine.engines.scene.frames.shapes import FAR, inlined, kernel
from engine.engines.scene.physics.motion import WATER_SPAN
from engine.engines.scene.scene.sets import SHORE_AT
from engine.engines.scene.scene.waves import wave_grid

DRY, EVERYWHERE, SHORE = 0, 1, 2  # where water is: nowhere, all around, beyond the shore
SAND_BED, TILE_BED = 0, 1
SPAN = 32.0  # m, side of the table of heights around the origin
CELLS = 256
MOST_STEPS, STEP = 10, 0.45  # m along the plane, at most so many times
LINE = (np.arange(CELLS) + 0.5) / CELLS * SPAN - 0.5 * SPAN


def heights_of(
    simulated: NDArray[np.float32] | None, seconds: float, waves: float
) -> NDArray[np.float32]:
    """(CELLS, CELLS) heights in m over SPAN, [y, x]; at its rim the water is flat.

    Args:
        simulated: the whole surface over WATER_SPAN, if a simulation made one.
        seconds: of the world's clock.
        waves: significant height, in m, of the waves of the place.
    """
    heights = wave_grid(LINE, seconds, waves) if waves > 0.0 else np.zeros((CELLS, CELLS))
    if simulated is not None:
        n = len(simulated)
        at = np.clip((LINE / WATER_SPAN + 0.5) * n - 0.5, 0.0, n - 1.001)
        i = at.astype(int)
        f = at - i
        rows = simulated[i] * (1.0 - f)[:, None] + simulated[i + 1] * f[:, None]
        wide = rows[:, i] * (1.0 - f) + rows[:, i + 1] * f
        edge = np.clip(0.5 * WATER_SPAN - np.abs(LINE), 0.0, 1.0)
        heights += (wide - heights) * (edge * edge[:, None])
    rim = np.clip((0.5 * SPAN - np.abs(LINE)) / 4.0, 0.0, 1.0)
    return (heights * (rim * rim[:, None])).astype(np.float32)


def leans_of(heights: NDArray[np.float32]) -> NDArray[np.float32]:
    """(CELLS, CELLS, 3): slopes along x and y, smooth over a cell, and bend, smooth over two."""
    cell = SPAN / CELLS
    leans = np.empty((*heights.shape, 3), np.float32)
    leans[..., 0] = (np.roll(heights, -1, 1) - np.roll(heights, 1, 1)) / (2.0 * cell)
    leans[..., 1] = (np.roll(heights, -1, 0) - np.roll(heights, 1, 0)) / (2.0 * cell)
    around = sum(np.roll(heights, by, axis) for by in (-2, 2) for axis in (0, 1))
    leans[..., 2] = (around - 4.0 * heights) / (4.0 * cell * cell)
    return leans


@inlined
def is_sea(stage, x, y):
    """Whether the ground plane is under water here."""
    if stage.is_there == EVERYWHERE:
        return True
    if abs(y - SHORE_AT) > 1.0:
        return y > SHORE_AT
    return y > swash(x, stage.seconds)


@inlined
def swash(x, seconds):
    """How far up the beach the water reaches: y in m."""
    return (
        SHORE_AT
        + 0.5 * math.sin(0.9 * seconds)
        + 0.28 * math.sin(0.7 * x + 0.5 * seconds)
        + 0.12 * math.sin(1.9 * x - 0.8 * seconds + 1.0)
    )


@inlined
def height_at(heights, x, y):
    """Bilinear height of the table at this address, 0 outside of it."""
    a, b = (x / SPAN + 0.5) * CELLS - 0.5, (y / SPAN + 0.5) * CELLS - 0.5
    if a < 0.0 or b < 0.0 or a >= CELLS - 1.0 or b >= CELLS - 1.0:
        return 0.0
    i, j = int(a), int(b)
    a -= i
    b -= j
    at = j * CELLS + i
    p, q = float32_at(heights, at), float32_at(heights, at + CELLS)
    low = p + (float32_at(heights, at + 1) - p) * a
    high = q + (float32_at(heights, at + CELLS + 1) - q) * a
    return low + (high - low) * b


@kernel
def water_hit(stage, o, d):
    """Distance at which a ray that goes down meets the stage."""
    flat, heights = -o[2] / d[2], stage.heights
    if stage.top < 0.002:
        return flat
    near, far = max((stage.top - o[2]) / d[2], 0.0), (-stage.top - o[2]) / d[2]
    x, y = o[0] + d[0] * flat, o[1] + d[1] * flat
    reach = 0.5 * SPAN + far - near
    if abs(x) > reach or abs(y) > reach or flat > FAR * 0.5:
        return flat
    far = min(far, near + 40.0)
    across = math.sqrt(d[0] * d[0] + d[1] * d[1]) * (far - near)
    steps = min(int(across / STEP) + 2, MOST_STEPS)
    step = (far - near) / steps
    t0, gap0 = near, o[2] + d[2] * near - height_at(heights, o[0] + d[0] * near, o[1] + d[1] * near)
    for i in range(1, steps + 1):
        t1 = near + step * i
        gap1 = o[2] + d[2] * t1 - height_at(heights, o[0] + d[0] * t1, o[1] + d[1] * t1)
        if gap1 <= 0.0:
            # Regula falsi, thrice: the pieces between the steps are nearly straight.
            for _ in range(3):
                t = t0 + (t1 - t0) * gap0 / (gap0 - gap1 + 1e-12)
                gap = o[2] + d[2] * t - height_at(heights, o[0] + d[0] * t, o[1] + d[1] * t)
                if gap > 0.0:
                    t0, gap0 = t, gap
                else:
                    t1, gap1 = t, gap
            return t0 + (t1 - t0) * gap0 / (gap0 - gap1 + 1e-12)
        t0, gap0 = t1, gap1
    return flat


@inlined
def lean_at(leans, x, y):
    """(∂h/∂x, ∂h/∂y, ∇²h) of the table at this address, 0 outside of it and without one."""
    a, b = (x / SPAN + 0.5) * CELLS - 0.5, (y / SPAN + 0.5) * CELLS - 0.5
    if leans == 0 or a < 0.0 or b < 0.0 or a >= CELLS - 1.0 or b >= CELLS - 1.0:
        return 0.0, 0.0, 0.0
    i, j = int(a), int(b)
    a -= i
    b -= j
    w00, w01, w10, w11 = (1.0 - a) * (1.0 - b), a * (1.0 - b), (1.0 - a) * b, a * b
    low = (j * CELLS + i) * 3
    high = low + CELLS * 3
    return (
        w00 * float32_at(leans, low)
        + w01 * float32_at(leans, low + 3)
        + w10 * float32_at(leans, high)
        + w11 * float32_at(leans, high + 3),
        w00 * float32_at(leans, low + 1)
        + w01 * float32_at(leans, low + 4)
        + w10 * float32_at(leans, high + 1)
        + w11 * float32_at(leans, high + 4),
        w00 * float32_at(leans, low + 2)
        + w01 * float32_at(leans, low + 5)
        + w10 * float32_at(leans, high + 2)
        + w11 * float32_at(leans, high + 5),
    )
