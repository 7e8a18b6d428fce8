"""Sky and backdrops: what a ray sees that meets nothing; compiled by numba."""
# ruff: noqa: ANN001, ANN201, ANN202, C901, PLR0911, PLR0913, PLR0917, RUF046
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math

from engine.engines.scene.frames.shapes import FAR, TINY, kernel
from engine.engines.scene.frames.textures import fractal, hashed, mix, noise, step
from engine.engines.scene.light.look import (
    B_STUDIO,
    CITY,
    CURTAIN,
    FOREST,
    HILLS,
    MOUNTAINS,
    ROOM,
    SPACE,
    SUNSET_BARS,
)
from engine.engines.scene.scene.sets import (
    CURTAIN_AT,
    ROOM_BACK,
    ROOM_FRONT,
    ROOM_HALF_WIDTH,
    ROOM_HEIGHT,
)


@kernel
def _air(dx, dy, dz, look):
    """Gradient, sun and its glow, clouds, stars."""
    up = max(dz, 0.0)
    t = 1.0 - math.exp(-3.2 * up)
    c = mix(look.horizon, look.zenith, t)
    toward = dx * look.sun[0] + dy * look.sun[1] + dz * look.sun[2]
    if look.stars > 0.0:
        c = _stars(c, dx, dy, dz, look)
    if toward > 0.0:
        glow = 0.22 * toward**12 + 0.5 * toward**90 + (3.0 if toward > 0.9993 else 0.0)
        glow *= 0.4 if look.stars > 0.5 else 1.0
        c = (
            c[0] + glow * look.sun_colour[0] * 0.45,
            c[1] + glow * look.sun_colour[1] * 0.45,
            c[2] + glow * look.sun_colour[2] * 0.45,
        )
    if look.clouds > 0.0 and dz > 0.02:
        px, py = dx / (dz + 0.12), dy / (dz + 0.12)
        f = fractal(px * 1.1 + 0.02 * look.seconds + 3.0, py * 1.1 + 31.0, look.salt, 4)
        cover = step(0.62 - 0.3 * look.clouds, 0.92 - 0.3 * look.clouds, f)
        cover *= step(0.02, 0.2, dz) * min(look.clouds * 1.4, 1.0)
        lit = 0.75 + 0.3 * f
        s, h = look.sun_colour, look.horizon
        white = (
            lit * (0.16 * s[0] + 0.62 * h[0]),
            lit * (0.16 * s[1] + 0.62 * h[1]),
            lit * (0.16 * s[2] + 0.62 * h[2]),
        )
        c = mix(c, white, cover)
    return c


@kernel
def _stars(c, dx, dy, dz, look):
    a = (math.atan2(dx, dy) + math.pi) * 36.0
    b = (math.asin(min(max(dz, -1.0), 1.0)) + 2.0) * 36.0
    ia, ib = int(math.floor(a)), int(math.floor(b))
    r = hashed(ia, ib, look.salt)
    if r > 0.86:
        px, py = a - ia - 0.2 - 0.6 * hashed(ia, ib, 3), b - ib - 0.2 - 0.6 * hashed(ia, ib, 4)
        twinkle = 0.75 + 0.25 * math.sin(look.seconds * 3.0 + 40.0 * r)
        s = math.exp(-(px * px + py * py) * 150.0) * (r - 0.84) * 9.0 * twinkle
        s *= look.stars * step(0.0, 0.25, dz + 0.02)
        return (c[0] + s, c[1] + s, c[2] + s * 1.15)
    return c


