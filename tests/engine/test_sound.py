import numpy as np
import pytest

from engine.contracts import VideoRequest
from engine.engines.scene.engine import soundtrack, stage
from engine.engines.scene.sound.loudness import TARGET_LUFS, loudness_lufs, normalised

RATE = 48_000


def heard(prompt: str, seconds: int = 2, seed: int = 3):
    wanted = VideoRequest(prompt, seconds, seed=seed)
    shots = stage(wanted, seed, lambda: False)
    return soundtrack(shots, wanted, seed), shots


def onset_seconds(sound: np.ndarray) -> float:
    """The first 2 ms that are far louder than everything before."""
    level = np.abs(sound).max(axis=1)[: len(sound) // 96 * 96].reshape(-1, 96).max(axis=1)
    floor = np.maximum.accumulate(level)
    return 0.002 * float(np.argmax(level[1:] > 4.0 * floor[:-1]) + 1)


@pytest.mark.parametrize("prompt", ["a steel ball falls", "a wooden crate falls", "a glass ball"])
def test_the_first_impact_is_heard_within_a_frame_of_its_contact(prompt):
    sound, shots = heard(prompt)
    contact = min(c.seconds for c in shots[0].motion.contacts)
    assert onset_seconds(sound) == pytest.approx(contact, abs=1 / 24)


def test_in_slow_motion_the_impact_is_heard_when_it_is_seen():
    sound, shots = heard("a steel ball falls, slow motion", seconds=3)
    contact = min(c.seconds for c in shots[0].motion.contacts)
    assert onset_seconds(sound) == pytest.approx(contact / 0.4, abs=1 / 24)


def test_materials_sound_different():
    def brightness(sound: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(sound[:, 0])) ** 2
        return float((power * np.fft.rfftfreq(len(sound), 1 / RATE)).sum() / power.sum())

    glass, rubber = heard("a glass ball falls")[0], heard("a rubber ball falls")[0]
    assert brightness(glass) > 2.0 * brightness(rubber)


@pytest.mark.parametrize(
    "prompt", ["twelve rainbow balls burst", "a ball on the beach", "a car crashes into boxes"]
)
def test_loudness_is_near_the_target_and_nothing_clips(prompt):
    sound, _ = heard(prompt, seconds=3)
    assert loudness_lufs(sound) == pytest.approx(TARGET_LUFS, abs=1.5)
    assert np.abs(sound).max() < 0.9
    assert np.isfinite(sound).all()


def test_loudness_of_a_reference_tone():
    """EBU Tech 3341, case 1: a stereo 1 kHz sine at -23 dBFS measures -23.0 LUFS."""
    t = np.arange(20 * RATE) / RATE
    tone = (10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)
    assert loudness_lufs(np.stack([tone, tone], axis=1)) == pytest.approx(-23.0, abs=0.1)


def test_a_near_silent_sound_stays_quiet():
    noise = np.random.default_rng(1).standard_normal((2 * RATE, 2)).astype(np.float32) * 1e-4
    assert np.abs(normalised(noise)).max() < 0.02


def test_sound_comes_from_where_it_is_seen():
    sound, shots = heard("a steel ball falls", seconds=2)
    assert sound.shape == (2 * RATE, 2)
    assert (sound[:, 0] != sound[:, 1]).any()
    assert shots[0].cameras
