"""Treatments: what each style does to every pixel of a picture; compiled by numba."""
# ruff: noqa: ANN001, ANN201, ANN202, PLR0913, PLR0917
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math

import numpy as np

from engine.engines.scene.frames.paint import (
    clipped,
    corners,
    detail,
    luma,
    sampled3,
    smooth,
    weighted,
    weighted3,
)
from engine.engines.scene.frames.shapes import entry, kernel
from engine.engines.scene.frames.sheets import GRAIN_SIDE
from engine.engines.scene.frames.textures import hashed, noise

MASK = GRAIN_SIDE - 1
# Beer's law: what paper shows through pigment (0-255, as one layer looks) of 0-2.5 layers.
_BEER = ((np.arange(256) / 255.0)[None, :] ** (np.arange(64) / 25.0)[:, None]).astype(np.float32)


@kernel
def _corner(x, y, width, height):
    """Squared distance from the middle, 1 in the corners."""
    u, v = 2.0 * (x + 0.5) / width - 1.0, 2.0 * (y + 0.5) / height - 1.0
    return 0.5 * (u * u + v * v)


@kernel
def _kept(out, y, x, r, g, b, lum):
    """A smoothed colour and its luma, given back what stands out: letters on signs, eyes."""
    fine = luma(float(out[y, x, 0]), float(out[y, x, 1]), float(out[y, x, 2]))
    k = detail(fine, lum)
    if k <= 0.0:
        return r, g, b, lum
    r += (out[y, x, 0] - r) * k
    g += (out[y, x, 1] - g) * k
    b += (out[y, x, 2] - b) * k
    return r, g, b, lum + (fine - lum) * k


@entry
def noir(out, met, tile, gy, gx):
    """Black and white of high contrast with grain; who is filmed is a little brighter."""
    height, width, _ = out.shape
    for y in range(height):
        for x in range(width):
            # A red filter: pale faces, dark skies.
            lum = (0.42 * out[y, x, 0] + 0.48 * out[y, x, 1] + 0.10 * out[y, x, 2]) / 255.0
            if met[y, x] >= 0:
                lum += 0.6 * lum * (1.0 - lum) * (1.0 - lum)
            # A curve that is steep in the middle tones, and leaves traces in the dark ones.
            lum = lum * lum * (3.0 - 2.0 * lum) * 0.6 + math.sqrt(lum) * lum * 0.4
            lum *= 1.12 - 0.62 * _corner(x, y, width, height)
            g = tile[(y + gy) & MASK, (x + gx) & MASK]
            lum = 255.0 * lum + 5.0 * g * (1.0 - abs(2.0 * lum - 1.0) * 0.6)
            v = clipped((lum - 7.0) * 1.14)
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = v, v, v


@entry
def cinematic(out, glow, tile, gy, gx):
    """Teal shadows, orange lights, a little bloom, vignette and fine grain."""
    height, width, _ = out.shape
    for y in range(height):
        for x in range(width):
            red, green, blue = sampled3(glow, y, x, 4)
            r, g, b = (
                out[y, x, 0] + 0.5 * red,
                out[y, x, 1] + 0.42 * green,
                out[y, x, 2] + 0.36 * blue,
            )
            lum = luma(r, g, b) / 255.0
            low, high = (1.0 - lum) * (1.0 - lum), lum * lum
            r += -13.0 * low + 11.0 * high
            g += 3.0 * low + 2.0 * high
            b += 13.0 * low - 15.0 * high
            k = 1.04 - 0.34 * _corner(x, y, width, height)
            n = 2.6 * tile[(y + gy) & MASK, (x + gx) & MASK]
            s = 0.22 * (lum - 0.42) * 255.0 * (1.0 - abs(2.0 * lum - 1.0))
            out[y, x, 0] = clipped((r + s) * k + n)
            out[y, x, 1] = clipped((g + s) * k + n)
            out[y, x, 2] = clipped((b + s) * k + n)


