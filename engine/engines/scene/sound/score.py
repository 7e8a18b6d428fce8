"""Sound: what the simulation touched → stereo, by modal synthesis; over it the air of the place."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.camera.lens import Camera
from engine.engines.scene.language.vocabulary import Material
from engine.engines.scene.physics.contacts import GROUND, Contact
from engine.engines.scene.physics.motion import Motion
from engine.engines.scene.scene.world import World
from engine.engines.scene.sound.ambience import ambience
from engine.engines.scene.sound.loudness import normalised
from engine.mp4 import SAMPLE_RATE_HZ

MAX_IMPACTS = 260  # the strongest of a clip; more only blur
REFERENCE_RADIUS = 0.15  # m, the size whose pitch the table gives
MAX_RING_SECONDS = 2.0
ROLL_BAND_HZ = (60.0, 900.0)

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scored:
    """One take as it is heard: its bodies and contacts, seen by one camera a frame.

    Frame i of the film shows simulated second `clock[i]`.
    """

    world: World
    motion: Motion
    cameras: list[Camera]
    clock: NDArray[np.float64]


def score(takes: list[Scored], *, bed: str, fps: int, seed: int) -> Samples:
    """Mix the sound of a film of consecutive takes: (samples, 2), -15 LUFS, peaks below -1 dBFS.

    Args:
        takes: in film order.
        bed: name of the ambience.
        fps: frames a second.
        seed: of the noise.
    """
    rng = np.random.default_rng(seed)
    frames = sum(len(take.cameras) for take in takes)
    mix = np.zeros((round(frames / fps * SAMPLE_RATE_HZ), 2), np.float32)
    echo_seconds = 0.0
    start = 0
    for take in takes:
        end = start + round(len(take.cameras) / fps * SAMPLE_RATE_HZ)
        dry = np.zeros_like(mix)
        _add_impacts(dry, start, take, fps, rng)
        _add_rolling(dry[start:end], take, fps, rng)
        mix += dry
        echo_seconds = max(echo_seconds, take.world.place.echo_seconds)
        start = end
    mix += _echo(mix, echo_seconds, rng)
    mix += ambience(bed, len(mix), rng)
    return normalised(mix)


# ── impacts ────────────────────────────────────────────────────────────────────────────


def _add_impacts(
    mix: Samples, start: int, take: Scored, fps: int, rng: np.random.Generator
) -> None:
    first, last = take.clock[0], take.clock[-1] + (take.clock[-1] - take.clock[-2])
    heard = [c for c in take.motion.contacts if first <= c.seconds < last]
    strongest = sorted(heard, key=_energy, reverse=True)[:MAX_IMPACTS]
    for contact in sorted(strongest, key=lambda c: c.seconds):
        frame = float(np.interp(contact.seconds, take.clock, np.arange(len(take.clock))))
        camera = take.cameras[min(int(frame), len(take.cameras) - 1)]
        left, right = _placed(camera, np.array(contact.position))
        tone = _impact(contact, take.world, rng)
        at = start + round(frame / fps * SAMPLE_RATE_HZ)
        tone = tone[: max(0, len(mix) - at)]
        mix[at : at + len(tone), 0] += left * tone
        mix[at : at + len(tone), 1] += right * tone


def _energy(contact: Contact) -> float:
    return contact.impulse * contact.speed


def _impact(contact: Contact, world: World, rng: np.random.Generator) -> Samples:
    """Both partners ring, the struck ground shorter and lower than a free body."""
    loudness = 0.5 * _energy(contact) ** 0.32
    tone = _modes(contact.material, _radius(world, contact.body), contact.speed, rng)
    if contact.other == GROUND:
        other = 0.55 * _modes(contact.other_material, 0.6, contact.speed, rng)
    else:
        other = _modes(contact.other_material, _radius(world, contact.other), contact.speed, rng)
    out = np.zeros(max(len(tone), len(other)), np.float32)
    out[: len(tone)] += tone
    out[: len(other)] += other
    return np.asarray(loudness * out, np.float32)


def _radius(world: World, body: int) -> float:
    return max(0.02, world.bodies[body].parts[0].bound)


def _modes(material: Material, radius: float, speed: float, rng: np.random.Generator) -> Samples:
    """Decaying partials and a knock: a harder hit is brighter, a larger body lower and longer.

    The modal model of impact sounds (van den Doel & Pai 1998): a sum of exponentially damped sines.
    """
    pitch = material.pitch_hz * (REFERENCE_RADIUS / radius) ** 0.8
    ring = min(material.ring_seconds * (radius / REFERENCE_RADIUS) ** 0.5, MAX_RING_SECONDS)
    t = np.arange(round(max(ring, 0.09) * SAMPLE_RATE_HZ), dtype=np.float32) / SAMPLE_RATE_HZ
    brightness = min(1.0, 0.25 + 0.18 * speed)
    out = np.zeros_like(t)
    for k, ratio in enumerate(material.partials):
        frequency = pitch * ratio * float(rng.uniform(0.985, 1.015))
        if frequency > 16_000.0:
            break
        weight = brightness**k * float(rng.uniform(0.7, 1.0))
        decay = 6.9 / ring * (1.0 + 0.55 * k)
        out += weight * np.exp(-decay * t) * np.sin(math.tau * frequency * t)
    noise = rng.standard_normal(len(t)).astype(np.float32)
    width = max(2, int(SAMPLE_RATE_HZ / (pitch * 14.0)))
    noise = np.convolve(noise, np.ones(width, np.float32) / math.sqrt(width), mode="same")
    out = (1.0 - material.knock) * out + material.knock * 0.6 * noise * np.exp(-t / 0.011)
    attack = min(len(t), round(0.0008 * SAMPLE_RATE_HZ))
    out[:attack] *= np.linspace(0.0, 1.0, attack, dtype=np.float32)
    return out.astype(np.float32)


def _placed(camera: Camera, position: NDArray[np.float64]) -> tuple[float, float]:
    """Left and right gain: equal power by the place in the picture, softer with distance."""
    ray = position - np.array(camera.eye)
    depth = max(0.3, float(ray @ np.array(camera.forward)))
    across = float(ray @ np.array(camera.right)) / (depth * camera.half_height)
    angle = (min(max(across, -1.0), 1.0) * 0.7 + 1.0) * math.pi / 4.0
    gain = 1.6 / (1.0 + 0.3 * float(np.linalg.norm(ray)))
    return gain * math.cos(angle), gain * math.sin(angle)


# ── rolling ────────────────────────────────────────────────────────────────────────────


def _add_rolling(mix: Samples, take: Scored, fps: int, rng: np.random.Generator) -> None:
    """One rumble for all that rolls, as loud as the fastest of it."""
    frames = len(take.cameras)
    speed = take.motion.rolling[:frames]
    mass = np.array([min(body.mass, 20.0) for body in take.world.bodies])
    moving = np.clip(speed - 0.12, 0.0, 4.0) * mass**0.3
    strength = moving.max(axis=1) if moving.size else np.zeros(frames)
    if not strength.any():
        return
    noise = _band_noise(len(mix), ROLL_BAND_HZ, rng)
    times = np.arange(len(mix)) / SAMPLE_RATE_HZ * fps
    swell = np.interp(times, np.arange(frames), _softened(strength))
    mix += (0.022 * swell * noise).astype(np.float32)[:, None]


def _softened(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.convolve(np.pad(values, 1, mode="edge"), (0.25, 0.5, 0.25), mode="valid")


def _band_noise(
    samples: int, band_hz: tuple[float, float], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Noise of unit variance, falling by 6 dB an octave inside the band."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    hz = np.fft.rfftfreq(samples, 1.0 / SAMPLE_RATE_HZ)
    shape = np.where((hz > band_hz[0]) & (hz < band_hz[1]), 1.0 / np.maximum(hz, 1.0), 0.0)
    noise = np.fft.irfft(spectrum * shape, samples)
    return np.asarray(noise / (noise.std() + 1e-12))


def _echo(dry: Samples, seconds: float, rng: np.random.Generator) -> Samples:
    """A room's tail: decaying noise, a little different in each ear."""
    if seconds <= 0.0:
        return np.zeros_like(dry)
    length = round(seconds * SAMPLE_RATE_HZ)
    t = np.arange(length) / length
    total = len(dry) + length
    wet = np.empty_like(dry)
    for ear in range(2):
        tail = rng.standard_normal(length) * np.exp(-6.9 * t)
        tail[: round(0.012 * SAMPLE_RATE_HZ)] = 0.0
        tail *= 0.22 * math.sqrt(seconds) / np.sqrt((tail**2).sum())
        spectrum = np.fft.rfft(dry[:, ear], total) * np.fft.rfft(tail, total)
        wet[:, ear] = np.fft.irfft(spectrum, total)[: len(dry)]
    return wet
