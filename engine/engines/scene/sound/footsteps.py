"""Footsteps: a foot that meets the ground, by what the ground is made of."""

import re
from dataclasses import dataclass

import numpy as np

from engine.engines.scene.physics.contacts import GROUND, Contact
from engine.engines.scene.scene.world import World
from engine.engines.scene.sound.heard import Samples, Scored, add_tone, chirp, noise, placed
from engine.mp4 import SAMPLE_RATE_HZ

FEET = re.compile(r"\b(foot|paw|hoof|shoe|foreleg|hindleg|fore leg|hind leg)( \d+)?$")
HEAVY_IMPULSE = 25.0  # N·s of a grown-up's step
LEVEL = 0.3


@dataclass(frozen=True, slots=True)
class Surface:
    """How a ground answers a shoe: a thud below, grains above."""

    thud_hz: float
    thud: float
    grain: float
    grain_hz: tuple[float, float]
    grain_seconds: float
    crackle: float = 0.0  # share of the grains that come one by one
    bubbles: int = 0


SURFACES = {
    "wood": Surface(150.0, 0.9, 0.25, (700.0, 4500.0), 0.014),
    "stone": Surface(95.0, 0.4, 0.6, (1400.0, 8000.0), 0.02),
    "metal": Surface(320.0, 0.7, 0.4, (2000.0, 9000.0), 0.03),
    "grass": Surface(75.0, 0.4, 0.4, (1200.0, 6500.0), 0.1, 0.3),
    "sand": Surface(60.0, 0.35, 0.55, (600.0, 5000.0), 0.13, 0.15),
    "snow": Surface(80.0, 0.3, 0.6, (1300.0, 5200.0), 0.19, 0.75),
    "water": Surface(65.0, 0.4, 0.7, (350.0, 4000.0), 0.17, 0.1, 6),
    "soft": Surface(85.0, 0.5, 0.15, (300.0, 1800.0), 0.03),
}
GROUNDS = {  # texture of a place's ground → surface
    "planks": "wood",
    "court": "wood",
    "studio": "wood",
    "asphalt": "stone",
    "checker": "stone",
    "ice": "stone",
    "grid": "metal",
    "moon": "sand",
}
MATERIALS = {"steel": "metal", "gold": "metal", "cardboard": "wood", "plastic": "wood"}


def is_step(world: World, contact: Contact) -> bool:
    """Whether a foot met the ground, or something to stand on that is no limb of anybody."""
    if contact.body < 0 or not FEET.search(world.bodies[contact.body].name):
        return False
    return contact.other == GROUND or "/" not in world.bodies[contact.other].name


def add_footsteps(mix: Samples, take: Scored, fps: int, rng: np.random.Generator) -> int:
    """Add a step for every contact of a foot that the take shows; returns how many."""
    steps = 0
    for contact in take.motion.contacts:
        frame = take.frame_of(contact.seconds)
        if frame is None or not is_step(take.world, contact):
            continue
        tone = footstep(surface_of(take.world, contact), contact.impulse, rng)
        gains = placed(take.cameras[int(frame)], np.array(contact.position))
        add_tone(mix, tone, round(frame / fps * SAMPLE_RATE_HZ), gains)
        steps += 1
    return steps


def surface_of(world: World, contact: Contact) -> str:
    """Name of the surface under a foot."""
    if contact.other == GROUND:
        ground = GROUNDS.get(world.place.ground, world.place.ground)
        if ground in SURFACES:
            return ground
    material = contact.other_material.name
    material = MATERIALS.get(material, material)
    return material if material in SURFACES else "stone"


def footstep(surface: str, impulse: float, rng: np.random.Generator) -> Samples:
    """One step, mono; a heavier one is louder and lower."""
    ground = SURFACES[surface]
    weight = float(np.clip(impulse / HEAVY_IMPULSE, 0.02, 4.0))
    t = np.arange(round(0.3 * SAMPLE_RATE_HZ), dtype=np.float32) / SAMPLE_RATE_HZ
    hz = ground.thud_hz * weight**-0.12 * float(rng.uniform(0.92, 1.08))
    thud = np.sin(2 * np.pi * hz * t) * np.exp(-t * 4.0 * hz / 20.0)
    low, high = ground.grain_hz
    grains = noise(len(t), low, high, 0.3, rng)
    one_by_one = np.where(rng.random(len(t)) < 0.006, 8.0, 0.1).astype(np.float32)
    grains *= 1.0 - ground.crackle + ground.crackle * one_by_one
    attack = np.minimum(1.0, t / (0.002 + 0.15 * ground.grain_seconds))
    tone = ground.thud * thud + ground.grain * grains * attack * np.exp(-t / ground.grain_seconds)
    for _ in range(ground.bubbles):
        drop = bubble(float(rng.uniform(500.0, 1600.0)))
        at = int(rng.uniform(0.02, 0.15) * SAMPLE_RATE_HZ)
        tone[at : at + len(drop)] += 0.3 * drop[: len(tone) - at]
    tone *= np.minimum(1.0, t / 0.0015)
    return np.asarray(LEVEL * weight**0.4 * float(rng.uniform(0.85, 1.0)) * tone, np.float32)


def bubble(hz: float) -> Samples:
    """A bubble that rises: its pitch climbs while it dies (van den Doel 2005, liquid sounds)."""
    seconds = 0.05 + 30.0 / hz
    tone = chirp(hz, 1.35 * hz, seconds)
    t = np.arange(len(tone), dtype=np.float32) / SAMPLE_RATE_HZ
    return np.asarray(tone * np.exp(-t * (0.13 * hz) ** 0.75) * np.minimum(1.0, t / 0.001))
