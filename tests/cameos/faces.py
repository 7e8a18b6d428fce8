"""Registered faces, films and pictures that show them, by the pack that installation made."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import av
import numpy as np
from PIL import Image

from cameos.models import Cameo
from cameos.services import likeness, store_likeness
from tests.perception.faces import collins, collins_template, hopper, template

__all__ = ["collins", "collins_template", "hopper", "hopper_template"]

SIZE = (360, 640)
FPS = 8


@cache
def hopper_template():
    """Hers by the default pack."""
    return template(hopper())


def between(one, other, similarity: float):
    """A template of a given similarity with `one`, on the way to `other`."""
    across = other - (other @ one) * one
    across /= np.linalg.norm(across)
    return (similarity * one + np.sqrt(1 - similarity**2) * across).astype(np.float32)


def register(owner, face, *, kind="person", **fields) -> Cameo:
    """An active cameo, protected face or operator's entry with this template."""
    handle = owner.username if owner is not None and kind == "person" else None
    given = {"handle": handle, "audience": "everyone"} | fields
    cameo = Cameo.objects.create(owner=owner, kind=kind, **given)
    pack = likeness.current_pack()
    store_likeness(cameo_id=cameo.pk, template=face, portrait=None, pack_sha256=pack)
    return cameo


def placed(face: np.ndarray | None, *, height: int = 360, at: tuple[int, int] = (0, 120)):
    """A frame of SIZE with a picture in it, `height` px high; None: without."""
    rows = np.linspace(90, 200, SIZE[1], dtype=np.uint8)[:, None, None]
    frame = Image.fromarray(np.broadcast_to(rows, (SIZE[1], SIZE[0], 3)).copy())
    if face is not None:
        picture = Image.fromarray(face)
        frame.paste(picture.resize((round(picture.width * height / picture.height), height)), at)
    return np.asarray(frame)


def film(to: Path, frames: Sequence[np.ndarray], *, each: int = FPS // 2) -> Path:
    """An MP4 that shows each frame for `each` of eight a second: half a second."""
    with av.open(str(to), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.height, stream.width, _ = frames[0].shape
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            for _ in range(each):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return to


def encoded(picture: np.ndarray, kind: str = "JPEG", **options) -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, **options)
    return file.getvalue()


def landscape(width: int = 320, height: int = 240) -> np.ndarray:
    """Nobody."""
    y, x = np.mgrid[0:height, 0:width]
    sky = np.stack([90 + x // 4, 120 + y // 3, 200 - y // 2], axis=-1)
    return np.clip(sky, 0, 255).astype(np.uint8)
