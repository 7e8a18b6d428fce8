"""Rays through the solids: what they meet first, how much sun and open sky a point sees."""
# ruff: noqa: ANN001, ANN201, ANN202, PLR0913, PLR0917
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math

import numpy as np

from engine.engines.scene.frames.memory import ball, groups_in, int64_at, part
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

SKY, GROUND, WATER = -2, -1, -3
EPS = 1e-3
SHADE_REACH = math.sqrt(6.0)  # in radii of a solid: beyond, it takes no sky


@kernel
def local(solids, i, px, py, pz, dx, dy, dz):
    """A ray in the coordinates of solid i (columns of its rotation are its axes)."""
    x, y, z = (
        px - part(solids, i, POS),
        py - part(solids, i, POS + 1),
        pz - part(solids, i, POS + 2),
    )
    xx, xy, xz = part(solids, i, ROT), part(solids, i, ROT + 3), part(solids, i, ROT + 6)
    yx, yy, yz = part(solids, i, ROT + 1), part(solids, i, ROT + 4), part(solids, i, ROT + 7)
    zx, zy, zz = part(solids, i, ROT + 2), part(solids, i, ROT + 5), part(solids, i, ROT + 8)
    return (
        xx * x + xy * y + xz * z,
        yx * x + yy * y + yz * z,
        zx * x + zy * y + zz * z,
        xx * dx + xy * dy + xz * dz,
        yx * dx + yy * dy + yz * dz,
        zx * dx + zy * dy + zz * dz,
    )


@kernel
def _ground_hit(o, d):
    if d[2] < -1e-6 and o[2] > 0.0:
        return -o[2] / d[2], np.int64(GROUND)
    return FAR, np.int64(SKY)


@kernel
def closer(solids, i, o, d, best):
    """Distance of solid i along a ray, if below `best`; else `best`."""
    cx, cy, cz = (
        part(solids, i, POS) - o[0],
        part(solids, i, POS + 1) - o[1],
        part(solids, i, POS + 2) - o[2],
    )
    along = cx * d[0] + cy * d[1] + cz * d[2]
    r = part(solids, i, BOUND)
    if along < -r or along - r > best or cx * cx + cy * cy + cz * cz - along * along > r * r:
        return best
    lx, ly, lz, mx, my, mz = local(solids, i, o[0], o[1], o[2], d[0], d[1], d[2])
    a, b, c = part(solids, i, SIZE), part(solids, i, SIZE + 1), part(solids, i, SIZE + 2)
    t0, t1 = interval(int(part(solids, i, KIND)), a, b, c, lx, ly, lz, mx, my, mz)
    return t0 if t1 > t0 and EPS < t0 < best else best


@kernel
def nearest(solids, groups, o, d, skip):
    """(distance, solid | GROUND | SKY) of the first thing a ray meets, leaving `skip` out."""
    best, who = _ground_hit(o, d)
    for g in range(groups_in(groups)):
        x, y, z = ball(groups, g, 0) - o[0], ball(groups, g, 1) - o[1], ball(groups, g, 2) - o[2]
        along = x * d[0] + y * d[1] + z * d[2]
        r = ball(groups, g, 3)
        if along < -r or along - r > best or x * x + y * y + z * z - along * along > r * r:
            continue
        for i in range(int(ball(groups, g, 4)), int(ball(groups, g, 5))):
            if i != skip:
                t = closer(solids, i, o, d, best)
                if t < best:
                    best, who = t, i
    return best, who


@kernel
def _sun_past(solids, i, p, look):
    """Share of the sun's disc that solid i leaves free at p, 0-1."""
    s = look.sun
    cx, cy, cz = (
        part(solids, i, POS) - p[0],
        part(solids, i, POS + 1) - p[1],
        part(solids, i, POS + 2) - p[2],
    )
    along = cx * s[0] + cy * s[1] + cz * s[2]
    r = part(solids, i, BOUND)
    if along < -r:
        return 1.0
    grow = look.softness * max(along, 0.02)
    reach = r + grow
    if cx * cx + cy * cy + cz * cz - along * along > reach * reach:
        return 1.0
    lx, ly, lz, mx, my, mz = local(solids, i, p[0], p[1], p[2], s[0], s[1], s[2])
    kind = int(part(solids, i, KIND))
    a, b, c = part(solids, i, SIZE), part(solids, i, SIZE + 1), part(solids, i, SIZE + 2)
    t0, t1 = interval(kind, a + grow, b + grow, c + grow, lx, ly, lz, mx, my, mz)
    if t1 <= t0 or t1 < EPS:
        return 1.0
    shrink = min(grow, 0.95 * min(a, b, c) if c > 0.0 else 0.95 * min(a, b))
    u0, u1 = interval(kind, a - shrink, b - shrink, c - shrink, lx, ly, lz, mx, my, mz)
    outer, inner = t1 - t0, u1 - u0
    blocked = 1.0
    if inner < 0.0:
        if kind != BOX:  # the gap of a round solid goes with the root of the offset
            outer, inner = outer * outer, -inner * inner
        blocked = outer / (outer - inner + TINY)
        blocked = blocked * blocked * (3.0 - 2.0 * blocked)
    if part(solids, i, CLEAR) > 0.5:
        blocked *= 0.45
    return 1.0 - blocked


