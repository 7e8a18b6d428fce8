"""Wan VACE (arXiv 2503.07598): clips from a text, with faces, from a picture, or over a film.

One network takes all of it as frames and a mask: black is kept, white is made, and what is made may
be led by the frames under it. Faces stand before the frames, as pictures on white.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine.engines.diffusers.family import Ask, Frames
from engine.engines.diffusers.folder import ModelFolder
from engine.engines.diffusers.wan import WanFamily

# With the 80 of five seconds it stays near the 81 that the model was trained on.
OPENING_FRAMES = 5
GREY = 128  # what nothing is known of
KEPT, MADE = 0, 255
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # Rec. 601


class WanVaceFamily(WanFamily):
    """A Wan 2.1 or 2.2 model with VACE's layers; its folder names WanVACEPipeline."""

    def __init__(self, folder: ModelFolder, recipe: Path | None) -> None:
        super().__init__(folder, recipe)
        self.traits = replace(
            self.traits,
            takes_picture=True,
            opening_frames=OPENING_FRAMES,
            takes_film=True,
            takes_faces=True,
        )

    def _make_film_pipe(self) -> Any:
        """The one pipeline does it all."""
        return self._pipe

    def _way(self, ask: Ask) -> tuple[Any, dict[str, Any], int]:
        """What VACE is led by: a film's greys, the frames that it goes on from, or faces alone."""
        more: dict[str, Any] = {"num_frames": ask.frames}
        if ask.faces:
            more["reference_images"] = list(ask.faces)
        if ask.film is not None:
            more["video"] = _pictures(_greys(ask.film))
        elif ask.opening is not None:
            more["video"], more["mask"] = _continued(ask.opening, ask.frames)
        return self._pipe, more, self.recipe.steps


def _greys(film: Frames) -> Frames:
    """A film without its colours.

    VACE was trained to film anew what it sees of depth, pose, lines or greys; greys alone need no
    other model. They hold shapes and motion, and leave colours and looks to the words.
    """
    grey = (film @ LUMA).round().astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)


def _continued(opening: Frames, frames: int) -> tuple[list[Image.Image], list[Image.Image]]:
    """Frames to keep and then nothing known, and the mask that says which is which."""
    count, height_px, width_px, _ = opening.shape
    unknown = np.full((frames - count, height_px, width_px, 3), GREY, np.uint8)
    mask = [
        Image.new("L", (width_px, height_px), KEPT if i < count else MADE) for i in range(frames)
    ]
    return _pictures(np.concatenate([opening, unknown])), mask


def _pictures(frames: Frames) -> list[Image.Image]:
    return [Image.fromarray(frame) for frame in frames]
