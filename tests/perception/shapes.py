"""Pictures drawn by formula, for the models that look."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

WIDTH_PX, HEIGHT_PX = 360, 640

# Skin-coloured ellipses: (centre x, y, radius x, y, RGB). Nobody is shown, yet open_nsfw scores
# them 0.98: found by search, to drive the refusing path without an explicit picture in the tree.
_BLOBS = (
    (363, 493, 122, 232, (251, 188, 149)),
    (30, 145, 61, 34, (219, 158, 141)),
    (94, 202, 71, 54, (218, 169, 139)),
    (240, 346, 24, 116, (213, 171, 146)),
    (73, 271, 24, 75, (172, 136, 116)),
    (145, 313, 164, 118, (157, 124, 106)),
)
_BACKGROUND = (143.0, 124.0, 235.0)


def blobs() -> npt.NDArray[np.uint8]:
    """Return an abstract picture that the nudity model takes for explicit."""
    y, x = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX]
    picture = np.zeros((HEIGHT_PX, WIDTH_PX, 3)) + _BACKGROUND
    for centre_x, centre_y, radius_x, radius_y, colour in _BLOBS:
        distance = ((x - centre_x) / radius_x) ** 2 + ((y - centre_y) / radius_y) ** 2
        opacity = np.sqrt(np.clip(1.15 - distance, 0, 1))[..., None]
        shade = np.clip(1 - 0.35 * distance, 0.3, 1)[..., None]
        picture = picture * (1 - opacity) + np.asarray(colour) * shade * opacity
    return np.clip(picture, 0, 255).astype(np.uint8)


def landscape() -> npt.NDArray[np.uint8]:
    """Return a blue sky over a green field, with a red ball."""
    y, x = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX]
    picture = np.zeros((HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8)
    picture[:400] = (90, 150, 230)
    picture[400:] = (60, 140, 50)
    picture[(x - 180) ** 2 + (y - 420) ** 2 < 60**2] = (210, 30, 30)
    return picture
