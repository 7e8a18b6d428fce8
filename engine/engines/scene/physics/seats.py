"""Seats: how one sits on a chair or a swing: thighs level, shins down, arms free or on the ropes.

All of it is in the frame of the seat, which bears its sitter; a swing carries its rider to and fro.
"""

import math
from typing import TYPE_CHECKING

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.balance import FALL_TILT
from engine.engines.scene.physics.gestures import GESTURES, SIDES, Pose, arms, rest
from engine.engines.scene.physics.rig import Leg
from engine.engines.scene.scene.world import Act

if TYPE_CHECKING:
    from engine.engines.scene.physics.actions import Wish
    from engine.engines.scene.physics.figures import FigureDrive

Array = NDArray[np.float64]
HIGH = 0.147  # leg lengths from what one sits on up to the root
BACK = -0.42  # leg lengths from before the seat, where one would stand, to the root
LEANING, THIGHS = -6.0, 4.0  # degrees: back, and above the level
CLEAR, CLEAR_SWUNG = 0.03, 0.1  # m of air under the soles: legs that pushed would shove it away
GRIP = 0.5  # leg lengths above the seat
GRIPS = 0.12  # m from a rope: hands that are farther have let go
GRIP_STIFFNESS, GRIP_DAMPING = 3000.0, 40.0  # N/m, N·s/m
GRIP_FORCE = 0.5  # body weights a hand
# Of the helper's stiffness, on a seat, which bears one: a light one would rattle.
EASY, EASY_SWUNG = (0.25, 0.25), (0.08, 0.5)
IN_LAP = arms(30.0, 10.0, 24.0, 52.0)


def is_on_seat(figure: "FigureDrive", act: Act) -> bool:
    """Whether the act is done sitting, and it sits there: who is elsewhere has to do without."""
    return act.is_seated and figure.support == figure.model.body(f"b{act.with_body}").id


def sit(figure: "FigureDrive", data: mujoco.MjData, wish: "Wish", act: Act) -> None:
    """Sit still, gesture with the upper body, or hold on; who tips over with the seat falls."""
    base, around = figure.frame(data)
    hangs = figure.world.bodies[act.with_body or 0].subject == "swing"
    wish.is_seated = wish.has_free_legs = wish.holds = True
    wish.hold = EASY_SWUNG if hangs else EASY
    wish.trips = around[2, 2] < math.cos(FALL_TILT)
    pose = rest(figure.now, figure.mood) | IN_LAP
    if act.action in GESTURES:
        pose = GESTURES[act.action](figure.now, figure.mood)
    clear = CLEAR_SWUNG if hangs else CLEAR
    high = float((base + around @ figure.place)[2])
    wish.pose = pose | {
        "up": HIGH - figure.height / figure.size,
        "ahead": BACK,
        "side": 0.0,
        "bow": LEANING,
        "lean": 0.0,
        "twist": 0.0,
        **_legs(figure.rig.legs[0], high + HIGH * figure.size - clear),
    }
    if hangs:
        _hold_ropes(figure, act, base, around)


def hold_on(figure: "FigureDrive", data: mujoco.MjData) -> bool:
    """Close the hands around the ropes that they have reached; whether one of them holds.

    A grip is a stiff, damped pull of limited force between palm and rope; the rope gets the
    opposite.
    """
    seat, holds = figure.support, False
    most = GRIP_FORCE * figure.rig.mass * figure.gravity
    for arm in figure.rig.arms:
        if not figure.is_seated or arm.side not in figure.reach:
            continue
        palm, rope = figure.hands.palm(data, arm), figure.reach[arm.side][0]
        if np.linalg.norm(rope - palm) > GRIPS:
            continue
        holds = True
        speed = _speed_at(figure, data, arm.hand_body, palm) - _speed_at(figure, data, seat, rope)
        force = GRIP_STIFFNESS * (rope - palm) - GRIP_DAMPING * speed
        force *= min(1.0, most / (float(np.linalg.norm(force)) + 1e-9))
        figure.push(data, arm.hand_body, palm, force)
        figure.push(data, seat, palm, -force)
    return holds


def _speed_at(figure: "FigureDrive", data: mujoco.MjData, body: int, at: Array) -> Array:
    """m/s of the point of a body that is there."""
    both = np.zeros(6)
    kind = mujoco.mjtObj.mjOBJ_XBODY
    mujoco.mj_objectVelocity(figure.model, data, kind, body, both, 0)
    return np.asarray(both[3:] + np.cross(both[:3], at - data.xpos[body]))


def go_with_seat(figure: "FigureDrive", data: mujoco.MjData) -> None:
    """Give all of a figure the velocity of what it sits on, as if it were a part of that."""
    model, rig, both = figure.model, figure.rig, np.zeros(6)
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    mujoco.mj_comVel(model, data)
    kind = mujoco.mjtObj.mjOBJ_XBODY
    mujoco.mj_objectVelocity(model, data, kind, figure.support, both, 0)
    spin, v = both[:3], both[3:]
    arm = data.xpos[rig.root] - data.xpos[figure.support]
    data.qvel[rig.root_v : rig.root_v + 3] = v + np.cross(spin, arm)
    turn = data.xmat[rig.root].reshape(3, 3)
    data.qvel[rig.root_v + 3 : rig.root_v + 6] = turn.T @ spin


def swung(figure: "FigureDrive", data: mujoco.MjData) -> Array:
    """m/s² that a swing gives its rider: a pendulum's, towards the pivot and along its way.

    Of what stands: none, nearly.
    """
    up = data.xmat[figure.support].reshape(3, 3)[:, 2]
    joint = int(figure.model.body_jntadr[figure.support])
    arm = float(np.linalg.norm(data.xanchor[joint] - data.xpos[figure.rig.root]))
    pace = _swing_pace(figure, data)
    falling = figure.gravity * (up[2] * up - np.array((0.0, 0.0, 1.0)))
    return np.asarray(falling + pace**2 * arm * up)


def _swing_pace(figure: "FigureDrive", data: mujoco.MjData) -> float:
    """rad/s at which a swing goes forward with its rider."""
    both = np.zeros(6)
    kind = mujoco.mjtObj.mjOBJ_XBODY
    mujoco.mj_objectVelocity(figure.model, data, kind, figure.support, both, 1)
    forward = figure.forward()
    return float(forward[1] * both[0] - forward[0] * both[1])


def _legs(leg: Leg, high: float) -> Pose:
    """Thighs level, shins down as far as the ground lets them.

    `high` is of the root over what the soles may reach down to, metres.
    """
    thigh = math.radians(THIGHS)
    knee = high + float(leg.hip[2]) + leg.upper * math.sin(thigh)
    room = min(max((knee - leg.sole) / leg.lower, 0.0), 1.0)
    ahead = math.degrees(math.acos(room))
    hip = 90.0 + LEANING + THIGHS
    return {
        f"{side}_{joint}": value
        for _, side in SIDES
        for joint, value in (
            ("hip_bend", hip),
            ("hip_spread", 4.0),
            ("knee", 90.0 + THIGHS - ahead),
            ("ankle_bend", 0.0),
        )
    }


def _hold_ropes(figure: "FigureDrive", act: Act, base: Array, around: Array) -> None:
    """Hands on what the seat hangs from."""
    forward = figure.forward()
    for part in figure.world.bodies[act.with_body or 0].parts:
        if part.shape == "capsule":
            side = math.copysign(1.0, forward[0] * part.at[1] - forward[1] * part.at[0])
            grip = np.array((part.at[0], part.at[1], figure.place[2] + GRIP * figure.size))
            figure.reach[side] = (base + around @ grip, 1.0)
