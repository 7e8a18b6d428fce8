"""Paint: what several styles are made of: blurs, edges, brushed areas; compiled by numba."""
# ruff: noqa: ANN001, ANN201, C901, PLR0913, PLR0917
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math

import numpy as np

from engine.engines.scene.frames.shapes import entry, kernel


@kernel
def luma(r, g, b):
    """Rec. 709 luma of encoded channels, in their scale."""
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@kernel
def clipped(x):
    """A channel as 8 bits."""
    return np.uint8(min(max(x + 0.5, 0.0), 255.0))


@kernel
def smooth(a, b, x):
    """0 below a, 1 above b (or the reverse), smooth between."""
    t = min(max((x - a) / (b - a), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


@entry
def shrunk(picture, by):
    """The picture in blocks of `by` px, averaged: float32 (h // by, w // by, 3), 0-255."""
    height, width = picture.shape[0] // by, picture.shape[1] // by
    small = np.zeros((height, width, 3), np.float32)
    share = np.float32(1.0 / (by * by))
    for y in range(height * by):
        row = small[y // by]
        for i in range(width):
            r, g, b = 0, 0, 0
            for x in range(i * by, i * by + by):
                r += picture[y, x, 0]
                g += picture[y, x, 1]
                b += picture[y, x, 2]
            row[i, 0] += share * r
            row[i, 1] += share * g
            row[i, 2] += share * b
    return small


@entry
def blurred(image, radius):
    """Box average of float32 (h, w, n), edges held; by running sums, at any radius alike."""
    height, width, channels = image.shape
    share = np.float32(1.0 / (2 * radius + 1))
    rows = np.empty_like(image)
    for y in range(height):
        for c in range(channels):
            total = np.float32(0.0)
            for k in range(-radius, radius + 1):
                total += image[y, min(max(k, 0), width - 1), c]
            for x in range(width):
                rows[y, x, c] = total * share
                total += (
                    image[y, min(x + radius + 1, width - 1), c] - image[y, max(x - radius, 0), c]
                )
    out = np.empty_like(image)
    column = np.zeros((width, channels), np.float32)
    for k in range(-radius, radius + 1):
        column += rows[min(max(k, 0), height - 1)]
    for y in range(height):
        leaving, coming = rows[max(y - radius, 0)], rows[min(y + radius + 1, height - 1)]
        for x in range(width):
            for c in range(channels):
                out[y, x, c] = column[x, c] * share
                column[x, c] += coming[x, c] - leaving[x, c]
    return out


@kernel
def corners(height, width, y, x, by):
    """Where a pixel of the large image lies in the shrunk one: upper left texel, four weights."""
    v = min(max((y + 0.5) / by - 0.5, 0.0), height - 1.001)
    u = min(max((x + 0.5) / by - 0.5, 0.0), width - 1.001)
    j, i = int(v), int(u)
    v -= j
    u -= i
    return j, i, (1.0 - u) * (1.0 - v), u * (1.0 - v), (1.0 - u) * v, u * v


@kernel
def weighted(small, j, i, a, b, c, d, channel):
    """One channel of a shrunk image between its four texels."""
    upper = a * small[j, i, channel] + b * small[j, i + 1, channel]
    return upper + c * small[j + 1, i, channel] + d * small[j + 1, i + 1, channel]


@kernel
def weighted3(small, j, i, a, b, c, d):
    """Three channels of a shrunk image between its four texels."""
    return (
        weighted(small, j, i, a, b, c, d, 0),
        weighted(small, j, i, a, b, c, d, 1),
        weighted(small, j, i, a, b, c, d, 2),
    )


@kernel
def sampled3(small, y, x, by):
    """Three channels of a shrunk image at a pixel of the large one, bilinearly."""
    j, i, a, b, c, d = corners(small.shape[0], small.shape[1], y, x, by)
    return weighted3(small, j, i, a, b, c, d)


@kernel
def detail(fine, broad):
    """0-1: whether a luma stands out from that around it as letters and eyes do; keep those."""
    return smooth(0.22, 0.42, abs(fine - broad) / (broad + 24.0))


@entry
def brushed(small, radius):
    """Areas of one tone with crisp borders, as a brush leaves them.

    Kuwahara et al. 1976, with the soft choice between the four quadrants of Papari et al. 2007:
    each of them counts by the inverse of its variance.
    """
    height, width, _ = small.shape
    moments = np.empty((height, width, 4), np.float32)
    for y in range(height):
        for x in range(width):
            r, g, b = small[y, x, 0], small[y, x, 1], small[y, x, 2]
            moments[y, x, 0], moments[y, x, 1], moments[y, x, 2] = r, g, b
            moments[y, x, 3] = luma(r, g, b) ** 2
    half = radius // 2 + radius % 2
    mean = blurred(moments, half)
    out = np.empty((height, width, 3), np.float32)
    for y in range(height):
        y0, y1 = max(y - half, 0), min(y + half, height - 1)
        for x in range(width):
            x0, x1 = max(x - half, 0), min(x + half, width - 1)
            r, g, b, total = 0.0, 0.0, 0.0, 0.0
            for j, i in ((y0, x0), (y0, x1), (y1, x0), (y1, x1)):
                m = mean[j, i]
                variance = max(m[3] - luma(m[0], m[1], m[2]) ** 2, 0.0) + 2.0
                weight = 1.0 / (variance * variance)
                r += weight * m[0]
                g += weight * m[1]
                b += weight * m[2]
                total += weight
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = r / total, g / total, b / total
    return out


@entry
def outlines(met, depth, reach):
    """How much of a contour runs through each pixel, 0-1: another body, or a leap in depth."""
    height, width = met.shape
    ink = np.zeros((height, width), np.float32)
    for y in range(height - 1):
        for x in range(width - 1):
            here, far = met[y, x], depth[y, x]
            edge = False
            for j, i in ((y, x + 1), (y + 1, x)):
                other = met[j, i] != here and (met[j, i] >= 0 or here >= 0)
                leap = abs(depth[j, i] - far) > 0.06 * min(depth[j, i], far)
                edge |= other or (here >= 0 and leap)
            if edge:
                for j in range(max(y - reach + 1, 0), min(y + reach + 1, height)):
                    for i in range(max(x - reach + 1, 0), min(x + reach + 1, width)):
                        gap = max(abs(j - y - 0.5), abs(i - x - 0.5))
                        ink[j, i] = max(ink[j, i], min(1.0, reach + 0.5 - gap))
    return ink


@entry
def greyed(small):
    """The luma of a shrunk image, float32 (h, w, 1)."""
    height, width, _ = small.shape
    grey = np.empty((height, width, 1), np.float32)
    for y in range(height):
        for x in range(width):
            grey[y, x, 0] = luma(small[y, x, 0], small[y, x, 1], small[y, x, 2])
    return grey


@entry
def slope(grey):
    """Steepness of the luma of a shrunk image, in steps of 255 a pixel (Sobel)."""
    height, width, _ = grey.shape
    out = np.zeros((height, width, 1), np.float32)
    for y in range(1, height - 1):
        a, b, c = grey[y - 1], grey[y], grey[y + 1]
        for x in range(1, width - 1):
            p, r = x - 1, x + 1
            dx = a[r, 0] + 2 * b[r, 0] + c[r, 0] - a[p, 0] - 2 * b[p, 0] - c[p, 0]
            dy = c[p, 0] + 2 * c[x, 0] + c[r, 0] - a[p, 0] - 2 * a[x, 0] - a[r, 0]
            out[y, x, 0] = math.sqrt(dx * dx + dy * dy) * 0.125
    return out
