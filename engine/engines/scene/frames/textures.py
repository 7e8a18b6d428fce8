"""Textures: noise, the pattern on a solid, and the colour of the ground; compiled by numba."""
# ruff: noqa: ANN001, ANN201, ANN202, C901, PLR0911, PLR0912, PLR0913, PLR0915, PLR0917, PLR1714, RUF046, SIM109
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math

from numba import njit

from engine.engines.scene.frames.shapes import OPTIONS, TINY, kernel
from engine.engines.scene.light.look import (
    ASPHALT,
    CHECKER,
    COURT,
    GRASS,
    GRID,
    ICE,
    MOON,
    PLANKS,
    SAND,
    SNOW,
)

PATTERNS = [
    "plain",
    "basketball",
    "beach",
    "football",
    "tennis",
    "swirl",
    "dice",
    "crate",
    "domino",
    "barrel",
    "coin",
    "band",
    "bowling",
    "half",
    "neck",
    "wood",
    "bricks",
    "rough",
    "leaves",
    "spots",
]
(PLAIN, BASKETBALL, BEACH, FOOTBALL, TENNIS, SWIRL, DICE, CRATE, DOMINO, BARREL) = range(10)
(COIN, BAND, BOWLING, HALF, NECK, WOOD, BRICKS, ROUGH, LEAVES, SPOTS) = range(10, 20)


# The signatures keep numba from compiling these once more for every literal they are called with.
@njit("float64(int64, int64, int64)", **OPTIONS)
def hashed(ix, iy, salt):
    """Three integers → [0, 1), the same on every machine."""
    h = (ix * 374761393 + iy * 668265263 + salt * 2147483647) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    return (h ^ (h >> 16)) * (1.0 / 4294967296.0)


@njit("float64(float64, float64, int64)", **OPTIONS)
def noise(x, y, salt):
    """Value noise, 0-1, one cell a unit."""
    fx, fy = math.floor(x), math.floor(y)
    ix, iy = int(fx), int(fy)
    u, v = x - fx, y - fy
    u, v = u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v)
    a = hashed(ix, iy, salt) * (1.0 - u) + hashed(ix + 1, iy, salt) * u
    b = hashed(ix, iy + 1, salt) * (1.0 - u) + hashed(ix + 1, iy + 1, salt) * u
    return a * (1.0 - v) + b * v


@njit("float64(float64, float64, int64, int64)", **OPTIONS)
def fractal(x, y, salt, octaves):
    """Sum of octaves of noise, 0-1."""
    total, weight, share = 0.0, 0.5, 0.0
    for _ in range(octaves):
        total += noise(x, y, salt) * weight
        share += weight
        weight *= 0.5
        x, y = x * 2.03 + 17.1, y * 2.03 + 5.7
    return total / share


