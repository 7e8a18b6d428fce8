"""Score: all that is heard of a film, mixed: effects, air, music and dialogue."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from engine.engines.scene.sound.ambience import ambience
from engine.engines.scene.sound.animals import add_calls
from engine.engines.scene.sound.dialogue import (
    EFFECTS_UNDER_SPEECH,
    UNDER_SPEECH,
    add_dialogue,
    spans_of,
    turned_down,
    under_impacts,
)
from engine.engines.scene.sound.engines import add_engines
from engine.engines.scene.sound.footsteps import add_footsteps
from engine.engines.scene.sound.heard import Samples, Scored
from engine.engines.scene.sound.impacts import add_impacts
from engine.engines.scene.sound.loudness import normalised
from engine.engines.scene.sound.moving import add_creaks, add_rolling, add_rush
from engine.engines.scene.sound.music import music
from engine.engines.scene.sound.room import echo
from engine.engines.scene.sound.water import add_lapping, add_splashes
from engine.engines.scene.speech.spoken import Spoken
from engine.mp4 import SAMPLE_RATE_HZ

CROSSFADE_SECONDS = 0.3  # where the place or the music changes
SPEECH_IN_ROOM = 0.5  # of the echo that effects have: words stay clear
# An AAC encoder overshoots by 4 dB where a file begins in full sound.
FADE_IN_SECONDS, FADE_OUT_SECONDS = 0.06, 0.12
CALM_WIND = 2.0  # m/s: less is not heard

Rng = np.random.Generator
Name = TypeVar("Name")


def score(takes: list[Scored], *, spoken: Sequence[Spoken] = (), fps: int, seed: int) -> Samples:
    """Mix the sound of a film of consecutive takes: (samples, 2) at 48 kHz, -14 LUFS.

    Args:
        takes: in film order, at least one.
        spoken: the lines, on the film's clock; music and air sink by 9 dB under them.
        fps: frames a second.
        seed: of the noise and the music.
    """
    lengths = np.cumsum([0] + [len(take.cameras) for take in takes])
    edges = [round(int(frames) / fps * SAMPLE_RATE_HZ) for frames in lengths]
    total = edges[-1]
    speech = np.zeros((total, 2), np.float32)
    add_dialogue(speech, spoken, takes, fps)
    effects = np.zeros((total, 2), np.float32)
    into_room = {take.world.place.echo_seconds: np.zeros_like(speech) for take in takes}
    quiet = spans_of(spoken)
    for number, (take, start, end) in enumerate(zip(takes, edges, edges[1:], strict=False)):
        own = np.zeros((total - start, 2), np.float32)
        _add_effects(own, end - start, take, fps, np.random.default_rng((seed, number)), quiet)
        effects[start:] += own
        sent = into_room[take.world.place.echo_seconds]
        sent[start:] += own
        sent[start:end] += SPEECH_IN_ROOM * speech[start:end]
    rng = np.random.default_rng((seed, 1000))
    for seconds, dry in into_room.items():
        effects += echo(dry, seconds, rng)
    tune = _in_turn(_moods(takes), edges, _tune, (seed, 1001))
    tune *= under_impacts(effects)[:, None]
    air = _in_turn([_air(take) for take in takes], edges, ambience, (seed, 1002))
    effects *= turned_down(total, spoken, EFFECTS_UNDER_SPEECH)[:, None]
    air += tune
    air *= turned_down(total, spoken, UNDER_SPEECH)[:, None]
    air += speech
    air += effects
    return normalised(air * _ends(total))


def _add_effects(
    mix: Samples, samples: int, take: Scored, fps: int, rng: Rng, quiet: Sequence[range]
) -> None:
    """All that the take's things do: what goes on ends with the take, what rings out does not."""
    add_impacts(mix, take, fps, rng)
    add_footsteps(mix, take, fps, rng)
    add_splashes(mix, take, fps, rng)
    add_creaks(mix, take, fps, rng)
    shown = mix[:samples]
    add_rolling(shown, take, rng)
    add_rush(shown, take, rng)
    add_lapping(shown, take, rng)
    add_engines(shown, take, rng)
    add_calls(shown, take, fps, rng, quiet=quiet)


def _ends(samples: int) -> Samples:
    """Gain (samples, 1) that opens and closes the film."""
    t = np.arange(samples) / SAMPLE_RATE_HZ
    rise = np.minimum(t / FADE_IN_SECONDS, 1.0)
    fall = np.minimum((samples / SAMPLE_RATE_HZ - t) / FADE_OUT_SECONDS, 1.0)
    return np.asarray((rise * fall)[:, None], np.float32)


def _air(take: Scored) -> tuple[str, ...]:
    windy = float(np.linalg.norm(take.world.wind)) > CALM_WIND
    return (*take.beds, "wind") if windy and "wind" not in take.beds else take.beds


def _moods(takes: Sequence[Scored]) -> list[str | None]:
    """The mood of each take: a take that names none goes on with the music before."""
    moods: list[str | None] = []
    for take in takes:
        moods.append(take.mood or (moods[-1] if moods else None))
    return moods


def _tune(mood: str | None, samples: int, rng: Rng) -> Samples:
    return music(mood, samples, rng) if mood else np.zeros((samples, 2), np.float32)


def _in_turn(
    names: Sequence[Name],
    edges: Sequence[int],
    made: Callable[[Name, int, Rng], Samples],
    seed: tuple[int, int],
) -> Samples:
    """Make one sound for every run of equal names; it goes on through cuts, and fades between."""
    out = np.zeros((edges[-1], 2), np.float32)
    half = round(0.5 * CROSSFADE_SECONDS * SAMPLE_RATE_HZ)
    first = 0
    for i in range(1, len(names) + 1):
        if i < len(names) and names[i] == names[first]:
            continue
        start = max(0, edges[first] - half)
        end = min(edges[-1], edges[i] + half)
        rng = np.random.default_rng((*seed, first))
        sound = made(names[first], end - start, rng)
        ramp = np.sin(np.linspace(0.0, 0.5 * np.pi, 2 * half, dtype=np.float32))[:, None]
        if start > 0:
            sound[: 2 * half] *= ramp[: len(sound)]
        if end < edges[-1]:
            sound[-2 * half :] *= ramp[::-1][-len(sound) :]
        out[start:end] += sound
        first = i
    return out
