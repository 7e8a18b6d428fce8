"""Contacts: what touches in every step → impacts, and how fast bodies move over what they touch."""

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.language.vocabulary import Material, vocabulary
from engine.engines.scene.physics.impacts import Blow
from engine.engines.scene.scene.world import World

GROUND = -1  # the ground and the walls, where a body would be named
QUIET_SECONDS = 0.04  # two touches of one pair closer than this are one impact


@dataclass(frozen=True, slots=True)
class Contact:
    """One impact: a body that met another, or GROUND."""

    seconds: float  # of simulated time
    body: int
    other: int
    material: Material
    other_material: Material
    speed: float  # of approach along the normal, m/s
    impulse: float  # along the normal, N·s
    position: tuple[float, float, float]


@dataclass(slots=True)
class _Impact:
    seconds: float
    speed: float
    position: tuple[float, float, float]
    impulse: float = 0.0


class ContactListener:
    """Turns the blows of every step into impacts, and tells what rolls."""

    def __init__(self, world: World, model: mujoco.MjModel, ids: NDArray[np.int64]) -> None:
        self._ids = ids  # MuJoCo's number of each body
        index = np.full(model.nbody, GROUND)
        index[ids] = np.arange(len(ids))
        self._bodies = index[model.geom_bodyid]
        self._materials = {i: body.parts[0].material for i, body in enumerate(world.bodies)}
        self._materials[GROUND] = vocabulary().materials[world.place.surface]
        self._moves = np.array([not body.is_fixed for body in world.bodies])
        self._last: dict[tuple[int, int], _Impact] = {}
        self._impacts: list[tuple[tuple[int, int], _Impact]] = []

    def hear(self, seconds: float, blows: list[Blow]) -> None:
        """Take in the blows of one step; those of one pair in `QUIET_SECONDS` are one impact."""
        for blow in blows:
            a, b = (int(self._bodies[geom]) for geom in blow.geoms)
            pair = (max(a, b), min(a, b))
            last = self._last.get(pair)
            if last is None or seconds - last.seconds > QUIET_SECONDS:
                last = _Impact(seconds, blow.speed, blow.position)
                self._last[pair] = last
                self._impacts.append((pair, last))
            last.impulse += blow.impulse

    def rolling_speeds(self, data: mujoco.MjData) -> NDArray[np.float64]:
        """Speed of each body that touches something now, m/s; 0 in the air."""
        speeds = np.zeros(len(self._moves))
        touching = np.unique(self._bodies[data.contact.geom])
        touching = touching[touching >= 0]
        speeds[touching] = np.linalg.norm(data.cvel[self._ids[touching], 3:], axis=1)
        speeds[~self._moves] = 0.0
        return speeds

    def contacts(self) -> tuple[Contact, ...]:
        """All impacts so far, in the order of time."""
        return tuple(
            Contact(
                seconds=impact.seconds,
                body=body,
                other=other,
                material=self._materials[body],
                other_material=self._materials[other],
                speed=impact.speed,
                impulse=impact.impulse,
                position=impact.position,
            )
            for (body, other), impact in self._impacts
        )
