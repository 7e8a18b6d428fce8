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
    SAND,
    SNOW,
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
    """Gradient and haze, the glow below the sun, its disc or the moon's, clouds and stars."""
    up = max(dz, 0.0)
    c = mix(look.horizon, look.zenith, 1.0 - math.exp(-3.4 * up))
    pale = 0.45 * math.exp(-12.0 * up)
    h = look.horizon
    c = mix(c, (1.06 * h[0], 1.04 * h[1], 1.02 * h[2]), pale)
    sun = look.disc
    toward = dx * sun[0] + dy * sun[1] + dz * sun[2]
    flat = math.sqrt((dx * dx + dy * dy) * (sun[0] * sun[0] + sun[1] * sun[1])) + TINY
    beside = max(0.0, 0.5 + 0.5 * (dx * sun[0] + dy * sun[1]) / flat)
    g = look.glow
    band = beside**6 * math.exp(-7.0 * up) + 0.25 * beside**2 * math.exp(-16.0 * up)
    c = (c[0] + g[0] * band, c[1] + g[1] * band, c[2] + g[2] * band)
    if look.stars > 0.0:
        c = _stars(c, dx, dy, dz, look)
    if look.disc_power > 0.0 and toward > 0.0:
        # Scattering in the air and in the lens, and a disc as large as it seems to be.
        shine = 0.10 * toward**10 + 0.28 * toward**70 + 0.9 * toward**700
        shine += 9.0 * step(0.99966, 0.99978, toward)
        shine *= look.disc_power * 0.45
        s = look.sun_colour
        c = (c[0] + shine * s[0], c[1] + shine * s[1], c[2] + shine * s[2])
    elif look.disc_power < 0.0 and toward > 0.9:
        c = _moon(c, dx, dy, dz, toward, look)
    if look.clouds > 0.0 and dz > 0.015:
        c = _clouds(c, dx, dy, dz, max(toward, 0.0), look)
    return c


@kernel
def _moon(c, dx, dy, dz, toward, look):
    """A full moon, three times as large as it is, with its seas and a halo."""
    halo = 0.10 * toward**300 + 0.16 * toward**2500
    c = (c[0] + 0.55 * halo, c[1] + 0.7 * halo, c[2] + halo)
    edge = step(0.99950, 0.99960, toward)
    if edge > 0.0:
        sun = look.disc
        seas = fractal(
            (dx - sun[0]) * 70.0 + 4.0, (dz - sun[2]) * 70.0 + (dy - sun[1]) * 20.0, 17, 4
        )
        tone = 1.15 - 0.75 * step(0.45, 0.68, seas)
        c = mix(c, (1.0 * tone, 1.02 * tone, 1.0 * tone), edge)
    return c


@kernel
def _clouds(c, dx, dy, dz, toward, look):
    """A layer of clouds: lit where it is thin towards the sun, grey below, bright at its rim."""
    px, py = dx / (dz + 0.14) + 0.012 * look.seconds, dy / (dz + 0.14)
    wx = fractal(px * 0.8 + 3.0, py * 0.8 + 31.0, look.salt + 1, 3)
    qx, qy = px * 0.95 + 0.7 * wx + 3.0, py * 1.15 + 0.7 * wx + 31.0
    f = fractal(qx, qy, look.salt, 5)
    low = 0.66 - 0.36 * look.clouds
    cover = step(low, low + 0.22, f) * step(0.015, 0.14, dz) * min(look.clouds * 1.7, 1.0)
    if cover < 0.004:
        return c
    # Denser towards the light: shaded.
    sun = look.disc
    towards = fractal(qx + 0.16 * sun[0], qy + 0.16 * sun[1] + 0.05, look.salt, 3)
    shade = min(max(0.62 + 2.1 * (f - towards), 0.0), 1.0) * (1.0 - 0.55 * step(low, low + 0.5, f))
    s, h, z, g = look.sun_colour, look.horizon, look.zenith, look.glow
    rim = 0.5 * toward**8 * (1.0 - cover)
    lit = (
        0.24 * s[0] + 0.55 * h[0] + 0.5 * g[0] + rim * s[0],
        0.24 * s[1] + 0.55 * h[1] + 0.4 * g[1] + rim * s[1],
        0.24 * s[2] + 0.55 * h[2] + 0.4 * g[2] + rim * s[2],
    )
    dark = (
        0.5 * h[0] + 0.22 * z[0],
        0.5 * h[1] + 0.22 * z[1],
        0.5 * h[2] + 0.24 * z[2],
    )
    return mix(c, mix(dark, lit, shade), cover)


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
def _daylight(look):
    """About how bright a far upright thing is."""
    s = look.sun_colour
    day = 0.12 * (s[0] + s[1] + s[2]) + 0.4 * min(look.ambient, 0.6) * (0.25 + look.horizon[1])
    return day * (1.0 - 0.62 * look.stars)


