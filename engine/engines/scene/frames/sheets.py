"""Sheets: what lies on the screen and stays there: paper, grain, hatching, bristles, wet borders.

They do not depend on the picture, so each is made once for a size and kept.
"""
# ruff: noqa: ANN001, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.frames.paint import blurred, smooth
from engine.engines.scene.frames.shapes import entry, kernel
from engine.engines.scene.frames.textures import noise

Texture = NDArray[np.float32]
GRAIN_SIDE = 256
KEPT = 6  # sizes and seeds of a texture


@lru_cache(maxsize=KEPT)
def paper(height: int, width: int, seed: int, rough: float) -> Texture:
    """Tooth of a sheet of paper, (height, width), mean 0, about ±1; the same in every frame."""
    rng = np.random.default_rng(seed)
    sheet = np.zeros((height, width), np.float32)
    for octave, weight in ((1, 0.5), (2, 0.7), (4, 0.6 * rough), (16, 0.35 * rough)):
        cells = rng.normal(0.0, 1.0, (height // octave + 3, width // octave + 3, 1))
        layer = blurred(
            np.repeat(np.repeat(cells, octave, 0), octave, 1).astype(np.float32), octave
        )
        sheet += weight * layer[:height, :width, 0] / max(float(layer.std()), 1e-6)
    return np.asarray(sheet / (1.5 * float(sheet.std())), np.float32)


@lru_cache(maxsize=2)
def grain_tile(seed: int) -> Texture:
    """Silver grain: noise of about 1.5 px, standard deviation 1, (GRAIN_SIDE, GRAIN_SIDE)."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft2(rng.normal(0.0, 1.0, (GRAIN_SIDE, GRAIN_SIDE)))
    fy = np.fft.fftfreq(GRAIN_SIDE)[:, None]
    fx = np.fft.rfftfreq(GRAIN_SIDE)[None, :]
    tile = np.fft.irfft2(spectrum * np.exp(-6.0 * (fx * fx + fy * fy)))
    made: Texture = np.asarray(tile / tile.std(), np.float32)
    return made


@lru_cache(maxsize=KEPT)
def washes(height: int, width: int, seed: int) -> Texture:
    """(height, width, 4): how far wet borders wander in x and y (px), pigment, and its margin."""
    out = np.empty((height, width, 4), np.float32)
    _washes(out, paper(height, width, seed, 1.0))
    return out


@entry
def _washes(out, sheet):
    height, width, _ = out.shape
    unit = 1.0 / min(height, width)
    for y in range(height):
        for x in range(width):
            a, b = x * unit, y * unit
            out[y, x, 0] = (noise(a * 26.0, b * 26.0, 3) - 0.5) * 0.014 / unit
            out[y, x, 1] = (noise(a * 26.0, b * 26.0, 4) - 0.5) * 0.014 / unit
            flow = noise(a * 7.0, b * 7.0, 5) + 0.5 * noise(a * 17.0, b * 17.0, 6)
            out[y, x, 2] = 1.0 + 0.3 * (flow - 0.75) + 0.1 * sheet[y, x]
            u = min(x + 0.5, width - x - 0.5) * unit
            v = min(y + 0.5, height - y - 0.5) * unit
            ragged = 0.02 + 0.07 * noise(a * 11.0, b * 11.0, 7) + 0.012 * sheet[y, x]
            out[y, x, 3] = smooth(0.0, 0.035, u - ragged) * smooth(0.0, 0.035, v - ragged)


@lru_cache(maxsize=KEPT)
def bristles(height: int, width: int, seed: int) -> Texture:
    """(height, width, 3): how far a brush drags paint in x and y (px), and its relief (-1 to 1)."""
    out = np.empty((height, width, 3), np.float32)
    _bristles(out, seed)
    return out


@entry
def _bristles(out, seed):
    height, width, _ = out.shape
    unit = 360.0 / min(height, width)
    for y in range(height):
        for x in range(width):
            # They run along a slowly turning direction, in strokes of finite length.
            turn = 4.4 * noise(x * unit * 0.016, y * unit * 0.016, 11 + seed)
            c, s = math.cos(turn), math.sin(turn)
            along, across = (x * c + y * s) * unit, (y * c - x * s) * unit
            ridge = noise(across * 0.5, along * 0.055, 12) - 0.5
            next_to = noise(across * 0.5 + 0.4, along * 0.055, 12) - 0.5
            stroke = noise(across * 0.11, along * 0.03, 13) - 0.5
            out[y, x, 0] = (-9.0 * stroke * s + 6.0 * ridge * c) / unit
            out[y, x, 1] = (9.0 * stroke * c + 6.0 * ridge * s) / unit
            out[y, x, 2] = 1.6 * (ridge - next_to) + 0.5 * ridge + 0.35 * stroke


@lru_cache(maxsize=KEPT)
def hatching(height: int, width: int) -> Texture:
    """(height, width, 5): three layers of pencil lines (0-1), and a shaky hand in x and y (px)."""
    out = np.empty((height, width, 5), np.float32)
    _hatching(out)
    return out


@entry
def _hatching(out):
    height, width, _ = out.shape
    unit = min(height, width) / 360.0
    for y in range(height):
        for x in range(width):
            out[y, x, 0] = smooth(0.55, 0.95, _line(x / unit, y / unit, 0.72, 5.2, 33))
            out[y, x, 1] = smooth(0.5, 0.95, _line(x / unit, y / unit, -0.62, 4.4, 34))
            out[y, x, 2] = smooth(0.45, 0.95, _line(x / unit, y / unit, 0.05, 3.6, 35))
            out[y, x, 3] = 2.5 * unit * (noise(x / unit * 0.06, y / unit * 0.06, 31) - 0.5)
            out[y, x, 4] = 2.5 * unit * (noise(x / unit * 0.06, y / unit * 0.06, 32) - 0.5)


@kernel
def _line(x, y, angle, gap, salt):
    """1 on a pencil line, 0 midway to the next."""
    across = x * math.cos(angle) + y * math.sin(angle)
    along = y * math.cos(angle) - x * math.sin(angle)
    p = across / gap + 0.55 * noise(along * 0.03, across * 0.05, salt)
    return 2.0 * abs(p - math.floor(p) - 0.5)
