"""Voices: one recorded speaker, made into several by moving pitch and formants."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.speech.pronunciation import SpokenWord
from engine.engines.scene.speech.synthesis import VOICE_RATE_HZ, Phone, synthesised
from engine.engines.scene.speech.timbre import resampled, robotic, warped, whispered
from engine.mp4 import SAMPLE_RATE_HZ

LEVEL = 0.1  # root mean square of a line in ordinary manner
OWN_PITCH = 0.06  # two speakers of one kind differ by up to this share

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Voice:
    """How the recorded speaker is changed; factors of his pitch (100 Hz), formants and pace."""

    name: str
    pitch: float
    formants: float  # above 1: a shorter throat
    pace: float = 1.0
    colour: Literal["natural", "robot", "trembling", "growling"] = "natural"


VOICES = {
    voice.name: voice
    for voice in (
        Voice("man", 1.15, 1.0, 0.88),
        Voice("woman", 1.95, 1.16),
        Voice("child", 2.5, 1.3, 0.95),
        Voice("deep", 0.8, 0.9, 0.95),
        Voice("old", 1.25, 1.03, 0.85, "trembling"),
        Voice("robot", 1.1, 1.0, 0.95, "robot"),
        Voice("narrator", 0.98, 0.98, 0.88),
        Voice("monster", 0.72, 0.84, 0.82, "growling"),
    )
}
# Words of a speaker's name or kind → voice; the first that fits wins.
SPEAKERS = {
    "robot": "robot android cyborg computer machine alien rocket spaceship car truck",
    "monster": "monster dragon troll ogre dinosaur beast demon zombie giant whale bear lion",
    "child": "child kid boy girl baby toddler elf fairy cat kitten bird duck chick mouse fish"
    " penguin rabbit",
    "old": "old elderly grandfather grandmother grandma grandpa wizard witch",
    "woman": "woman women lady female mother mum mom queen princess actress ballerina she bride"
    " sister businesswoman",
    "deep": "king captain judge horse boat ship tree knight bull cow",
}


def voice_of(words: str, *, asked: str | None = None) -> Voice:
    """Choose the voice of a speaker by the words for it ("an old woman"); the same every time.

    Args:
        words: name and kind; "" is the narrator.
        asked: name of a voice, which wins where there is such a voice.
    """
    if asked in VOICES:
        return VOICES[asked]
    said = set(words.lower().replace("_", " ").split())
    if not said:
        return VOICES["narrator"]
    fitting = (name for name, those in SPEAKERS.items() if said & set(those.split()))
    voice = VOICES[next(fitting, "man")]
    shift = zlib.crc32(words.lower().encode()) / 2**31 - 1.0  # -1 to 1, by the name alone
    return replace(voice, pitch=voice.pitch * (1.0 + OWN_PITCH * shift))


def voiced(
    words: Sequence[SpokenWord], voice: Voice, *, manner: str | None, speed: float
) -> tuple[Samples, tuple[Phone, ...]]:
    """Speak the words in a voice: mono samples at 48 kHz, and when each phone sounds in them.

    Args:
        words: at least one.
        voice: whose.
        manner: "whisper", "shout" or None.
        speed: above 1 is faster than the voice's own pace.
    """
    pitch = voice.pitch * (1.2 if manner == "shout" else 1.0)
    # What is played faster sounds higher and shorter: it is spoken that much slower first.
    dry, phones = synthesised(words, stretch=pitch / (voice.pace * speed))
    if manner == "whisper":
        dry = whispered(dry, voice.formants / pitch)
    elif voice.colour == "robot":
        dry = robotic(dry, voice.formants / pitch, period=round(VOICE_RATE_HZ / 100.0))
    else:
        dry = warped(dry, voice.formants / pitch)
    seconds = len(dry) / VOICE_RATE_HZ / pitch
    sound = resampled(dry, round(seconds * SAMPLE_RATE_HZ))
    sound = _coloured(sound, voice)
    level = LEVEL * {"whisper": 0.5, "shout": 1.6}.get(manner or "", 1.0)
    sound *= level / max(float(np.sqrt(np.mean(sound**2))), 1e-6)
    if manner == "shout":
        sound = np.tanh(2.2 * sound) / 1.8  # pressed
    moved = tuple(replace(p, start=p.start / pitch, end=p.end / pitch) for p in phones)
    return sound.astype(np.float32), moved


def _coloured(sound: Samples, voice: Voice) -> Samples:
    t = np.arange(len(sound)) / SAMPLE_RATE_HZ
    if voice.colour == "trembling":
        at = np.arange(len(sound)) + 26.0 * np.sin(2.0 * np.pi * 5.6 * t)  # samples
        shaken = np.interp(at, np.arange(len(sound)), sound)
        return np.asarray(shaken * (1.0 - 0.25 * np.sin(2.0 * np.pi * 5.2 * t)), np.float32)
    if voice.colour == "growling":
        rough = sound * (1.0 + 0.35 * np.sin(2.0 * np.pi * 31.0 * t))
        return np.asarray(np.tanh(3.0 * rough), np.float32)
    return sound
