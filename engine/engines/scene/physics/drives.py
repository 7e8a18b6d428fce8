"""Drives: what moves by its own power, people, animals and vehicles, told step by step."""

from collections.abc import Callable
from typing import Protocol

import mujoco

from engine.engines.scene.physics.beasts import BeastDrive
from engine.engines.scene.physics.figures import FigureDrive
from engine.engines.scene.physics.vehicles import VEHICLE_KINDS, VehicleDrive
from engine.engines.scene.physics.wings import BirdDrive, FishDrive
from engine.engines.scene.scene.world import Actor, World

CONTROL_STEPS = 2  # time steps between two orders to the servos


class Drive(Protocol):
    """Something that acts on the simulated world."""

    def step(self, data: mujoco.MjData, seconds: float) -> None:
        """Set servos and add forces for the next `seconds`.

        `data.xfrc_applied` is zero before the first drive of a turn; every drive adds to it.
        """


# By the limb that is the root.
DRIVES: dict[str, Callable[[World, mujoco.MjModel, mujoco.MjData, Actor], Drive]] = {
    "pelvis": FigureDrive,
    "trunk": BeastDrive,
    "breast": BirdDrive,
    "middle": FishDrive,
}


def make_drives(world: World, model: mujoco.MjModel, data: mujoco.MjData) -> list[Drive]:
    """A drive for every actor that has one; may put `data` into the pose an actor starts in."""
    drives: list[Drive] = []
    for actor in world.actors:
        root = world.bodies[actor.bodies[0]].name.rsplit("/", 1)[-1]
        if actor.kind in VEHICLE_KINDS:
            drives.append(VehicleDrive(world, model, data, actor))
        elif root in DRIVES and len(actor.bodies) > 1:
            drives.append(DRIVES[root](world, model, data, actor))
    return drives