@entry
def vintage(out, flicker, tile, gy, gx):
    """Faded small-gauge film: warm, milky blacks, coarse grain, dark rounded corners."""
    height, width, _ = out.shape
    for y in range(height):
        for x in range(width):
            r, g, b = float(out[y, x, 0]), float(out[y, x, 1]), float(out[y, x, 2])
            lum = luma(r, g, b)
            r, g, b = lum + 0.8 * (r - lum), lum + 0.74 * (g - lum), lum + 0.66 * (b - lum)
            u = abs(2.0 * (x + 0.5) / width - 1.0)
            v = abs(2.0 * (y + 0.5) / height - 1.0)
            k = flicker * (1.03 - 0.42 * _corner(x, y, width, height))
            if max(u, v) > 0.85:  # elsewhere the corners' curve is 1
                k *= 1.0 - 0.92 * smooth(0.93, 1.03, (u**10 + v**10) ** 0.1)
            n = 6.5 * tile[((y + gy) >> 1) & MASK, ((x + gx) >> 1) & MASK]
            n += 4.0 * tile[(y + gx) & MASK, (x + gy) & MASK]
            out[y, x, 0] = clipped((36.0 + 0.94 * r + n) * k * 1.06)
            out[y, x, 1] = clipped((27.0 + 0.9 * g + n) * k * 1.01)
            out[y, x, 2] = clipped((30.0 + 0.7 * b + n) * k * 0.94)


@entry
def specks(out, spots):
    """Dust on the film; rows of y, x and size (0-1)."""
    height, width, _ = out.shape
    for s in range(spots.shape[0]):
        cy, cx = spots[s, 0], spots[s, 1]
        radius = (0.002 + 0.004 * spots[s, 2]) * height
        dark = spots[s, 2] > 0.35
        for y in range(max(0, int(cy - 2 * radius)), min(height, int(cy + 2 * radius) + 1)):
            for x in range(max(0, int(cx - 2 * radius)), min(width, int(cx + 2 * radius) + 1)):
                a, b = (y - cy) / radius, (x - cx) / radius * (1.3 + math.sin(9.0 * spots[s, 2]))
                k = 0.75 * smooth(1.3, 0.7, math.sqrt(a * a + b * b))
                for c in range(3):
                    to = 20.0 if dark else 235.0
                    out[y, x, c] = clipped(out[y, x, c] + (to - out[y, x, c]) * k)


@entry
def scratch(out, at):
    """A pale vertical line, one pixel or so wide."""
    height, width, _ = out.shape
    for y in range(height):
        centre = at + 1.2 * math.sin(y * 0.01)
        for x in range(max(0, int(centre) - 1), min(width, int(centre) + 3)):
            k = 0.3 * max(0.0, 1.0 - abs(x - centre)) * (0.5 + 0.5 * noise(y * 0.05, at, 3))
            for c in range(3):
                out[y, x, c] = clipped(out[y, x, c] + (240.0 - out[y, x, c]) * k)


@entry
def vivid(out):
    """Vibrance: pale colours gain most, and a little contrast."""
    height, width, _ = out.shape
    for y in range(height):
        for x in range(width):
            r, g, b = float(out[y, x, 0]), float(out[y, x, 1]), float(out[y, x, 2])
            lum = luma(r, g, b)
            chroma = (max(r, g, b) - min(r, g, b)) / 255.0
            gain = 1.18 + 0.5 * (1.0 - chroma)
            t = lum / 255.0
            s = 24.0 * (t - 0.45) * (1.0 - abs(2.0 * t - 1.0))
            out[y, x, 0] = clipped(lum + (r - lum) * gain + s)
            out[y, x, 1] = clipped(lum + (g - lum) * gain + s)
            out[y, x, 2] = clipped(lum + (b - lum) * gain + s)


