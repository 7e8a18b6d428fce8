"""Atlas: the pictures that parts wear (faces, texts, photographs), and how a surface shows them."""
# ruff: noqa: ANN001, ANN201, PLR0913, PLR0917
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.frames.memory import float32_at
from engine.engines.scene.frames.shapes import BOX, CAPSULE, SPHERE, kernel
from engine.engines.scene.scene.solids import Decal
from engine.engines.scene.scene.world import World

SIDE = 128  # px


@dataclass(frozen=True, slots=True)
class Atlas:
    """Square pictures of linear light with straight alpha, the top row first.

    `index` names the pictures of a decal: one for text and images; for a face one a `Mouth`, and
    after those, if there are twice as many, the same with closed eyes.
    """

    images: NDArray[np.float32] = field(
        default_factory=lambda: np.zeros((1, SIDE, SIDE, 4), np.float32)
    )
    index: Mapping[Decal, tuple[int, ...]] = field(default_factory=dict)


def decals_of(world: World) -> tuple[Decal, ...]:
    """Every decal of a world, once, in the order of its parts."""
    worn = [part.decal for body in world.bodies for part in body.parts if part.decal is not None]
    return tuple(dict.fromkeys(worn))


@kernel
def worn(images, index, kind, a, b, c, x, y, z, albedo):
    """The colour of a surface point under its decal: what faces -y, u = x / a, v = z / height."""
    if kind == BOX:
        if y > -b * 0.999:
            return albedo
        tall = c
    else:
        if y > 0.0:
            return albedo
        tall = c if kind == SPHERE else (a + b if kind == CAPSULE else b)
    u = (x / a * 0.5 + 0.5) * SIDE - 0.5
    v = (0.5 - z / tall * 0.5) * SIDE - 0.5
    u, v = min(max(u, 0.0), SIDE - 1.001), min(max(v, 0.0), SIDE - 1.001)
    i, j = int(u), int(v)
    u -= i
    v -= j
    at = ((index * SIDE + j) * SIDE + i) * 4
    below = at + SIDE * 4
    a00 = (1.0 - u) * (1.0 - v) * float32_at(images, at + 3)
    a01 = u * (1.0 - v) * float32_at(images, at + 7)
    a10 = (1.0 - u) * v * float32_at(images, below + 3)
    a11 = u * v * float32_at(images, below + 7)
    r = g = b = 0.0
    for weight, texel in ((a00, at), (a01, at + 4), (a10, below), (a11, below + 4)):
        r += weight * float32_at(images, texel)
        g += weight * float32_at(images, texel + 1)
        b += weight * float32_at(images, texel + 2)
    keep = 1.0 - a00 - a01 - a10 - a11
    return (albedo[0] * keep + r, albedo[1] * keep + g, albedo[2] * keep + b)
