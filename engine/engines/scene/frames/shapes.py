"""Shapes: where a ray enters and leaves a convex solid, its normal there, and how near a point is.

Everything here is compiled by numba and works in the solid's own coordinates. A solid is one row of
the primitives array; `render.py` fills it, the constants below name its columns.
"""
# ruff: noqa: ANN001, ANN201, ANN202, C901, PLR0913, PLR0917
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math
from typing import Any

from numba import njit

SPHERE, BOX, CYLINDER, CAPSULE, CONE = 0, 1, 2, 3, 4  # an ellipsoid is a sphere of three radii

# Columns of a primitive.
KIND, POS, ROT, SIZE, BOUND = 0, 1, 4, 13, 16
COLOUR, SECOND, PATTERN, F0, METAL, GLOSS, CLEAR, GLOW = 17, 20, 23, 24, 25, 26, 27, 28
DECAL = 29  # index of its picture in the atlas, -1 without one
COLUMNS = 30

FAR = 1e9
TINY = 1e-12

# Only kernels call kernels: without wrappers for Python and C they compile faster.
OPTIONS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "fastmath": True,
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
kernel = njit(**OPTIONS)
inlined = njit(**(OPTIONS | {"forceinline": True}))  # small, and called for every pixel
entry = njit(**(OPTIONS | {"no_cpython_wrapper": False}))  # may be called from Python


@kernel
def _roots(a, b, c):
    """Entry and exit of a·t² + 2b·t + c < 0; exit < entry, by how much it misses, when never."""
    a = a if abs(a) > TINY else TINY
    h = b * b - a * c
    w = math.sqrt(abs(h)) / a
    if h < 0.0:
        w = -abs(w)
    return -b / a - w, -b / a + w


@kernel
def _slab(o, d, half):
    d = d if abs(d) > TINY else TINY
    t1, t2 = (-half - o) / d, (half - o) / d
    return min(t1, t2), max(t1, t2)


@kernel
def _cone(sx, sz, ox, oy, oz, dx, dy, dz):
    """Apex up at +sz, base radius sx at -sz."""
    k = sx / (2.0 * sz)
    k2 = k * k
    w = sz - oz
    a = dx * dx + dy * dy - k2 * dz * dz
    b = ox * dx + oy * dy + k2 * w * dz
    c = ox * ox + oy * oy - k2 * w * w
    s0, s1 = _slab(oz, dz, sz)
    if a > 0.0:
        t0, t1 = _roots(a, b, c)
        if t1 > t0 and w - dz * 0.5 * (t0 + t1) < 0.0:  # the other nappe
            return FAR, -FAR
    else:
        h = math.sqrt(max(b * b - a * c, 0.0))
        ta, tb = (-b - h) / (a - TINY), (-b + h) / (a - TINY)
        lo, hi = min(ta, tb), max(ta, tb)
        if dz < 0.0:
            t0, t1 = hi, FAR
        else:
            t0, t1 = -FAR, lo
    return max(t0, s0), min(t1, s1)


