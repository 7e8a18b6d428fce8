"""Motion blur: light smeared along what moved while the shutter was open.

Velocities on the screen come from where each solid and the camera stand a frame later. A gather
along the fastest velocity nearby mixes what passed over a pixel with what it hid (McGuire et al.
2012, "A reconstruction filter for plausible motion blur").
"""
# ruff: noqa: ANN001, ANN201, ANN202, C901, PLR0912, PLR0913, PLR0917
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math

import numpy as np

from engine.engines.scene.frames.memory import part
from engine.engines.scene.frames.rays import SKY, local
from engine.engines.scene.frames.shapes import POS, ROT, entry, inlined, kernel
from engine.engines.scene.frames.visible import ray

TILE = 16
SHUTTER = 0.5  # of a frame: half a turn of the disc
SLIGHT_PX = 0.8  # a smear shorter than this is left out
LONGEST_PX = 0.07  # of the picture's height
SAMPLES = 11
SOFT_DEPTH = 0.12  # m


@inlined
def _velocity(solids, after, camera, camera_after, x, y, t, who, width, height):
    """How far (px) what a pixel shows moves while the shutter is open."""
    d = ray(camera, x + 0.5, y + 0.5, width, height)
    t = min(t, 1e5)
    px, py, pz = d[0] * t, d[1] * t, d[2] * t
    if who != SKY:
        px, py, pz = px + camera.eye[0], py + camera.eye[1], pz + camera.eye[2]
        if who >= 0:
            lx, ly, lz, _, _, _ = local(solids, who, px, py, pz, 0.0, 0.0, 1.0)
            r = ROT
            px = part(after, who, POS) + (
                part(after, who, r) * lx
                + part(after, who, r + 1) * ly
                + part(after, who, r + 2) * lz
            )
            py = part(after, who, POS + 1) + (
                part(after, who, r + 3) * lx
                + part(after, who, r + 4) * ly
                + part(after, who, r + 5) * lz
            )
            pz = part(after, who, POS + 2) + (
                part(after, who, r + 6) * lx
                + part(after, who, r + 7) * ly
                + part(after, who, r + 8) * lz
            )
        eye = camera_after.eye
        px, py, pz = px - eye[0], py - eye[1], pz - eye[2]
    f, a, u = camera_after.forward, camera_after.right, camera_after.up
    deep = px * f[0] + py * f[1] + pz * f[2]
    if deep < 1e-3:
        return 0.0, 0.0
    scale = 0.5 * height / camera_after.half_height / deep
    vx = 0.5 * width + (px * a[0] + py * a[1] + pz * a[2]) * scale - x - 0.5
    vy = 0.5 * height - (px * u[0] + py * u[1] + pz * u[2]) * scale - y - 0.5
    long = math.sqrt(vx * vx + vy * vy) * SHUTTER + 1e-9
    k = SHUTTER * min(1.0, LONGEST_PX * height / long)
    return vx * k, vy * k


@kernel
def _fastest(fast, solids, after, camera, camera_after, depth, met):
    """Fill, a tile each, the fastest velocity; returns its length in px."""
    height, width = met.shape
    most = 0.0
    for j in range(fast.shape[0]):
        for k in range(fast.shape[1]):
            best = -1.0
            for y in range(j * TILE + 1, min((j + 1) * TILE, height), 4):
                for x in range(k * TILE + 1, min((k + 1) * TILE, width), 4):
                    vx, vy = _velocity(
                        solids,
                        after,
                        camera,
                        camera_after,
                        x,
                        y,
                        np.float64(depth[y, x]),
                        np.int64(met[y, x]),
                        width,
                        height,
                    )
                    if vx * vx + vy * vy > best:
                        best = vx * vx + vy * vy
                        fast[j, k, 0], fast[j, k, 1] = vx, vy
            most = max(most, best)
    return math.sqrt(most)


@inlined
def _near(fast, j, k):
    """The fastest velocity of a tile and those around it."""
    vx, vy = fast[j, k, 0], fast[j, k, 1]
    for m in range(max(j - 1, 0), min(j + 2, fast.shape[0])):
        for n in range(max(k - 1, 0), min(k + 2, fast.shape[1])):
            if fast[m, n, 0] ** 2 + fast[m, n, 1] ** 2 > vx * vx + vy * vy:
                vx, vy = fast[m, n, 0], fast[m, n, 1]
    return vx, vy


