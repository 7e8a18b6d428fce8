"""Water: what its surface mirrors, and what one sees through it down to the bed.

Fresnel's share of the sky and of bodies above; below, bodies and the bed through water that absorbs
(Beer-Lambert) and scatters. Ripples too small for a pixel widen the sun's glitter instead.
"""
# ruff: noqa: ANN001, ANN201, ANN202, PLR0913, PLR0917
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math

import numpy as np

from engine.engines.scene.frames.memory import float32_at, int16_at
from engine.engines.scene.frames.rays import EPS, SKY, WATER, closer, sunlight
from engine.engines.scene.frames.ripples import SIDE, TILE_M
from engine.engines.scene.frames.shade import behind, fogged, solid_from
from engine.engines.scene.frames.shapes import FAR, entry, inlined, kernel
from engine.engines.scene.frames.surface import SHORE, SPAN, TILE_BED, lean_at, swash
from engine.engines.scene.frames.textures import fractal, ground_share, mix, noise, step
from engine.engines.scene.frames.visible import TILE, ray

F0 = 0.02  # of water
ETA = 1.0 / 1.333
BEACH_SLOPE = 0.13
BLURRED_M = 9.0  # of water, behind which forward scattering leaves no detail (Duntley 1963)
# Layers of ripples: side of the tile in m, cosine and sine of its turn, share of the slopes.
LAYERS = ((8.0, 1.0, 0.0, 0.62), (2.63, 0.8, 0.6, 0.55), (37.0, 0.28, 0.96, 0.5))
MAX_GLITTER = 30.0
DROP, DROP_MOST = 0.75, 0.006  # share of its size that shows; of the picture's height


@inlined
def _tile(ripples, x, y):
    """(slope x, slope y, crest) of the tile of ripples, periodic, bilinear."""
    a, b = x * (SIDE / TILE_M), y * (SIDE / TILE_M)
    fa, fb = math.floor(a), math.floor(b)
    u, v = a - fa, b - fb
    i, j = int(fa) & (SIDE - 1), int(fb) & (SIDE - 1)
    k, m = (i + 1) & (SIDE - 1), (j + 1) & (SIDE - 1)
    p00, p01, p10, p11 = (
        (j * SIDE + i) * 3,
        (j * SIDE + k) * 3,
        (m * SIDE + i) * 3,
        (m * SIDE + k) * 3,
    )
    w00, w01, w10, w11 = (1.0 - u) * (1.0 - v), u * (1.0 - v), (1.0 - u) * v, u * v
    return (
        w00 * float32_at(ripples, p00)
        + w01 * float32_at(ripples, p01)
        + w10 * float32_at(ripples, p10)
        + w11 * float32_at(ripples, p11),
        w00 * float32_at(ripples, p00 + 1)
        + w01 * float32_at(ripples, p01 + 1)
        + w10 * float32_at(ripples, p10 + 1)
        + w11 * float32_at(ripples, p11 + 1),
        w00 * float32_at(ripples, p00 + 2)
        + w01 * float32_at(ripples, p01 + 2)
        + w10 * float32_at(ripples, p10 + 2)
        + w11 * float32_at(ripples, p11 + 2),
    )


@kernel
def _slopes(stage, x, y, foot):
    """(slope x, slope y, variance too fine to see, crest, bend) where a pixel covers `foot` m."""
    sx, sy, bend = lean_at(stage.leans, x, y)
    inside = 1.0 if max(abs(x), abs(y)) < 0.5 * SPAN - 4.0 else 0.0
    hidden, crest = 0.0, 0.0
    for side, c, s, share in LAYERS:
        if side > 20.0 and inside > 0.0:
            continue
        k = TILE_M / side
        tx, ty, tc = _tile(stage.ripples, k * (c * x + s * y), k * (c * y - s * x))
        # Finer than two pixels a wave, ripples are felt and not seen.
        width = foot * k / 0.35
        seen = 1.0 / (1.0 + width * width)
        amp = stage.rough * share
        sx += amp * seen * (c * tx - s * ty)
        sy += amp * seen * (s * tx + c * ty)
        hidden += 0.5 * amp * amp * (1.0 - seen * seen)
        crest += share * seen * tc
    return sx, sy, hidden, crest, bend