@njit("float64(float64, float64, float64)", **OPTIONS)
def step(edge0, edge1, x):
    """Smooth rise from 0 at edge0 to 1 at edge1, which may be the smaller one."""
    t = min(max((x - edge0) / (edge1 - edge0 + TINY), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


@kernel
def mix(a, b, t):
    """Blend of two colours, all of b at t = 1."""
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


@kernel
def _line(x, half_width):
    """1 on the line x = 0, soft over a third of its width."""
    return 1.0 - step(half_width * 0.7, half_width * 1.3, abs(x))


@kernel
def _pips(u, v, count):
    """Whether (u, v) in [-1, 1] lies on a pip of this face of a die."""
    r2 = 0.045
    mask = 0.0
    if count % 2 == 1 and u * u + v * v < r2:
        mask = 1.0
    q = 0.55
    if count > 1 and ((u - q) ** 2 + (v - q) ** 2 < r2 or (u + q) ** 2 + (v + q) ** 2 < r2):
        mask = 1.0
    if count > 3 and ((u - q) ** 2 + (v + q) ** 2 < r2 or (u + q) ** 2 + (v - q) ** 2 < r2):
        mask = 1.0
    if count == 6 and ((u - q) ** 2 + v * v < r2 or (u + q) ** 2 + v * v < r2):
        mask = 1.0
    return mask


@kernel
def _football(x, y, z):
    """Black around the twelve corners of an icosahedron, thin seams between their neighbours."""
    g = 1.618033988749895
    n = 1.0 / math.sqrt(1.0 + g * g)
    best, second = 0.0, 0.0
    for s in (-1.0, 1.0):
        for d in (
            abs(s * y * n + z * g * n),
            abs(s * x * n + y * g * n),
            abs(s * z * n + x * g * n),
        ):
            if d > best:
                best, second = d, best
            elif d > second:
                second = d
    return max(step(0.928, 0.936, best), 0.55 * (1.0 - step(0.004, 0.012, best - second)))


@kernel
def pattern(kind, x, y, z, sx, sy, sz):
    """How much of the second colour shows at a surface point, 0-1; x, y, z in metres."""
    u, v, w = x / sx, y / (sx if sy == 0.0 else sy), z / (sz if sz > 0.0 else max(sy, TINY))
    if kind == BASKETBALL:
        c = math.sqrt(u * u + v * v + w * w) + TINY
        u, v, w = u / c, v / c, w / c
        ring = max(_line(u, 0.028), _line(v, 0.028))
        side = abs(w) - 0.62 + 0.35 * u * u
        return max(ring, _line(side, 0.03))
    if kind == BEACH:
        return 1.0 if (math.atan2(y, x) * 6.0 / math.tau) % 2.0 < 1.0 else 0.0
    if kind == FOOTBALL:
        c = math.sqrt(u * u + v * v + w * w) + TINY
        return _football(u / c, v / c, w / c)
    if kind == TENNIS:
        return _line(u * v * 1.9 + (0.5 if w > 0 else -0.5) * w * w, 0.06)
    if kind == SWIRL:
        return step(0.45, 0.6, fractal(u * 2.0 + w, v * 2.0 + 3.0 * w, 7, 2))
    if kind == BAND:
        return step(0.30, 0.33, abs(w)) * (1.0 - step(0.42, 0.45, abs(w)))
    if kind == BOWLING:
        holes = 0.0
        if w > 0.0:
            for hx, hy in ((0.16, 0.0), (-0.08, 0.15), (-0.08, -0.15)):
                holes = max(holes, 1.0 - step(0.05, 0.07, math.hypot(u - hx, v - hy)))
        return max(holes, 0.35 * step(0.5, 0.75, fractal(u * 2.5 + w, v * 2.5, 3, 3)))
    if kind == HALF:
        return step(-0.02, 0.02, z)
    if kind == NECK:
        return step(-0.55, -0.5, w) * (1.0 - step(-0.15, -0.1, w)) + step(0.1, 0.15, w) * (
            1.0 - step(0.45, 0.5, w)
        )
    if kind == BARREL:
        band = max(_line(abs(w) - 0.55, 0.09), _line(abs(w) - 0.97, 0.06))
        return max(band, 0.25 * _line((math.atan2(y, x) * 14.0 / math.tau) % 1.0 - 0.5, 0.06))
    if kind == COIN:
        r = math.hypot(x, y) / sx
        return max(_line(r - 0.84, 0.05), 1.0 - step(0.42, 0.46, r))
    if kind == SPOTS:
        a, b = u * 2.2 + 7.0, v * 2.2 + 7.0
        return 1.0 - step(0.3, 0.36, math.hypot(a % 1.0 - 0.5, b % 1.0 - 0.5))
    if kind == ROUGH:
        return fractal(u * 3.0 + 1.7 * w + 5.0, v * 3.0 + 2.3 * w + 9.0, 11, 3)
    if kind == LEAVES:
        return step(0.35, 0.65, fractal(x * 14.0 + 9.0 * z + 5.0, y * 14.0 + 11.0 * z + 9.0, 13, 2))
    if kind == WOOD:
        return 0.8 * fractal(x * 3.0, y * 40.0 + z * 25.0, 17, 3) + 0.2 * _line(
            (y * 6.0) % 1.0 - 0.5, 0.05
        )
    if kind == BRICKS:
        row = math.floor(z * 8.0)
        a, b = (y * 4.0 + 0.5 * (row % 2.0)) % 1.0, (z * 8.0) % 1.0
        mortar = max(_line(min(a, 1.0 - a), 0.035), _line(min(b, 1.0 - b), 0.07))
        return max(mortar, 0.3 * hashed(int(math.floor(y * 4.0 + 0.5 * (row % 2.0))), int(row), 5))
    if kind == DICE or kind == CRATE or kind == DOMINO:
        au, av, aw = abs(u), abs(v), abs(w)
        if au >= av and au >= aw:
            a, b, face = v, w, (1 if u > 0 else 6)
        elif av >= aw:
            a, b, face = u, w, (2 if v > 0 else 5)
        else:
            a, b, face = u, v, (3 if w > 0 else 4)
        if kind == DICE:
            return _pips(a, b, face)
        if kind == DOMINO:
            if face != 1 and face != 6:
                return 0.0
            top = _pips(a, (b - 0.5) * 2.0, 3 + face % 3)
            low = _pips(a, (b + 0.5) * 2.0, 5 - face % 3)
            return max(top if b > 0.0 else low, _line(b, 0.02))
        frame = step(0.76, 0.8, max(abs(a), abs(b)))
        gap = _line((b * 2.5) % 1.0 - 0.5, 0.07) * (1.0 - frame)
        brace = (1.0 - step(0.1, 0.14, abs(a - b))) * (1.0 - frame)
        grain = 0.3 * noise(a * 3.0 + 9.0, b * 24.0 + 9.0, 3)
        return min(max(0.55 * frame, gap, 0.5 * brace) + grain, 1.0)
    return 0.0


@kernel
def ground_share(kind, x, y, width):
    """(share of the second colour, brightness) of the ground; `width` of the pixel's foot, m."""
    near = 1.0 / (1.0 + width * 25.0)  # fine detail goes before it would flicker
    if kind == SAND:
        dunes = fractal(x * 0.5, y * 0.5, 1, 3)
        ripple = 0.5 + 0.5 * math.sin(9.0 * y + 6.0 * fractal(x * 0.8, y * 0.8, 2, 2))
        grain = noise(x * 90.0, y * 90.0, 3) - 0.5
        return 0.75 * dunes + 0.2 * ripple * near, 1.0 + 0.16 * grain * near
    if kind == ASPHALT:
        grain = noise(x * 70.0, y * 70.0, 3) - 0.5
        stain = fractal(x * 0.7, y * 0.7, 4, 3) - 0.5
        dash = _line(y - 1.9, 0.07 + width) * (1.0 if (x * 0.4) % 1.0 < 0.55 else 0.0)
        edge = _line(y + 2.6, 0.06 + width)
        return max(dash, edge) * 0.9, 1.0 + 0.35 * grain * near + 0.3 * stain
    if kind == PLANKS or kind == COURT:
        board = math.floor(y * 6.0)
        along = x * 0.7 + hashed(int(board), 0, 6) * 9.0
        tone = hashed(int(board), int(math.floor(along)), 7)
        grain = fractal(x * 2.5 + 20.0 * tone, y * 60.0, 8, 2) - 0.5
        seam = max(_line((y * 6.0) % 1.0 - 0.5, 0.02), _line(along % 1.0 - 0.5, 0.004)) * near
        bright = 0.9 + 0.2 * tone + 0.22 * grain * near - 0.4 * seam
        if kind == PLANKS:
            return 0.6 * tone, bright
        r = math.hypot(x, y)
        lines = max(_line(r - 1.6, 0.035 + width), _line(x, 0.035 + width))
        lines = max(lines, _line(abs(y) - 4.2, 0.04 + width))
        return lines * 0.92, bright
    if kind == GRASS:
        patch = fractal(x * 0.45, y * 0.45, 1, 3)
        blades = fractal(x * 26.0, y * 26.0, 2, 2) - 0.5
        return step(0.3, 0.75, patch), 1.0 + 0.75 * blades * near
    if kind == SNOW:
        drift = fractal(x * 0.6, y * 0.6, 1, 3)
        sparkle = (
            0.35 if hashed(int(math.floor(x * 60.0)), int(math.floor(y * 60.0)), 5) > 0.994 else 0.0
        )
        return step(0.3, 0.8, drift), 1.0 + sparkle * near
    if kind == ICE:
        crack = abs(fractal(x * 0.9, y * 0.9, 1, 3) - 0.5)
        scratch = abs(noise(x * 1.3 + y * 6.0, y * 0.8 - x * 3.0, 2) - 0.5)
        return 0.8 * fractal(x * 0.4, y * 0.4, 3, 2), 1.0 + 0.25 * (
            1.0 - step(0.0, 0.02, crack)
        ) * near + 0.12 * (1.0 - step(0.0, 0.02, scratch)) * near
    if kind == MOON:
        dust = fractal(x * 0.8, y * 0.8, 1, 4)
        crater = 0.0
        cx, cy = x * 0.35, y * 0.35
        ix, iy = int(math.floor(cx)), int(math.floor(cy))
        if hashed(ix, iy, 9) > 0.45:
            radius = 0.12 + 0.2 * hashed(ix, iy, 10)
            px, py = cx - ix - 0.5, cy - iy - 0.5
            r = math.hypot(px, py) / radius
            crater = (1.0 - step(0.75, 1.0, r)) * (0.35 - 0.6 * px / radius * step(0.3, 0.9, r))
        return step(0.25, 0.8, dust), 1.0 - 0.5 * crater + 0.4 * (
            noise(x * 30.0, y * 30.0, 2) - 0.5
        ) * near
    if kind == CHECKER:
        # The box filter of a checkerboard, so that far tiles turn grey instead of crawling.
        w = width * 1.6 + 1e-4
        a, b = x * 1.6, y * 1.6
        fx = _wave(a + w) - _wave(a - w)
        fy = _wave(b + w) - _wave(b - w)
        return 0.5 - 0.5 * fx * fy / (4.0 * w * w), 1.0 + 0.1 * (
            fractal(a * 2.0, b * 2.0, 4, 3) - 0.5
        )
    if kind == GRID:
        half = 0.022 + 0.6 * width
        a, b = (x * 1.25) % 1.0 - 0.5, (y * 1.25) % 1.0 - 0.5
        glow = 0.25 * (math.exp(-abs(a) * 16.0) + math.exp(-abs(b) * 16.0)) * near
        fade = 0.05 / (0.05 + 0.35 * width)
        return min(max(_line(a, half), _line(b, half)) * fade + glow, 1.0), 1.0
    return 0.0, 1.0


@kernel
def _wave(x):
    """A triangle wave of slope ±1 and period 2: the integral of the square wave."""
    t = x * 0.5 - math.floor(x * 0.5)
    return 0.5 - abs(2.0 * t - 1.0)