@entry
def smear(solids, after, camera, camera_after, depth, met, light, out):
    """Fill `out` with `light` as a shutter sees it; whether anything moved enough.

    `solids` and `after` are addresses of rows: now and a frame later.
    """
    height, width = met.shape
    down, across = (height + TILE - 1) // TILE, (width + TILE - 1) // TILE
    fast = np.zeros((down, across, 2), np.float64)
    if _fastest(fast, solids, after, camera, camera_after, depth, met) < SLIGHT_PX:
        return False
    speed = np.zeros((height, width), np.float32)
    busy = np.zeros((down, across), np.bool_)
    for j in range(down):
        for k in range(across):
            vx, vy = _near(fast, j, k)
            if vx * vx + vy * vy < SLIGHT_PX * SLIGHT_PX:
                continue
            busy[j, k] = True
            for m in range(max(j - 1, 0), min(j + 2, down)):
                for n in range(max(k - 1, 0), min(k + 2, across)):
                    busy[m, n] = True
    for j in range(down):
        for k in range(across):
            if busy[j, k]:
                for y in range(j * TILE, min((j + 1) * TILE, height)):
                    for x in range(k * TILE, min((k + 1) * TILE, width)):
                        vx, vy = _velocity(
                            solids,
                            after,
                            camera,
                            camera_after,
                            x,
                            y,
                            np.float64(depth[y, x]),
                            np.int64(met[y, x]),
                            width,
                            height,
                        )
                        speed[y, x] = math.sqrt(vx * vx + vy * vy)
    for j in range(down):
        for k in range(across):
            vx, vy = _near(fast, j, k)
            moves = vx * vx + vy * vy >= SLIGHT_PX * SLIGHT_PX
            for y in range(j * TILE, min((j + 1) * TILE, height)):
                for x in range(k * TILE, min((k + 1) * TILE, width)):
                    if moves:
                        _gather(light, depth, speed, x, y, vx, vy, out)
                    else:
                        for c in range(3):
                            out[y, x, c] = light[y, x, c]
    return True


@inlined
def _gather(light, depth, speed, x, y, vx, vy, out):
    """Average along (vx, vy) what passes over this pixel."""
    height, width = depth.shape
    own = speed[y, x] + 1e-3
    narrow = 2.0 / own
    here = depth[y, x]
    weight = 1.0 / max(own, 1.0)
    r, g, b = light[y, x, 0] * weight, light[y, x, 1] * weight, light[y, x, 2] * weight
    long = math.sqrt(vx * vx + vy * vy)
    count = min(2 * int(0.5 * long + 1.0) + 1, SAMPLES)  # about one a pixel
    part = 1.0 / count
    # Ordered noise moves the samples: grain instead of ghosts.
    jitter = ((52.9829189 * ((0.06711056 * x + 0.00583715 * y) % 1.0)) % 1.0) - 0.5
    for s in range(count):
        share = (s + 0.5 + 0.8 * jitter) * part - 0.5
        i, j = int(x + 0.5 + vx * share), int(y + 0.5 + vy * share)
        if (i == x and j == y) or i < 0 or j < 0 or i >= width or j >= height:
            continue
        away = abs(share) * long
        theirs = speed[j, i] + 1e-3
        if 2.0 * away >= theirs and 2.0 * away >= own:
            continue
        deeper = (depth[j, i] - here) * (1.0 / SOFT_DEPTH)
        before, behind = min(max(1.0 - deeper, 0.0), 1.0), min(max(1.0 + deeper, 0.0), 1.0)
        w = before * max(1.0 - 2.0 * away / theirs, 0.0)
        w += behind * max(1.0 - narrow * away, 0.0)
        if away < 0.5 * theirs and away < 0.5 * own:
            w += 1.0
        if w > 0.0:
            w *= SAMPLES * part
            weight += w
            r += w * light[j, i, 0]
            g += w * light[j, i, 1]
            b += w * light[j, i, 2]
    out[y, x, 0], out[y, x, 1], out[y, x, 2] = r / weight, g / weight, b / weight
