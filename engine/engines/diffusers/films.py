"""Films that a model goes on from or changes: frames at its rate, in the size that it makes."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from engine.engines.diffusers.family import Frames, Traits
from engine.footage import count_frames, read_frames


def last_frames(film: Path, film_fps: int, traits: Traits) -> Frames:
    """The end of a film: as many frames as the model can go on from, and the film has."""
    has = count_frames(film) * traits.fps // film_fps
    step = traits.frame_step
    count = min(traits.opening_frames, (has - 1) // step * step + 1)
    return read_frames(film, numbers_at(range(has - count, has), traits.fps, film_fps))


def numbers_at(numbers: Iterable[int], fps: int, film_fps: int) -> list[int]:
    """Which frames of a film are those with these numbers at another rate.

    Rounded up: of a frame that a film shows twice, that is its own and not the one before.
    """
    return [-(-number * film_fps // fps) for number in numbers]


def padded(frames: Frames, size: tuple[int, int]) -> Frames:
    """Frames in the middle of a larger size (width, height in px), their borders repeated.

    The engine cuts the middle out of what it makes: so a film is not scaled by going on.
    """
    wide, high = size[0] - frames.shape[2], size[1] - frames.shape[1]
    top, left = high // 2, wide // 2
    return np.pad(frames, ((0, 0), (top, high - top), (left, wide - left), (0, 0)), mode="edge")
