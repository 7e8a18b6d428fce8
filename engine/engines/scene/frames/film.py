"""Film: falling rain and snow over the light, then tone, grade and 8 bits; compiled by numba."""
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.frames.shapes import entry, inlined, kernel
from engine.engines.scene.frames.textures import hashed
from engine.engines.scene.light.look import SNOWFALL

CURVE_STEPS = 4096
FLAKES = 900
STREAKS = 260


@entry
def fall(light, kind, camera, look):
    """Add snowflakes or rain drops that drift through the space before the camera."""
    height, width, _ = light.shape
    half = 0.5 * height
    is_snow = kind == SNOWFALL
    number = FLAKES if is_snow else STREAKS
    glow = 0.35 * look.horizon[1] + 0.25 * look.sun_colour[1] + 0.12
    for i in range(number):
        depth = 1.6 + 9.0 * hashed(i, 1, 3) if is_snow else 0.8 + 7.0 * hashed(i, 1, 3)
        rate = (0.75 + 0.5 * hashed(i, 2, 3)) * (0.14 if is_snow else 1.9)
        drift = 0.06 * math.sin(look.seconds * 1.3 + i) if is_snow else 0.02
        u = (hashed(i, 3, 3) + drift + 0.03 * look.seconds * hashed(i, 5, 3)) % 1.0
        v = (hashed(i, 4, 3) + rate * look.seconds * 2.2 / depth) % 1.0
        wide = half / (camera.half_height * depth)
        size = 0.004 * wide
        if is_snow:  # flakes before a long lens would hide all
            size = min(0.011 * wide, 0.011 * half)
        size = max(0.6, size)
        long = 1.0 if is_snow else max(8.0, 0.16 * height / depth / size * 0.5)
        power = glow * (0.7 if is_snow else 0.16)
        _blob(light, u * width, v * (height + 40.0) - 20.0, size, long, power)


@kernel
def _blob(light, cx, cy, radius, long, power):
    """A soft spot `long` times as high as wide."""
    height, width, _ = light.shape
    y0, y1 = max(0, int(cy - 2.0 * radius * long)), min(height, int(cy + 2.0 * radius * long) + 2)
    x0, x1 = max(0, int(cx - 2.0 * radius)), min(width, int(cx + 2.0 * radius) + 2)
    for y in range(y0, y1):
        b = (y - cy) / (radius * long)
        for x in range(x0, x1):
            a = (x - cx) / radius
            k = power * math.exp(-1.6 * (a * a + b * b))
            light[y, x, 0] += k
            light[y, x, 1] += k
            light[y, x, 2] += k


def _curve() -> NDArray[np.float32]:
    """Filmic curve (Narkowicz 2015, fitted to ACES), then sRGB (IEC 61966-2-1), over x/(x + ¼)."""
    share = np.linspace(0.0, 1.0, CURVE_STEPS + 2)[:-1]
    x = 0.25 * share / (1.0 - share)
    tone = np.clip(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0.0, 1.0)
    encoded = np.where(tone <= 0.0031308, 12.92 * tone, 1.055 * tone ** (1.0 / 2.4) - 0.055)
    return encoded.astype(np.float32)


CURVE = _curve()


@inlined
def _filmed(x):
    """Light → 0-1 as film shows it and a screen is told."""
    at = max(x, 0.0) / (max(x, 0.0) + 0.25) * (CURVE_STEPS + 1)
    i = min(int(at), CURVE_STEPS - 1)
    return CURVE[i] + (CURVE[i + 1] - CURVE[i]) * min(at - i, 1.0)


@entry
def develop(light, look, picture):
    """Fill `picture` (height, width, 3; uint8) from linear light: tone, grade, vignette."""
    height, width, _ = light.shape
    for y in range(height):
        for x in range(width):
            u, v = (x + 0.5) / width - 0.5, (y + 0.5) / height - 0.5
            k = look.exposure * (1.0 - 0.55 * (u * u + v * v))
            r = light[y, x, 0] * k * look.tint[0]
            g = light[y, x, 1] * k * look.tint[1]
            b = light[y, x, 2] * k * look.tint[2]
            # Film whitens what is very bright instead of turning it into a pure hue.
            bright = 0.2126 * r + 0.7152 * g + 0.0722 * b
            pale = 0.5 * (bright / (bright + 2.5)) ** 2
            r = _filmed(r + (bright - r) * pale)
            g = _filmed(g + (bright - g) * pale)
            b = _filmed(b + (bright - b) * pale)
            grey = 0.2126 * r + 0.7152 * g + 0.0722 * b
            # Ordered noise of one step keeps soft skies from banding.
            dither = (52.9829189 * ((0.06711056 * x + 0.00583715 * y) % 1.0)) % 1.0
            for channel, value in enumerate((r, g, b)):
                graded = grey + (value - grey) * look.saturation
                graded = 0.5 + (graded - 0.5) * look.contrast
                picture[y, x, channel] = np.uint8(min(max(graded, 0.0), 1.0) * 254.0 + dither)
