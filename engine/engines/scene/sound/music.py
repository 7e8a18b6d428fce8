"""Music: a simple piece for a mood, composed by rule and by seed, as long as the film."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.engines.scene.sound.heard import Samples, add_tone
from engine.engines.scene.sound.instruments import note
from engine.mp4 import SAMPLE_RATE_HZ

MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)
DORIAN = (0, 2, 3, 5, 7, 9, 10)
LYDIAN = (0, 2, 4, 6, 7, 9, 11)
BEATS = 4  # a bar
FADE_SECONDS = 1.2  # at the end
LEVEL = 0.04  # root mean square


@dataclass(frozen=True, slots=True)
class Part:
    """One player: which notes of the chord, when in the bar (in beats), how long, how loud."""

    instrument: str
    beats: tuple[float, ...]
    tones: tuple[int, ...]  # steps above the chord's root in the scale, one a beat, in turn
    octave: int = 0
    length: float = 1.0  # beats
    level: float = 0.3
    pan: float = 0.5  # 0 left, 1 right
    chord: bool = False  # all tones at once, on each beat


@dataclass(frozen=True, slots=True)
class Piece:
    """What is played for a mood; the melody is made up as it goes."""

    tempo: float  # beats a minute
    root: int  # MIDI
    scale: tuple[int, ...]
    chords: tuple[int, ...]  # steps of the scale, one a bar
    parts: tuple[Part, ...]
    melody: str | None = None
    melody_rhythm: tuple[float, ...] = (0, 1, 1.5, 2, 3)


PULSE = (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5)
SIXTEENTHS = tuple(i / 4 for i in range(16))
TRIAD = (0, 2, 4)

PIECES = {
    "happy": Piece(
        118, 60, MAJOR, (0, 4, 5, 3),
        (
            Part("pluck", PULSE, (0, 2, 4, 2), length=0.6, level=0.4, pan=0.35),
            Part("bass", (0, 1.5, 2), (0, 0, 4), octave=-2, length=0.8, level=0.5),
            Part("kick", (0, 2), (0,), octave=-1, level=0.35),
            Part("hat", (0.5, 1.5, 2.5, 3.5), (0,), level=0.1, pan=0.6),
        ),
        "bell",
    ),
    "calm": Piece(
        66, 62, MAJOR, (0, 5, 3, 4),
        (
            Part("pad", (0,), TRIAD, length=4.0, level=0.28, chord=True),
            Part("piano", (0, 1, 2, 3), (0, 4, 7, 4), length=2.0, level=0.32, pan=0.42),
        ),
        "piano", (0, 2, 3),
    ),
    "epic": Piece(
        96, 50, MINOR, (0, 5, 2, 6),
        (
            Part("strings", (0,), TRIAD, octave=1, length=4.0, level=0.32, chord=True),
            Part("strings", PULSE, (0, 0, 4, 0), length=0.4, level=0.3, pan=0.4),
            Part("drum", (0, 1.5, 2, 3, 3.5), (0,), octave=0, level=0.6),
            Part("bass", (0,), (0,), octave=-1, length=4.0, level=0.4),
        ),
        "strings", (0, 1, 3),
    ),
    "sad": Piece(
        60, 57, MINOR, (0, 5, 3, 4),
        (
            Part("strings", (0,), TRIAD, length=4.0, level=0.2, chord=True, pan=0.6),
            Part("piano", (0, 1, 2, 3), (0, 2, 4, 2), length=2.0, level=0.34, pan=0.42),
        ),
        "piano", (0, 1.5, 3),
    ),
    "tense": Piece(
        104, 50, MINOR, (0, 0, 5, 4),
        (
            Part("bass", PULSE, (0,), octave=-1, length=0.4, level=0.4),
            Part("strings", (0,), (0, 1), octave=2, length=4.0, level=0.16, chord=True),
            Part("block", (0, 0.75, 1.5, 2.25, 3), (0,), octave=3, level=0.1, pan=0.7),
            Part("drum", (0, 2.5), (0,), level=0.35),
        ),
    ),
    "romantic": Piece(
        72, 65, MAJOR, (0, 5, 1, 4),
        (
            Part("electric piano", (0, 1, 2, 3), (0, 4, 6, 4), length=2.0, level=0.34, pan=0.42),
            Part("strings", (0,), TRIAD, length=4.0, level=0.2, chord=True, pan=0.58),
            Part("bass", (0, 2.5), (0, 4), octave=-2, length=1.8, level=0.3),
        ),
        "flute", (0, 1, 2.5, 3),
    ),
    "mysterious": Piece(
        70, 57, LYDIAN, (0, 1, 0, 6),
        (
            Part("pad", (0,), (0, 4, 5), octave=-1, length=4.0, level=0.3, chord=True),
            Part("bell", (0, 1.5, 3), (0, 4, 8), octave=1, length=1.5, level=0.2, pan=0.68),
        ),
        "flute", (0.5, 2.5),
    ),
    "playful": Piece(
        126, 60, MAJOR, (0, 3, 0, 4),
        (
            Part("pluck", (0, 1, 2, 3), (0, 4, 2, 4), octave=-1, length=0.3, level=0.42, pan=0.4),
            Part("block", (0.5, 1.5, 2.5, 3.25, 3.5), (0,), octave=2, level=0.14, pan=0.7),
            Part("pluck", (0.5, 1.5, 2.5, 3.5), (2, 4), length=0.25, pan=0.6, chord=True),
        ),
        "bell", (0, 0.5, 1, 2, 2.5, 3),
    ),
    "retro": Piece(
        104, 57, MINOR, (0, 5, 2, 6),
        (
            Part("synth", SIXTEENTHS, (0, 2, 4, 7), octave=0, length=0.24, level=0.26, pan=0.35),
            Part("synth", PULSE, (0,), octave=-2, length=0.45, level=0.5),
            Part("pad", (0,), TRIAD, length=4.0, level=0.26, chord=True, pan=0.6),
            Part("kick", (0, 1, 2, 3), (0,), octave=-1, level=0.5),
            Part("snare", (1, 3), (0,), level=0.22),
            Part("hat", (0.5, 1.5, 2.5, 3.5), (0,), level=0.1, pan=0.6),
        ),
        "synth", (0, 1.5, 3),
    ),
}  # fmt: skip
LIKE = {  # other words for a mood
    "joyful": "happy",
    "cheerful": "happy",
    "peaceful": "calm",
    "dreamy": "calm",
    "relaxed": "calm",
    "heroic": "epic",
    "dramatic": "epic",
    "melancholic": "sad",
    "scary": "tense",
    "ominous": "tense",
    "suspense": "tense",
    "moody": "mysterious",
    "funny": "playful",
    "synthwave": "retro",
    "neon": "retro",
}
PITCH_OF = {"kick": 36, "drum": 33, "snare": 55, "hat": 60}  # drums have no key


def music(mood: str, samples: int, rng: np.random.Generator) -> Samples:
    """Play for a mood, (samples, 2); an unknown mood is calm. It fades out at the end."""
    piece = PIECES.get(LIKE.get(mood, mood), PIECES["calm"])
    out = np.zeros((samples, 2), np.float32)
    beat = 60.0 / piece.tempo
    bars = int(samples / SAMPLE_RATE_HZ / beat / BEATS) + 1
    step = 0
    for bar in range(bars):
        chord = piece.chords[bar % len(piece.chords)]
        for part in piece.parts:
            _play(out, piece, part, chord, bar * BEATS)
        step = _sing(out, piece, chord, bar * BEATS, step, rng)
    fade = min(samples, round(FADE_SECONDS * SAMPLE_RATE_HZ))
    out[samples - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)[:, None]
    return out * np.float32(LEVEL / (float(np.sqrt(np.mean(out**2))) + 1e-9))


def _play(out: Samples, piece: Piece, part: Part, chord: int, first_beat: float) -> None:
    for i, at in enumerate(part.beats):
        tones = part.tones if part.chord else (part.tones[i % len(part.tones)],)
        for spread, tone in enumerate(tones):
            midi = PITCH_OF.get(part.instrument) or _midi(piece, chord + tone, part.octave)
            sound = note(part.instrument, midi, part.length * 60.0 / piece.tempo)
            # The tones of a chord sit side by side.
            pan = part.pan + 0.12 * (spread - 0.5 * (len(tones) - 1))
            start = round((first_beat + at) * 60.0 / piece.tempo * SAMPLE_RATE_HZ)
            gains = (part.level * (1.0 - pan), part.level * pan)
            add_tone(out, sound, start, gains)


def _sing(
    out: Samples, piece: Piece, chord: int, first_beat: float, step: int, rng: np.random.Generator
) -> int:
    """A melody that walks the scale, and comes to rest on the chord at every bar; its last step."""
    if piece.melody is None:
        return step
    for at, length in _rhythm(piece.melody_rhythm, rng):
        if at == 0.0:
            step = min(
                (chord + t + 7 * o for t in TRIAD for o in (-1, 0, 1)), key=lambda s: abs(s - step)
            )
        else:
            step += int(rng.choice((-2, -1, -1, 1, 1, 2)))
        step = int(np.clip(step, -3, 9))
        sound = note(piece.melody, _midi(piece, step, 1), length * 60.0 / piece.tempo)
        start = round((first_beat + at) * 60.0 / piece.tempo * SAMPLE_RATE_HZ)
        add_tone(out, sound, start, (0.15, 0.17))
    return step


def _rhythm(beats: tuple[float, ...], rng: np.random.Generator) -> Iterator[tuple[float, float]]:
    """When and how long the melody sounds in a bar; a note is left out now and then."""
    for at, until in zip(beats, (*beats[1:], BEATS), strict=True):
        if at == 0 or rng.random() < 0.75:
            yield float(at), float(until - at)


def _midi(piece: Piece, step: int, octave: int) -> int:
    turn, degree = divmod(step, len(piece.scale))
    return piece.root + 12 * (octave + turn) + piece.scale[degree]
