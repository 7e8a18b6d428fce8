"""Leaps: crouch, push off, fly as the push left it, land; with turns about the upright axis.

What decides the flight is given before it: speed by the legs, spin by a torque that the ground (or
the board) gets the opposite of. In the air only limbs move: arms in, faster; arms out, slower.
"""

import math
from typing import TYPE_CHECKING

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.footsteps import EARTH
from engine.engines.scene.physics.gestures import SIDES, Pose, arms, ease, mixed
from engine.engines.scene.physics.rig import yaw_of

if TYPE_CHECKING:
    from engine.engines.scene.physics.figures import FigureDrive

Array = NDArray[np.float64]
CROUCH_SECONDS, LAND_SECONDS = 0.42, 0.75
DEPTH = 0.27  # of a leg's length
LONG = 1.2  # s of flight
FIRM = 0.1  # share of the righting in the push for one: more would set the trunk turning
OPEN_SECONDS = 0.13  # before landing the arms go out and the legs reach down
SPRING, SPRING_DAMPING = 10.0, 0.85  # of the knees on landing: rad/s, share of critical
SPIN_FACTOR = 1.3  # more spin than needed: the arms then choose how fast
PIVOTING, HALF_TURN = 5.0, 3.0  # 1/s, radians at most: of the turn on landing
STANDING_UP = -0.012
STEADYING = 3.0  # 1/s
TENSION = 3.0  # times as stiff as usual: who whirls must hold limbs that want to fly outwards

BACK = arms(-52.0, 16.0, 0.0, 14.0) | {"waist_bend": 16.0, "bow": 12.0, "neck_bend": -18.0}
UP = arms(150.0, 22.0, 0.0, 20.0) | {"waist_bend": -4.0}
CALM = arms(24.0, 34.0, 0.0, 34.0) | {"waist_bend": 6.0, "bow": 5.0, "neck_bend": -6.0}
CATCHING = arms(58.0, 26.0, 0.0, 34.0) | {"waist_bend": 22.0, "bow": 14.0, "neck_bend": -18.0}
WOUND = arms(20.0, 62.0, -10.0, 26.0) | {"waist_turn": -30.0, "waist_bend": 5.0, "bow": 3.0}
TUCKED = arms(30.0, -6.0, 58.0, 128.0) | {"neck_bend": 4.0}
OPENED = arms(10.0, 80.0, 0.0, 8.0)


def _legs(hip: float, knee: float, spread: float = 3.0, toe: float = -25.0) -> Pose:
    return {
        f"{side}_{joint}": value
        for _, side in SIDES
        for joint, value in (
            ("hip_bend", hip),
            ("knee", knee),
            ("hip_spread", spread),
            ("ankle_bend", toe),
            ("shoulder_bend", 0.8 * hip),  # of four-legged ones
            ("foreleg_elbow", 1.4 * knee),
            ("haunch_bend", 0.6 * knee - 25.0),
            ("hock", knee),
        )
    }


