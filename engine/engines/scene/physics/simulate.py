"""Physics: a world → how every body moves and what it touches, by rigid bodies (MuJoCo)."""

import logging
from collections.abc import Callable
from dataclasses import replace

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.air import Air, Spin, feels_air
from engine.engines.scene.physics.blocks import make_blocks
from engine.engines.scene.physics.contacts import ContactListener
from engine.engines.scene.physics.drives import CONTROL_STEPS, make_drives
from engine.engines.scene.physics.droplets import droplets_at
from engine.engines.scene.physics.impacts import Impacts
from engine.engines.scene.physics.model import STEP_SECONDS, body_ids, model_xml, restitutions
from engine.engines.scene.physics.motion import Motion
from engine.engines.scene.physics.state import end_of
from engine.engines.scene.physics.water import Water
from engine.engines.scene.scene.world import World

logger = logging.getLogger(__name__)
# Its own way is to write a file into whatever folder the process runs in.
mujoco.set_mju_user_warning(logger.warning)

HOP_SECONDS = 0.55
# The kinds of warning that tell of numbers out of all bounds: of places, speeds, accelerations.
BREAKS = slice(int(mujoco.mjtWarning.mjWARN_BADQPOS), int(mujoco.mjtWarning.mjWARN_BADQACC) + 1)


def simulate(
    world: World, frame_seconds: NDArray[np.float64], *, is_cancelled: Callable[[], bool]
) -> Motion:
    """Run the world and sample it at the given times (seconds, rising, from 0).

    Stops early, with the last state repeated, when `is_cancelled` answers true, and where a world
    that cannot be (bodies far apart that a joint holds together) would fly to pieces.
    """
    model = mujoco.MjModel.from_xml_string(model_xml(world))
    data = mujoco.MjData(model)
    ids = body_ids(world, model)
    _set_velocities(world, model, data, ids)
    _turn_hinges(world, model, data, ids)
    run = _Run(world, model, data, ids)
    bodies, frames = len(world.bodies), len(frame_seconds)
    motion = Motion(
        positions=np.empty((frames, bodies, 3)),
        rotations=np.empty((frames, bodies, 3, 3)),
        rolling=np.zeros((frames, bodies)),
        energy=np.empty(frames),
        contacts=(),
    )
    surfaces: list[NDArray[np.float32]] = []
    whole = data.qpos.copy()
    for frame, until in enumerate(frame_seconds):
        cancelled = is_cancelled()
        while data.time < until - 0.5 * STEP_SECONDS and not (cancelled or run.is_broken):
            run.step()
        if run.is_broken:
            data.qpos[:], data.qvel[:], data.time = whole, 0.0, until
        else:
            whole[:] = data.qpos
        mujoco.mj_kinematics(model, data)  # of now; a step leaves those of its beginning
        motion.positions[frame] = data.xpos[ids]
        motion.rotations[frame] = data.xmat[ids].reshape(bodies, 3, 3)
        motion.energy[frame] = float(data.energy.sum())
        motion.rolling[frame] = run.listener.rolling_speeds(data)
        if run.water:
            motion.energy[frame] += run.water.energy
            surfaces.append(run.water.heights(data))
    splashes = tuple(run.water.splashes) if run.water else ()
    return replace(
        motion,
        contacts=run.listener.contacts(),
        splashes=splashes,
        water=np.stack(surfaces) if run.water else None,
        droplets=droplets_at(splashes, frame_seconds, world.place.gravity) if run.water else (),
        final=end_of(world, model, data),
    )


