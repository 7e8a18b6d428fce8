"""The ray tracer: one frame of linear light from solids, a ground plane and a sky.

Shadows are soft by growing and shrinking the blocker by the sun's half angle at its distance;
contact shade comes from the blockers' distance fields; mirrors and glass follow one more ray.
"""
# ruff: noqa: ANN001, ANN201, ANN202, C901, PLR0913, PLR0917
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math

import numpy as np

from engine.engines.scene.frames.rays import (
    EPS,
    GROUND,
    SKY,
    local,
    nearest,
    nearest_of,
    openness,
    sunlight,
)
from engine.engines.scene.frames.shapes import (
    BOUND,
    CLEAR,
    COLOUR,
    F0,
    GLOSS,
    GLOW,
    KIND,
    METAL,
    PATTERN,
    POS,
    ROT,
    SECOND,
    SIZE,
    TINY,
    entry,
    interval,
    kernel,
    normal_at,
)
from engine.engines.scene.frames.sky import (
    is_behind_set,
    sky,
)
from engine.engines.scene.frames.textures import fractal, ground_share, mix, noise, pattern, step
from engine.engines.scene.light.look import B_STUDIO, SEA, SPACE
from engine.engines.scene.scene.sets import SHORE_AT

TILE = 16


@kernel
def _spot(look, x, y):
    if look.spot <= 0.0:
        return 1.0
    return step(look.spot * 1.15, look.spot * 0.75, math.hypot(x, y - 0.2)) + 0.015


@kernel
def _diffuse(look, n, albedo, light, open_share, glow):
    """Sun, sky from above and light thrown back by the ground."""
    cosine = max(0.0, n[0] * look.sun[0] + n[1] * look.sun[1] + n[2] * look.sun[2])
    up = 0.5 + 0.5 * n[2]
    ga, sc = look.ground_a, look.sun_colour
    bounce = (1.0 - up) * 0.42 * look.sun[2] * open_share
    amb = look.ambient * open_share
    fill_r = amb * (
        up * (0.6 * look.zenith[0] + 0.4 * look.horizon[0]) + (1.0 - up) * 0.35 * look.horizon[0]
    )
    fill_g = amb * (
        up * (0.6 * look.zenith[1] + 0.4 * look.horizon[1]) + (1.0 - up) * 0.35 * look.horizon[1]
    )
    fill_b = amb * (
        up * (0.6 * look.zenith[2] + 0.4 * look.horizon[2]) + (1.0 - up) * 0.35 * look.horizon[2]
    )
    k = cosine * light
    return (
        albedo[0] * (sc[0] * k + fill_r * 1.25 + bounce * ga[0] * sc[0] + glow),
        albedo[1] * (sc[1] * k + fill_g * 1.25 + bounce * ga[1] * sc[1] + glow),
        albedo[2] * (sc[2] * k + fill_b * 1.25 + bounce * ga[2] * sc[2] + glow),
    )


@kernel
def _water(o, d, t, look):
    """Sea: the sky in its waves by Fresnel, its own blue below, foam along the shore."""
    x, y = o[0] + d[0] * t, o[1] + d[1] * t
    w = look.seconds
    calm = 1.0 / (1.0 + 0.03 * t)
    a = noise(x * 0.7 + 0.3 * w, y * 1.6 - 0.9 * w, 5) - 0.5
    b = noise(x * 2.1 - 0.5 * w, y * 3.7 - 1.3 * w, 6) - 0.5
    nx, ny = 0.10 * (a + 0.7 * b) * calm, 0.34 * (a + 0.6 * b) * calm
    facing = max(0.02, -d[2] + ny * -d[1] * 0.5)
    f = 0.03 + 0.97 * (1.0 - min(facing, 1.0)) ** 5
    rx, ry, rz = d[0] + 2.0 * facing * nx, d[1] + 2.0 * facing * ny, abs(d[2]) + 0.05
    length = math.sqrt(rx * rx + ry * ry + rz * rz)
    above = sky(x, y, 0.0, rx / length, ry / length, rz / length, look)
    depth = step(SHORE_AT, SHORE_AT + 14.0, y)
    k = 0.32 * look.sun_colour[1] * max(look.sun[2], 0.12) + 0.5 * look.ambient
    deep = mix((0.07 * k, 0.42 * k, 0.42 * k), (0.01 * k, 0.13 * k, 0.26 * k), depth)
    c = mix(deep, above, f * 0.9)
    swash = SHORE_AT + 0.55 * math.sin(0.9 * w) + 0.7 * noise(x * 0.7, 0.4 * w, 7)
    foam = step(1.0, 0.0, abs(y - swash - 0.3)) * step(
        0.3, 0.6, fractal(x * 3.0, y * 3.0 - w * 0.4, 8, 3)
    )
    crest = step(0.73, 0.8, noise(x * 0.35 + 3.0, y * 0.8 - 0.55 * w, 9)) * step(22.0, 7.0, y) * 0.6
    lit = 0.8 * (0.3 * look.sun_colour[0] + look.ambient)
    return mix(c, (lit, lit, lit), max(foam, crest * 0.7)), y > swash


