"""Rays through the solids: what they meet first, how much sun and open sky a point sees."""
# ruff: noqa: ANN001, ANN201, ANN202, C901, PLR0913, PLR0917
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math

from engine.engines.scene.frames.shapes import (
    BOUND,
    BOX,
    CLEAR,
    FAR,
    KIND,
    POS,
    ROT,
    SIZE,
    SPHERE,
    TINY,
    distance,
    interval,
    kernel,
)

SKY, GROUND = -2, -1
EPS = 1e-3


@kernel
def local(prims, i, px, py, pz, dx, dy, dz):
    """A ray in the coordinates of solid i (columns of its rotation are its axes)."""
    x, y, z = px - prims[i, POS], py - prims[i, POS + 1], pz - prims[i, POS + 2]
    r = prims[i]
    return (
        r[ROT] * x + r[ROT + 3] * y + r[ROT + 6] * z,
        r[ROT + 1] * x + r[ROT + 4] * y + r[ROT + 7] * z,
        r[ROT + 2] * x + r[ROT + 5] * y + r[ROT + 8] * z,
        r[ROT] * dx + r[ROT + 3] * dy + r[ROT + 6] * dz,
        r[ROT + 1] * dx + r[ROT + 4] * dy + r[ROT + 7] * dz,
        r[ROT + 2] * dx + r[ROT + 5] * dy + r[ROT + 8] * dz,
    )


@kernel
def _ground_hit(o, d):
    if d[2] < -1e-6 and o[2] > 0.0:
        return -o[2] / d[2], GROUND
    return FAR, SKY


@kernel
def _closer(prims, i, o, d, best):
    """Distance of solid i along a ray, if below `best`; else `best`."""
    cx, cy, cz = prims[i, POS] - o[0], prims[i, POS + 1] - o[1], prims[i, POS + 2] - o[2]
    along = cx * d[0] + cy * d[1] + cz * d[2]
    r = prims[i, BOUND]
    if along < -r or along - r > best or cx * cx + cy * cy + cz * cz - along * along > r * r:
        return best
    lx, ly, lz, mx, my, mz = local(prims, i, o[0], o[1], o[2], d[0], d[1], d[2])
    a, b, c = prims[i, SIZE], prims[i, SIZE + 1], prims[i, SIZE + 2]
    t0, t1 = interval(prims[i, KIND], a, b, c, lx, ly, lz, mx, my, mz)
    return t0 if t1 > t0 and EPS < t0 < best else best


@kernel
def nearest_of(prims, chosen, count, o, d):
    """(distance, solid | GROUND | SKY) of the first of the chosen things that a ray meets."""
    best, who = _ground_hit(o, d)
    for j in range(count):
        i = int(chosen[j])
        t = _closer(prims, i, o, d, best)
        if t < best:
            best, who = t, i
    return best, who


@kernel
def nearest(prims, groups, o, d, skip):
    """(distance, solid | GROUND | SKY) of the first thing a ray meets, leaving `skip` out."""
    best, who = _ground_hit(o, d)
    for g in range(groups.shape[0]):
        x, y, z = groups[g, 0] - o[0], groups[g, 1] - o[1], groups[g, 2] - o[2]
        along = x * d[0] + y * d[1] + z * d[2]
        r = groups[g, 3]
        if along < -r or along - r > best or x * x + y * y + z * z - along * along > r * r:
            continue
        for i in range(int(groups[g, 4]), int(groups[g, 5])):
            if i != skip:
                t = _closer(prims, i, o, d, best)
                if t < best:
                    best, who = t, i
    return best, who


@kernel
def sunlight(prims, groups, p, skip, look):
    """Share of the sun's disc that a point sees, 0-1."""
    light = 1.0
    for g in range(groups.shape[0]):
        x, y, z = groups[g, 0] - p[0], groups[g, 1] - p[1], groups[g, 2] - p[2]
        s = look.sun
        along = x * s[0] + y * s[1] + z * s[2]
        reach = groups[g, 3] + look.softness * max(along, 0.02)
        if along < -groups[g, 3] or x * x + y * y + z * z - along * along > reach * reach:
            continue
        light *= _group_sunlight(prims, int(groups[g, 4]), int(groups[g, 5]), p, skip, look)
        if light < 0.004:
            return 0.0
    return light