class _Run:
    """A simulation on its way, step by step."""

    def __init__(
        self,
        world: World,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        ids: NDArray[np.int64],
    ) -> None:
        self._world, self._model, self._data, self._ids = world, model, data, ids
        self._drives = make_drives(world, model, data)
        mujoco.mj_forward(model, data)
        is_wet = bool(world.place.water)
        blocks = make_blocks(world, model, [is_wet or felt for felt in feels_air(world)])
        self.water = Water(world, model, blocks) if world.place.water else None
        media = (Spin(model), Air(world, model, blocks), self.water)
        self._media = [medium for medium in media if medium]
        if self.water:
            self.water.step(data)
        self._impacts = Impacts(model, restitutions(world, model))
        self.listener = ContactListener(world, model, ids)
        self._hoppers = [i for i, body in enumerate(world.bodies) if body.hops]
        self._orders = np.zeros_like(data.xfrc_applied)  # what the drives push with
        self._breaks = data.warning.number[BREAKS]  # a view: MuJoCo counts them up
        self._steps = 0

    @property
    def is_broken(self) -> bool:
        """Whether numbers have left all bounds; MuJoCo then begins anew, from time 0."""
        return bool(self._breaks.any())

    def step(self) -> None:
        """Move on by `STEP_SECONDS`."""
        model, data = self._model, self._data
        for i in self._hoppers:
            _hop(self._world, self._model, data, i, int(self._ids[i]))
        if self._drives and self._steps % CONTROL_STEPS == 0:
            data.xfrc_applied[:] = 0.0
            for drive in self._drives:
                drive.step(data, CONTROL_STEPS * STEP_SECONDS)
            self._orders[:] = data.xfrc_applied
        self._steps += 1
        mujoco.mj_step1(model, data)
        if data.ncon:
            self.listener.hear(data.time, self._impacts.resolve(data))
        if self._media:
            data.xfrc_applied[:] = self._orders
            for medium in self._media:
                medium.step(data)
        mujoco.mj_step2(model, data)


def _set_velocities(
    world: World, model: mujoco.MjModel, data: mujoco.MjData, ids: NDArray[np.int64]
) -> None:
    nested = {joint.child for joint in world.joints}
    for i, body in enumerate(world.bodies):
        if body.is_fixed or i in nested:
            continue
        at = model.body_dofadr[ids[i]]
        data.qvel[at : at + 3] = body.velocity
        if body.is_upright:
            if body.rotation is not None:  # slides are along the body's own axes
                data.qvel[at : at + 3] = body.rotation.T @ np.array(body.velocity)
            data.qvel[at + 3] = body.spin[2]
        else:
            turn = np.eye(3) if body.rotation is None else body.rotation
            data.qvel[at + 3 : at + 6] = turn.T @ np.array(body.spin)


def _turn_hinges(
    world: World, model: mujoco.MjModel, data: mujoco.MjData, ids: NDArray[np.int64]
) -> None:
    """Give hinges the speed at which their two bodies turn against each other."""
    mujoco.mj_kinematics(model, data)
    for child in {joint.child for joint in world.joints if any(world.bodies[joint.child].spin)}:
        numbers = [k for k, joint in enumerate(world.joints) if joint.child == child]
        hinges = [model.joint(f"q{k}").id for k in numbers if world.joints[k].kind == "hinge"]
        parent = world.joints[numbers[0]].parent
        spin = np.array(world.bodies[child].spin)
        if parent >= 0:
            spin -= np.array(world.bodies[parent].spin)
        if hinges:
            rates = np.linalg.lstsq(data.xaxis[hinges].T, spin, rcond=None)[0]
            data.qvel[model.jnt_dofadr[hinges]] = rates
        elif world.joints[numbers[0]].kind == "ball":
            at = model.body_dofadr[ids[child]]
            data.qvel[at : at + 3] = data.xmat[ids[child]].reshape(3, 3).T @ spin


def _hop(world: World, model: mujoco.MjModel, data: mujoco.MjData, i: int, number: int) -> None:
    """Push a toy off the ground when it stands; a little sideways, by turns to either side."""
    at = model.body_dofadr[number]
    body = world.bodies[i]
    low = data.xpos[number][2] - body.foot < 0.004
    if not low or data.qvel[at + 2] > 0.05 or data.time % HOP_SECONDS > 2.0 * STEP_SECONDS:
        return
    beat = round(data.time / HOP_SECONDS) + i
    up = 0.5 * world.place.gravity * 0.8 * HOP_SECONDS
    data.qvel[at : at + 3] = (0.35 if beat % 4 < 2 else -0.35, 0.0, up)
    data.qvel[at + 3] = 1.6 if beat % 2 else -1.6