@kernel
def _shaded(prims, groups, o, d, t, who, look, pixel):
    """(light towards the eye without mirrors, mirror share, normal) where a ray met `who`."""
    if who == SKY:
        return sky(o[0], o[1], o[2], d[0], d[1], d[2], look), 0.0, (0.0, 0.0, 1.0)
    p = (o[0] + d[0] * t, o[1] + d[1] * t, o[2] + d[2] * t)
    if who == GROUND:
        if is_behind_set(p[0], p[1], look):
            return sky(o[0], o[1], o[2], d[0], d[1], d[2], look), 0.0, (0.0, 0.0, 1.0)
        return _ground(prims, groups, o, d, t, p, look, pixel)
    r = prims[who]
    lx, ly, lz, _, _, _ = local(prims, who, p[0], p[1], p[2], 0.0, 0.0, 1.0)
    a, b, c = r[SIZE], r[SIZE + 1], r[SIZE + 2]
    kind = int(r[KIND])
    ax, ay, az = normal_at(kind, a, b, c, lx, ly, lz)
    n = (
        r[ROT] * ax + r[ROT + 1] * ay + r[ROT + 2] * az,
        r[ROT + 3] * ax + r[ROT + 4] * ay + r[ROT + 5] * az,
        r[ROT + 6] * ax + r[ROT + 7] * ay + r[ROT + 8] * az,
    )
    share = pattern(int(r[PATTERN]), lx, ly, lz, a, b, c)
    albedo = mix(
        (r[COLOUR], r[COLOUR + 1], r[COLOUR + 2]), (r[SECOND], r[SECOND + 1], r[SECOND + 2]), share
    )
    q = (p[0] + n[0] * EPS, p[1] + n[1] * EPS, p[2] + n[2] * EPS)
    facing = n[0] * look.sun[0] + n[1] * look.sun[1] + n[2] * look.sun[2]
    light = sunlight(prims, groups, q, who, look) * _spot(look, p[0], p[1]) if facing > 0.0 else 0.0
    open_share = openness(prims, groups, q, n, who)
    # The ground darkens what stands on it.
    open_share *= 0.55 + 0.45 * step(-0.1, 0.5, p[2] / (r[BOUND] + TINY) + max(n[2], 0.0))
    base = _diffuse(look, n, albedo, light, open_share, r[GLOW])
    eye = -(n[0] * d[0] + n[1] * d[1] + n[2] * d[2])
    fresnel = r[F0] + (1.0 - r[F0]) * max(0.0, 1.0 - eye) ** 5 * (1.0 if r[GLOSS] > 20.0 else 0.25)
    hx, hy, hz = look.sun[0] - d[0], look.sun[1] - d[1], look.sun[2] - d[2]
    half = math.sqrt(hx * hx + hy * hy + hz * hz) + TINY
    shine = max(0.0, (n[0] * hx + n[1] * hy + n[2] * hz) / half) ** r[GLOSS]
    shine *= light * (r[GLOSS] + 8.0) * 0.04 * (r[F0] + 0.012)
    if r[METAL] > 0.5:
        keep = 0.25
        base = (base[0] * keep, base[1] * keep, base[2] * keep)
        tint = albedo
    else:
        tint = (1.0, 1.0, 1.0)
    sc = look.sun_colour
    lit = (
        base[0] + shine * sc[0] * tint[0],
        base[1] + shine * sc[1] * tint[1],
        base[2] + shine * sc[2] * tint[2],
    )
    return lit, fresnel, n


@kernel
def _ground(prims, groups, o, d, t, p, look, pixel):
    up = (0.0, 0.0, 1.0)
    if look.backdrop == SEA and p[1] > SHORE_AT - 2.0:
        c, is_water = _water(o, d, t, look)
        if is_water:
            return c, 0.0, up
    share, bright = ground_share(look.ground, p[0], p[1], t * pixel / max(-d[2], 0.02))
    albedo = mix(look.ground_a, look.ground_b, share)
    albedo = (albedo[0] * bright, albedo[1] * bright, albedo[2] * bright)
    if look.backdrop == SEA:  # wet sand
        wet = step(SHORE_AT - 3.5, SHORE_AT - 0.5, p[1])
        albedo = mix(albedo, (albedo[0] * 0.5, albedo[1] * 0.47, albedo[2] * 0.45), wet)
    q = (p[0], p[1], EPS)
    light = sunlight(prims, groups, q, -1, look) * _spot(look, p[0], p[1])
    open_share = openness(prims, groups, q, up, -1)
    c = _diffuse(look, up, albedo, light, open_share, 0.0)
    if look.backdrop == B_STUDIO:  # the paper curves up into the wall
        c = mix(c, sky(o[0], o[1], o[2], d[0], d[1], 0.0, look), step(6.0, 16.0, t))
    elif look.backdrop == SPACE:
        c = mix(c, (0.0, 0.0, 0.0), 0.8 * step(20.0, 90.0, t))
    fresnel = (
        look.shine + (0.6 * look.shine + 0.1) * (1.0 - min(-d[2] * 3.0, 1.0)) ** 3
        if look.shine > 0.0
        else 0.0
    )
    return c, fresnel, up