@kernel
def interval(kind, sx, sy, sz, ox, oy, oz, dx, dy, dz):
    """Distances at which the ray enters and leaves; exit < entry when it misses."""
    if kind == SPHERE:
        ax, ay, az = ox / sx, oy / sy, oz / sz
        bx, by, bz = dx / sx, dy / sy, dz / sz
        return _roots(
            bx * bx + by * by + bz * bz,
            ax * bx + ay * by + az * bz,
            ax * ax + ay * ay + az * az - 1.0,
        )
    if kind == BOX:
        x0, x1 = _slab(ox, dx, sx)
        y0, y1 = _slab(oy, dy, sy)
        z0, z1 = _slab(oz, dz, sz)
        return max(x0, y0, z0), min(x1, y1, z1)
    if kind == CYLINDER:
        t0, t1 = _roots(dx * dx + dy * dy, ox * dx + oy * dy, ox * ox + oy * oy - sx * sx)
        s0, s1 = _slab(oz, dz, sy)
        return max(t0, s0), min(t1, s1)
    if kind == CAPSULE:
        # The union of a tube and two balls is convex, so its interval is the hull of theirs.
        t0, t1 = _roots(dx * dx + dy * dy, ox * dx + oy * dy, ox * ox + oy * oy - sx * sx)
        s0, s1 = _slab(oz, dz, sy)
        best0, best1 = max(t0, s0), min(t1, s1)
        for side in (-1.0, 1.0):
            pz = oz - side * sy
            t0, t1 = _roots(
                dx * dx + dy * dy + dz * dz,
                ox * dx + oy * dy + pz * dz,
                ox * ox + oy * oy + pz * pz - sx * sx,
            )
            if t1 > t0 and best1 > best0:
                best0, best1 = min(best0, t0), max(best1, t1)
            elif t1 - t0 > best1 - best0:
                best0, best1 = t0, t1
        return best0, best1
    return _cone(sx, sy, ox, oy, oz, dx, dy, dz)


@kernel
def normal_at(kind, sx, sy, sz, x, y, z):
    """Outward unit normal at a point of the surface."""
    nx, ny, nz = 0.0, 0.0, 1.0
    if kind == SPHERE:
        nx, ny, nz = x / (sx * sx), y / (sy * sy), z / (sz * sz)
    elif kind == BOX:
        ax, ay, az = abs(x) - sx, abs(y) - sy, abs(z) - sz
        if ax > ay and ax > az:
            nx, nz = math.copysign(1.0, x), 0.0
        elif ay > az:
            ny, nz = math.copysign(1.0, y), 0.0
        else:
            nz = math.copysign(1.0, z)
    elif kind == CYLINDER:
        if sy - abs(z) < 1e-4 * sy + 1e-6 or sx * sx - x * x - y * y > 1e-3 * sx * sx:
            nz = math.copysign(1.0, z)
        else:
            nx, ny, nz = x, y, 0.0
    elif kind == CAPSULE:
        nx, ny, nz = x, y, z - min(max(z, -sy), sy)
    elif z < -sy + 1e-4 * sy:
        nz = -1.0
    else:
        rho = math.sqrt(x * x + y * y) + TINY
        nx, ny, nz = x / rho * 2.0 * sy, y / rho * 2.0 * sy, sx
    length = math.sqrt(nx * nx + ny * ny + nz * nz) + TINY
    return nx / length, ny / length, nz / length


@kernel
def distance(kind, sx, sy, sz, x, y, z):
    """About how far a point is from the surface, negative inside (exact but for ellipsoids)."""
    if kind == SPHERE:
        ax, ay, az = x / sx, y / sy, z / sz
        k0 = math.sqrt(ax * ax + ay * ay + az * az)
        ax, ay, az = ax / sx, ay / sy, az / sz
        return k0 * (k0 - 1.0) / (math.sqrt(ax * ax + ay * ay + az * az) + TINY)
    if kind == CAPSULE:
        cz = z - min(max(z, -sy), sy)
        return math.sqrt(x * x + y * y + cz * cz) - sx
    if kind == BOX:
        ax, ay, az = abs(x) - sx, abs(y) - sy, abs(z) - sz
        ux, uy, uz = max(ax, 0.0), max(ay, 0.0), max(az, 0.0)
        return math.sqrt(ux * ux + uy * uy + uz * uz) + min(max(ax, ay, az), 0.0)
    radius = sx if kind == CYLINDER else sx * min(max((sy - z) / (2.0 * sy), 0.0), 1.0)
    ar, az = math.sqrt(x * x + y * y) - radius, abs(z) - sy
    ux, uz = max(ar, 0.0), max(az, 0.0)
    return math.sqrt(ux * ux + uz * uz) + min(max(ar, az), 0.0)
