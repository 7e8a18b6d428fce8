"""Impacts: contacts → modal tones. What is struck rings as its material and size let it."""

import math

import numpy as np

from engine.engines.scene.language.vocabulary import Material
from engine.engines.scene.physics.contacts import GROUND, Contact
from engine.engines.scene.scene.world import World
from engine.engines.scene.sound.footsteps import is_step
from engine.engines.scene.sound.heard import Samples, Scored, add_tone, placed
from engine.mp4 import SAMPLE_RATE_HZ

MAX_IMPACTS = 260  # the strongest of a clip; more only blur
REFERENCE_RADIUS = 0.15  # m, the size whose pitch the table gives
MAX_RING_SECONDS = 2.0
LIMB_SHARE = 0.35  # limbs of a figure are soft, and meet all the time


def add_impacts(mix: Samples, take: Scored, fps: int, rng: np.random.Generator) -> None:
    """Add every impact that the take shows, at its moment and place; footsteps are not among."""
    heard = [
        (frame, contact)
        for contact in take.motion.contacts
        if (frame := take.frame_of(contact.seconds)) is not None
        and not is_step(take.world, contact)
    ]
    strongest = sorted(heard, key=lambda pair: -_energy(pair[1]))[:MAX_IMPACTS]
    limbs = {body for actor in take.world.actors for body in actor.bodies}
    for frame, contact in sorted(strongest, key=lambda pair: pair[0]):
        gains = placed(take.cameras[int(frame)], np.array(contact.position))
        tone = impact(contact, take.world, rng)
        if contact.body in limbs:
            tone = LIMB_SHARE * tone
        add_tone(mix, tone, round(frame / fps * SAMPLE_RATE_HZ), gains)


def impact(contact: Contact, world: World, rng: np.random.Generator) -> Samples:
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


def _energy(contact: Contact) -> float:
    return contact.impulse * contact.speed


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