@kernel
def _ridges(c, dx, dy, dz, look, rough, layers):
    """Silhouettes behind each other, each nearer one darker and less hazy."""
    azimuth = math.atan2(dx, dy)
    power = _daylight(look)
    side = math.copysign(1.0, look.disc[0] + 0.01)
    b = look.backdrop_colour
    for layer in range(layers):
        a = azimuth * rough * (1.0 + 0.55 * layer) + 31.0 * layer + 9.0
        f = fractal(a, 0.5, look.salt + layer, 6)
        sharp = 1.0 - abs(2.0 * noise(a * 1.3, 3.5, look.salt + layer) - 1.0)
        top = (0.24 - 0.07 * layer) * (0.65 * f + 0.35 * sharp) + 0.02 - 0.016 * layer
        if dz >= top:
            continue
        # Gullies: slopes that face the sun are lit, those that turn away are blue.
        deep = top - dz
        u, v = a * 8.0 + 1.6 * noise(a * 2.0, dz * 16.0, 6), dz * 34.0
        slope = fractal(u + 0.35 * side, v, look.salt + 5, 4) - fractal(u, v, look.salt + 5, 4)
        light = min(max(0.62 + 2.6 * slope, 0.12), 1.25) * power * 1.7
        base = (b[0] * light, b[1] * light, b[2] * (0.9 * light + 0.1 * power))
        if layers > 2 and layer < 2 and look.ground != SAND:  # no snow above a desert
            ragged = 0.05 * (fractal(u * 0.8, v * 0.5, 8, 3) - 0.5)
            snow = step(0.075, 0.115, dz + ragged + 0.03 * slope - 0.02 * layer)
            white = 0.3 * power + 1.15 * light
            base = mix(base, (0.92 * white, 0.95 * white, 1.02 * white), 0.88 * snow)
        haze = (0.58 - 0.2 * layer) + 0.3 * step(0.05, 0.0, dz) + 0.1 * step(0.0, 0.06, deep)
        c = mix(base, look.horizon, min(haze, 0.92))
    return c


@kernel
def _skyline(c, dx, dy, dz, look):
    """Three rows of buildings, cut into lots by azimuth; windows are lit when it is dark."""
    azimuth = math.atan2(dx, dy)
    dark = 1.0 - step(0.35, 1.3, look.sun_colour[1] * max(look.sun[2], 0.2) + 0.4 * look.horizon[1])
    dark = max(dark, step(0.0, 0.3, look.lamps))
    c = mix(c, (0.95, 0.6, 0.42), 0.16 * dark * math.exp(-9.0 * max(dz, 0.0)))  # lamps below
    power = _daylight(look)
    b = look.backdrop_colour
    for layer in range(3):
        lots = 34.0 - 9.0 * layer
        a = azimuth * lots / math.pi + 100.0 + 0.37 * layer
        lot = int(math.floor(a))
        u = a - lot
        r = hashed(lot, layer, look.salt)
        height = (0.09 + 0.34 * r * r) * (1.0 - 0.26 * layer)
        kind = hashed(lot, layer, 11)
        if kind > 0.6:  # set back above two thirds
            height *= 1.0 if abs(u - 0.5) < 0.28 else 0.72
        elif kind > 0.45:  # a gable
            height *= 1.0 - 0.22 * abs(2.0 * u - 1.0)
        mast = kind < 0.16 and r > 0.6 and abs(u - 0.5) < 0.012 and dz < height + 0.05
        if dz >= height and not mast:
            continue
        tone = (0.55 + 0.75 * hashed(lot, layer, 5)) * power * 1.9
        warm = 0.24 * (hashed(lot, layer, 6) - 0.4)
        tone *= (1.0 if u > 0.3 else 0.74) * (0.8 + 0.4 * step(0.0, 0.3, dz))
        wall = (b[0] * tone * (1.0 + warm), b[1] * tone, b[2] * tone * (1.0 - warm))
        across = 7.0 + math.floor(4.0 * hashed(lot, layer, 7))
        fu, fv = u * across, dz * (78.0 + 8.0 * layer)
        inside = (0.22 < fu % 1.0 < 0.8) and (0.28 < fv % 1.0 < 0.74)
        if inside and 0.4 < fu < across - 0.4 and dz < height * 0.97:
            chance = hashed(lot * 31 + int(fu), int(math.floor(fv)), 6 + layer)
            if chance > 0.86 - 0.42 * dark:
                lamp = (1.25, 0.82, 0.4) if chance * 97.0 % 1.0 < 0.72 else (0.7, 0.9, 1.15)
                wall = mix(wall, lamp, 0.06 + 0.82 * dark * (0.45 + 0.55 * (chance * 53.0 % 1.0)))
            else:
                wall = mix(wall, look.zenith, 0.35)
        c = mix(wall, look.horizon, (0.52 - 0.19 * layer) * (1.0 - 0.45 * dark))
    return c


