"""Styles: a developed picture → the same as noir, watercolour, clay, neon, pixels, pencil, ….

Nothing moves that the scene does not move: paper, hatching and brushes stay where they are on the
screen; only the grain and the gate of old film change from frame to frame.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.frames import treatments
from engine.engines.scene.frames.paint import (
    blurred,
    brushed,
    greyed,
    outlines,
    shrunk,
    slope,
)
from engine.engines.scene.frames.pixels import Palette, pixelate
from engine.engines.scene.frames.sheets import bristles, grain_tile, hatching, paper, washes

Picture = NDArray[np.uint8]
Identity = NDArray[np.int32]
Depth = NDArray[np.float32]
PIXEL = "pixel"
Treatment = Callable[[Picture, Identity, Depth, int, int], None]
SCRATCHES = 5  # whiles of old film to look at until one of them has a scratch


def treat(  # noqa: PLR0913, PLR0917 - a picture, what it shows, and how it is drawn
    picture: Picture,
    met: Identity,
    depth: Depth,
    treatment: str,
    seed: int,
    frame: int,
    palette: Palette | None = None,
) -> Picture:
    """Give a picture its style.

    Args:
        picture: (height, width, 3), encoded sRGB; not changed.
        met: (height, width) what each pixel shows: a number a body, negative for ground and sky.
        depth: (height, width) metres along the ray.
        treatment: a key of `TREATMENTS`; "" leaves the picture as it is.
        seed: of grain and paper.
        frame: number of the frame in the film, for what changes with time.
        palette: the colours of the pixel style; without it, those that suit this picture.
    """
    if not treatment:
        return picture
    out = picture.copy()
    if treatment == PIXEL and palette is not None:
        pixelate(out, met, depth, palette)
    else:
        TREATMENTS[treatment](out, met, depth, seed, frame)
    return out


def _grain(seed: int, frame: int) -> tuple[NDArray[np.float32], int, int]:
    """A tile of grain and where this frame begins in it."""
    shift = np.random.default_rng((seed, frame)).integers(0, 256, 2)
    return grain_tile(seed % 5), int(shift[0]), int(shift[1])


def _glow_of(out: Picture, threshold: float, reach: float) -> NDArray[np.float32]:
    """Light that spills over: the bright parts, blurred, at a quarter of the size."""
    small = shrunk(out, 4)
    bright = np.maximum(small - np.float32(threshold), 0.0)
    radius = max(1, round(reach * out.shape[0] / 4))
    return np.asarray(blurred(blurred(bright, radius), radius))


def _stroke(out: Picture) -> int:
    """Width of a pen, px."""
    return int(max(1, round(min(out.shape[:2]) / 360)))


def _noir(out: Picture, met: Identity, depth: Depth, seed: int, frame: int) -> None:
    treatments.noir(out, met, *_grain(seed, frame))


def _cinematic(out: Picture, met: Identity, depth: Depth, seed: int, frame: int) -> None:
    treatments.cinematic(out, _glow_of(out, 190.0, 0.02), *_grain(seed, frame))


def _vintage(out: Picture, met: Identity, depth: Depth, seed: int, frame: int) -> None:
    rng = np.random.default_rng((seed, 3, frame))
    sway = np.random.default_rng((seed, 5, frame // 2)).normal(0.0, 0.5, 2)
    height, width = out.shape[:2]
    out[:] = np.roll(out, (round(float(sway[0])), round(float(sway[1]) * 0.6)), axis=(0, 1))
    treatments.vintage(out, 1.0 + 0.012 * float(rng.normal()), *_grain(seed, frame))
    specks = rng.uniform(0.0, 1.0, (int(rng.poisson(1.2)), 3)) * (height, width, 1.0)
    treatments.specks(out, specks)
    hair = np.random.default_rng((seed, 7, frame // 30))
    if hair.uniform() < 0.45:  # a scratch stays for a second or so
        treatments.scratch(out, float(hair.uniform(0.1, 0.9)) * width + float(rng.normal(0, 0.6)))


def _vivid(out: Picture, met: Identity, depth: Depth, seed: int, frame: int) -> None:
    treatments.vivid(out)


def _dreamy(out: Picture, met: Identity, depth: Depth, seed: int, frame: int) -> None:
    treatments.dreamy(out, _glow_of(out, 40.0, 0.028))


def _moody(out: Picture, met: Identity, depth: Depth, seed: int, frame: int) -> None:
    treatments.moody(out, *_grain(seed, frame))


def _watercolour(out: Picture, met: Identity, depth: Depth, seed: int, frame: int) -> None:
    wash = brushed(shrunk(out, 2), _radius(out, 100))
    sheet = (*out.shape[:2], seed % 5)
    treatments.watercolour(
        out, met, wash, blurred(slope(greyed(wash)), 1), paper(*sheet, 1.0), washes(*sheet)
    )


def _oil(out: Picture, met: Identity, depth: Depth, seed: int, frame: int) -> None:
    paste = brushed(shrunk(out, 2), _radius(out, 80))
    sheet = (*out.shape[:2], seed % 5)
    treatments.oil(out, met, paste, paper(*sheet, 0.2), bristles(*sheet))


def _radius(out: Picture, share: int) -> int:
    """Of a brush, in px of half the picture."""
    return int(max(2, round(min(out.shape[:2]) / share)))


def _clay(out: Picture, met: Identity, depth: Depth, seed: int, frame: int) -> None:
    treatments.clay(out, met, depth, _middles(met), frame // 2, seed)


def _neon(out: Picture, met: Identity, depth: Depth, seed: int, frame: int) -> None:
    lines = np.zeros_like(out)
    steep = slope(greyed(shrunk(out, 2)))
    treatments.tubes(out, met, outlines(met, depth, _stroke(out)), steep, lines)
    light = shrunk(lines, 4)
    radius = max(1, round(out.shape[0] / 160))
    near = blurred(blurred(light, radius), radius)
    wide = blurred(near, 3 * radius)
    treatments.neon(out, lines, np.float32(0.95) * near + np.float32(1.5) * wide)


def _pixel(out: Picture, met: Identity, depth: Depth, seed: int, frame: int) -> None:
    pixelate(out, met, depth, None)


def _sketch(out: Picture, met: Identity, depth: Depth, seed: int, frame: int) -> None:
    soft = blurred(greyed(shrunk(out, 2)), 1)
    height, width = out.shape[:2]
    sheet = paper(height, width, seed % 5, 0.6)
    contours = outlines(met, depth, _stroke(out))
    broad = blurred(greyed(shrunk(out, 4)), max(1, _radius(out, 60) // 2))
    treatments.sketch(out, met, soft, broad, slope(soft), contours, sheet, hatching(height, width))


def _cartoon(out: Picture, met: Identity, depth: Depth, seed: int, frame: int) -> None:
    flat = brushed(shrunk(out, 2), 3)
    treatments.cartoon(out, met, flat, outlines(met, depth, _stroke(out) + 1))


def _middles(met: Identity) -> NDArray[np.float32]:
    """Centre (x, y) of the pixels of each body, so that what is on it goes with it."""
    sparse = met[::2, ::2]
    rows, columns = np.nonzero(sparse >= 0)
    who = sparse[rows, columns]
    if not who.size:
        return np.zeros((1, 2), np.float32)
    count = np.maximum(np.bincount(who), 1)
    x = np.bincount(who, columns * 2.0) / count
    y = np.bincount(who, rows * 2.0) / count
    return np.stack((x, y), axis=1).astype(np.float32)


TREATMENTS: dict[str, Treatment] = {
    "noir": _noir,
    "cinematic": _cinematic,
    "vintage": _vintage,
    "vivid": _vivid,
    "dreamy": _dreamy,
    "moody": _moody,
    "watercolour": _watercolour,
    "oil": _oil,
    "clay": _clay,
    "neon": _neon,
    PIXEL: _pixel,
    "sketch": _sketch,
    "cartoon": _cartoon,
}


def warm_up_styles() -> None:
    """Compile every treatment, or load it compiled."""
    side = 48
    picture = np.zeros((side, side, 3), np.uint8)
    met, depth = np.zeros((side, side), np.int32), np.ones((side, side), np.float32)
    for treatment in TREATMENTS:
        for frame in range(0, 30 * SCRATCHES, 30):  # among them one with a scratch
            treat(picture, met, depth, treatment, 1, frame)
            if treatment != "vintage":
                break
