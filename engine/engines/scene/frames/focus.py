"""Depth of field: a thin lens spreads what is out of focus over a disc.

Gathered at half size on a spiral of samples; a sample counts where its own disc reaches, and what
lies behind never spreads over what is sharp before it.
"""
# ruff: noqa: ANN001, ANN201, ANN202, C901, PLR0912, PLR0913, PLR0917
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math

import numpy as np

from engine.engines.scene.frames.shapes import entry, inlined, kernel
from engine.engines.scene.frames.visible import ray

SLIGHT_PX = 0.75  # radius of a disc that nobody sees
LARGEST = 0.03  # radius of the largest disc, of the picture's height
SAMPLES = 44
GOLDEN = 2.399963229728653
BRIGHTEST = 12.0
TILE = 16
EVEN = 0.03  # contrast that no blur shows


@inlined
def _disc(camera, x, y, t, width, height):
    """Radius in px of the disc that a point at t m spreads over; below 0 before the focus."""
    d = ray(camera, x, y, width, height)
    f = camera.forward
    deep = max(min(t, 1e5) * (d[0] * f[0] + d[1] * f[1] + d[2] * f[2]), 0.05)
    px = camera.aperture * (1.0 / camera.focus - 1.0 / deep) * 0.5 * height / camera.half_height
    most = LARGEST * height
    return min(max(px, -most), most)


