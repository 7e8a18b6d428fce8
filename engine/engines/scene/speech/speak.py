"""Speak: the lines of a shot → what is heard of them, one after the other, within the shot."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.contracts import NotDrawn
from engine.engines.scene.language.script import Line, Subject
from engine.engines.scene.speech.mouths import mouth_shapes
from engine.engines.scene.speech.pronunciation import SpokenWord, pronounced
from engine.engines.scene.speech.spoken import Spoken, Word
from engine.engines.scene.speech.synthesis import Phone
from engine.engines.scene.speech.voices import Voice, voice_of, voiced
from engine.mp4 import SAMPLE_RATE_HZ

LEAD_SECONDS = 0.25  # before the first line
PAUSE_SECONDS = 0.35  # between two
TAIL_SECONDS = 0.1  # after the last
FASTEST = 1.35  # of the voice's own pace
ATTEMPTS = 3  # to meet a length
MOST_WORDS = 6.0  # a second: nobody speaks faster, so more is not even tried
FADE_SECONDS = 0.02
SILENCE = 0.01  # of the peak; what is below it at either end is cut


@dataclass(frozen=True, slots=True)
class Speech:
    """The lines of a shot as they are heard, and what of them is not."""

    spoken: tuple[Spoken, ...]
    unspoken: tuple[NotDrawn, ...]


@dataclass(frozen=True, slots=True)
class _Utterance:
    """A line before it has its place in time."""

    speaker: str | None
    words: tuple[SpokenWord, ...]
    beyond: tuple[str, ...]  # what follows, and could never fit
    voice: Voice
    manner: str | None


@dataclass(frozen=True, slots=True)
class _Recording:
    utterance: _Utterance
    samples: NDArray[np.float32]
    phones: tuple[Phone, ...]

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE_HZ


def speak(
    lines: Sequence[Line], *, start: float, end: float, fps: int, speakers: Sequence[Subject]
) -> Speech:
    """Say the lines of a shot one after the other, so that they end with it.

    Too much for the shot is said up to 1.35 times as fast; what then still does not fit is cut
    after a word and reported, as is what has no sound (other scripts, emoji).

    Args:
        lines: as the script has them.
        start: of the shot, seconds of film.
        end: of the shot, seconds of film.
        fps: frames a second, for the mouths.
        speakers: the subjects of the script, which lines name by index.
    """
    pauses = LEAD_SECONDS + PAUSE_SECONDS * max(0, len(lines) - 1) + TAIL_SECONDS
    room = max(end - start - pauses, 0.5 * (end - start))
    unspoken: list[NotDrawn] = []
    utterances = []
    most = 1 + int(room * MOST_WORDS)  # so that the shot, not the script, bounds the cost
    for line in lines:
        if utterance := _utterance(line, speakers, most, unspoken):
            utterances.append(utterance)
            most = max(0, most - len(utterance.words))
    spoken = []
    now = start + LEAD_SECONDS
    for take in _takes(utterances, room):
        said = _placed(take, now, end - TAIL_SECONDS, fps)
        missing = take.utterance.words[len(said.words) if said else 0 :]
        if beyond := " ".join([w.text + w.mark for w in missing] + [*take.utterance.beyond]):
            unspoken.append(NotDrawn(f"“{beyond}”: no time to say it", None))
        if said:
            spoken.append(said)
            now += len(said.samples) / SAMPLE_RATE_HZ + PAUSE_SECONDS
    return Speech(tuple(spoken), tuple(unspoken))


def _utterance(
    line: Line, speakers: Sequence[Subject], most: int, unspoken: list[NotDrawn]
) -> _Utterance | None:
    tokens = line.text.split()
    if tokens and not most:
        unspoken.append(NotDrawn(f"“{line.text}”: no time to say it", None))
        return None
    words, left_out = pronounced(" ".join(tokens[:most]))
    if left_out or not words:
        missing = " ".join(left_out) or line.text
        unspoken.append(NotDrawn(f"“{missing}”: only English is spoken", None))
    if not words:
        return None
    who = speakers[line.speaker] if line.speaker is not None else None
    voice = voice_of(f"{who.name} {who.kind.name}" if who else "", asked=line.voice)
    name = (who.name or who.kind.name) if who else None
    return _Utterance(name, words, tuple(tokens[most:]), voice, line.manner)


def _takes(utterances: Sequence[_Utterance], room: float) -> list[_Recording]:
    """Record them at their own pace; faster if that is too long for the room (seconds)."""
    takes = [_recorded(u, 1.0) for u in utterances]
    own = needed = sum(take.seconds for take in takes)
    wanted = max(room, own / FASTEST)
    speed = 1.0
    for _ in range(ATTEMPTS):
        if needed <= wanted:
            break
        # More than in proportion: each of many sounds lasts whole steps of the voice, rounded up.
        speed *= 1.02 * (needed / wanted) ** 1.8
        takes = [_recorded(u, speed) for u in utterances]
        needed = sum(take.seconds for take in takes)
    return takes


def _recorded(utterance: _Utterance, speed: float) -> _Recording:
    samples, phones = voiced(utterance.words, utterance.voice, manner=utterance.manner, speed=speed)
    loud = np.flatnonzero(np.abs(samples) > SILENCE * np.abs(samples).max())
    first, last = int(loud[0]), int(loud[-1]) + 1
    shift = first / SAMPLE_RATE_HZ
    moved = tuple(
        Phone(p.symbol, p.word, max(0.0, p.start - shift), max(0.0, p.end - shift)) for p in phones
    )
    return _Recording(utterance, _faded(samples[first:last].copy()), moved)


def _placed(take: _Recording, start: float, limit: float, fps: int) -> Spoken | None:
    """Put a recording on the film's clock; it ends with a whole word before `limit`."""
    words = []
    for i, word in enumerate(take.utterance.words):
        own = [p for p in take.phones if p.word == i]
        end = min(own[-1].end, take.seconds)
        if start + end > limit:
            break
        words.append(Word(word.text + word.mark, start + own[0].start, start + end))
    if not words:
        return None
    samples = take.samples
    if len(words) < len(take.utterance.words):
        samples = _faded(samples[: round((words[-1].end - start) * SAMPLE_RATE_HZ)].copy())
    phones = [p for p in take.phones if p.word < len(words)]
    mouths = mouth_shapes(phones, samples, start=start, fps=fps)
    return Spoken(take.utterance.speaker, start, samples, tuple(words), mouths)


def _faded(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    length = min(len(samples), round(FADE_SECONDS * SAMPLE_RATE_HZ))
    samples[len(samples) - length :] *= np.linspace(1.0, 0.0, length, dtype=np.float32)
    return samples