@kernel
def _bed(stage, look, x, y, depth, foot):
    """Colour of the bed in the light that reaches it, its grain and the nets of light on it."""
    if stage.bed == TILE_BED:
        share, bright = 0.0, 1.0
        u, v = x / 0.3, y / 0.3
        w = 0.03 + 1.5 * foot / 0.3
        line = max(
            step(0.5 - w, 0.5, abs(u - math.floor(u) - 0.5)),
            step(0.5 - w, 0.5, abs(v - math.floor(v) - 0.5)),
        ) / (1.0 + 8.0 * w * w)
        tone = 0.92 + 0.16 * noise(math.floor(u) * 7.1 + 0.5, math.floor(v) * 3.7 + 0.5, 3)
        bright = tone * (1.0 - 0.22 * line)
        lane = step(0.16 + foot, 0.12, abs(x - 2.5 * math.floor(x / 2.5 + 0.5)))
        c = mix(look.ground_a, (0.02, 0.09, 0.22), 0.8 * lane)
    else:
        share, bright = ground_share(look.ground, x, y, foot)
        c = mix(look.ground_a, look.ground_b, share)
    # Ripples above gather the light in nets.
    a, _, ca = _tile(stage.ripples, x * 1.6 + 0.2 * depth, y * 1.6)
    _, b, cb = _tile(stage.ripples, 1.31 * y + 3.0, 1.31 * x - 0.15 * depth)
    net = max(0.0, 1.0 + 0.42 * (ca + cb) - 0.12 * abs(a + b))
    net = min(net * net, 3.5)
    near = 1.0 / (1.0 + foot * 12.0)
    return _lit_bed(look, c, bright, 1.0 + (0.75 * net - 0.75) * near)


@inlined
def _lit_bed(look, c, bright, net):
    """The light that a bed of colour `c` gives back; `net`: of the sun's, more or less than all."""
    sun = look.sun_colour
    k = 0.55 * max(look.sun[2], 0.15) * net * bright
    amb = 0.8 * look.ambient * bright
    return (
        c[0] * (k * sun[0] + amb * look.zenith[0]),
        c[1] * (k * sun[1] + amb * look.zenith[1]),
        c[2] * (k * sun[2] + amb * look.zenith[2]),
    )


@kernel
def _below(stage, look, listed, p, d, n, foot):
    """Light that comes up through the surface from below."""
    cosine = -(d[0] * n[0] + d[1] * n[1] + d[2] * n[2])
    w = ETA * cosine - math.sqrt(max(1.0 - ETA * ETA * (1.0 - cosine * cosine), 0.0))
    x, y, z = ETA * d[0] + w * n[0], ETA * d[1] + w * n[1], min(ETA * d[2] + w * n[2], -0.08)
    length = math.sqrt(x * x + y * y + z * z)
    e = (x / length, y / length, z / length)
    depth = stage.depth
    if stage.is_there == SHORE:
        depth = min(max((p[1] - swash(p[0], stage.seconds)) * BEACH_SLOPE, 0.0), depth)
    path, who = (p[2] + depth) / -e[2], np.int64(SKY)
    for m in range(1, int16_at(listed, 0) + 1):
        i = np.int64(int16_at(listed, m))
        t = closer(stage.solids, i, p, e, path)
        if t < path:
            path, who = t, i
    sun, a, s = look.sun_colour, stage.absorbs, stage.scatters
    day = 0.42 * max(look.sun[2], 0.1)
    ambient = 0.75 * look.ambient
    deep = (
        s[0] * (day * sun[0] + ambient * look.zenith[0]),
        s[1] * (day * sun[1] + ambient * look.zenith[1]),
        s[2] * (day * sun[2] + ambient * look.zenith[2]),
    )
    murk = 0.7 * a[0] + 0.3
    if path * murk > 9.0:
        return deep
    q = (p[0] + e[0] * path, p[1] + e[1] * path, p[2] + e[2] * path)
    way = path + 0.8 * max(-q[2], 0.0)  # and the way of the light down
    if who >= 0:
        c = solid_from(stage, look, p, e, path, who)
    elif way > BLURRED_M:
        c = _lit_bed(look, mix(look.ground_a, look.ground_b, 0.5), 1.0, 1.0)
    else:
        c = _bed(stage, look, q[0], q[1], depth, foot)
        if stage.bed == TILE_BED or stage.is_there == SHORE:
            free = 0.35 + 0.65 * sunlight(stage.solids, stage.groups, q, np.int64(SKY), look)
            c = (c[0] * free, c[1] * free, c[2] * free)
    tr, tg, tb = math.exp(-a[0] * way), math.exp(-a[1] * way), math.exp(-a[2] * way)
    k = math.exp(-murk * 0.55 * path)
    return (
        c[0] * tr + deep[0] * (1.0 - k),
        c[1] * tg + deep[1] * (1.0 - k),
        c[2] * tb + deep[2] * (1.0 - k),
    )


