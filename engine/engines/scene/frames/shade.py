"""Shade: the light that a surface sends to the eye, by its material, sun, sky and neighbours."""
# ruff: noqa: ANN001, ANN201, PLR0913, PLR0917
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math

import numpy as np

from engine.engines.scene.frames.atlas import worn
from engine.engines.scene.frames.environment import backdrop
from engine.engines.scene.frames.memory import part
from engine.engines.scene.frames.plate import on_ground, on_sky
from engine.engines.scene.frames.rays import EPS, GROUND, SKY, local, nearest, openness, sunlight
from engine.engines.scene.frames.shapes import (
    BOUND,
    CLEAR,
    COLOUR,
    DECAL,
    F0,
    GLOSS,
    GLOW,
    KIND,
    METAL,
    PATTERN,
    ROT,
    SECOND,
    SIZE,
    TINY,
    inlined,
    interval,
    kernel,
    normal_at,
)
from engine.engines.scene.frames.sky import is_behind_set, sky
from engine.engines.scene.frames.surface import is_sea, swash
from engine.engines.scene.frames.textures import LEAVES, ground_share, mix, pattern, step
from engine.engines.scene.light.look import B_STUDIO, SEA, SNOW, SPACE

UP = (0.0, 0.0, 1.0)
LAMP_SPACING = 6.5  # m from street lamp to street lamp
DULL = 0.07  # a mirror weaker than this shows the sky, without what stands in it


@inlined
def spot(look, x, y):
    """Share of the light that reaches a place: a spotlight's pool, street lamps, or 1."""
    if look.lamps > 0.0:
        along = (x / LAMP_SPACING + 0.5) % 1.0 - 0.5
        across = (y - 1.2) / 5.5
        far = (along * along * 7.0 + across * across) * 1.6
        return 1.0 - look.lamps + look.lamps * 1.6 * math.exp(-far)
    if look.spot <= 0.0:
        return 1.0
    far = math.hypot(x, y - 0.2) / look.spot
    return 0.06 + 0.94 * step(1.25, 0.55, far)


@kernel
def diffuse(look, n, albedo, light, open_share, glow):
    """Sun, sky from above and light thrown back by the ground."""
    cosine = max(0.0, n[0] * look.sun[0] + n[1] * look.sun[1] + n[2] * look.sun[2])
    up = 0.5 + 0.5 * n[2]
    ga, sc, zenith, horizon = look.ground_a, look.sun_colour, look.zenith, look.horizon
    bounce = (1.0 - up) * 0.42 * look.sun[2] * open_share
    amb = 1.25 * look.ambient * open_share
    a, b = amb * up * 0.6, amb * (0.4 * up + 0.35 * (1.0 - up))
    k = cosine * light
    return (
        albedo[0] * (sc[0] * (k + bounce * ga[0]) + a * zenith[0] + b * horizon[0] + glow),
        albedo[1] * (sc[1] * (k + bounce * ga[1]) + a * zenith[1] + b * horizon[1] + glow),
        albedo[2] * (sc[2] * (k + bounce * ga[2]) + a * zenith[2] + b * horizon[2] + glow),
    )


@inlined
def normal_of(solids, i, p):
    """Outward normal of solid i at a point of its surface."""
    lx, ly, lz, _, _, _ = local(solids, i, p[0], p[1], p[2], 0.0, 0.0, 1.0)
    a, b, c = part(solids, i, SIZE), part(solids, i, SIZE + 1), part(solids, i, SIZE + 2)
    ax, ay, az = normal_at(int(part(solids, i, KIND)), a, b, c, lx, ly, lz)
    return (
        part(solids, i, ROT) * ax + part(solids, i, ROT + 1) * ay + part(solids, i, ROT + 2) * az,
        part(solids, i, ROT + 3) * ax
        + part(solids, i, ROT + 4) * ay
        + part(solids, i, ROT + 5) * az,
        part(solids, i, ROT + 6) * ax
        + part(solids, i, ROT + 7) * ay
        + part(solids, i, ROT + 8) * az,
    )


