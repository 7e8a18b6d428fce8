"""Engines: what drives, flies or sails by itself hums as fast as it goes."""

from dataclasses import dataclass

import numpy as np

from engine.engines.scene.sound.heard import Array, Samples, Scored, drawn_out, noise, sawtooth

SOUND_SPEED = 343.0  # m/s in air of 20 °C
STANDING = 0.5  # m/s: what never goes faster is parked, its engine off


@dataclass(frozen=True, slots=True)
class Motor:
    """Pitch at rest, how it climbs with speed (Hz per m/s), and its share of noise."""

    idle_hz: float
    hz_per_speed: float
    hiss: float
    level: float
    harmonics: int = 24


MOTORS = {
    "car": Motor(34.0, 3.0, 0.35, 0.07),
    "truck": Motor(25.0, 2.0, 0.5, 0.09),
    "bus": Motor(25.0, 2.0, 0.5, 0.08),
    "motorbike": Motor(48.0, 5.0, 0.25, 0.07),
    "train": Motor(22.0, 1.2, 1.0, 0.09),
    "boat": Motor(28.0, 3.2, 0.5, 0.06),
    "ship": Motor(20.0, 1.5, 0.8, 0.07),
    "plane": Motor(82.0, 1.2, 1.2, 0.08),
    "helicopter": Motor(17.0, 0.3, 1.0, 0.09, 40),
    "drone": Motor(190.0, 8.0, 0.3, 0.03),
    "rocket": Motor(30.0, 0.3, 5.0, 0.09, 6),
    "ufo": Motor(120.0, 9.0, 0.0, 0.03, 4),
}


def add_engines(mix: Samples, take: Scored, rng: np.random.Generator) -> None:
    """Add the hum of every motor that moves in the take, with the Doppler shift of passing by."""
    for body, motor in _driven(take):
        speed = take.speeds(body)
        if len(speed) < 3 or speed.max() < STANDING:
            continue
        hz = (motor.idle_hz + motor.hz_per_speed * speed) * doppler(take, body)
        pitch = drawn_out(_settled(hz), len(mix))
        effort = drawn_out(
            (0.35 + np.minimum(speed, 12.0) / 8.0)[:, None] * take.gains(body), len(mix)
        )
        hum = sawtooth(pitch, motor.harmonics, 0.9)
        hum *= 1.0 + 0.3 * sawtooth(0.5 * pitch, 2, 1.0)  # cylinders are not all alike
        hiss = noise(len(mix), 60.0, 1400.0, 0.7, rng)
        mix += (motor.level * effort * (0.5 * hum + motor.hiss * hiss)[:, None]).astype(np.float32)


def doppler(take: Scored, body: int) -> Array:
    """Factor of the pitch in every frame, for the camera as the ear."""
    eyes = np.array([camera.eye for camera in take.cameras])
    distance = np.linalg.norm(take.motion.positions[:, body] - eyes, axis=1)
    receding = np.gradient(distance, take.pace)
    return np.asarray(SOUND_SPEED / (SOUND_SPEED + np.clip(receding, -120.0, 120.0)))


def _driven(take: Scored) -> list[tuple[int, Motor]]:
    """The first body of everything with a motor."""
    found = {a.bodies[0]: MOTORS[a.kind] for a in take.world.actors if a.kind in MOTORS}
    limbs = {body for actor in take.world.actors for body in actor.bodies}
    for i, body in enumerate(take.world.bodies):
        if i not in limbs and body.subject in MOTORS:
            found[i] = MOTORS[body.subject]
    return list(found.items())[:4]


def _settled(values: Array) -> Array:
    """A motor follows its wheels a little late: averaged over half a second."""
    width = min(len(values), 9)
    kernel = np.ones(width) / width
    padded = np.pad(values, (width // 2, width - 1 - width // 2), mode="edge")
    return np.convolve(padded, kernel, mode="valid")
