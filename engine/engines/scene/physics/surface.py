"""The simulated part of the water's surface: a height field that bodies push up and press on."""
# ruff: noqa: ANN001, ANN201, ANN202, PLR0913, PLR0917
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math

import numba
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.blocks import Blocks
from engine.engines.scene.physics.motion import WATER_SPAN

WATER_DENSITY = 1000.0  # kg/m³
WATER_CELLS = 128
CELL = WATER_SPAN / WATER_CELLS  # m
FIELD_SECONDS = 1.0 / 120.0  # of a step of the surface
WAVE_DEPTH = 0.45  # m of water that rings run in: they spread at √(g · depth)
RIPPLE_DAMPING = 0.25  # 1/s
RIPPLE_VISCOSITY = 0.004  # m²/s
MOST_HEAD = 0.4  # m: a slam harder than that throws drops, not waves
BORDER_CELLS, BORDER_DAMPING = 14, 9.0  # an edge that swallows waves

Array = NDArray[np.float64]


class Surface:
    """Heights over the ambient waves, by the wave equation; all fields are (n, n), [y, x]."""

    def __init__(self) -> None:
        n = WATER_CELLS
        self.height = np.zeros((n, n))  # m
        self.rise = np.zeros((n, n))  # m/s
        self._filled = np.zeros((n, n))  # m: what bodies displace now, by column
        self._head = np.zeros((n, n))  # m: the pressure of moving bodies, as a height of water
        self._sink = _border(n)

    def fill(self, wet: Array, blocks: Blocks) -> None:
        """Take what is in the water as having always been there."""
        _fill(wet, blocks.volume, blocks.radius, self._filled)

    def step(self, wet: Array, push: Array, blocks: Blocks, gravity: float, depth: float) -> None:
        """Move on by `FIELD_SECONDS`, disturbed by the blocks that are wet."""
        per_newton = 1.0 / (WATER_DENSITY * gravity)
        _disturb(
            wet,
            blocks.volume,
            blocks.radius,
            push,
            blocks.body,
            self._filled,
            self._head,
            self.height,
            per_newton,
        )
        _ripple(self.height, self.rise, self._head, self._sink, gravity * min(WAVE_DEPTH, depth))


def _border(n: int) -> Array:
    """How fast the surface is calmed, 1/s, rising over the last cells before the edge."""
    edge = np.minimum(np.arange(n), np.arange(n)[::-1])
    depth = np.clip(1.0 - np.minimum.outer(edge, edge) / BORDER_CELLS, 0.0, 1.0)
    return BORDER_DAMPING * depth**2


@numba.njit(cache=True)
def footprint(volume, radius):
    """Radius in m of what the surface feels of a block."""
    return min(radius, 1.3 * (volume * 0.75 / math.pi) ** (1.0 / 3.0))


@numba.njit(cache=True)
def feel(height, rise, x, y, radius):
    """What a block feels of the simulated surface: its height, slopes and rise; 0 outside.

    Weighed as `_splat` spreads what the block does to the surface. By this reciprocity a body that
    bobs can only lose energy to its waves.
    """
    n = height.shape[0]
    u, v = (x + 0.5 * WATER_SPAN) / CELL - 0.5, (y + 0.5 * WATER_SPAN) / CELL - 0.5
    wide = radius / CELL + 1.0
    total, level, up, slope_x, slope_y = 1e-12, 0.0, 0.0, 0.0, 0.0
    for j in range(max(1, math.ceil(v - wide)), min(n - 2, math.floor(v + wide)) + 1):
        for i in range(max(1, math.ceil(u - wide)), min(n - 2, math.floor(u + wide)) + 1):
            far = ((i - u) ** 2 + (j - v) ** 2) / (wide * wide)
            if far < 1.0:
                weight = (1.0 - far) ** 2
                total += weight
                level += weight * height[j, i]
                up += weight * rise[j, i]
                slope_x += weight * (height[j, i + 1] - height[j, i - 1])
                slope_y += weight * (height[j + 1, i] - height[j - 1, i])
    steep = 0.5 / (CELL * total)
    return level / total, slope_x * steep, slope_y * steep, up / total