@kernel
def albedo_of(stage, i, p):
    """Colour of solid i at a point of its surface: its pattern, and its decal above."""
    solids = stage.solids
    lx, ly, lz, _, _, _ = local(solids, i, p[0], p[1], p[2], 0.0, 0.0, 1.0)
    a, b, c = part(solids, i, SIZE), part(solids, i, SIZE + 1), part(solids, i, SIZE + 2)
    albedo = (part(solids, i, COLOUR), part(solids, i, COLOUR + 1), part(solids, i, COLOUR + 2))
    if part(solids, i, PATTERN) > 0.5:
        share = pattern(int(part(solids, i, PATTERN)), lx, ly, lz, a, b, c)
        second = (part(solids, i, SECOND), part(solids, i, SECOND + 1), part(solids, i, SECOND + 2))
        albedo = mix(albedo, second, share)
    if part(solids, i, DECAL) >= 0.0:
        index = int(part(solids, i, DECAL))
        albedo = worn(stage.images, index, int(part(solids, i, KIND)), a, b, c, lx, ly, lz, albedo)
    return albedo


@kernel
def solid_light(stage, look, d, p, n, who, light, open_share):
    """(light towards the eye without mirrors, mirror share) of a point of a solid."""
    solids = stage.solids
    albedo = albedo_of(stage, who, p)
    light *= spot(look, p[0], p[1])
    if look.ground == SNOW and int(part(solids, who, PATTERN)) == LEAVES:  # it lies on the twigs
        albedo = mix(albedo, look.ground_a, 0.75 * step(0.3, 0.95, n[2]))
    # The ground darkens what stands on it.
    low = p[2] / (part(solids, who, BOUND) + TINY) + max(n[2], 0.0)
    if low < 0.5 and stage.is_there == 0:
        open_share *= 0.55 + 0.45 * step(-0.1, 0.5, low)
    base = diffuse(look, n, albedo, light, open_share, part(solids, who, GLOW))
    gloss, f0 = part(solids, who, GLOSS), part(solids, who, F0)
    grazing = max(0.0, 1.0 + n[0] * d[0] + n[1] * d[1] + n[2] * d[2])
    grazing2 = grazing * grazing
    fill = open_share * (1.0 - 0.6 * min(grazing, 1.0))
    rim = open_share * min(grazing2 * grazing, 1.0) * (0.55 + 0.45 * n[2])
    # The rim is seen on black cloth too.
    base = (
        base[0] + albedo[0] * fill * look.fill[0] + (0.12 + 0.88 * albedo[0]) * rim * look.rim[0],
        base[1] + albedo[1] * fill * look.fill[1] + (0.12 + 0.88 * albedo[1]) * rim * look.rim[1],
        base[2] + albedo[2] * fill * look.fill[2] + (0.12 + 0.88 * albedo[2]) * rim * look.rim[2],
    )
    fresnel = f0 + (1.0 - f0) * grazing2 * grazing2 * grazing * (1.0 if gloss > 20.0 else 0.25)
    shine = 0.0
    if light > 0.0:
        hx, hy, hz = look.sun[0] - d[0], look.sun[1] - d[1], look.sun[2] - d[2]
        half = math.sqrt(hx * hx + hy * hy + hz * hz) + TINY
        facing = (n[0] * hx + n[1] * hy + n[2] * hz) / half
        if facing > 0.0:
            shine = facing**gloss * light * (gloss + 8.0) * 0.04 * (f0 + 0.012)
    if part(solids, who, METAL) > 0.5:
        base = (base[0] * 0.25, base[1] * 0.25, base[2] * 0.25)
        tint = albedo
    else:
        tint = (1.0, 1.0, 1.0)
    sc = look.sun_colour
    lit = (
        base[0] + shine * sc[0] * tint[0],
        base[1] + shine * sc[1] * tint[1],
        base[2] + shine * sc[2] * tint[2],
    )
    return lit, fresnel


