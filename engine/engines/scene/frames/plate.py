"""Plate: a given picture as the backdrop, projected from the first camera, as matte painters do.

What the first camera saw in a direction, or at a point of the ground, keeps the picture's colour
for every later camera; outside of the picture its rim goes on.
"""
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from engine.engines.scene.frames.memory import float32_at
from engine.engines.scene.frames.shapes import inlined

Light = NDArray[np.float32]
MAX_LIGHT = 24.0
ROUNDS = 12


def plate_of(picture: bytes, size: tuple[int, int]) -> Light:
    """(height, width, 3) linear light of an encoded picture, cut to cover `size` (width, height).

    Raises:
        PIL.UnidentifiedImageError: these bytes are no picture.
    """
    with Image.open(io.BytesIO(picture)) as opened:
        upright = ImageOps.exif_transpose(opened).convert("RGB")
        fitted = ImageOps.fit(upright, size, Image.Resampling.LANCZOS)
    return decoded(np.asarray(fitted))


def decoded(picture: NDArray[np.uint8]) -> Light:
    """8-bit sRGB → linear light (IEC 61966-2-1)."""
    value = picture.astype(np.float32) / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(
        np.float32
    )


def undeveloped(plate: Light, develop: Callable[[Light], NDArray[np.uint8]]) -> Light:
    """The light that `develop` turns back into the plate, found by correcting what comes out."""
    light = plate.copy()
    for _ in range(ROUNDS):
        ratio = (plate + 0.002) / (decoded(develop(light)) + 0.002)
        light = np.clip((light + 0.002) * ratio - 0.002, 0.0, MAX_LIGHT).astype(np.float32)
    return light


@inlined
def _sampled(stage, x, y, z):
    """Bilinear colour of the plate in a direction from its camera."""
    width, height = stage.plate_width, stage.plate_height
    r, u, f = stage.plate_right, stage.plate_up, stage.plate_forward
    deep = max(x * f[0] + y * f[1] + z * f[2], 1e-3)
    scale = 0.5 * height / stage.plate_half_height / deep
    a = 0.5 * width - 0.5 + (x * r[0] + y * r[1] + z * r[2]) * scale
    b = 0.5 * height - 0.5 - (x * u[0] + y * u[1] + z * u[2]) * scale
    a, b = min(max(a, 0.0), width - 1.001), min(max(b, 0.0), height - 1.001)
    i, j = int(a), int(b)
    a -= i
    b -= j
    at = (j * width + i) * 3
    below = at + width * 3
    red = green = blue = 0.0
    for weight, texel in (
        ((1.0 - a) * (1.0 - b), at),
        (a * (1.0 - b), at + 3),
        ((1.0 - a) * b, below),
        (a * b, below + 3),
    ):
        red += weight * float32_at(stage.plate, texel)
        green += weight * float32_at(stage.plate, texel + 1)
        blue += weight * float32_at(stage.plate, texel + 2)
    return red, green, blue


@inlined
def on_sky(stage, d):
    """The plate's colour in a direction, as of something far away."""
    return _sampled(stage, d[0], d[1], d[2])


@inlined
def on_ground(stage, x, y):
    """The plate's colour at a point of the ground."""
    eye = stage.plate_eye
    return _sampled(stage, x - eye[0], y - eye[1], -eye[2])