@entry
def defocus(camera, depth, light, out):
    """Fill `out` with `light` as a lens sees it; whether anything is out of focus."""
    height, width = depth.shape
    h, w = (height + 1) // 2, (width + 1) // 2
    small = np.empty((h, w, 3), np.float32)
    disc = np.empty((h, w), np.float32)
    most = 0.0
    for j in range(h):
        for i in range(w):
            x, y = min(2 * i + 1, width - 1), min(2 * j + 1, height - 1)
            near = min(depth[y, x], depth[y - 1, x], depth[y, x - 1], depth[y - 1, x - 1])
            disc[j, i] = _disc(camera, x + 0.0, y + 0.0, np.float64(near), width, height)
            most = max(most, abs(disc[j, i]))
            for c in range(3):
                total = light[y, x, c] + light[y - 1, x, c] + light[y, x - 1, c]
                small[j, i, c] = min(0.25 * (total + light[y - 1, x - 1, c]), BRIGHTEST)
    if most < SLIGHT_PX:
        return False
    reach, is_even = _survey(disc, small)
    soft = np.zeros((h, w, 4), np.float32)  # light, and how much of it lies over what is sharp
    spiral = np.empty((SAMPLES, 4))
    for j in range(reach.shape[0]):
        for i in range(reach.shape[1]):
            if reach[j, i] < SLIGHT_PX:
                continue
            if is_even[j, i]:  # blur would change nothing
                for y in range(j * TILE, min((j + 1) * TILE, h)):
                    for x in range(i * TILE, min((i + 1) * TILE, w)):
                        for c in range(3):
                            soft[y, x, c] = small[y, x, c]
                continue
            count = _wind(spiral, 0.5 * reach[j, i])
            for y in range(j * TILE, min((j + 1) * TILE, h)):
                for x in range(i * TILE, min((i + 1) * TILE, w)):
                    _spread(small, disc, soft, x, y, spiral, count)
    for y in range(height):
        for x in range(width):
            if reach[y // 2 // TILE, x // 2 // TILE] < SLIGHT_PX:
                out[y, x, 0], out[y, x, 1], out[y, x, 2] = (
                    light[y, x, 0],
                    light[y, x, 1],
                    light[y, x, 2],
                )
                continue
            own = abs(_disc(camera, x + 0.5, y + 0.5, np.float64(depth[y, x]), width, height))
            share = min(max((own - 0.5) / 1.2, 0.0), 1.0)
            a, b = (
                min(max(0.5 * x - 0.25, 0.0), w - 1.001),
                min(max(0.5 * y - 0.25, 0.0), h - 1.001),
            )
            i, j = int(a), int(b)
            a -= i
            b -= j
            w00, w01, w10, w11 = (1.0 - a) * (1.0 - b), a * (1.0 - b), (1.0 - a) * b, a * b
            over = (
                w00 * soft[j, i, 3]
                + w01 * soft[j, i + 1, 3]
                + w10 * soft[j + 1, i, 3]
                + w11 * soft[j + 1, i + 1, 3]
            )
            share = max(share, over)
            for c in range(3):
                blurred = (
                    w00 * soft[j, i, c]
                    + w01 * soft[j, i + 1, c]
                    + w10 * soft[j + 1, i, c]
                    + w11 * soft[j + 1, i + 1, c]
                )
                out[y, x, c] = light[y, x, c] + (blurred - light[y, x, c]) * share
    return True


@kernel
def _survey(disc, small):
    """A tile each: the largest disc that may reach into it, and whether its surroundings are even.

    A tile reaches its own size far, and no disc is larger than that at half size.
    """
    h, w = disc.shape
    down, across = (h + TILE - 1) // TILE, (w + TILE - 1) // TILE
    own = np.zeros((down, across, 7), np.float32)  # disc, then lowest and highest light
    reach, is_even = np.zeros((down, across), np.float64), np.zeros((down, across), np.bool_)
    for j in range(h):
        for i in range(w):
            tile = own[j // TILE, i // TILE]
            is_first = j % TILE + i % TILE == 0
            tile[0] = max(tile[0], abs(disc[j, i]))
            for c in range(3):
                v = small[j, i, c]
                tile[1 + c] = v if is_first else min(tile[1 + c], v)
                tile[4 + c] = v if is_first else max(tile[4 + c], v)
    for j in range(down):
        for i in range(across):
            far = own[j, i, 0]
            uneven = 0.0
            for c in range(1, 4):
                low, high = own[j, i, c], own[j, i, c + 3]
                for m in range(max(j - 1, 0), min(j + 2, down)):
                    for n in range(max(i - 1, 0), min(i + 2, across)):
                        far = max(far, own[m, n, 0])
                        low, high = min(low, own[m, n, c]), max(high, own[m, n, c + 3])
                uneven = max(uneven, (high - low) / (high + low + 0.05))
            reach[j, i], is_even[j, i] = far, uneven < EVEN
    return reach, is_even


@kernel
def _wind(spiral, radius):
    """Fill the spiral (across, down, distance, share of the mean) of a disc; how many samples."""
    count = int(min(max(radius * radius * 2.2, 8.0), SAMPLES))
    for s in range(count):
        far = radius * math.sqrt((s + 0.5) / count)
        spiral[s, 0] = 0.5 + far * math.cos(s * GOLDEN)
        spiral[s, 1] = 0.5 + far * math.sin(s * GOLDEN)
        spiral[s, 2], spiral[s, 3] = far, 1.0 / (s + 2.0)
    return count


@inlined
def _spread(small, disc, soft, i, j, spiral, count):
    """Gather the discs (half size px) that reach this pixel."""
    h, w = disc.shape
    own = disc[j, i] * 0.5
    most = 2.0 * abs(own)
    r, g, b, over = small[j, i, 0], small[j, i, 1], small[j, i, 2], 0.0
    for s in range(count):
        x = min(max(int(i + spiral[s, 0]), 0), w - 1)
        y = min(max(int(j + spiral[s, 1]), 0), h - 1)
        theirs = disc[y, x] * 0.5
        size = abs(theirs)
        if theirs > own:  # behind: it spreads no farther than this pixel itself
            size = min(size, most)
        k = min(size - spiral[s, 2] + 0.7, 1.0)
        if k <= 0.0:  # it leaves its place to the mean, so that the disc stays round
            continue
        if theirs < -0.4 and theirs < own:
            over += k
        k *= spiral[s, 3]
        r += (small[y, x, 0] - r) * k
        g += (small[y, x, 1] - g) * k
        b += (small[y, x, 2] - b) * k
    soft[j, i, 0], soft[j, i, 1], soft[j, i, 2] = r, g, b
    soft[j, i, 3] = min(1.6 * over / count, 1.0)