@kernel
def ground_light(stage, look, o, d, t, width, light, open_share):
    """(light towards the eye without mirrors, mirror share) of the ground at distance t."""
    x, y = o[0] + d[0] * t, o[1] + d[1] * t
    if stage.plate > 0:
        k = (light * look.sun[2] * look.sun_colour[1] + look.ambient * open_share) / (
            look.sun[2] * look.sun_colour[1] + look.ambient
        )
        c = on_ground(stage, x, y)
        return (c[0] * k, c[1] * k, c[2] * k), 0.0
    light *= spot(look, x, y)
    share, bright = ground_share(look.ground, x, y, width / max(-d[2], 0.02))
    albedo = mix(look.ground_a, look.ground_b, share)
    albedo = (albedo[0] * bright, albedo[1] * bright, albedo[2] * bright)
    wet, floor = 0.0, 1.0
    if look.backdrop == SEA:
        wet = step(-3.2, -0.6, y - swash(x, stage.seconds))
        albedo = mix(albedo, (albedo[0] * 0.5, albedo[1] * 0.47, albedo[2] * 0.45), wet)
    c = diffuse(look, UP, albedo, light, open_share, 0.0)
    if look.backdrop == B_STUDIO:  # the paper curves up into the wall
        if t > 6.0:
            floor = 1.0 - step(6.0, 16.0, t)
            c = mix(sky(o[0], o[1], o[2], d[0], d[1], 0.0, look), c, floor)
    elif look.backdrop == SPACE:
        c = mix(c, (0.0, 0.0, 0.0), 0.8 * step(20.0, 90.0, t))
    shine = max(look.shine, 0.1 * step(0.6, 1.0, wet))
    if shine <= 0.0:
        return c, 0.0
    grazing = 1.0 - min(-d[2] * 3.0, 1.0)
    return c, floor * (shine + (0.6 * shine + 0.1) * grazing * grazing * grazing)


@inlined
def fogged(c, look, t):
    """Light after t metres of air."""
    if look.fog <= 0.0:
        return c
    return mix(c, look.horizon, 1.0 - math.exp(-look.fog * min(t, 400.0)))


@kernel
def behind(stage, look, o, d):
    """What a secondary ray sees that meets nothing."""
    if stage.plate > 0:
        return on_sky(stage, d)
    return backdrop(stage.mirror, stage.mirror_side, o, d, look)


@kernel
def solid_from(stage, look, o, d, t, who):
    """Light of a solid that a secondary ray met, without what it mirrors."""
    p = (o[0] + d[0] * t, o[1] + d[1] * t, o[2] + d[2] * t)
    n = normal_of(stage.solids, who, p)
    q = (p[0] + n[0] * EPS, p[1] + n[1] * EPS, p[2] + n[2] * EPS)
    light = 0.0
    if n[0] * look.sun[0] + n[1] * look.sun[1] + n[2] * look.sun[2] > 0.0:
        light = sunlight(stage.solids, stage.groups, q, who, look)
    open_share = openness(stage.solids, stage.groups, q, n, who)
    c, _ = solid_light(stage, look, d, p, n, who, light, open_share)
    return c


@kernel
def seen(stage, look, o, d, skip, width):
    """(light, distance) along a secondary ray; `width` of what it stands for, m."""
    t, who = nearest(stage.solids, stage.groups, o, d, skip)
    if who == SKY:
        return behind(stage, look, o, d), t
    p = (o[0] + d[0] * t, o[1] + d[1] * t, o[2] + d[2] * t)
    if who >= 0:
        return solid_from(stage, look, o, d, t, who), t
    if is_behind_set(p[0], p[1], look):
        return behind(stage, look, o, d), t
    if stage.is_there > 0 and is_sea(stage, p[0], p[1]):
        away = behind(stage, look, p, (d[0], d[1], -d[2]))
        k = 0.4 * look.ambient + 0.3 * look.sun_colour[1] * max(look.sun[2], 0.1)
        w = stage.scatters
        return mix((w[0] * k, w[1] * k, w[2] * k), away, 0.25), t
    q = (p[0], p[1], EPS)
    light = sunlight(stage.solids, stage.groups, q, np.int64(GROUND), look)
    open_share = openness(stage.solids, stage.groups, q, UP, np.int64(GROUND))
    c, _ = ground_light(stage, look, o, d, t, t * width, light, open_share)
    return c, t