@kernel
def _space(dx, dy, dz, look):
    n = fractal(dx * 2.0 + 5.0, dz * 2.0 + dy + 5.0, look.salt, 4)
    veil = step(0.5, 0.9, n) * 0.5
    c = (0.05 * veil + 0.002, 0.02 * veil + 0.003, 0.11 * veil + 0.008)
    c = _stars(c, dx, dy, dz + 0.05, look)
    # A blue planet above the horizon.
    cx, cy, cz = -0.1, 1.0, 0.21
    length = math.sqrt(cx * cx + cy * cy + cz * cz)
    cx, cy, cz = cx / length, cy / length, cz / length
    along = dx * cx + dy * cy + dz * cz
    radius = 0.115
    sx, sz = (dx - cx * along) / radius, (dz - cz * along) / radius
    r2 = (1.0 - along * along) / (radius * radius)
    if along > 0.0 and r2 < 1.0:
        depth = math.sqrt(1.0 - r2)
        land = step(0.5, 0.58, fractal(sx * 2.4 + 9.0, sz * 2.4 + 4.0, 21, 4))
        cloud = step(0.52, 0.75, fractal(sx * 3.0 + 2.0, sz * 5.0 + 7.0, 22, 4))
        surface = mix(mix((0.02, 0.12, 0.4), (0.12, 0.22, 0.06), land), (0.8, 0.84, 0.9), cloud)
        light = max(0.0, 0.72 * sx + 0.45 * sz + 0.52 * depth) * 1.5 + 0.01
        rim = 0.5 * (1.0 - depth) ** 3 * light
        edge = 1.0 - step(0.97, 1.0, r2)
        lit = (
            surface[0] * light + 0.3 * rim,
            surface[1] * light + 0.6 * rim,
            surface[2] * light + rim,
        )
        return mix(c, lit, edge)
    if along > 0.0 and r2 < 1.5:
        halo = 0.22 * (1.5 - r2) ** 2 * max(0.0, 0.6 + 0.6 * sx + 0.3 * sz)
        return (c[0] + 0.25 * halo, c[1] + 0.55 * halo, c[2] + halo)
    return c


@kernel
def _ridges(c, dx, dy, dz, look, rough, layers):
    """Silhouettes behind each other, each nearer one darker and less hazy."""
    azimuth = math.atan2(dx, dy)
    for layer in range(layers):
        f = fractal(
            azimuth * rough * (1.0 + 0.5 * layer) + 31.0 * layer + 9.0, 0.5, look.salt + layer, 5
        )
        top = (0.25 - 0.07 * layer) * f + 0.03 - 0.02 * layer
        if dz < top:
            haze = 0.62 - 0.24 * layer
            light = 0.45 + 0.35 * (noise(azimuth * 30.0, dz * 60.0, 4) - 0.3)
            power = (
                0.35 * (look.sun_colour[0] + look.sun_colour[1] + look.sun_colour[2]) * 0.33
                + look.ambient * 0.4
            )
            b = look.backdrop_colour
            base = (
                b[0] * light * power * 1.6,
                b[1] * light * power * 1.6,
                b[2] * light * power * 1.6,
            )
            snowy = 0.0
            if layers > 2 and layer == 0:
                snowy = step(0.085, 0.13, dz + 0.04 * (noise(azimuth * 40.0, dz * 90.0, 8) - 0.5))
            base = mix(base, (0.9 * power * 1.3, 0.93 * power * 1.3, power * 1.35), 0.8 * snowy)
            c = mix(base, look.horizon, haze + 0.3 * (1.0 - haze) * step(top, 0.0, dz))
    return c


@kernel
def _skyline(c, dx, dy, dz, look):
    """Two rows of buildings, cut into lots by azimuth; windows are lit when it is dark."""
    azimuth = math.atan2(dx, dy)
    dark = 1.0 - step(0.5, 1.6, look.sun_colour[0] + look.ambient)
    for layer in range(2):
        lots = 26.0 - 9.0 * layer
        a = azimuth * lots / math.pi + 100.0 + 0.37 * layer
        lot = int(math.floor(a))
        height = (0.1 + 0.3 * hashed(lot, layer, look.salt) ** 2) * (1.0 - 0.35 * layer)
        if dz < height:
            b = look.backdrop_colour
            power = 0.2 * (look.sun_colour[1]) + 0.35 * look.ambient
            tone = (0.7 + 0.6 * hashed(lot, layer, 5)) * power * 1.3
            side = 1.0 if a - lot > 0.3 else 0.72
            wall = (b[0] * tone * side, b[1] * tone * side, b[2] * tone * side)
            u, v = (a - lot) * 9.0, dz * 85.0
            inside = (0.25 < u % 1.0 < 0.8) and (0.25 < v % 1.0 < 0.72) and 0.35 < u < 8.65
            lit = hashed(lot * 31 + int(u), int(math.floor(v)), 6)
            if inside and lit > 0.78 - 0.25 * dark:
                wall = mix(wall, (1.1, 0.75, 0.35), 0.1 + 0.7 * dark)
            elif inside:
                wall = mix(wall, look.zenith, 0.3)
            c = mix(wall, look.horizon, 0.45 - 0.25 * layer)
    return c


