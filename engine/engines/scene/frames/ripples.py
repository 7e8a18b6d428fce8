"""Ripples: the small waves that wind keeps on any water, as one tile of slopes that repeats.

A spectrum of random waves that run by the dispersion of deep water, summed by Fourier transform
once a frame (Tessendorf 2001, "Simulating ocean water").
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 128
TILE_M = 8.0
GRAVITY, TENSION = 9.81, 7.4e-5  # m/s², m³/s² (surface tension over density)
SHORTEST_M, LONGEST_M = 0.13, 4.0
WIND = np.radians(-72.0)


@cache
def _spectrum() -> tuple[NDArray[Any], ...]:
    """(kx, ky, rad/s, complex amplitudes of the height), scaled to slopes of 1 rms."""
    ky = np.fft.fftfreq(SIDE, TILE_M / SIDE)[:, None] * 2.0 * np.pi
    kx = np.fft.rfftfreq(SIDE, TILE_M / SIDE)[None, :] * 2.0 * np.pi
    k = np.hypot(kx, ky) + 1e-9
    is_in = (k > 2.0 * np.pi / LONGEST_M) & (k < 2.0 * np.pi / SHORTEST_M)
    along = (kx * np.cos(WIND) + ky * np.sin(WIND)) / k
    power = np.where(is_in, k**-2.6 * (0.25 + 0.75 * np.maximum(along, 0.0) ** 2), 0.0)
    rng = np.random.default_rng(1)
    shape = power.shape
    height = power * (rng.normal(size=shape) + 1j * rng.normal(size=shape))
    slope = np.fft.irfft2(1j * kx * height)
    height /= np.hypot(slope.std(), np.fft.irfft2(1j * ky * height).std())
    omega = np.sqrt(GRAVITY * k + TENSION * k**3)
    # Whole turns in a minute: then the tile also repeats in time.
    omega = np.round(omega * 60.0 / (2.0 * np.pi)) * 2.0 * np.pi / 60.0
    return kx, ky, omega, np.asarray(height)


def ripples(seconds: float) -> NDArray[np.float32]:
    """(SIDE, SIDE, 3): slopes along x and y (together 1 rms), and how sharp the crest is."""
    kx, ky, omega, height = _spectrum()
    now = height * np.exp(-1j * omega * seconds)
    tile = np.empty((SIDE, SIDE, 3), np.float32)
    tile[..., 0] = np.fft.irfft2(1j * kx * now)
    tile[..., 1] = np.fft.irfft2(1j * ky * now)
    crest = np.fft.irfft2((kx * kx + ky * ky) * now)
    tile[..., 2] = crest / crest.std()
    return tile