@inlined
def _glitter(look, d, sx, sy, variance):
    """The sun in the ripples: its light times how many of them lean the right way."""
    hx, hy, hz = look.sun[0] - d[0], look.sun[1] - d[1], look.sun[2] - d[2]
    if look.sun[2] <= 0.0 or hz < 1e-3:
        return 0.0
    ax, ay = -hx / hz - sx, -hy / hz - sy
    away = (ax * ax + ay * ay) / (2.0 * variance)
    if away > 18.0:
        return 0.0
    h = math.sqrt(hx * hx + hy * hy + hz * hz)
    c = h * 0.5  # cosine between the half vector and the sun: |s - d| = 2 cos
    fresnel = F0 + (1.0 - F0) * max(1.0 - c, 0.0) ** 5
    up = hz / h
    density = math.exp(-away) / (6.2832 * variance)
    return min(0.011 * fresnel * density / (up**4 * max(-d[2], 0.05)), MAX_GLITTER)


@kernel
def _above(stage, look, listed, p, d, n, lift):
    """What the surface mirrors: a body that stands there, or the sky."""
    w = 2.0 * (d[0] * n[0] + d[1] * n[1] + d[2] * n[2])
    x, y, z = d[0] - w * n[0], d[1] - w * n[1], abs(d[2] - w * n[2]) + lift
    length = math.sqrt(x * x + y * y + z * z)
    r = (x / length, y / length, z / length)
    q = (p[0], p[1], p[2] + EPS)
    best, who = FAR, np.int64(SKY)
    for m in range(1, int16_at(listed, 0) + 1):
        i = np.int64(int16_at(listed, m))
        t = closer(stage.solids, i, q, r, best)
        if t < best:
            best, who = t, i
    if who >= 0:
        return solid_from(stage, look, q, r, best, who)
    return behind(stage, look, q, r)


@kernel
def _foam(stage, x, y, sx, sy, crest, bend):
    """Share of white water at a place."""
    steep = sx * sx + sy * sy
    churned = step(0.5, 1.3, -bend) * step(0.03, 0.2, steep) + step(0.5, 1.1, steep)
    churned += stage.foam * step(1.9, 3.0, crest)
    if stage.is_there == SHORE:
        off = y - swash(x, stage.seconds)
        churned += 1.1 * step(0.55, 0.0, off)
        roll = (off * 0.32 + 0.12 * math.sin(0.5 * x) + 0.32 * stage.seconds) % 1.0
        churned += 0.75 * step(0.9, 0.97, roll) * step(11.0, 2.0, off)
    if churned <= 0.01:
        return 0.0
    # Bubbles in clumps: where little is churned, only the densest show.
    clumps = fractal(x * 2.6 + 0.3 * stage.seconds, y * 2.6, 8, 2)
    grain = 0.55 * clumps + 0.45 * fractal(x * 13.0, y * 13.0 + 0.2 * stage.seconds, 9, 2)
    return 0.72 * step(0.22, 0.66, grain) * step(0.05, 1.3, churned * (0.3 + 1.3 * grain))