class Leap:
    """One jump of a figure, from standing to standing."""

    def __init__(self, drive: "FigureDrive", turns: int, height: float) -> None:
        self.turns = turns
        size = drive.size
        lightness = math.sqrt(EARTH / drive.gravity)
        # Nobody sinks faster than one falls.
        self.crouch_seconds = CROUCH_SECONDS * lightness
        self.land_seconds = LAND_SECONDS * lightness
        self.spring = SPRING / lightness / math.sqrt(size)
        # Where things weigh little, one leaps higher and is longer in the air, but pushes less.
        self.up_speed = math.sqrt(2.0 * EARTH * height * size / lightness**1.5)
        self.phase, self.since = "crouch", 0.0
        self.depth = DEPTH * size
        # A root that twists or bows rises faster than the middle of the body does.
        root_speed = self.up_speed * (1.3 if turns else 1.0)
        self.acceleration = root_speed**2 / (2.0 * (self.depth + 0.05 * size))
        self.push_seconds = root_speed / self.acceleration
        self.flight_seconds = 2.0 * self.up_speed / drive.gravity
        # In a long flight one would turn over by what swinging arms leave behind.
        self.is_long = self.flight_seconds > LONG
        self.firm = FIRM if self.is_long else 1.0  # share of the righting
        self._wound, self._reaching = (CALM, CALM) if self.is_long else (BACK, UP)
        if turns:
            self._wound, self.firm = WOUND, 0.4
        self.axis = np.array((0.0, 0.0, 1.0)) * bool(turns)
        self.spin = np.zeros(3)  # kg·m²/s in the world, at the end of the push
        self.short = 0.0  # radians still to turn on landing
        self.floor = 0.0  # height of the root when it will stand again
        self.turned = 0.0  # radians since the push began
        self.openness = 0.0
        self.height = 0.0  # of the landing spring, m from standing
        self.sinking = 0.0
        self.start: Pose = dict(drive.pose)
        self.last_yaw = 0.0
        self.is_over = False
        self.ahead = 0.0  # m/s forward

    def step(self, drive: "FigureDrive", data: mujoco.MjData, seconds: float) -> None:
        """Choose pose, push and spin of this moment."""
        self.since += seconds
        self._count(drive, data)
        drive.lift, drive.spin_torque = 0.0, None
        drive.nudge = np.zeros(3)
        drive.is_airborne = self.phase == "air"
        getattr(self, "_" + self.phase)(drive, data, seconds)

    def _enter(self, phase: str) -> None:
        self.phase, self.since = phase, 0.0

    def _count(self, drive: "FigureDrive", data: mujoco.MjData) -> None:
        yaw = yaw_of(data.xmat[drive.rig.root].reshape(3, 3))
        if self.phase in {"push", "air", "land"}:
            self.turned += math.remainder(yaw - self.last_yaw, math.tau)
        self.last_yaw = yaw

    def _crouch(self, drive: "FigureDrive", data: mujoco.MjData, seconds: float) -> None:
        share = ease(self.since / self.crouch_seconds)
        if share < 0.5:
            self.floor = drive.standing_height(data)
        deep = self._wound | {"up": -self.depth / drive.size, "ahead": -0.03}
        drive.pose = mixed(self.start, deep, share)
        if self.since >= self.crouch_seconds:
            if self.turns:
                self.spin = self._needed_spin(drive, data)
                drive.rig.tense(TENSION)
            self.start = dict(drive.pose)
            self._enter("push")

    def _needed_spin(self, drive: "FigureDrive", data: mujoco.MjData) -> Array:
        """Angular momentum that turns the tucked figure often enough while it flies."""
        scratch = mujoco.MjData(drive.model)
        scratch.qpos[:] = data.qpos
        pose = TUCKED | _legs(5.0, 8.0, -6.0)
        for name, i in drive.rig.index.items():
            scratch.qpos[drive.rig.q[i]] = math.radians(pose.get(name, 0.0))
        mujoco.mj_kinematics(drive.model, scratch)
        mujoco.mj_comPos(drive.model, scratch)
        ids = drive.rig.ids
        axis = self.axis
        centre = scratch.subtree_com[drive.rig.root]
        turn = scratch.ximat[ids].reshape(-1, 3, 3)
        own = np.einsum("bi,bi->b", (axis @ turn) ** 2, drive.model.body_inertia[ids])
        arm = scratch.xipos[ids] - centre
        far = np.sum(arm**2, axis=1) - (arm @ axis) ** 2
        inertia = float(np.sum(own + drive.model.body_mass[ids] * far))
        factor = SPIN_FACTOR + 0.25 * max(0, self.turns - 2)
        seconds = self.flight_seconds - 0.06
        return np.asarray(self.axis * factor * inertia * math.tau * self.turns / seconds)

    def _push(self, drive: "FigureDrive", data: mujoco.MjData, seconds: float) -> None:
        share = self.since / self.push_seconds
        risen = 0.5 * self.acceleration * self.since**2
        up = (risen - self.depth) / drive.size
        goal = TUCKED if self.turns else self._reaching
        drive.pose = mixed(
            self.start, goal | {"up": up}, ease(1.5 * share) * (0.6 if self.turns else 1.0)
        )
        drive.pose["up"] = up
        drive.lift = self.acceleration
        drive.velocity = self.ahead * min(1.0, share) * drive.forward()
        for foot in drive.stepper.feet:
            foot.pitch = -0.75 * ease((share - 0.35) / 0.65)
        mujoco.mj_subtreeVel(drive.model, data)
        root = drive.rig.root
        lack = self.spin * min(1.0, share * 1.05) - data.subtree_angmom[root]
        late = min(1.0, share)  # first the pose, at last no tilt to fly with
        level = 1.2 * late if self.turns or self.is_long else 0.35 * late**2
        drive.spin_torque = lack / 0.014 * np.where(self.axis != 0.0, 1.0, level)
        drift = data.subtree_linvel[root] - drive.support_velocity(data)
        drive.nudge = (drive.velocity - drift) * np.array((4.0, 4.0, 0.0))
        speed = float(data.subtree_linvel[root][2])
        is_late = self.since > self.push_seconds * 1.4
        if speed >= self.up_speed * 0.99 or is_late or (share > 0.97 and not drive.touches):
            self.start = dict(drive.pose)
            drive.is_airborne = True
            self._enter("air")

    def _air(self, drive: "FigureDrive", data: mujoco.MjData, seconds: float) -> None:
        rig = drive.rig
        v = data.qvel[rig.root_v : rig.root_v + 3]
        drive.velocity = np.array((v[0], v[1], 0.0))
        high = float(data.xpos[rig.root][2]) - self.floor  # a board may yield, and comes back
        fall = float(v[2])
        left = (
            fall + math.sqrt(max(0.0, fall**2 + 2.0 * drive.gravity * max(high + 0.05, 0.0)))
        ) / drive.gravity
        if self.turns:
            left = max(left, 0.02)
            w = data.xmat[rig.root].reshape(3, 3) @ data.qvel[rig.root_v + 3 : rig.root_v + 6]
            wanted = (math.tau * self.turns - 0.35 - self.turned) / left
            rate = float(w @ self.axis)
            self.openness += 7.0 * seconds * (rate - wanted) / max(abs(wanted), 4.0)
            self.openness = min(max(self.openness, 0.0), 1.0)
            if left < OPEN_SECONDS:
                self.openness = max(self.openness, 1.0 - left / OPEN_SECONDS)
            pose = mixed(TUCKED, OPENED, self.openness) | _legs(5.0, 8.0, -6.0)
        else:
            tuck = math.sin(math.pi * min(1.0, self.since / self.flight_seconds))
            pose = mixed(self._reaching, CATCHING, ease(self.since / self.flight_seconds)) | _legs(
                14.0 + 30.0 * tuck, 16.0 + 52.0 * tuck, 5.0
            )
        down = ease(1.0 - left / OPEN_SECONDS)
        pose = mixed(pose, CATCHING | _legs(20.0, 30.0, 4.0, 10.0), down)
        if self.turns:
            pose |= mixed(TUCKED, OPENED, self.openness)
        drive.pose = mixed(self.start, pose, ease(self.since / 0.1))
        drive.has_free_legs = True
        if (drive.touches and self.since > 0.12 and fall < 0.3) or self.since > 6.0:
            drive.land(data)
            here = float(data.xpos[rig.root][2]) - drive.standing_height(data)
            self.height, self.sinking = here, fall
            self.start = dict(drive.pose)
            self.short = math.tau * self.turns - self.turned
            self._enter("land")

    def _land(self, drive: "FigureDrive", data: mujoco.MjData, seconds: float) -> None:
        drive.has_free_legs = False
        drive.rig.tense(1.0)
        if self.since < 0.4:
            self.axis = drive.spin_torque = np.zeros(3)
        if self.turns:
            self.firm = 1.0
            self._pivot(drive, seconds)
        w = self.spring
        lift = -w * w * self.height - 2.0 * SPRING_DAMPING * w * self.sinking
        self.sinking += lift * seconds
        self.height += self.sinking * seconds
        self.height = max(self.height, -0.42 * drive.size)
        drive.lift = lift
        drive.velocity = drive.velocity * math.exp(-5.0 * seconds)
        if drive.support:  # lean to where one took off from: what one stands on may roll
            drive.velocity = STEADYING * (drive.home - drive.place)
        pose = mixed(
            OPENED | {"bow": 12.0, "waist_bend": 12.0} if self.turns else CATCHING,
            drive.resting(),
            ease(self.since / self.land_seconds),
        )
        drive.pose = mixed(self.start, pose, ease(self.since / 0.2))
        drive.pose["up"] = STANDING_UP + self.height / drive.size
        if self.since >= self.land_seconds:
            self.is_over = True

    def _pivot(self, drive: "FigureDrive", seconds: float) -> None:
        """Turn on the soles what the flight was too short for, as skaters check their turn."""
        turn = min(max(self.short, 0.0), HALF_TURN) * min(1.0, PIVOTING * seconds)
        self.short -= turn
        drive.heading += turn
        c, s = math.cos(turn), math.sin(turn)
        for foot in drive.stepper.feet:
            x, y = (foot.spot - drive.place)[:2]
            foot.spot[:2] = drive.place[:2] + np.array((c * x - s * y, s * x + c * y))
            foot.yaw += turn
            foot.at, foot.now_yaw = foot.spot, foot.yaw
