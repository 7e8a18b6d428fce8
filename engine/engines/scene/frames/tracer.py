"""The ray tracer: one frame of linear light from solids, a ground plane and a sky.

Shadows are soft by growing and shrinking the blocker by the sun's half angle at its distance;
contact shade comes from the blockers' distance fields; mirrors and glass follow one more ray.
Tile by tile: what may shade it is listed once, and shade is measured on a lattice of every third
pixel; between those that agree it is blended, elsewhere it is measured.
"""
# ruff: noqa: ANN001, ANN201, ANN202, C901, PLR0912, PLR0913, PLR0915, PLR1714, PLR0917
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math

import numpy as np

from engine.engines.scene.frames.environment import lookup
from engine.engines.scene.frames.plate import on_sky
from engine.engines.scene.frames.rays import (
    EPS,
    GROUND,
    SKY,
    WATER,
    list_casters,
    openness_past,
    sunlight_past,
)
from engine.engines.scene.frames.shade import (
    UP,
    behind,
    fogged,
    ground_light,
    normal_of,
    seen,
    solid_seen,
)
from engine.engines.scene.frames.shapes import entry, inlined, kernel
from engine.engines.scene.frames.sky import is_behind_set, sky
from engine.engines.scene.frames.textures import mix, step
from engine.engines.scene.frames.visible import TILE, first_hit, ray
from engine.engines.scene.light.look import CURTAIN, ROOM, SPACE

STRIDE = 3  # of the lattice; the last of a tile's pixels lies on it
POINTS = (TILE - 1) // STRIDE + 1
AGREE_LIGHT, AGREE_OPEN = 0.3, 0.12
DISTANT, HORIZON = 20.0, 120.0  # m: from here on ground fades, there it is gone
BRIGHTEST = 4.0  # before averaging: a glint must not whiten a whole edge
OFFSETS = ((-0.32, -0.18), (0.18, -0.36), (0.02, 0.34))


@inlined
def _shades(stage, look, o, d, t, who, casters, cast, neighbours, near):
    """(share of the sun, share of the sky) that a point sees past the listed solids."""
    n = UP
    p = (o[0] + d[0] * t, o[1] + d[1] * t, EPS)
    if who >= 0:
        p = (p[0], p[1], o[2] + d[2] * t)
        n = normal_of(stage.solids, who, p)
        p = (p[0] + n[0] * EPS, p[1] + n[1] * EPS, p[2] + n[2] * EPS)
    light = 0.0
    if n[0] * look.sun[0] + n[1] * look.sun[1] + n[2] * look.sun[2] > 0.0:
        light = sunlight_past(stage.solids, casters.ctypes.data, cast, p, who, look)
    return light, openness_past(stage.solids, neighbours.ctypes.data, near, p, n, who)


@kernel
def _far_sky(stage, look, o, d):
    """The sky behind everything, for a primary ray."""
    if stage.plate > 0:
        return on_sky(stage, d)
    if look.backdrop == ROOM or look.backdrop == CURTAIN:
        return sky(o[0], o[1], o[2], d[0], d[1], d[2], look)
    c = lookup(stage.sky, stage.sky_side, d[0], d[1], d[2])
    if stage.sky_share <= 0.0:
        return c
    return mix(c, lookup(stage.next_sky, stage.sky_side, d[0], d[1], d[2]), stage.sky_share)


@inlined
def _list_shaders(stage, look, camera, depth, met, x0, y0, casters, neighbours):
    """List what may shade the points that this tile shows."""
    height, width = met.shape
    low_x = low_y = low_z = 1e9
    high_x = high_y = high_z = -1e9
    for y in range(y0, min(y0 + TILE, height)):
        for x in range(x0, min(x0 + TILE, width)):
            if met[y, x] == SKY or met[y, x] == WATER:
                continue
            d = ray(camera, x + 0.5, y + 0.5, width, height)
            t = min(np.float64(depth[y, x]), 300.0)
            px, py = camera.eye[0] + d[0] * t, camera.eye[1] + d[1] * t
            pz = camera.eye[2] + d[2] * t
            low_x, high_x = min(low_x, px), max(high_x, px)
            low_y, high_y = min(low_y, py), max(high_y, py)
            low_z, high_z = min(low_z, pz), max(high_z, pz)
    if low_x > high_x:
        return 0, 0
    wide, deep, tall = high_x - low_x, high_y - low_y, high_z - low_z
    radius = 0.5 * math.sqrt(wide * wide + deep * deep + tall * tall) + 2.0 * EPS
    middle = (0.5 * (low_x + high_x), 0.5 * (low_y + high_y), 0.5 * (low_z + high_z))
    return list_casters(stage.solids, stage.groups, middle, radius, look, casters, neighbours)