@kernel
def _group_sunlight(prims, first, last, p, skip, look):
    s = look.sun
    light = 1.0
    for i in range(first, last):
        if i == skip:
            continue
        cx, cy, cz = prims[i, POS] - p[0], prims[i, POS + 1] - p[1], prims[i, POS + 2] - p[2]
        along = cx * s[0] + cy * s[1] + cz * s[2]
        r = prims[i, BOUND]
        if along < -r:
            continue
        grow = look.softness * max(along, 0.02)
        reach = r + grow
        if cx * cx + cy * cy + cz * cz - along * along > reach * reach:
            continue
        lx, ly, lz, mx, my, mz = local(prims, i, p[0], p[1], p[2], s[0], s[1], s[2])
        kind = prims[i, KIND]
        a, b, c = prims[i, SIZE], prims[i, SIZE + 1], prims[i, SIZE + 2]
        t0, t1 = interval(kind, a + grow, b + grow, c + grow, lx, ly, lz, mx, my, mz)
        if t1 <= t0 or t1 < EPS:
            continue
        shrink = min(grow, 0.95 * min(a, b, c) if c > 0.0 else 0.95 * min(a, b))
        u0, u1 = interval(kind, a - shrink, b - shrink, c - shrink, lx, ly, lz, mx, my, mz)
        outer, inner = t1 - t0, u1 - u0
        blocked = 1.0
        if inner < 0.0:
            if kind != BOX:  # the gap of a round solid goes with the root of the offset
                outer, inner = outer * outer, -inner * inner
            blocked = outer / (outer - inner + TINY)
            blocked = blocked * blocked * (3.0 - 2.0 * blocked)
        if prims[i, CLEAR] > 0.5:
            blocked *= 0.45
        light *= 1.0 - blocked
        if light < 0.004:
            return 0.0
    return light


@kernel
def openness(prims, groups, p, n, skip):
    """Share of the sky that nearby solids leave open, 0-1."""
    shade = 0.0
    for g in range(groups.shape[0]):
        x, y, z = groups[g, 0] - p[0], groups[g, 1] - p[1], groups[g, 2] - p[2]
        if x * x + y * y + z * z < 9.0 * groups[g, 3] * groups[g, 3]:
            shade += _group_shade(prims, int(groups[g, 4]), int(groups[g, 5]), p, n, skip)
    return 1.0 / (1.0 + 1.35 * shade)


@kernel
def _group_shade(prims, first, last, p, n, skip):
    shade = 0.0
    for i in range(first, last):
        if i == skip:
            continue
        cx, cy, cz = prims[i, POS] - p[0], prims[i, POS + 1] - p[1], prims[i, POS + 2] - p[2]
        r = prims[i, BOUND]
        d2 = cx * cx + cy * cy + cz * cz
        if d2 > 6.0 * r * r:
            continue
        if prims[i, KIND] == SPHERE and prims[i, SIZE] == r:
            d = math.sqrt(d2) + TINY
            facing = (n[0] * cx + n[1] * cy + n[2] * cz) / d
            fade = 1.0 - d2 / (6.0 * r * r)
            shade += (
                max(0.0, facing * 0.75 + 0.25)
                * min(1.0, r * r / d2)
                * (0.35 + 0.65 * fade)
                * min(1.0, 4.0 * fade)
            )
            continue
        small = min(prims[i, SIZE], prims[i, SIZE + 1])
        for h in (0.35 * small + 0.1 * r, 0.9 * r):
            qx, qy, qz = p[0] + n[0] * h, p[1] + n[1] * h, p[2] + n[2] * h
            lx, ly, lz, _, _, _ = local(prims, i, qx, qy, qz, 0.0, 0.0, 1.0)
            gap = distance(
                prims[i, KIND], prims[i, SIZE], prims[i, SIZE + 1], prims[i, SIZE + 2], lx, ly, lz
            )
            shade += 0.42 * min(max(1.0 - gap / h, 0.0), 1.0)
    return shade