@kernel
def _trees(c, dx, dy, dz, look):
    """Rows of trunks and crowns, hazier the farther."""
    azimuth = math.atan2(dx, dy)
    for layer in range(3):
        haze = 0.68 - 0.23 * layer
        a = azimuth * (15.0 - 3.0 * layer) + 7.3 * layer
        crown = 0.2 + 0.22 * noise(a * 1.3, 1.0, look.salt + layer) + 0.08 * layer
        needles = noise(a * 9.0, dz * 40.0, 5 + layer)
        cell = a * 1.6 - math.floor(a * 1.6)
        spire = crown * (0.75 + 0.5 * (1.0 - abs(2.0 * cell - 1.0)))
        trunk = abs(cell - 0.5) < 0.05
        if dz < spire and (dz > 0.05 + 0.1 * needles or trunk):
            b = look.backdrop_colour
            k = (0.35 + 0.75 * needles) * (0.25 * look.sun_colour[1] + 0.45 * look.ambient)
            base = (b[0] * k, b[1] * k, b[2] * k)
            if trunk and dz < 0.1:
                base = (0.09 * k, 0.05 * k, 0.03 * k)
            c = mix(base, look.horizon, haze)
    return c


@kernel
def _wall_light(look, x, z, half_width):
    """Corners are darker; the wall is brightest at two thirds of its height."""
    corner = 1.0 - 0.42 * math.exp(-1.6 * (half_width - abs(x)))
    foot = 1.0 - 0.45 * math.exp(-2.2 * max(z, 0.0))
    return corner * foot * (0.82 * look.ambient + 0.12 * look.sun_colour[1])


@kernel
def _room(ox, oy, oz, dx, dy, dz, look):
    t, side = FAR, 0
    if abs(dx) > TINY:
        tx = (math.copysign(ROOM_HALF_WIDTH, dx) - ox) / dx
        if tx > 0.0:
            t, side = tx, 1
    if abs(dy) > TINY:
        ty = ((ROOM_FRONT if dy > 0 else ROOM_BACK) - oy) / dy
        if 0.0 < ty < t:
            t, side = ty, 2
    if dz > TINY:
        tz = (ROOM_HEIGHT - oz) / dz
        if 0.0 < tz < t:
            t, side = tz, 3
    x, y, z = ox + dx * t, oy + dy * t, oz + dz * t
    b = look.backdrop_colour
    if side == 3:
        k = 0.75 * look.ambient
        return (0.8 * k, 0.8 * k, 0.78 * k)
    across = x if side == 2 else y - 0.5 * (ROOM_FRONT + ROOM_BACK)
    half = ROOM_HALF_WIDTH if side == 2 else 0.5 * (ROOM_FRONT - ROOM_BACK)
    k = _wall_light(look, across, z, half) * (1.0 if side == 2 else 0.86)
    c = (b[0] * k, b[1] * k, b[2] * k)
    if z < 0.16:  # skirting board
        c = (0.75 * k, 0.74 * k, 0.7 * k)
    if side == 2 and dy > 0:
        # Light through a window, lying on the wall.
        u, v = x - 0.25 * z + 0.4, z - 2.5
        pane = step(1.45, 1.3, abs(u)) * step(1.15, 1.0, abs(v))
        bars = max(step(0.08, 0.04, abs(u)), step(0.08, 0.04, abs(v)))
        lit = 0.4 * pane * (1.0 - bars)
        s = look.sun_colour
        c = (c[0] + lit * b[0] * s[0], c[1] + lit * b[1] * s[1], c[2] + lit * b[2] * s[2])
    return c