@inlined
def _blend(lattice, met, x0, y0, x, y, who):
    """(agree, sun, sky) of a pixel between four points of the lattice that met the same."""
    height, width = met.shape
    i, j = (x - x0) // STRIDE, (y - y0) // STRIDE
    i, j = min(i, POINTS - 2), min(j, POINTS - 2)
    xl, yl = x0 + i * STRIDE, y0 + j * STRIDE
    if xl + STRIDE >= width or yl + STRIDE >= height:
        return False, 1.0, 1.0
    if (
        met[yl, xl] != who
        or met[yl, xl + STRIDE] != who
        or met[yl + STRIDE, xl] != who
        or met[yl + STRIDE, xl + STRIDE] != who
    ):
        return False, 1.0, 1.0
    a, b, c, d = (
        lattice[j, i, 0],
        lattice[j, i + 1, 0],
        lattice[j + 1, i, 0],
        lattice[j + 1, i + 1, 0],
    )
    if max(a, b, c, d) - min(a, b, c, d) > AGREE_LIGHT:
        return False, 1.0, 1.0
    u, v = (x - xl) / STRIDE, (y - yl) / STRIDE
    light = (a + (b - a) * u) * (1.0 - v) + (c + (d - c) * u) * v
    a, b, c, d = (
        lattice[j, i, 1],
        lattice[j, i + 1, 1],
        lattice[j + 1, i, 1],
        lattice[j + 1, i + 1, 1],
    )
    if max(a, b, c, d) - min(a, b, c, d) > AGREE_OPEN:
        return False, 1.0, 1.0
    return True, light, (a + (b - a) * u) * (1.0 - v) + (c + (d - c) * u) * v


@kernel
def _pixel(stage, look, o, d, t, who, width, may_mirror, light, open_share):
    """Light along a primary ray that met a solid or the ground, after the air."""
    if who >= 0:
        return fogged(solid_seen(stage, look, o, d, t, who, width, light, open_share), look, t)
    c, mirror = ground_light(stage, look, o, d, t, t * width, light, open_share)
    if mirror > 0.015:
        p = (o[0] + d[0] * t, o[1] + d[1] * t, EPS)
        m = (d[0], d[1], -d[2])
        if may_mirror:
            away, _ = seen(stage, look, p, m, np.int64(GROUND), width)
        else:
            away = behind(stage, look, p, m)
        c = mix(c, away, min(mirror, 0.9))
    c = fogged(c, look, t)
    if t > DISTANT and stage.plate <= 0 and look.backdrop != SPACE:
        # Far ground takes the colour of the foot of what stands at the horizon.
        c = mix(c, behind(stage, look, o, (d[0], d[1], 0.0)), step(DISTANT, HORIZON, t))
    return c


