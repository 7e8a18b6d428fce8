"""Contacts: what touches in every step → impacts, and how fast bodies move over what they touch."""

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.language.vocabulary import Material, vocabulary
from engine.engines.scene.scene.world import World

GROUND = -1  # the ground and the walls, where a body would be named
QUIET_SECONDS = 0.04  # two touches of one pair closer than this are one impact
MIN_IMPACT_SPEED = 0.06  # m/s


@dataclass(frozen=True, slots=True)
class Contact:
    """One impact: a body that met another, or GROUND."""

    seconds: float  # of simulated time
    body: int
    other: int
    material: Material
    other_material: Material
    speed: float  # of approach along the normal, m/s
    impulse: float  # N·s in the first 40 ms
    position: tuple[float, float, float]


@dataclass(slots=True)
class _Impact:
    seconds: float
    speed: float
    position: tuple[float, float, float]
    impulse: float = 0.0


@dataclass(slots=True)
class _Touch:
    """A pair in touch, or that was a moment ago; without an impact it only slid together."""

    last_seconds: float
    impact: _Impact | None


class ContactListener:
    """Turns the contact list of every step into impacts and rolling."""

    def __init__(self, world: World, model: mujoco.MjModel, step_seconds: float) -> None:
        self._step_seconds = step_seconds
        self._body_of = [int(body) - 1 for body in model.geom_bodyid]
        self._materials = {i: body.parts[0].material for i, body in enumerate(world.bodies)}
        self._materials[GROUND] = vocabulary().materials[world.place.surface]
        self._moves = [not body.is_fixed for body in world.bodies]
        self._touches: dict[tuple[int, int], _Touch] = {}
        self._impacts: list[tuple[tuple[int, int], _Impact]] = []
        self._touching: set[int] = set()

    def listen(self, data: mujoco.MjData) -> None:
        """Take in the contacts of the step just made."""
        self._touching.clear()
        contact, now = data.contact, data.time
        geoms, addresses = contact.geom, contact.efc_address
        for k in range(data.ncon):
            address = int(addresses[k])
            if address < 0:  # near, but not touching
                continue
            a, b = self._body_of[geoms[k][0]], self._body_of[geoms[k][1]]
            pair = (max(a, b), min(a, b))
            self._touching.update(pair)
            touch = self._touches.get(pair)
            if touch is None or now - touch.last_seconds > QUIET_SECONDS:
                speed = -float(data.efc_vel[address])
                touch = self._touches[pair] = _Touch(now, None)
                if speed > MIN_IMPACT_SPEED:
                    x, y, z = (float(v) for v in contact.pos[k])
                    touch.impact = _Impact(now, speed, (x, y, z))
                    self._impacts.append((pair, touch.impact))
            touch.last_seconds = now
            if touch.impact is not None and now - touch.impact.seconds < QUIET_SECONDS:
                touch.impact.impulse += float(data.efc_force[address]) * self._step_seconds

    def rolling_speeds(self, data: mujoco.MjData) -> NDArray[np.float64]:
        """Speed of each body that touches something now, m/s; 0 in the air."""
        speeds = np.zeros(len(self._moves))
        for body in self._touching - {GROUND}:
            if self._moves[body]:
                speeds[body] = float(np.linalg.norm(data.cvel[body + 1][3:]))
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