@kernel
def _curtain(ox, oy, oz, dx, dy, dz, look):
    if dy <= 0.01:
        return mix(look.horizon, look.zenith, 0.5)
    t = (CURTAIN_AT - oy) / dy
    x, z = ox + dx * t, oz + dz * t
    phase = x * 5.5 + 1.2 * noise(x * 0.8 + 9.0, 0.5, 3) + 0.05 * math.sin(look.seconds + x)
    fold = 0.5 + 0.5 * math.sin(phase)
    k = (0.1 + 0.9 * fold * fold) * (0.22 + 0.85 * math.exp(-0.1 * (x * x + (z - 2.0) ** 2)))
    b = look.backdrop_colour
    return (b[0] * k, b[1] * k, b[2] * k)


@kernel
def _sunset_bars(dx, dy, dz, look):
    c = mix(look.horizon, look.zenith, min(1.0, 2.6 * max(dz, 0.0)))
    c = _stars(c, dx, dy, dz - 0.1, look)
    u, v = dx / max(dy, 0.05), dz / max(dy, 0.05) - 0.17
    r = math.hypot(u, v)
    radius = 0.23
    if dy > 0.0 and r < radius * 1.9:
        halo = max(0.0, 1.0 - r / (radius * 1.9)) ** 2 * 0.5
        c = (c[0] + 0.9 * halo, c[1] + 0.15 * halo, c[2] + 0.55 * halo)
        if r < radius:
            level = (v / radius + 1.0) * 0.5
            gap = (level * 9.0) % 1.0 < 0.42 - 0.55 * level and level < 0.62
            disc = mix((1.5, 0.12, 0.55), (1.6, 1.05, 0.2), level)
            if not gap:
                c = mix(c, disc, 1.0 - step(radius * 0.97, radius, r))
    return c


@kernel
def is_behind_set(x, y, look):
    """Whether a point of the ground lies outside the room or behind the curtain."""
    if look.backdrop == ROOM:
        return abs(x) > ROOM_HALF_WIDTH or y > ROOM_FRONT or y < ROOM_BACK
    return look.backdrop == CURTAIN and y > CURTAIN_AT


@kernel
def sky(ox, oy, oz, dx, dy, dz, look):
    """Radiance of what lies behind everything."""
    kind = look.backdrop
    if kind == B_STUDIO:
        c = mix(look.horizon, look.zenith, step(-0.05, 0.55, dz))
        # A soft box and a dark flag above the camera's view: only mirrors see them.
        box = step(0.55, 0.6, dz) * step(0.5, 0.45, abs(dx + 0.25)) * 2.2
        flag = 1.0 - 0.6 * step(0.0, -0.5, dy) * step(0.5, 0.3, dz)
        return (c[0] * flag + box, c[1] * flag + box, c[2] * flag + box)
    if kind == ROOM:
        return _room(ox, oy, oz, dx, dy, dz, look)
    if kind == CURTAIN:
        return _curtain(ox, oy, oz, dx, dy, dz, look)
    if kind == SPACE:
        return _space(dx, dy, dz, look)
    if kind == SUNSET_BARS:
        return _sunset_bars(dx, dy, dz, look)
    c = _air(dx, dy, dz, look)
    if dz < 0.55:
        if kind == MOUNTAINS:
            return _ridges(c, dx, dy, dz, look, 2.2, 3)
        if kind == HILLS:
            return _ridges(c, dx, dy, dz * 2.2, look, 1.1, 2)
        if kind == CITY:
            return _skyline(c, dx, dy, dz, look)
        if kind == FOREST:
            return _trees(c, dx, dy, dz, look)
    return c
