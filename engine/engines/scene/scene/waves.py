"""Waves: the sea when nothing disturbs it, the same for who floats on it and who draws it."""

import math

import numba
import numpy as np
from numpy.typing import NDArray

GRAVITY = 9.81
# Six deep-water waves: wavelength as a share of the longest, direction in degrees from x, phase.
_SHARES = (1.0, 0.74, 0.53, 0.37, 0.24, 0.16)
_DIRECTIONS = (-62.0, -101.0, -38.0, -128.0, -74.0, -12.0)
_PHASES = (0.4, 2.1, 4.4, 1.3, 5.6, 3.2)
_SHARE = np.array(_SHARES)
_WAY_X = np.cos(np.radians(_DIRECTIONS))
_WAY_Y = np.sin(np.radians(_DIRECTIONS))
_PHASE = np.array(_PHASES)
# Amplitudes for a significant height of 1: sixteen times the variance is its square.
_AMPLITUDE = _SHARE**1.2 / math.sqrt(8.0 * float(np.sum(_SHARE**2.4)))
SHORTEST_WAVE, WAVE_GROWTH = (
    3.0,
    18.0,
)  # m of the longest wave in calm water; m more per m of height


@numba.njit(cache=True, inline="always")
def _wave_number(i: int, height: float) -> float:
    k: float = 2.0 * math.pi / (_SHARE[i] * (SHORTEST_WAVE + WAVE_GROWTH * height))
    return k


@numba.njit(cache=True)
def wave_height(x: float, y: float, seconds: float, height: float) -> float:
    """Height in m of the surface at (x, y); `height` is the significant height of the waves.

    Every component moves by the dispersion of deep water, ω² = g k.
    """
    total = 0.0
    for i in range(_SHARE.shape[0]):
        k = _wave_number(i, height)
        along = _WAY_X[i] * x + _WAY_Y[i] * y
        total += _AMPLITUDE[i] * math.cos(k * along - math.sqrt(GRAVITY * k) * seconds + _PHASE[i])
    return height * total


@numba.njit(cache=True)
def wave_motion(
    x: float, y: float, seconds: float, height: float
) -> tuple[float, float, float, float, float, float]:
    """Height, its slope along x and y, and the velocity of the water at the surface, m/s."""
    rise, slope_x, slope_y, flow_x, flow_y, flow_z = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(_SHARE.shape[0]):
        k = _wave_number(i, height)
        omega = math.sqrt(GRAVITY * k)
        turn = k * (_WAY_X[i] * x + _WAY_Y[i] * y) - omega * seconds + _PHASE[i]
        c, s = height * _AMPLITUDE[i] * math.cos(turn), height * _AMPLITUDE[i] * math.sin(turn)
        rise += c
        slope_x -= k * _WAY_X[i] * s
        slope_y -= k * _WAY_Y[i] * s
        flow_x += omega * _WAY_X[i] * c
        flow_y += omega * _WAY_Y[i] * c
        flow_z += omega * s
    return rise, slope_x, slope_y, flow_x, flow_y, flow_z


def wave_grid(xs: NDArray[np.float64], seconds: float, height: float) -> NDArray[np.float64]:
    """`wave_height` on the square of `xs` by `xs`, [y, x]."""
    k = 2.0 * math.pi / (_SHARE * (SHORTEST_WAVE + WAVE_GROWTH * height))
    turn = _PHASE - np.sqrt(GRAVITY * k) * seconds
    across, along = np.outer(k * _WAY_X, xs), np.outer(k * _WAY_Y, xs) + turn[:, None]
    grid = np.zeros((len(xs), len(xs)))
    # cos(a + b) by sums of products: two small tables instead of a cosine a place.
    for i, amplitude in enumerate(height * _AMPLITUDE):
        grid += np.multiply.outer(amplitude * np.cos(along[i]), np.cos(across[i]))
        grid -= np.multiply.outer(amplitude * np.sin(along[i]), np.sin(across[i]))
    return grid
