"""Environment: the sky as tables that a clip fills once, instead of noise for every ray.

Five faces of a cube (there is no sky below the ground), filled in blocks as cameras look at them.
Clouds and stars move slowly: tables are made for every other second, and a frame blends two.
"""
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math
import threading
from collections import OrderedDict
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.frames.memory import float32_at
from engine.engines.scene.frames.records import record
from engine.engines.scene.frames.shapes import entry, inlined, kernel
from engine.engines.scene.frames.sky import sky
from engine.engines.scene.light.look import CURTAIN, ROOM, Look

FACES = 5  # right, left, front, back, up
BLOCK = 32
KEY_SECONDS = 2.0
KEPT = 4  # tables in memory: two of this frame, and those of frames not done yet
MOST_TEXELS = 2048  # on the side of a face
TEXELS_PER_PIXEL = 2.4  # a face's side over the picture's height: about a texel a pixel
MIRROR_SIDE = 256  # of the table that mirrors see: small pictures on curved or rough things
SMALL_MIRROR_SIDE = 128  # of the same, for pictures as small as those of a contact sheet
EYE_HEIGHT = 1.5

Table = NDArray[np.float32]


@inlined
def face_of(x, y, z):
    """(face, u, v) with u, v in [-1, 1] of a direction."""
    ax, ay = abs(x), abs(y)
    if z > ax and z > ay:
        return 4, x / z, y / z
    if ax > ay:
        return (0 if x > 0.0 else 1), y / ax, z / ax
    return (2 if y > 0.0 else 3), x / (ay + 1e-12), z / (ay + 1e-12)


@kernel
def _direction(face, u, v):
    x, y, z = u, v, 1.0
    if face == 0:
        x, y, z = 1.0, u, v
    elif face == 1:
        x, y, z = -1.0, u, v
    elif face == 2:
        x, y, z = u, 1.0, v
    elif face == 3:
        x, y, z = u, -1.0, v
    k = 1.0 / math.sqrt(x * x + y * y + z * z)
    return x * k, y * k, z * k


@inlined
def lookup(table, side, x, y, z):
    """Bilinear colour of a direction."""
    face, u, v = face_of(x, y, z)
    a = (u * 0.5 + 0.5) * (side - 1)
    b = min(max((v * 0.5 + 0.5) * (side - 1), 0.0), side - 1.0)
    i, j = min(int(a), side - 2), min(int(b), side - 2)
    a -= i
    b -= j
    w00, w01, w10, w11 = (1.0 - a) * (1.0 - b), a * (1.0 - b), (1.0 - a) * b, a * b
    low = ((face * side + j) * side + i) * 3
    high = low + side * 3
    return (
        w00 * float32_at(table, low)
        + w01 * float32_at(table, low + 3)
        + w10 * float32_at(table, high)
        + w11 * float32_at(table, high + 3),
        w00 * float32_at(table, low + 1)
        + w01 * float32_at(table, low + 4)
        + w10 * float32_at(table, high + 1)
        + w11 * float32_at(table, high + 4),
        w00 * float32_at(table, low + 2)
        + w01 * float32_at(table, low + 5)
        + w10 * float32_at(table, high + 2)
        + w11 * float32_at(table, high + 5),
    )


@inlined
def backdrop(table, side, o, d, look):
    """What a secondary ray sees that meets nothing."""
    if look.backdrop == ROOM or look.backdrop == CURTAIN:  # noqa: PLR1714
        return sky(o[0], o[1], o[2], d[0], d[1], d[2], look)
    return lookup(table, side, d[0], d[1], d[2])