@kernel
def sunlight_past(solids, chosen, count, p, skip, look):
    """Share of the sun's disc that a point sees past the solids chosen at this address, 0-1."""
    light = 1.0
    for m in range(count):
        i = int64_at(chosen, m)
        if i != skip:
            light *= _sun_past(solids, i, p, look)
            if light < 0.004:
                return 0.0
    return light


@kernel
def sunlight(solids, groups, p, skip, look):
    """Share of the sun's disc that a point sees, 0-1."""
    light = 1.0
    for g in range(groups_in(groups)):
        x, y, z = ball(groups, g, 0) - p[0], ball(groups, g, 1) - p[1], ball(groups, g, 2) - p[2]
        s = look.sun
        along = x * s[0] + y * s[1] + z * s[2]
        reach = ball(groups, g, 3) + look.softness * max(along, 0.02)
        if along < -ball(groups, g, 3) or x * x + y * y + z * z - along * along > reach * reach:
            continue
        for i in range(int(ball(groups, g, 4)), int(ball(groups, g, 5))):
            if i != skip:
                light *= _sun_past(solids, i, p, look)
        if light < 0.004:
            return 0.0
    return light


@kernel
def _shade_of(solids, i, p, n):
    """How much of the sky solid i takes from a surface at p with normal n, as a weight."""
    cx, cy, cz = (
        part(solids, i, POS) - p[0],
        part(solids, i, POS + 1) - p[1],
        part(solids, i, POS + 2) - p[2],
    )
    r = part(solids, i, BOUND)
    d2 = cx * cx + cy * cy + cz * cz
    if d2 > SHADE_REACH * SHADE_REACH * r * r:
        return 0.0
    if part(solids, i, KIND) == SPHERE and part(solids, i, SIZE) == r:
        d = math.sqrt(d2) + TINY
        facing = (n[0] * cx + n[1] * cy + n[2] * cz) / d
        fade = 1.0 - d2 / (SHADE_REACH * SHADE_REACH * r * r)
        return (
            max(0.0, facing * 0.75 + 0.25)
            * min(1.0, r * r / d2)
            * (0.35 + 0.65 * fade)
            * min(1.0, 4.0 * fade)
        )
    shade = 0.0
    small = min(part(solids, i, SIZE), part(solids, i, SIZE + 1))
    for h in (0.35 * small + 0.1 * r, 0.9 * r):
        qx, qy, qz = p[0] + n[0] * h, p[1] + n[1] * h, p[2] + n[2] * h
        lx, ly, lz, _, _, _ = local(solids, i, qx, qy, qz, 0.0, 0.0, 1.0)
        gap = distance(
            int(part(solids, i, KIND)),
            part(solids, i, SIZE),
            part(solids, i, SIZE + 1),
            part(solids, i, SIZE + 2),
            lx,
            ly,
            lz,
        )
        shade += 0.42 * min(max(1.0 - gap / h, 0.0), 1.0)
    return shade


@kernel
def openness_past(solids, chosen, count, p, n, skip):
    """Share of the sky that the solids chosen at this address leave open, 0-1."""
    shade = 0.0
    for m in range(count):
        i = int64_at(chosen, m)
        if i != skip:
            shade += _shade_of(solids, i, p, n)
    return 1.0 / (1.0 + 1.35 * shade)


@kernel
def openness(solids, groups, p, n, skip):
    """Share of the sky that nearby solids leave open, 0-1."""
    shade = 0.0
    for g in range(groups_in(groups)):
        x, y, z = ball(groups, g, 0) - p[0], ball(groups, g, 1) - p[1], ball(groups, g, 2) - p[2]
        if x * x + y * y + z * z < 9.0 * ball(groups, g, 3) * ball(groups, g, 3):
            for i in range(int(ball(groups, g, 4)), int(ball(groups, g, 5))):
                if i != skip:
                    shade += _shade_of(solids, i, p, n)
    return 1.0 / (1.0 + 1.35 * shade)


@kernel
def list_casters(solids, groups, middle, radius, look, casters, neighbours):
    """Fill the two lists with what may shade a point of this ball; (from the sun, from the sky)."""
    s = look.sun
    cast = near = 0
    for g in range(groups_in(groups)):
        r = ball(groups, g, 3)
        x, y, z = (
            ball(groups, g, 0) - middle[0],
            ball(groups, g, 1) - middle[1],
            ball(groups, g, 2) - middle[2],
        )
        far2 = x * x + y * y + z * z
        along = x * s[0] + y * s[1] + z * s[2]
        reach = r + radius + look.softness * (max(along, 0.0) + radius + 0.02)
        may_cast = along > -r - radius and far2 - along * along < reach * reach
        may_near = far2 < (3.0 * r + radius) ** 2
        if not may_cast and not may_near:
            continue
        for i in range(int(ball(groups, g, 4)), int(ball(groups, g, 5))):
            x, y, z = (
                part(solids, i, POS) - middle[0],
                part(solids, i, POS + 1) - middle[1],
                part(solids, i, POS + 2),
            )
            z -= middle[2]
            far2, r = x * x + y * y + z * z, part(solids, i, BOUND)
            if may_cast:
                along = x * s[0] + y * s[1] + z * s[2]
                reach = r + radius + look.softness * (max(along, 0.0) + radius + 0.02)
                if along > -r - radius and far2 - along * along < reach * reach:
                    casters[cast] = i
                    cast += 1
            if may_near and far2 < (SHADE_REACH * r + radius) ** 2:
                neighbours[near] = i
                near += 1
    return cast, near