@entry
def shade(stage, look, camera, reflected, depth, met, light):
    """Fill `light` (height, width, 3; linear) where something was met, water left out.

    `reflected` lists, a tile each, the solids that the ground may mirror there.
    """
    height, width = met.shape
    o = (camera.eye[0], camera.eye[1], camera.eye[2])
    pixel = camera.half_height / (0.5 * height)
    count = stage.solid_count
    casters, neighbours = np.empty(count, np.int64), np.empty(count, np.int64)
    lattice = np.empty((POINTS, POINTS, 2), np.float64)
    for y0 in range(0, height, TILE):
        for x0 in range(0, width, TILE):
            cast, near = _list_shaders(stage, look, camera, depth, met, x0, y0, casters, neighbours)
            is_shaded = cast + near > 0
            if is_shaded:
                for j in range(POINTS):
                    for i in range(POINTS):
                        x, y = x0 + i * STRIDE, y0 + j * STRIDE
                        if x < width and y < height and met[y, x] >= GROUND:
                            d = ray(camera, x + 0.5, y + 0.5, width, height)
                            lattice[j, i, 0], lattice[j, i, 1] = _shades(
                                stage,
                                look,
                                o,
                                d,
                                np.float64(depth[y, x]),
                                np.int64(met[y, x]),
                                casters,
                                cast,
                                neighbours,
                                near,
                            )
            may_mirror = reflected[y0 // TILE, x0 // TILE, 0] > 0
            for y in range(y0, min(y0 + TILE, height)):
                for x in range(x0, min(x0 + TILE, width)):
                    who = np.int64(met[y, x])
                    if who == WATER:
                        continue
                    d = ray(camera, x + 0.5, y + 0.5, width, height)
                    t = np.float64(depth[y, x])
                    if who == SKY or (
                        who == GROUND and is_behind_set(o[0] + d[0] * t, o[1] + d[1] * t, look)
                    ):
                        c = _far_sky(stage, look, o, d)
                    else:
                        sun, free = 1.0, 1.0
                        if is_shaded:
                            agree, sun, free = _blend(lattice, met, x0, y0, x, y, who)
                            if not agree:
                                sun, free = _shades(
                                    stage, look, o, d, t, who, casters, cast, neighbours, near
                                )
                        c = _pixel(stage, look, o, d, t, who, pixel, may_mirror, sun, free)
                    light[y, x, 0], light[y, x, 1], light[y, x, 2] = c


@entry
def refine(stage, look, camera, lists, depth, met, light, out):
    """Fill `out` with `light`, its edges smoothed by three more rays a pixel.

    Such a ray takes the colour of the neighbour that met the same thing; only on the edges within
    a solid (of a box, a pattern) it is shaded anew.
    """
    height, width = met.shape
    o = (camera.eye[0], camera.eye[1], camera.eye[2])
    pixel = camera.half_height / (0.5 * height)
    count = stage.solid_count
    casters, neighbours = np.empty(count, np.int64), np.empty(count, np.int64)
    sums = np.empty((height, width), np.float32)
    for y in range(height):
        for x in range(width):
            r, g, b = light[y, x, 0], light[y, x, 1], light[y, x, 2]
            sums[y, x] = r + g + b
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = r, g, b
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            kind = _edge(sums, met, x, y)
            if kind == 0:
                continue
            r, g, b = light[y, x, 0], light[y, x, 1], light[y, x, 2]
            own = np.int64(met[y, x])
            r, g, b = min(r, BRIGHTEST), min(g, BRIGHTEST), min(b, BRIGHTEST)
            cast = near = -1
            sr, sg, sb = r, g, b
            for sx, sy in OFFSETS:
                d = ray(camera, x + 0.5 + sx, y + 0.5 + sy, width, height)
                t, who = first_hit(stage, lists, y // TILE, x // TILE, o, d)
                c = (r, g, b)
                if who != own:
                    for dx, dy in (
                        (-1, 0),
                        (1, 0),
                        (0, -1),
                        (0, 1),
                        (-1, -1),
                        (1, -1),
                        (-1, 1),
                        (1, 1),
                    ):
                        i, j = x + dx, y + dy
                        if met[j, i] == who:
                            c = (light[j, i, 0], light[j, i, 1], light[j, i, 2])
                            break
                elif kind == 2 and who >= 0:
                    if cast < 0:
                        p = (o[0] + d[0] * t, o[1] + d[1] * t, o[2] + d[2] * t)
                        radius = 3.0 * pixel * t
                        cast, near = list_casters(
                            stage.solids, stage.groups, p, radius, look, casters, neighbours
                        )
                    sun, free = _shades(stage, look, o, d, t, who, casters, cast, neighbours, near)
                    c = _pixel(stage, look, o, d, t, who, pixel, cast >= 0, sun, free)
                elif kind == 2:
                    # Within the ground: halfway to the neighbour on that side.
                    i = x + (1 if sx > 0.1 else (-1 if sx < -0.1 else 0))
                    j = y + (1 if sy > 0.0 else -1)
                    if met[j, i] == own:
                        c = (
                            0.6 * r + 0.4 * light[j, i, 0],
                            0.6 * g + 0.4 * light[j, i, 1],
                            0.6 * b + 0.4 * light[j, i, 2],
                        )
                sr += min(c[0], BRIGHTEST)
                sg += min(c[1], BRIGHTEST)
                sb += min(c[2], BRIGHTEST)
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = 0.25 * sr, 0.25 * sg, 0.25 * sb


@inlined
def _edge(sums, met, x, y):
    """0: none; 1: of two things; 2: within one thing, by its light."""
    who = met[y, x]
    if met[y, x - 1] != who or met[y, x + 1] != who or met[y - 1, x] != who or met[y + 1, x] != who:
        return 1
    if who in (SKY, WATER):  # their tables and ripples are smooth by themselves
        return 0
    here = sums[y, x]
    a, b, c, d = sums[y, x - 1], sums[y, x + 1], sums[y - 1, x], sums[y + 1, x]
    # The darker of two is less than 0.54 of the brighter.
    low, high = min(a, b, c, d), max(a, b, c, d)
    if high - here > 0.3 * (high + here) + 0.04 or here - low > 0.3 * (low + here) + 0.04:
        return 2
    return 0
