"""Dialogue: spoken lines at the place of who speaks, and everything else turned down under them."""

from collections.abc import Sequence

import numpy as np

from engine.engines.scene.sound.heard import Array, Samples, Scored, placed
from engine.engines.scene.speech.spoken import Spoken
from engine.mp4 import SAMPLE_RATE_HZ

LEVEL = 2.6
NEAREST = 0.45  # of the whole level: a line is understood, however far off who says it
UNDER_SPEECH = 10.0 ** (-9.0 / 20.0)  # of music and ambience
EFFECTS_UNDER_SPEECH = 10.0 ** (-10.0 / 20.0)
UNDER_IMPACT = 10.0 ** (-4.0 / 20.0)  # of the music alone
LOUD_IMPACT = 0.25
BLOCK = SAMPLE_RATE_HZ // 100


def add_dialogue(mix: Samples, lines: Sequence[Spoken], takes: Sequence[Scored], fps: int) -> None:
    """Add every line, panned frame by frame to where its speaker is seen."""
    cameras = [(take, i) for take in takes for i in range(len(take.cameras))]
    for line in lines:
        at = round(line.start * SAMPLE_RATE_HZ)
        tone = line.samples[: max(0, len(mix) - at)]
        if not len(tone):
            continue
        first = min(int(line.start * fps), len(cameras) - 1)
        last = min(len(cameras), first + int(len(tone) / SAMPLE_RATE_HZ * fps) + 2)
        gains = np.array([_gains(*cameras[i], line.speaker) for i in range(first, last)])
        frames = line.start * fps - first + np.arange(len(tone)) * (fps / SAMPLE_RATE_HZ)
        for ear in range(2):
            gain = np.interp(frames, np.arange(len(gains)), gains[:, ear])
            mix[at : at + len(tone), ear] += (LEVEL * gain * tone).astype(np.float32)


def spans_of(lines: Sequence[Spoken]) -> list[range]:
    """The samples of the film in which somebody speaks."""
    starts = [round(line.start * SAMPLE_RATE_HZ) for line in lines]
    return [range(s, s + len(line.samples)) for s, line in zip(starts, lines, strict=True)]


def turned_down(samples: int, lines: Sequence[Spoken], depth: float) -> Samples:
    """Gain (samples,) that sinks to `depth` under speech, softly at both ends."""
    gain = np.ones(samples // BLOCK + 2)
    for span in spans_of(lines):
        gain[max(0, span.start // BLOCK - 8) : span.stop // BLOCK + 16] = depth
    return _drawn(_soft(gain, 12), samples)


def under_impacts(effects: Samples) -> Samples:
    """Gain (samples,) that makes room for what is loud and short."""
    padded = np.pad(effects, ((0, -len(effects) % BLOCK), (0, 0)))
    level = np.abs(padded).reshape(-1, BLOCK * 2).max(axis=1)
    gain = np.where(level > LOUD_IMPACT, UNDER_IMPACT, 1.0)
    return _drawn(_soft(np.append(gain, 1.0), 10), len(effects))


def _soft(gain: Array, blocks: int) -> Array:
    window = np.hanning(2 * blocks + 3)[1:-1]
    padded = np.pad(gain, blocks, mode="edge")
    return np.convolve(padded, window / window.sum(), mode="valid")


def _drawn(gain: Array, samples: int) -> Samples:
    at = np.arange(samples) / BLOCK
    return np.interp(at, np.arange(len(gain)), gain).astype(np.float32)


def _gains(take: Scored, frame: int, speaker: str | None) -> tuple[float, float]:
    """Left and right; the middle for a narrator and for who is not in the take."""
    body = speaking_body(take, speaker)
    if body is None:
        return 0.5**0.5, 0.5**0.5
    left, right = placed(take.cameras[frame], take.motion.positions[frame, body])
    whole = float(np.hypot(left, right))
    near = max(NEAREST, min(1.0, whole))
    return near * left / whole, near * right / whole


def speaking_body(take: Scored, speaker: str | None) -> int | None:
    """The head of who speaks, else anything of that name; None: not in this world."""
    if not speaker:
        return None
    names = [body.name for body in take.world.bodies]
    for wanted in (f"{speaker}/head", speaker):
        if wanted in names:
            return names.index(wanted)
    own = [i for i, name in enumerate(names) if name.startswith((f"{speaker} ", f"{speaker}/"))]
    kind = [i for i, body in enumerate(take.world.bodies) if body.subject == speaker]
    return next(iter(own or kind), None)
