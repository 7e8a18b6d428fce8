"""The picture of a person that their cameo is shown with: the best frontal face of the capture."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from PIL import Image

from perception.liveness.turns import FRONTAL, Head
from perception.liveness.watching import Sight, Track

PORTRAIT_PX: Final = 512
_QUALITY = 88


def portrait_of(track: Track, head: Head) -> bytes:
    """Return a JPEG of the sharpest of the most frontal frames: face and margin, no metadata."""
    by_turn = np.argsort(np.abs(head.deltas), kind="stable")
    frontal = [i for i in by_turn if abs(head.deltas[i]) <= FRONTAL] or [by_turn[0]]
    nearest = [track.sights[i] for i in frontal[: max(1, len(frontal) // 2)]]
    best = max(nearest, key=_sharpness)
    picture = Image.fromarray(best.crop)
    picture.thumbnail((PORTRAIT_PX, PORTRAIT_PX), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _sharpness(sight: Sight) -> float:
    """Mean squared slope of the brightness within the face, times how sure the detector is."""
    x0, y0, x1, y1 = (max(0, int(edge)) for edge in sight.face.box)
    grey = sight.crop[y0:y1, x0:x1].mean(axis=2)
    if min(grey.shape) < 2:
        return 0.0
    across, down = np.diff(grey, axis=1), np.diff(grey, axis=0)
    return float(((across**2).mean() + (down**2).mean()) * sight.face.score)