@entry
def dreamy(out, glow):
    """A soft-focus filter: light spills, shadows lift, everything a little rosy."""
    height, width, _ = out.shape
    for y in range(height):
        for x in range(width):
            edge = _corner(x, y, width, height)
            softs = sampled3(glow, y, x, 4)
            for c in range(3):
                soft = softs[c] / 255.0
                v = out[y, x, c] / 255.0
                v = 1.0 - (1.0 - 0.86 * v) * (1.0 - 0.62 * soft)
                lift = 0.075 if c == 0 else (0.045 if c == 1 else 0.075)
                v = lift + (1.0 - lift) * v
                v += (0.98 - v) * 0.22 * edge
                out[y, x, c] = clipped(255.0 * v)


@entry
def moody(out, tile, gy, gx):
    """Cold and dark: crushed shadows, little colour, heavy corners."""
    height, width, _ = out.shape
    for y in range(height):
        for x in range(width):
            r, g, b = float(out[y, x, 0]), float(out[y, x, 1]), float(out[y, x, 2])
            lum = luma(r, g, b)
            t = lum / 255.0
            k = (0.34 + 0.62 * t) * (1.04 - 0.62 * _corner(x, y, width, height))
            n = 3.2 * tile[(y + gy) & MASK, (x + gx) & MASK]
            out[y, x, 0] = clipped((lum + (r - lum) * 0.62) * k * 0.9 + n)
            out[y, x, 1] = clipped((lum + (g - lum) * 0.58) * k + n)
            out[y, x, 2] = clipped((lum + (b - lum) * 0.66) * k * 1.1 + 9.0 * (1.0 - t) + n)


@entry
def watercolour(out, met, wash, edges, sheet, washes):
    """Washes on rough paper, white at its margin: pigment gathers at borders and in the tooth."""
    height, width, _ = out.shape
    for y in range(height):
        for x in range(width):
            tooth = sheet[y, x]
            wx, wy = x + washes[y, x, 0], y + washes[y, x, 1]
            j, i, p, q, s, t = corners(wash.shape[0], wash.shape[1], wy, wx, 2)
            rim = min(weighted(edges, j, i, p, q, s, t, 0) / 24.0, 1.0)
            r, g, b = weighted3(wash, j, i, p, q, s, t)
            lum = luma(r, g, b)
            if met[y, x] >= 0:
                r, g, b, lum = _kept(out, y, x, r, g, b, lum)
            thick = (washes[y, x, 2] + 0.6 * rim) * washes[y, x, 3]
            for c in range(3):
                base = r if c == 0 else (g if c == 1 else b)
                # Paper shines through, and pigments are pure.
                pigment = 60.0 + 0.77 * (lum + (base - lum) * 1.32)
                shows = _BEER[
                    int(min(max(thick, 0.0), 2.48) * 25.0), int(min(max(pigment, 6.0), 250.0))
                ]
                white = (250.0 if c == 0 else (247.0 if c == 1 else 238.0)) + 3.5 * tooth
                out[y, x, c] = clipped(white * shows)


@entry
def oil(out, met, paste, canvas, bristles):
    """Impasto: areas of paste with ridges that catch a light from the side."""
    height, width, _ = out.shape
    for y in range(height):
        for x in range(width):
            sx, sy = x + bristles[y, x, 0], y + bristles[y, x, 1]
            r, g, b = sampled3(paste, sy, sx, 2)
            lum = luma(r, g, b)
            if met[y, x] >= 0:
                r, g, b, lum = _kept(out, y, x, r, g, b, lum)
            t = lum / 255.0
            add = 30.0 * bristles[y, x, 2] * (0.4 + 0.6 * t) + 2.5 * canvas[y, x]
            add += 30.0 * (t - 0.45) * (1.0 - abs(2.0 * t - 1.0))
            out[y, x, 0] = clipped(lum + (r - lum) * 1.3 + add + 4.0)
            out[y, x, 1] = clipped(lum + (g - lum) * 1.26 + add)
            out[y, x, 2] = clipped(lum + (b - lum) * 1.22 + add - 5.0)