@kernel
def _trees(c, dx, dy, dz, look):
    """A wood: walls of leaves, paler the farther, trunks before them, and crowns above."""
    azimuth = math.atan2(dx, dy)
    power = _daylight(look)
    b, h = look.backdrop_colour, look.horizon
    mist = (
        0.4 * h[0] + 1.7 * b[0] * power,
        0.44 * h[1] + 2.0 * b[1] * power,
        0.44 * h[2] + 1.3 * b[2] * power,
    )
    for layer in range(4):
        a = azimuth * (30.0 - 6.0 * layer) + 7.3 * layer
        crown = 0.30 + 0.10 * layer + 0.16 * (noise(a * 0.45, 1.0, look.salt + layer) - 0.5)
        crown += 0.05 * (fractal(a * 2.2, dz * 9.0, 3 + layer, 3) - 0.5)
        if dz >= crown:
            continue
        leaves = fractal(a * 2.6, dz * (34.0 - 5.0 * layer), 5 + layer, 4)
        haze = 0.80 - 0.23 * layer
        # Farther walls are whole; nearer ones are trunks below and crowns above.
        hang = 0.035 + 0.075 * layer + 0.11 * (noise(a * 0.8, 4.0, 9 + layer) - 0.3)
        undergrowth = 0.028 * noise(a * 1.7, 2.0, 12 + layer)
        if layer > 0 and undergrowth < dz < hang + 0.11 * (leaves - 0.5):
            cell = a * 0.62
            lot = int(math.floor(cell))
            at = 0.25 + 0.5 * hashed(lot, layer, look.salt)
            wide = 0.035 + 0.05 * hashed(lot, layer, 8)
            off = (cell - lot - at - 0.05 * math.sin(dz * 18.0 + lot)) / wide
            if abs(off) > 1.0 or hashed(lot, layer, 10) < 0.15:
                continue
            bark = (0.5 - 0.32 * off) * (0.75 + 0.5 * noise(a * 30.0, dz * 40.0, 3)) * power * 2.2
            c = mix((0.16 * bark, 0.11 * bark, 0.075 * bark), mist, haze)
            continue
        k = (0.3 + 1.5 * leaves * leaves) * power * (1.5 + 1.1 * dz)
        base = (b[0] * k * (1.0 + 0.8 * leaves), b[1] * k, b[2] * k * 0.7)
        if look.ground == SNOW:  # it lies on the branches
            white = (0.35 + 0.55 * leaves) * power * 1.5
            base = mix(base, (white, 1.02 * white, 1.08 * white), 0.8 * step(0.4, 0.62, leaves))
        c = mix(base, mist, haze)
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
        slats = 0.5 + 0.5 * math.sin(v * 34.0)
        lit = (0.4 + 0.5 * look.blinds) * pane * (1.0 - bars)
        lit *= 1.0 - look.blinds * step(0.35, 0.65, slats)
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
        c = mix(look.horizon, look.zenith, step(-0.08, 0.75, dz))
        # A lamp on the paper behind the subject.
        pool = math.exp(-2.4 * dx * dx - 5.0 * (dz - 0.08) * (dz - 0.08)) * step(-0.2, 0.5, dy)
        k = 0.62 + 0.6 * pool
        c = (c[0] * k, c[1] * k, c[2] * k)
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
    if dz < 0.62:
        if kind == MOUNTAINS:
            return _ridges(c, dx, dy, dz, look, 2.2, 3)
        if kind == HILLS:
            return _ridges(c, dx, dy, dz * 2.2, look, 1.1, 2)
        if kind == CITY:
            return _skyline(c, dx, dy, dz, look)
        if kind == FOREST:
            return _trees(c, dx, dy, dz, look)
    return c