@entry
def _wanted(need, camera, width, height):
    """Mark the blocks that this camera may look at."""
    last = need.shape[1] - 1
    side = need.shape[1] * BLOCK
    half = 0.5 * height
    for y in range(-4, height + 8, 4):
        for x in range(-4, width + 8, 4):
            u, v = (
                camera.half_height * (x - 0.5 * width) / half,
                camera.half_height * (half - y) / half,
            )
            dx = camera.forward[0] + u * camera.right[0] + v * camera.up[0]
            dy = camera.forward[1] + u * camera.right[1] + v * camera.up[1]
            dz = camera.forward[2] + u * camera.right[2] + v * camera.up[2]
            if dz < -0.06:
                continue
            face, a, b = face_of(dx, dy, dz)
            i, j = (a * 0.5 + 0.5) * side, (b * 0.5 + 0.5) * side
            for du in (-10.0, 10.0):
                for dv in (-10.0, 10.0):
                    bi = min(max(int((i + du) / BLOCK), 0), last)
                    bj = min(max(int((j + dv) / BLOCK), 0), last)
                    need[face, bj, bi] = True


@entry
def _fill(table, done, need, look):
    """Fill the needed blocks that are not done."""
    side = table.shape[1]
    for face in range(FACES):
        for bj in range(need.shape[1]):
            for bi in range(need.shape[2]):
                if done[face, bj, bi] or not need[face, bj, bi]:
                    continue
                for j in range(bj * BLOCK, min((bj + 1) * BLOCK, side)):
                    for i in range(bi * BLOCK, min((bi + 1) * BLOCK, side)):
                        u, v = 2.0 * i / (side - 1) - 1.0, 2.0 * j / (side - 1) - 1.0
                        x, y, z = _direction(face, u, v)
                        c = sky(0.0, 0.0, EYE_HEIGHT, x, y, z, look)
                        table[face, j, i, 0] = c[0]
                        table[face, j, i, 1] = c[1]
                        table[face, j, i, 2] = c[2]
                done[face, bj, bi] = True


class _Sheet:
    """One table, and which of its blocks are filled. Pages that nobody fills cost no memory."""

    def __init__(self, side: int) -> None:
        blocks = (side + BLOCK - 1) // BLOCK
        self.table: Table = np.zeros((FACES, side, side, 3), np.float32)
        self.done = np.zeros((FACES, blocks, blocks), np.bool_)


_sheets: OrderedDict[tuple[Look, int], _Sheet] = OrderedDict()
_sheets_lock = threading.Lock()


def _filled(look: Look, side: int, camera: Any, size: tuple[int, int]) -> Table:
    """The table of a look with all that this camera looks at; the last few are kept."""
    with _sheets_lock:
        sheet = _sheets.pop((look, side), None) or _Sheet(side)
        _sheets[look, side] = sheet
        while len(_sheets) > KEPT:
            _sheets.popitem(last=False)
        need = np.zeros_like(sheet.done)
        _wanted(need, camera, *size)
        _fill(sheet.table, sheet.done, need, record(look))
        return sheet.table


@lru_cache(maxsize=KEPT)
def _mirror(look: Look, side: int) -> Table:
    """What mirrors see of the sky of a look: all of it; the shots of one film share it."""
    sheet = _Sheet(side)
    _fill(sheet.table, sheet.done, np.ones_like(sheet.done), record(look))
    return sheet.table


NO_MIRROR = _Sheet(BLOCK).table


class Environment:
    """The sky of one look. Safe to use from several threads; what it gives depends on none."""

    def __init__(self, look: Look, mirror_side: int = MIRROR_SIDE) -> None:
        self._look = look._replace(seconds=0.0)
        self._moves = look.clouds > 0.0 or look.stars > 0.0
        self._is_near = look.backdrop in {ROOM, CURTAIN}  # drawn ray by ray
        self.mirror = NO_MIRROR if self._is_near else _mirror(self._look, mirror_side)

    def tables(
        self, camera: Any, seconds: float, size: tuple[int, int]
    ) -> tuple[Table, Table, float]:
        """(table, next table, share of the next) with all that `camera`, a record, looks at."""
        if self._is_near:
            return self.mirror, self.mirror, 0.0
        side = min(max(int(size[1] * TEXELS_PER_PIXEL), 8 * BLOCK), MOST_TEXELS)
        if not self._moves:
            table = _filled(self._look, side, camera, size)
            return table, table, 0.0
        key = int(seconds // KEY_SECONDS)
        first, after = (
            _filled(self._look._replace(seconds=k * KEY_SECONDS), side, camera, size)
            for k in (key, key + 1)
        )
        return first, after, seconds / KEY_SECONDS - key