@kernel
def _fogged(c, d, t, look):
    if look.fog <= 0.0:
        return c
    return mix(c, look.horizon, 1.0 - math.exp(-look.fog * min(t, 400.0)))


@kernel
def _through_glass(prims, groups, o, d, t, who, n, look, pixel):
    """What a ray sees after it went into the glass of `who` and out at its far side."""
    eta = 1.0 / 1.45
    cosine = -(n[0] * d[0] + n[1] * d[1] + n[2] * d[2])
    k = 1.0 - eta * eta * (1.0 - cosine * cosine)
    w = eta * cosine - math.sqrt(max(k, 0.0))
    e = (eta * d[0] + w * n[0], eta * d[1] + w * n[1], eta * d[2] + w * n[2])
    p = (o[0] + d[0] * t, o[1] + d[1] * t, o[2] + d[2] * t)
    r = prims[who]
    lx, ly, lz, mx, my, mz = local(prims, who, p[0], p[1], p[2], e[0], e[1], e[2])
    _, thick = interval(int(r[KIND]), r[SIZE], r[SIZE + 1], r[SIZE + 2], lx, ly, lz, mx, my, mz)
    thick = min(max(thick, 0.0), 4.0 * r[BOUND])
    p = (p[0] + e[0] * thick, p[1] + e[1] * thick, p[2] + e[2] * thick)
    # Leaving bends the ray as much again, about as a ball does it.
    b = (2.0 * e[0] - d[0], 2.0 * e[1] - d[1], 2.0 * e[2] - d[2])
    length = math.sqrt(b[0] * b[0] + b[1] * b[1] + b[2] * b[2]) + TINY
    b = (b[0] / length, b[1] / length, b[2] / length)
    s, hit = nearest(prims, groups, p, b, who)
    c, _, _ = _shaded(prims, groups, p, b, s, hit, look, pixel)
    depth = min(thick / (2.0 * r[BOUND] + TINY), 1.0)
    return (
        c[0] * r[COLOUR] ** (0.35 + 1.2 * depth),
        c[1] * r[COLOUR + 1] ** (0.35 + 1.2 * depth),
        c[2] * r[COLOUR + 2] ** (0.35 + 1.2 * depth),
    )


@kernel
def _radiance(prims, chosen, count, groups, o, d, look, pixel):
    """(light along a ray, what it met)."""
    t, who = nearest_of(prims, chosen, count, o, d)
    c, mirror, n = _shaded(prims, groups, o, d, t, who, look, pixel)
    if who == SKY:
        return c, who
    if who >= 0 and prims[who, CLEAR] > 0.5:
        inner = _through_glass(prims, groups, o, d, t, who, n, look, pixel)
        c = mix(inner, c, 0.18)
    if mirror > 0.015:
        p = (
            o[0] + d[0] * t + n[0] * EPS,
            o[1] + d[1] * t + n[1] * EPS,
            o[2] + d[2] * t + n[2] * EPS,
        )
        k = 2.0 * (n[0] * d[0] + n[1] * d[1] + n[2] * d[2])
        m = (d[0] - k * n[0], d[1] - k * n[1], d[2] - k * n[2])
        s, hit = nearest(prims, groups, p, m, who)
        seen, _, _ = _shaded(prims, groups, p, m, s, hit, look, pixel)
        if who >= 0 and prims[who, METAL] > 0.5:
            mirror = 0.25 + 0.75 * mirror
            seen = (
                seen[0] * (0.15 + 0.85 * prims[who, COLOUR]),
                seen[1] * (0.15 + 0.85 * prims[who, COLOUR + 1]),
                seen[2] * (0.15 + 0.85 * prims[who, COLOUR + 2]),
            )
            c = (c[0] + seen[0] * mirror, c[1] + seen[1] * mirror, c[2] + seen[2] * mirror)
        else:
            c = mix(c, seen, min(mirror, 0.9))
    return _fogged(c, d, t, look), who


