"""Visible: what each pixel sees first, by lists of the solids that each tile may see."""
# ruff: noqa: ANN001, ANN201, ANN202
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math

import numpy as np

from engine.engines.scene.frames.rays import GROUND, SKY, WATER, closer
from engine.engines.scene.frames.shapes import BOUND, FAR, POS, entry, inlined, kernel
from engine.engines.scene.frames.surface import is_sea, water_hit

TILE = 16


@inlined
def ray(camera, x, y, width, height):
    """Unit direction through the picture at (x, y) px from its top left corner."""
    half = 0.5 * height
    u, v = camera.half_height * (x - 0.5 * width) / half, camera.half_height * (half - y) / half
    x = camera.forward[0] + u * camera.right[0] + v * camera.up[0]
    y = camera.forward[1] + u * camera.right[1] + v * camera.up[1]
    z = camera.forward[2] + u * camera.right[2] + v * camera.up[2]
    k = 1.0 / math.sqrt(x * x + y * y + z * z)
    return (x * k, y * k, z * k)


@kernel
def _extent(across, deep, radius):
    """Tangents of the edges of a ball, seen from the eye, in the plane of one picture axis."""
    far = math.sqrt(across * across + deep * deep)
    if far <= radius:
        return -FAR, FAR
    middle, spread = math.atan2(across, deep), math.asin(radius / far)
    low, high = middle - spread, middle + spread
    if high < -1.5 or low > 1.5:
        return 1.0, -1.0
    return math.tan(max(low, -1.5)), math.tan(min(high, 1.5))


@entry
def list_tiles(solids, camera, width, height, margin):
    """(tiles down, tiles across, 1 + solids): how many and which solids each tile may see.

    `margin` in px widens every solid: a rippled mirror sees a little aside.
    """
    count = solids.shape[0]
    down, across = (height + TILE - 1) // TILE, (width + TILE - 1) // TILE
    lists = np.zeros((down, across, count + 1), np.int16)
    scale = 0.5 * height / camera.half_height
    r, u, f = camera.right, camera.up, camera.forward
    for i in range(count):
        x, y = solids[i, POS] - camera.eye[0], solids[i, POS + 1] - camera.eye[1]
        z = solids[i, POS + 2] - camera.eye[2]
        cx = x * r[0] + y * r[1] + z * r[2]
        cy = x * u[0] + y * u[1] + z * u[2]
        cz = x * f[0] + y * f[1] + z * f[2]
        radius = solids[i, BOUND]
        if cz < -radius:
            continue
        left, right = _extent(cx, cz, radius)
        low, high = _extent(cy, cz, radius)
        if left > right or low > high:
            continue
        left, right = 0.5 * width + left * scale - margin, 0.5 * width + right * scale + margin
        top, bottom = 0.5 * height - high * scale - margin, 0.5 * height - low * scale + margin
        if right < -1.0 or bottom < -1.0 or left > width + 1.0 or top > height + 1.0:
            continue
        i0, i1 = int(max(left - 1.0, 0.0)) // TILE, int(min(right + 1.0, width - 1.0)) // TILE
        j0, j1 = int(max(top - 1.0, 0.0)) // TILE, int(min(bottom + 1.0, height - 1.0)) // TILE
        for j in range(j0, j1 + 1):
            for k in range(i0, i1 + 1):
                lists[j, k, 0] += 1
                lists[j, k, lists[j, k, 0]] = i
    return lists


@inlined
def first_hit(stage, lists, j, k, o, d):
    """(distance, solid | GROUND | WATER | SKY) of what a ray of tile (j, k) meets first."""
    best, who = FAR, np.int64(SKY)
    if d[2] < -1e-6:
        best, who = -o[2] / d[2], np.int64(GROUND)
        if stage.is_there > 0 and is_sea(stage, o[0] + d[0] * best, o[1] + d[1] * best):
            best, who = water_hit(stage, o, d), np.int64(WATER)
    for m in range(1, lists[j, k, 0] + 1):
        i = np.int64(lists[j, k, m])
        t = closer(stage.solids, i, o, d, best)
        if t < best:
            best, who = t, i
    return best, who


@entry
def see(stage, lists, camera, depth, met):
    """Fill `depth` (m along the ray) and `met` of every pixel."""
    height, width = met.shape
    o = (camera.eye[0], camera.eye[1], camera.eye[2])
    for y in range(height):
        j = y // TILE
        for x in range(width):
            d = ray(camera, x + 0.5, y + 0.5, width, height)
            t, who = first_hit(stage, lists, j, x // TILE, o, d)
            depth[y, x] = t
            met[y, x] = who