@kernel
def mirrored(stage, look, d, p, n, who, mirror, c, width):
    """Blend what a solid mirrors into its own light."""
    k = 2.0 * (n[0] * d[0] + n[1] * d[1] + n[2] * d[2])
    m = (d[0] - k * n[0], d[1] - k * n[1], d[2] - k * n[2])
    q = (p[0] + n[0] * EPS, p[1] + n[1] * EPS, p[2] + n[2] * EPS)
    solids = stage.solids
    if part(solids, who, METAL) > 0.5:
        mirror = 0.25 + 0.75 * mirror
        away, _ = seen(stage, look, q, m, who, 2.0 * width)
        return (
            c[0] + away[0] * mirror * (0.15 + 0.85 * part(solids, who, COLOUR)),
            c[1] + away[1] * mirror * (0.15 + 0.85 * part(solids, who, COLOUR + 1)),
            c[2] + away[2] * mirror * (0.15 + 0.85 * part(solids, who, COLOUR + 2)),
        )
    if mirror > DULL:
        away, _ = seen(stage, look, q, m, who, 2.0 * width)
    elif m[2] > 0.0:
        away = behind(stage, look, q, m)
    else:
        k = look.ambient * 0.6 + look.sun[2] * look.sun_colour[1] * 0.5
        away = (look.ground_a[0] * k, look.ground_a[1] * k, look.ground_a[2] * k)
    return mix(c, away, min(mirror, 0.9))


@kernel
def through_glass(stage, look, d, p, n, who, width):
    """What a ray sees after it went into the glass of `who` and out at its far side."""
    eta = 1.0 / 1.45
    cosine = -(n[0] * d[0] + n[1] * d[1] + n[2] * d[2])
    k = 1.0 - eta * eta * (1.0 - cosine * cosine)
    w = eta * cosine - math.sqrt(max(k, 0.0))
    e = (eta * d[0] + w * n[0], eta * d[1] + w * n[1], eta * d[2] + w * n[2])
    solids = stage.solids
    lx, ly, lz, mx, my, mz = local(solids, who, p[0], p[1], p[2], e[0], e[1], e[2])
    a, b, c = part(solids, who, SIZE), part(solids, who, SIZE + 1), part(solids, who, SIZE + 2)
    _, thick = interval(int(part(solids, who, KIND)), a, b, c, lx, ly, lz, mx, my, mz)
    thick = min(max(thick, 0.0), 4.0 * part(solids, who, BOUND))
    q = (p[0] + e[0] * thick, p[1] + e[1] * thick, p[2] + e[2] * thick)
    # Leaving bends the ray as much again, about as a ball does it.
    x, y, z = 2.0 * e[0] - d[0], 2.0 * e[1] - d[1], 2.0 * e[2] - d[2]
    length = math.sqrt(x * x + y * y + z * z) + TINY
    away, _ = seen(stage, look, q, (x / length, y / length, z / length), who, width)
    depth = 0.35 + 1.2 * min(thick / (2.0 * part(solids, who, BOUND) + TINY), 1.0)
    return (
        away[0] * part(solids, who, COLOUR) ** depth,
        away[1] * part(solids, who, COLOUR + 1) ** depth,
        away[2] * part(solids, who, COLOUR + 2) ** depth,
    )


@kernel
def solid_seen(stage, look, o, d, t, who, width, light, open_share):
    """All light along a primary ray that met a solid, before the air."""
    p = (o[0] + d[0] * t, o[1] + d[1] * t, o[2] + d[2] * t)
    n = normal_of(stage.solids, who, p)
    c, mirror = solid_light(stage, look, d, p, n, who, light, open_share)
    if part(stage.solids, who, CLEAR) > 0.5:
        c = mix(through_glass(stage, look, d, p, n, who, width), c, 0.18)
    if mirror > 0.015 or part(stage.solids, who, METAL) > 0.5:
        c = mirrored(stage, look, d, p, n, who, mirror, c, width)
    return c