@entry
def clay(out, met, depth, middles, pose, seed):
    """Plasticine under warm lamps: no gloss, dents and thumb prints that change with the pose."""
    height, width, _ = out.shape
    unit = 360.0 / min(height, width)
    for y in range(height):
        for x in range(width):
            r, g, b = float(out[y, x, 0]), float(out[y, x, 1]), float(out[y, x, 2])
            # Gloss is white on colour: press it back under a shoulder.
            dull = 0.5 * max(0.0, max(r, g, b) - 190.0)
            bump = 0.0
            who = met[y, x]
            if who >= 0:
                far = min(max(depth[y, x], 0.5), 30.0)
                px = (x - middles[who, 0]) * unit * far * 0.09 + 7.0 * who
                py = (y - middles[who, 1]) * unit * far * 0.09
                dent = noise(px * 0.5 + 40.0, py * 0.5 + 0.2 * (pose % 3), seed % 97)
                below = noise(px * 0.5 + 40.3, py * 0.5 + 0.4 + 0.2 * (pose % 3), seed % 97)
                # Ridges of a thumb, in patches.
                swirl = 2.4 * noise(px * 0.2 + 9.0, py * 0.2, 21 + pose % 2)
                ridge = math.sin(3.4 * (px * math.sin(swirl) + py * math.cos(swirl)))
                patch = smooth(0.5, 0.7, noise(px * 0.3 + 3.0, py * 0.3 + 8.0, 5 + seed % 89))
                bump = 36.0 * (dent - below) + 8.0 * ridge * patch
            else:
                bump = 7.0 * (noise(x * unit * 0.2, y * unit * 0.2, 9) - 0.5)
            lum = luma(r, g, b)
            k = 1.1 - 0.34 * _corner(x, y, width, height)
            add = bump * (0.3 + 0.7 * lum / 255.0) - dull
            out[y, x, 0] = clipped(((lum + (r - lum) * 1.12) * 0.94 + 14.0 + add) * k)
            out[y, x, 1] = clipped(((lum + (g - lum) * 1.12) * 0.91 + 10.0 + add) * k)
            out[y, x, 2] = clipped(((lum + (b - lum) * 1.12) * 0.83 + 8.0 + add) * k)


