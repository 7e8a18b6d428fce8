"""What every sound needs: the take it belongs to, its moment in the film, and its place in it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.camera.lens import Camera
from engine.engines.scene.physics.motion import Motion
from engine.engines.scene.scene.world import World
from engine.mp4 import SAMPLE_RATE_HZ

SPREAD = 0.7  # of the way to one ear that the edge of the picture lies

Samples = NDArray[np.float32]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scored:
    """One take as it is heard: its bodies and contacts, seen by one camera a frame.

    Frame i of the film shows simulated second `clock[i]`.
    """

    world: World
    motion: Motion
    cameras: list[Camera]
    clock: Array
    beds: tuple[str, ...] = ("room",)  # of the air; names of `ambience.BEDS`
    mood: str | None = None  # of the music; None: the music before goes on, if there is any

    @property
    def pace(self) -> float:
        """Simulated seconds a frame."""
        return float(self.clock[1] - self.clock[0]) if len(self.clock) > 1 else 1.0 / 24.0

    def frame_of(self, seconds: float) -> float | None:
        """Return the frame of this take that shows a simulated second; None: none does."""
        frame = (seconds - float(self.clock[0])) / self.pace
        return frame if 0.0 <= frame < len(self.cameras) else None

    def speeds(self, body: int) -> Array:
        """Speed of a body in every frame, m/s of the simulation."""
        at = self.motion.positions[:, body]
        if len(at) < 2:
            return np.zeros(len(at))
        return np.asarray(np.linalg.norm(np.gradient(at, self.pace, axis=0), axis=1))

    def gains(self, body: int) -> Array:
        """Left and right gain (frames, 2) of a body that sounds all the time."""
        at = self.motion.positions[:, body]
        return np.array([placed(c, p) for c, p in zip(self.cameras, at, strict=True)])


def placed(camera: Camera, position: Array) -> tuple[float, float]:
    """Left and right gain: equal power by the place in the picture, softer with distance."""
    ray = position - np.array(camera.eye)
    depth = max(0.3, float(ray @ np.array(camera.forward)))
    across = float(ray @ np.array(camera.right)) / (depth * camera.half_height)
    angle = (min(max(across, -1.0), 1.0) * SPREAD + 1.0) * math.pi / 4.0
    gain = 1.6 / (1.0 + 0.3 * float(np.linalg.norm(ray)))
    return gain * math.cos(angle), gain * math.sin(angle)


def add_tone(mix: Samples, tone: Samples, at: int, gains: tuple[float, float]) -> None:
    """Add a mono tone to (samples, 2) from sample `at`; what lies beyond the end is dropped."""
    tone = tone[: max(0, len(mix) - at)]
    mix[at : at + len(tone), 0] += gains[0] * tone
    mix[at : at + len(tone), 1] += gains[1] * tone


def drawn_out(values: Array, samples: int) -> Array:
    """Values of every frame → of every sample, linearly in between; the last axis is kept."""
    frames = len(values)
    at = np.linspace(0.0, frames, samples, endpoint=False)
    if values.ndim == 1:
        return np.interp(at, np.arange(frames), values)
    return np.stack([np.interp(at, np.arange(frames), v) for v in values.T], axis=1)


def noise(
    samples: int, low_hz: float, high_hz: float, slope: float, rng: np.random.Generator
) -> Samples:
    """Noise of unit variance between two frequencies, falling by `slope` powers of frequency."""
    length = samples + -samples % 2400  # the FFT is fast for lengths of small factors
    hz = np.fft.rfftfreq(length, 1.0 / SAMPLE_RATE_HZ).astype(np.float32)
    rise = 1.0 / (1.0 + (low_hz / np.maximum(hz, 1e-3)) ** 4)
    shape = rise / (1.0 + (hz / high_hz) ** 4) / np.maximum(hz, 20.0) ** slope
    spectrum = np.fft.rfft(rng.standard_normal(length, dtype=np.float32)) * shape
    out = np.fft.irfft(spectrum, length)[:samples]
    return np.asarray(out / (out.std() + 1e-12), np.float32)


def chirp(from_hz: float, to_hz: float, seconds: float) -> Samples:
    """A sine that glides from one pitch to another."""
    u = np.arange(round(seconds * SAMPLE_RATE_HZ), dtype=np.float32) / SAMPLE_RATE_HZ
    return np.sin(math.tau * (from_hz * u + 0.5 * (to_hz - from_hz) * u * u / seconds))


def sawtooth(hz: Array | Samples, harmonics: int = 24, slope: float = 1.0) -> Samples:
    """A tone of harmonics that fall by `slope` powers, at a pitch given for every sample."""
    phase = np.cumsum(hz, dtype=np.float64) / SAMPLE_RATE_HZ
    cycle = np.arange(CYCLE) / CYCLE * math.tau
    table = sum(np.sin(k * cycle) / k**slope for k in range(1, harmonics + 1))
    return np.asarray(table, np.float32)[(phase * CYCLE).astype(np.int64) % CYCLE]


CYCLE = 4096  # samples of one period in a table