@numba.njit(cache=True)
def _splat(field, x, y, radius, amount):
    """Add `amount` (m³) to the columns around a place, as height."""
    n = field.shape[0]
    u, v = (x + 0.5 * WATER_SPAN) / CELL - 0.5, (y + 0.5 * WATER_SPAN) / CELL - 0.5
    wide = radius / CELL + 1.0
    i0, i1 = max(0, math.ceil(u - wide)), min(n - 1, math.floor(u + wide))
    j0, j1 = max(0, math.ceil(v - wide)), min(n - 1, math.floor(v + wide))
    total = 0.0
    for j in range(j0, j1 + 1):
        for i in range(i0, i1 + 1):
            far = ((i - u) ** 2 + (j - v) ** 2) / (wide * wide)
            if far < 1.0:
                total += (1.0 - far) ** 2
    if total <= 0.0:
        return
    scale = amount / (total * CELL * CELL)
    for j in range(j0, j1 + 1):
        for i in range(i0, i1 + 1):
            far = ((i - u) ** 2 + (j - v) ** 2) / (wide * wide)
            if far < 1.0:
                field[j, i] += scale * (1.0 - far) ** 2


@numba.njit(cache=True)
def _fill(wet, volume, radius, filled):
    """Write what the bodies displace, by column; what is deep hardly shows."""
    filled[:] = 0.0
    for k in range(wet.shape[0]):
        if wet[k, 0] > 0.0:
            wide = footprint(volume[k], radius[k])
            shown = wet[k, 3] * math.exp(-max(0.0, wet[k, 4] - wide) / (2.0 * wide))
            _splat(filled, wet[k, 1], wet[k, 2], wide, shown)


@numba.njit(cache=True)
def _add(field, other, times):
    """Add `times` the other field, by place: an array expression compiles ten times as long."""
    for j in range(field.shape[0]):
        for i in range(field.shape[1]):
            field[j, i] += times * other[j, i]


@numba.njit(cache=True)
def _disturb(wet, volume, radius, push, body, filled, head, height, per_newton):
    """Raise the surface by what bodies displace more than before, and press where they push."""
    _add(height, filled, -1.0)
    _fill(wet, volume, radius, filled)
    _add(height, filled, 1.0)
    head[:] = 0.0
    for k in range(wet.shape[0]):
        if wet[k, 0] > 0.0:
            b = body[k]
            wide = footprint(volume[k], radius[k])
            share = wet[k, 0] / push[b, 6] * math.exp(-wet[k, 4] / (2.0 * wide))
            _splat(head, wet[k, 1], wet[k, 2], wide, push[b, 2] * per_newton * share)
    for j in range(head.shape[0]):
        for i in range(head.shape[1]):
            head[j, i] = min(max(head[j, i], -MOST_HEAD), MOST_HEAD)


@numba.njit(cache=True)
def _ripple(height, rise, head, sink, speed_squared):
    """One step of the wave equation, pressed on by `head`; the edge swallows what reaches it."""
    n = height.shape[0]
    pull = speed_squared / (CELL * CELL) * FIELD_SECONDS
    for j in range(1, n - 1):
        for i in range(1, n - 1):
            bend = (
                height[j, i - 1] + height[j, i + 1] + height[j - 1, i] + height[j + 1, i]
                - 4.0 * height[j, i]
                + head[j, i - 1] + head[j, i + 1] + head[j - 1, i] + head[j + 1, i]
                - 4.0 * head[j, i]
            )  # fmt: skip
            rise[j, i] += pull * bend
    smooth = RIPPLE_VISCOSITY * FIELD_SECONDS / (CELL * CELL)
    left = np.empty(n)
    for j in range(1, n - 1):
        above = rise[j - 1]
        for i in range(n):  # a broadcast would compile numba's whole error path
            left[i] = rise[j, i]
        for i in range(1, n - 1):
            bend = left[i - 1] + left[i + 1] + above[i] + rise[j + 1, i] - 4.0 * left[i]
            calm = 1.0 / (1.0 + FIELD_SECONDS * (RIPPLE_DAMPING + sink[j, i]))
            rise[j, i] = (left[i] + smooth * bend) * calm
            height[j, i] = (height[j, i] + FIELD_SECONDS * rise[j, i]) / (
                1.0 + FIELD_SECONDS * sink[j, i]
            )