@entry
def tubes(out, met, ink, steep, lines):
    """Fill `lines` with glowing contours in the strongest colour of what they bound."""
    height, width, _ = out.shape
    for y in range(height):
        for x in range(width):
            inner = smooth(
                10.0,
                30.0,
                steep[min(y // 2, steep.shape[0] - 1), min(x // 2, steep.shape[1] - 1), 0],
            )
            k = max(float(ink[y, x]), (0.75 if met[y, x] >= 0 else 0.5) * inner)
            if k < 0.02:
                continue
            r, g, b = float(out[y, x, 0]), float(out[y, x, 1]), float(out[y, x, 2])
            low, high = min(r, g, b), max(r, g, b)
            if high - low < 0.16 * high + 6.0:  # grey things get a colour of their own
                hue = hashed(met[y, x] + 5, 3, 7) if met[y, x] >= 0 else 0.25
                r, g, b = (0.1, 0.9, 1.0) if hue < 0.5 else (1.0, 0.15, 0.85)
            else:
                r, g, b = (
                    (r - low) / (high - low),
                    (g - low) / (high - low),
                    (b - low) / (high - low),
                )
            lines[y, x, 0] = clipped(k * (35.0 + 220.0 * r))
            lines[y, x, 1] = clipped(k * (35.0 + 220.0 * g))
            lines[y, x, 2] = clipped(k * (35.0 + 220.0 * b))


@entry
def neon(out, lines, light):
    """A dark violet night, contours like gas tubes, and their light around them."""
    height, width, _ = out.shape
    for y in range(height):
        for x in range(width):
            lum = luma(float(out[y, x, 0]), float(out[y, x, 1]), float(out[y, x, 2]))
            dim = 0.13 + 0.09 * lum / 255.0
            glows = sampled3(light, y, x, 4)
            for c in range(3):
                tint = 7.0 if c == 0 else (3.0 if c == 1 else 18.0)
                scale = 0.95 if c == 0 else (0.75 if c == 1 else 1.25)
                glow = glows[c]
                v = tint + dim * scale * out[y, x, c] + glow
                out[y, x, c] = clipped(max(v, 0.94 * lines[y, x, c] + 0.4 * glow))


@entry
def sketch(out, met, soft, broad, edges, ink, sheet, hatching):
    """Graphite on paper: contours, and hatching that gets denser the darker it is."""
    height, width, _ = out.shape
    for y in range(height):
        for x in range(width):
            tooth = sheet[y, x]
            wx, wy = x + hatching[y, x, 3], y + hatching[y, x, 4]
            j, i, p, q, s, t = corners(soft.shape[0], soft.shape[1], wy, wx, 2)
            lum = weighted(soft, j, i, p, q, s, t, 0) / 255.0
            line = min(weighted(edges, j, i, p, q, s, t, 0) / 15.0, 1.0)
            j, i = min(max(int(wy), 0), height - 1), min(max(int(wx), 0), width - 1)
            line = max(0.85 * line * line, 0.9 * ink[j, i])
            dark = 0.16 * (1.0 - lum)
            dark += 0.5 * smooth(0.72, 0.4, lum) * hatching[y, x, 0]
            dark += 0.5 * smooth(0.46, 0.2, lum) * hatching[y, x, 1]
            dark += 0.5 * smooth(0.26, 0.08, lum) * hatching[y, x, 2]
            k = max(line, min(dark, 0.92))
            if met[y, x] >= 0:  # letters on signs and eyes are drawn, not hatched
                fine = luma(float(out[y, x, 0]), float(out[y, x, 1]), float(out[y, x, 2]))
                j, i, p, q, s, t = corners(broad.shape[0], broad.shape[1], y, x, 4)
                around = weighted(broad, j, i, p, q, s, t, 0)
                keep = smooth(0.06, 0.25, abs(fine - around) / (around + 24.0)) * (1.0 - ink[y, x])
                k += ((0.92 if fine < around else 0.04) - k) * keep
            k *= 0.94 + 0.16 * tooth
            for c in range(3):
                white = (247.0 if c == 0 else (244.0 if c == 1 else 236.0)) + 3.0 * tooth
                lead = 52.0 if c == 2 else 46.0
                out[y, x, c] = clipped(white + (lead - white) * min(max(k, 0.0), 1.0))


@entry
def cartoon(out, met, flat, ink):
    """Cel: four steps of light with narrow transitions, strong colour, ink around everything."""
    height, width, _ = out.shape
    for y in range(height):
        for x in range(width):
            r, g, b = sampled3(flat, y, x, 2)
            lum = luma(r, g, b)
            if met[y, x] >= 0:
                r, g, b, lum = _kept(out, y, x, r, g, b, lum)
            lum = lum / 255.0 + 1e-3
            level = lum * 5.0
            step = math.floor(level)
            t = step + smooth(0.42, 0.58, level - step)
            goal = (t + 0.25) / 5.2
            k = goal / lum
            k = 1.0 + (k - 1.0) * 0.85
            grey = 255.0 * lum * k
            pen = 1.0 - ink[y, x] * 0.93
            out[y, x, 0] = clipped((grey + (r * k - grey) * 1.38) * pen + 2.0)
            out[y, x, 1] = clipped((grey + (g * k - grey) * 1.38) * pen + 2.0)
            out[y, x, 2] = clipped((grey + (b * k - grey) * 1.38) * pen + 6.0)