@kernel
def _water(stage, look, listed, mirrored, o, d, t, pixel):
    """All light along a primary ray that met the water, before the air.

    `listed` and `mirrored` are addresses of the tile's lists: what it may see, and mirror.
    """
    p = (o[0] + d[0] * t, o[1] + d[1] * t, o[2] + d[2] * t)
    foot = t * pixel / math.sqrt(max(-d[2], 0.02))
    sx, sy, hidden, crest, bend = _slopes(stage, p[0], p[1], foot)
    length = math.sqrt(sx * sx + sy * sy + 1.0)
    n = (-sx / length, -sy / length, 1.0 / length)
    facing = -(n[0] * d[0] + n[1] * d[1] + n[2] * d[2])
    if facing < 0.04:  # the far side of a wave: what is seen is its rim
        turn = 0.04 - facing
        n, facing = (n[0] - turn * d[0], n[1] - turn * d[1], n[2] - turn * d[2]), 0.04
    # Rough water far away shows its faces that lean to the eye.
    rough = math.sqrt(facing * facing + 1.1 * hidden)
    grazing = 1.0 - min(rough, 1.0)
    fresnel = F0 + (1.0 - F0) * grazing**5
    lift = 0.9 * math.sqrt(hidden)
    c = _above(stage, look, mirrored, p, d, n, lift)
    if fresnel < 0.97:
        c = mix(_below(stage, look, listed, p, d, n, t * pixel), c, fresnel)
    sun = look.sun_colour
    spark = _glitter(look, d, sx, sy, hidden + 0.0012 + 0.02 * stage.rough * stage.rough)
    if spark > 0.01:
        spark *= sunlight(stage.solids, stage.groups, p, np.int64(SKY), look)
        c = (c[0] + spark * sun[0], c[1] + spark * sun[1], c[2] + spark * sun[2])
    white = _foam(stage, p[0], p[1], sx, sy, crest, bend)
    if white > 0.0:
        lit = 0.5 * max(look.sun[2], 0.2)
        amb = 0.9 * look.ambient
        foam = (
            0.8 * (lit * sun[0] + amb * look.horizon[0]),
            0.8 * (lit * sun[1] + amb * look.horizon[1]),
            0.8 * (lit * sun[2] + amb * look.horizon[2]),
        )
        c = mix(c, foam, white)
    # A soft horizon: far water takes the colour of the air above it.
    if t > 60.0:
        low = behind(stage, look, p, (d[0], d[1], 0.012))
        c = mix(c, low, 0.75 * step(60.0, 900.0, t))
    return fogged(c, look, t)


@entry
def flood(stage, look, camera, lists, reflected, depth, met, light):
    """Fill `light` where water was met."""
    height, width = met.shape
    o = (camera.eye[0], camera.eye[1], camera.eye[2])
    pixel = camera.half_height / (0.5 * height)
    for y in range(height):
        for x in range(width):
            if met[y, x] == WATER:
                d = ray(camera, x + 0.5, y + 0.5, width, height)
                skip = ((y // TILE) * lists.shape[1] + x // TILE) * lists.shape[2] * 2  # bytes
                listed, mirrored = lists.ctypes.data + skip, reflected.ctypes.data + skip
                t = np.float64(depth[y, x])
                c = _water(stage, look, listed, mirrored, o, d, t, pixel)
                light[y, x, 0], light[y, x, 1], light[y, x, 2] = c


@entry
def spray(drops, camera, look, depth, light):
    """Splat droplets, (k, 4) of x, y, z and radius in m, where nothing hides them."""
    height, width = depth.shape
    scale = 0.5 * height / camera.half_height
    f, r, u = camera.forward, camera.right, camera.up
    sun, h = look.sun_colour, look.horizon
    for i in range(drops.shape[0]):
        x, y, z = (
            drops[i, 0] - camera.eye[0],
            drops[i, 1] - camera.eye[1],
            drops[i, 2] - camera.eye[2],
        )
        deep = x * f[0] + y * f[1] + z * f[2]
        if deep < 0.2:
            continue
        cx = 0.5 * width + (x * r[0] + y * r[1] + z * r[2]) / deep * scale
        cy = 0.5 * height - (x * u[0] + y * u[1] + z * u[2]) / deep * scale
        far = math.sqrt(x * x + y * y + z * z)
        true = min(DROP * drops[i, 3] * scale / deep, DROP_MOST * height)
        radius = max(true, 0.8)
        cover = min(true * true / (radius * radius), 1.0) * 0.7
        for py in range(max(0, int(cy - radius - 1.0)), min(height, int(cy + radius + 2.0))):
            for px in range(max(0, int(cx - radius - 1.0)), min(width, int(cx + radius + 2.0))):
                if depth[py, px] < far - 0.05:
                    continue
                a, b = (px + 0.5 - cx) / radius, (py + 0.5 - cy) / radius
                edge = 1.0 - 0.8 * (a * a + b * b)
                if edge <= 0.0:
                    continue
                k = cover * edge * edge
                glint = 0.5 + 1.2 * max(0.0, 1.0 - 3.0 * math.hypot(a + 0.3, b + 0.35))
                for channel in range(3):
                    lit = glint * (0.16 * sun[channel] + (0.4 + 0.45 * look.ambient) * h[channel])
                    light[py, px, channel] += k * (lit - light[py, px, channel])
