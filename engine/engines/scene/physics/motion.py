"""Motion: what a simulation saw, once a frame. The contract of physics with all after it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.contacts import Contact
from engine.engines.scene.scene.world import WorldState

WATER_SPAN = 16.0  # m, side of the simulated square of water around the origin


@dataclass(frozen=True, slots=True)
class Splash:
    """A body that met the water; `energy` in J, `size` in m (its radius)."""

    seconds: float  # of simulated time
    body: int
    position: tuple[float, float, float]
    energy: float
    size: float


@dataclass(frozen=True, slots=True)
class Motion:
    """What the simulation saw, once a frame; contacts and splashes keep their times."""

    positions: NDArray[np.float64]  # (frames, bodies, 3)
    rotations: NDArray[np.float64]  # (frames, bodies, 3, 3)
    rolling: NDArray[np.float64]  # (frames, bodies): speed over what it touches, m/s; 0 in the air
    energy: NDArray[np.float64]  # (frames,) kinetic + potential, J
    contacts: tuple[Contact, ...]
    splashes: tuple[Splash, ...] = ()
    # (frames, n, n): height in m of the water of a place that has some, [y, x] over WATER_SPAN
    water: NDArray[np.float32] | None = None
    droplets: tuple[NDArray[np.float32], ...] = ()  # a frame each: (k, 4) of x, y, z, radius
    final: WorldState | None = None

    def between(self, frames: range) -> "Motion":
        """The same simulation, seen in these frames only."""
        cut = slice(frames.start, frames.stop)
        return replace(
            self,
            positions=self.positions[cut],
            rotations=self.rotations[cut],
            rolling=self.rolling[cut],
            energy=self.energy[cut],
            water=None if self.water is None else self.water[cut],
            droplets=self.droplets[cut],
        )
