"""Pixels: a picture in large square pixels of a few colours that were chosen for its film."""
# ruff: noqa: ANN001, ANN202, C901, PLR0913, PLR0917
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.frames.paint import luma
from engine.engines.scene.frames.shapes import entry

Picture = NDArray[np.uint8]
Identity = NDArray[np.int32]
Depth = NDArray[np.float32]
ACROSS = 90  # large pixels along the shorter side
COLOURS = 24
CHROMA = 1.2  # how much stronger colours get
ROUNDS = 8
BITS = 5  # of each channel, in which colours are counted and looked up
REDMEAN = np.array((2.0, 4.0, 3.0), np.float32)  # how much the eye minds each channel


@dataclass(frozen=True, slots=True)
class Palette:
    """A few colours, (n, 3) of 0-255, and which of them is nearest, by 5 bits a channel."""

    colours: NDArray[np.float32]
    nearest: NDArray[np.uint8]


def palette_of(pictures: Sequence[Picture]) -> Palette:
    """Choose the colours that show these pictures best.

    Clusters of weighted colours (Lloyd 1982), from those that lie farthest apart (Gonzalez 1985).
    A colour weighs as the root of its area, so that a small red ball keeps its red.
    """
    pictures = [_purer(picture) for picture in pictures]
    counts = np.zeros(1 << (3 * BITS), np.float32)
    for picture in pictures:
        keys = picture.reshape(-1, 3).astype(np.int64) >> (8 - BITS)
        at = (keys[:, 0] << (2 * BITS)) | (keys[:, 1] << BITS) | keys[:, 2]
        counts += np.bincount(at, minlength=len(counts))
    used = np.flatnonzero(counts)
    weights = np.sqrt(counts[used])
    colours = _cube()[used]
    chosen = colours[[int(np.argmax(weights))]]
    far = _distances(colours, chosen)[:, 0]
    while len(chosen) < min(COLOURS, len(used)):
        chosen = np.vstack([chosen, colours[int(np.argmax(far * weights))]])
        far = np.minimum(far, _distances(colours, chosen[-1:])[:, 0])
    for _ in range(ROUNDS):
        mine = np.argmin(_distances(colours, chosen), axis=1)
        total = np.bincount(mine, weights, len(chosen))
        for c in range(3):
            mean = np.bincount(mine, weights * colours[:, c], len(chosen)) / np.maximum(total, 1e-6)
            chosen[:, c] = np.where(total > 0.0, mean, chosen[:, c])
    chosen = np.round(chosen).astype(np.float32)
    side = 1 << BITS
    nearest = np.argmin(_distances(_cube(), chosen), axis=1).astype(np.uint8)
    return Palette(chosen, nearest.reshape(side, side, side))


def _purer(picture: Picture) -> Picture:
    """The picture in colours as strong as the few of a game are."""
    light = picture.astype(np.float32)
    grey = (light @ np.array((0.2126, 0.7152, 0.0722), np.float32))[..., None]
    return np.clip(grey + (light - grey) * CHROMA, 0.0, 255.0).astype(np.uint8)


def _cube() -> NDArray[np.float32]:
    """The colour of every key, (32768, 3)."""
    steps = np.linspace(0.0, 255.0, 1 << BITS, dtype=np.float32)
    return np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)


def _distances(colours: NDArray[np.float32], to: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squared distances, a row each of `colours` and a column each of `to`."""
    root = np.sqrt(REDMEAN)
    a, b = colours * root, to * root
    squares = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2.0 * (a @ b.T)
    return np.asarray(np.maximum(squares, 0.0), np.float32)


def pixelate(out: Picture, met: Identity, depth: Depth, palette: Palette | None) -> None:
    """Redraw the picture in large pixels; without a palette in the colours that suit it best."""
    block = max(1, round(min(out.shape[:2]) / ACROSS))
    small, who, far = _blocks(out, met, depth, block)
    palette = palette or palette_of([out])
    _draw(out, small, who, far, block, palette.colours, palette.nearest)


@entry
def _blocks(out, met, depth, block):
    """(colour, what it shows, its distance) of every large pixel: of what fills most of it."""
    height, width, _ = out.shape
    rows, columns = -(-height // block), -(-width // block)
    small = np.empty((rows, columns, 3), np.float32)
    who = np.empty((rows, columns), np.int32)
    far = np.empty((rows, columns), np.float32)
    for j in range(rows):
        y1 = min((j + 1) * block, height)
        for i in range(columns):
            x1 = min((i + 1) * block, width)
            best, most = met[j * block, i * block], 0
            for y in range(j * block, y1):
                for x in range(i * block, x1):
                    if x > i * block and met[y, x] == met[y, x - 1]:
                        continue
                    votes = 0
                    for b in range(j * block, y1):
                        for a in range(i * block, x1):
                            votes += met[b, a] == met[y, x]
                    # Bodies win over the ground a little, so that thin ones do not break.
                    votes += votes // 2 if met[y, x] >= 0 else 0
                    if votes > most:
                        best, most = met[y, x], votes
            red = green = blue = deep = 0.0
            number = 0
            for y in range(j * block, y1):
                for x in range(i * block, x1):
                    if met[y, x] == best:
                        red += out[y, x, 0]
                        green += out[y, x, 1]
                        blue += out[y, x, 2]
                        deep += depth[y, x]
                        number += 1
            lum = luma(red, green, blue) / number
            small[j, i, 0] = lum + (red / number - lum) * CHROMA
            small[j, i, 1] = lum + (green / number - lum) * CHROMA
            small[j, i, 2] = lum + (blue / number - lum) * CHROMA
            who[j, i], far[j, i] = best, deep / number
    return small, who, far


@entry
def _draw(out, small, who, far, block, colours, nearest):
    """Fill every block with one colour; bodies get a dark rim of their own hue."""
    height, width, _ = out.shape
    rows, columns = who.shape
    top = nearest.shape[0] - 1
    for j in range(rows):
        for i in range(columns):
            k = 1.0
            if who[j, i] >= 0:
                for down, right in ((0, -1), (0, 1), (-1, 0), (1, 0)):
                    b, a = min(max(j + down, 0), rows - 1), min(max(i + right, 0), columns - 1)
                    behind = far[b, a] > 1.06 * far[j, i]
                    if who[b, a] < 0 or (who[b, a] != who[j, i] and behind):
                        k = 0.38
            # Two tones of the sky meet in a chequered row.
            shift = (8.0 * ((i + j) & 1) - 4.0) if who[j, i] == -2 else 0.0
            r = min(max((small[j, i, 0] * k + shift) / 255.0, 0.0), 1.0) * top
            g = min(max((small[j, i, 1] * k + shift) / 255.0, 0.0), 1.0) * top
            b = min(max((small[j, i, 2] * k + shift) / 255.0, 0.0), 1.0) * top
            colour = colours[nearest[int(r + 0.5), int(g + 0.5), int(b + 0.5)]]
            for y in range(j * block, min((j + 1) * block, height)):
                for x in range(i * block, min((i + 1) * block, width)):
                    for c in range(3):
                        out[y, x, c] = np.uint8(colour[c])