@kernel
def _ray(camera, u, v):
    """Unit direction through the picture at (u, v): v in [-1, 1] upwards, u in the same scale."""
    h = camera.half_height
    x = camera.forward[0] + h * (u * camera.right[0] + v * camera.up[0])
    y = camera.forward[1] + h * (u * camera.right[1] + v * camera.up[1])
    z = camera.forward[2] + h * (u * camera.right[2] + v * camera.up[2])
    k = 1.0 / math.sqrt(x * x + y * y + z * z)
    return (x * k, y * k, z * k)


@kernel
def _visible_in_tile(prims, count, camera, x0, y0, width, height, chosen):
    """Fill `chosen` with the solids whose bounding ball meets the cone through this tile."""
    half = 0.5 * height
    size = float(TILE)
    d = _ray(camera, (x0 + 0.5 * size - 0.5 * width) / half, (half - y0 - 0.5 * size) / half)
    e = _ray(camera, (x0 - 1.0 - 0.5 * width) / half, (half - y0 + 1.0) / half)
    f = _ray(camera, (x0 + size + 1.0 - 0.5 * width) / half, (half - y0 - size - 1.0) / half)
    cosine = min(d[0] * e[0] + d[1] * e[1] + d[2] * e[2], d[0] * f[0] + d[1] * f[1] + d[2] * f[2])
    spread = math.acos(min(cosine, 1.0)) * 1.05
    found = 0
    for i in range(count):
        cx = prims[i, POS] - camera.eye[0]
        cy = prims[i, POS + 1] - camera.eye[1]
        cz = prims[i, POS + 2] - camera.eye[2]
        far = math.sqrt(cx * cx + cy * cy + cz * cz) + TINY
        r = prims[i, BOUND]
        if far > r:
            angle = math.acos(
                min(max((cx * d[0] + cy * d[1] + cz * d[2]) / far, -1.0), 1.0)
            ) - math.asin(min(r / far, 1.0))
            if angle > spread:
                continue
        chosen[found] = i
        found += 1
    return found


@entry
def trace(prims, groups, camera, look, light, met):
    """Fill `light` (height, width, 3; linear) and `met` (height, width) with one frame.

    `groups` holds, a body each: x, y, z and radius of a bounding ball, first and last solid.
    One ray a pixel, and three more where a neighbour met something else or is much brighter.
    """
    height, width = met.shape
    count = prims.shape[0]
    half = 0.5 * height
    pixel = camera.half_height / half
    chosen = np.empty(count, np.int64)
    tiles_x = (width + TILE - 1) // TILE
    lists = np.empty(((height + TILE - 1) // TILE, tiles_x, count + 1), np.int16)
    for ty in range(lists.shape[0]):
        for tx in range(tiles_x):
            found = _visible_in_tile(
                prims, count, camera, tx * TILE, ty * TILE, width, height, chosen
            )
            lists[ty, tx, 0] = found
            for j in range(found):
                lists[ty, tx, 1 + j] = chosen[j]
    for y in range(height):
        for x in range(width):
            tile = lists[y // TILE, x // TILE]
            d = _ray(camera, (x + 0.5 - 0.5 * width) / half, (half - y - 0.5) / half)
            c, who = _radiance(prims, tile[1:], tile[0], groups, camera.eye, d, look, pixel)
            met[y, x] = who
            light[y, x, 0], light[y, x, 1], light[y, x, 2] = c
    for y in range(height):
        for x in range(width):
            if not _is_edge(light, met, x, y):
                continue
            tile = lists[y // TILE, x // TILE]
            r, g, b = light[y, x, 0], light[y, x, 1], light[y, x, 2]
            r, g, b = min(r, 4.0), min(g, 4.0), min(b, 4.0)
            for sx, sy in ((-0.32, -0.18), (0.18, -0.36), (0.02, 0.34)):
                d = _ray(camera, (x + 0.5 + sx - 0.5 * width) / half, (half - y - 0.5 + sy) / half)
                c, _ = _radiance(prims, tile[1:], tile[0], groups, camera.eye, d, look, pixel)
                r, g, b = r + min(c[0], 4.0), g + min(c[1], 4.0), b + min(c[2], 4.0)
            light[y, x, 0], light[y, x, 1], light[y, x, 2] = 0.25 * r, 0.25 * g, 0.25 * b


@kernel
def _is_edge(light, met, x, y):
    height, width = met.shape
    here = light[y, x, 0] + light[y, x, 1] + light[y, x, 2]
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        i, j = x + dx, y + dy
        if 0 <= i < width and 0 <= j < height:
            if met[j, i] != met[y, x]:
                return True
            there = light[j, i, 0] + light[j, i, 1] + light[j, i, 2]
            if abs(there - here) > 0.3 * (there + here) + 0.04:
                return True
    return False
