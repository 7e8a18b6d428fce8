"""Animals: a call now and then, from the place of who calls."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.engines.scene.sound.heard import Samples, Scored, add_tone, noise, placed, sawtooth
from engine.mp4 import SAMPLE_RATE_HZ

SECONDS_BETWEEN = 4.0
FIRST_SECONDS = (0.4, 1.4)


@dataclass(frozen=True, slots=True)
class Call:
    """A voice: pitch over its course (Hz), how long, how often, through which throat."""

    hz: tuple[float, ...]
    seconds: float
    throat_hz: tuple[float, float]  # centre and width of what the mouth lets through
    times: int = 1
    gap: float = 0.1
    rough: float = 0.0
    vibrato: tuple[float, float] = (0.0, 0.0)  # Hz, depth
    level: float = 0.1


CALLS = {
    "dog": Call((330.0, 560.0, 260.0), 0.15, (900.0, 700.0), 2, 0.16, 0.5, level=0.16),
    "cat": Call((480.0, 760.0, 640.0, 420.0), 0.65, (1500.0, 900.0), level=0.09),
    "horse": Call((950.0, 1250.0, 800.0, 480.0), 1.1, (1500.0, 1000.0), 1, 0.1, 0.4, (13.0, 0.06)),
    "cow": Call((110.0, 150.0, 140.0, 105.0), 1.3, (500.0, 400.0), level=0.12),
    "sheep": Call((380.0, 400.0, 360.0), 0.7, (1100.0, 600.0), 1, 0.1, 0.2, (8.0, 0.07)),
    "duck": Call((270.0, 300.0, 230.0), 0.16, (1500.0, 600.0), 3, 0.12, 0.5),
    "bird": Call((3000.0, 4200.0, 3300.0), 0.09, (3600.0, 3000.0), 4, 0.07, level=0.05),
    "parrot": Call((1600.0, 2400.0, 1500.0), 0.2, (2200.0, 1500.0), 2, 0.1, 0.4, level=0.07),
    "seagull": Call((900.0, 1300.0, 850.0), 0.35, (1700.0, 900.0), 3, 0.1, 0.3, level=0.07),
    "penguin": Call((420.0, 520.0, 400.0), 0.3, (1300.0, 700.0), 2, 0.1, 0.6),
    "elephant": Call((300.0, 520.0, 600.0, 400.0), 1.0, (1100.0, 900.0), 1, 0.1, 0.8, level=0.14),
    "lion": Call((90.0, 130.0, 80.0), 1.2, (450.0, 400.0), 1, 0.1, 1.0, level=0.2),
}


def add_calls(
    mix: Samples, take: Scored, fps: int, rng: np.random.Generator, *, quiet: Sequence[range]
) -> None:
    """Let each kind of animal call, first after about a second, never in the `quiet` samples."""
    for kind, body in _callers(take).items():
        tone = called(CALLS[kind], rng)
        now = float(rng.uniform(*FIRST_SECONDS))
        while (at := round(now * SAMPLE_RATE_HZ)) + len(tone) < len(mix):
            own = range(at, at + len(tone))
            if not any(own.start < q.stop and q.start < own.stop for q in quiet):
                frame = min(int(now * fps), len(take.cameras) - 1)
                gains = placed(take.cameras[frame], take.motion.positions[frame, body])
                add_tone(mix, tone, at, gains)
            now += SECONDS_BETWEEN * float(rng.uniform(0.8, 1.6))


def called(call: Call, rng: np.random.Generator) -> Samples:
    """The call, as often as it is given in a row; mono."""
    u = np.linspace(0.0, 1.0, round(call.seconds * SAMPLE_RATE_HZ))
    hz = np.interp(u, np.linspace(0.0, 1.0, len(call.hz)), call.hz)
    rate, depth = call.vibrato
    hz *= 1.0 + depth * np.sin(2 * np.pi * rate * u * call.seconds)
    tone = sawtooth(hz, 16, 0.7) * (1.0 + call.rough * noise(len(u), 30.0, 300.0, 0.0, rng))
    tone = _through(tone, *call.throat_hz) * np.sin(np.pi * u) ** 0.6
    pause = np.zeros(round(call.gap * SAMPLE_RATE_HZ), np.float32)
    whole = np.concatenate([part for _ in range(call.times) for part in (tone, pause)])
    return np.asarray(call.level * whole / (np.abs(whole).max() + 1e-9) * 2.0, np.float32)


def _through(tone: Samples, centre_hz: float, width_hz: float) -> Samples:
    hz = np.fft.rfftfreq(len(tone), 1.0 / SAMPLE_RATE_HZ)
    throat = 0.08 + np.exp(-(((hz - centre_hz) / width_hz) ** 2))
    return np.asarray(np.fft.irfft(np.fft.rfft(tone) * throat, len(tone)), np.float32)


def _callers(take: Scored) -> dict[str, int]:
    """The first body of the first animal of every kind."""
    callers: dict[str, int] = {}
    for actor in take.world.actors:
        if actor.kind in CALLS:
            callers.setdefault(actor.kind, actor.bodies[0])
    for i, body in enumerate(take.world.bodies):
        if body.subject in CALLS and not body.is_fixed:
            callers.setdefault(body.subject, i)
    return callers
