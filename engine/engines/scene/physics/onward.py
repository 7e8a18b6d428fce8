"""Onward: a figure whose bodies are as another simulation left them → its plan, from there."""

import math
from typing import TYPE_CHECKING

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.balance import FALL_TILT
from engine.engines.scene.physics.model import THING_GROUP
from engine.engines.scene.physics.rig import yaw_of

if TYPE_CHECKING:
    from engine.engines.scene.physics.figures import FigureDrive

Array = NDArray[np.float64]
RISE_SECONDS = 1.1  # to stand up, or to find the next step
LOW = -0.15  # leg lengths over standing: whose root is lower sits or lies
BEARS = 0.05  # of a figure's mass: what is lighter is not stood on, but lies there
LIFTED = 0.03  # leg lengths: a foot higher than this is in the air


def go_on(figure: "FigureDrive", data: mujoco.MjData) -> None:
    """Begin the plan of `figure` in the pose it has: standing, seated, in mid-step or in the air.

    Nothing of `data` changes. For `RISE_SECONDS` the figure may find its feet before it counts as
    fallen, unless it lies already.
    """
    rig = figure.rig
    at, turn = data.xpos[rig.root], data.xmat[rig.root].reshape(3, 3)
    ground = _find_ground(figure, data, at)
    base, around = data.xpos[figure.support], data.xmat[figure.support].reshape(3, 3)
    figure.heading = figure.home_heading = yaw_of(turn) - math.atan2(around[1, 0], around[0, 0])
    ankles = [data.xanchor[_joint(figure, leg.joints[-1])] for leg in rig.legs]
    up = (float(at[2]) - ground - figure.height) / figure.size
    figure.begins_low = up < LOW
    over = np.mean(ankles, axis=0) if figure.begins_low else at  # to rise over its feet
    figure.place = around.T @ (np.array((over[0], over[1], ground)) - base)
    figure.home = figure.place.copy()
    velocity = around.T @ data.qvel[rig.root_v : rig.root_v + 3]
    figure.velocity = np.array((velocity[0], velocity[1], 0.0))
    forward, off = figure.forward(), (around.T @ (at - over)) / figure.size
    figure.speed = float(velocity @ forward)
    angles = data.qpos[rig.q].copy()
    figure.take_up(
        angles,
        dict(zip(rig.names, np.degrees(angles).tolist(), strict=True))
        | {
            "up": up,
            "ahead": float(off[0] * forward[0] + off[1] * forward[1]),
            "side": float(off[1] * forward[0] - off[0] * forward[1]),
            "bow": math.degrees(math.asin(max(-1.0, min(1.0, turn[2, 1])))),
            "lean": math.degrees(math.atan2(-turn[2, 0], turn[2, 2])),
        },
    )
    if turn[2, 2] > math.cos(FALL_TILT):
        figure.finds_feet_until = RISE_SECONDS
    figure.stepper.stand_at(figure.homes(), figure.heading)
    for foot, ankle in zip(figure.stepper.feet, ankles, strict=True):
        spot = around.T @ (ankle - base)
        sole = data.xmat[foot.leg.lower_body].reshape(3, 3)
        pitch = math.asin(max(-1.0, min(1.0, -sole[2, 1]))) if len(foot.leg.joints) == 6 else 0.0
        foot.put(spot, pitch, LIFTED * figure.size)


def _joint(figure: "FigureDrive", number: int) -> int:
    return int(figure.model.dof_jntid[figure.rig.v[number]])


def _find_ground(figure: "FigureDrive", data: mujoco.MjData, at: Array) -> float:
    """Height of what is under the root, and plan on that if it floats or rolls.

    In deep water or high in the air: the height at which the figure would stand.
    """
    geom = np.full(1, -1, dtype=np.int32)
    groups = np.zeros(mujoco.mjNGROUP, dtype=np.uint8)
    groups[THING_GROUP] = 1
    down = np.array((0.0, 0.0, -1.0))
    far = mujoco.mj_ray(figure.model, data, at, down, groups, 1, -1, geom)
    if not 0.0 <= far < 2.0 * figure.height:
        return float(at[2]) - figure.height
    body = int(figure.model.geom_bodyid[geom[0]])
    if figure.model.body_subtreemass[body] > BEARS * figure.rig.mass:
        figure.support = body if figure.model.body_dofnum[body] else 0
    return float(at[2] - far)
