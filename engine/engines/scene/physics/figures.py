"""Figures in motion: servos follow a plan of poses and footsteps, while a helper keeps balance.

When the plan asks for more than the helper has, the figure falls, and is a damped ragdoll.
"""

import math

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics import gestures
from engine.engines.scene.physics.actions import Wish, wish_of
from engine.engines.scene.physics.balance import Balance
from engine.engines.scene.physics.carrying import Carrying
from engine.engines.scene.physics.footsteps import EARTH, Stepper, ankle_place
from engine.engines.scene.physics.gestures import Pose, mixed
from engine.engines.scene.physics.handling import Hands
from engine.engines.scene.physics.leaps import Leap
from engine.engines.scene.physics.onward import RISE_SECONDS, go_on
from engine.engines.scene.physics.rig import (
    Rig,
    Turn,
    Vector,
    along,
    bend_arm,
    bend_leg,
    turn_facing,
    turned_with,
    within,
    yaw_of,
)
from engine.engines.scene.physics.seats import go_with_seat, hold_on, swung
from engine.engines.scene.scene.world import Act, Actor, World

Array = NDArray[np.float64]
BLEND_SECONDS = 0.35
LIMP, LIMP_DAMPING = 0.012, 0.12  # of a servo's stiffness and damping is left in a fall
LET_GO_SECONDS = (0.9, 0.1)  # legs that no longer stand: lying down, in a leap
TURNING = 2.6  # rad/s at most, on the feet
POLE = (0.55, 0.65, -0.6)  # where an elbow points, of a left arm
ROOT_MOVES = ("up", "ahead", "side", "bow", "lean", "twist")
TOE_OUT = 0.12  # rad
STRIDE_SECONDS = 0.2  # until one who is in mid-stride after a cut does as planned
STRIDES = 0.5  # m/s for a leg of 1 m: who is faster after a cut is in mid-stride


class FigureDrive(Balance):
    """The will of one figure. Its plan is in the frame of what it stands on."""

    def __init__(
        self, world: World, model: mujoco.MjModel, data: mujoco.MjData, actor: Actor
    ) -> None:
        super().__init__()
        self.rig = rig = Rig(world, model, data, actor)
        self.model, self.actor, self.world = model, actor, world
        self.gravity = world.place.gravity
        self.mood = (sum(map(ord, actor.name)) * 0.37 + 0.11 * actor.bodies[0]) % 1.0
        self.size = float(np.mean([leg.upper + leg.lower + leg.sole for leg in rig.legs]))
        self.stepper = Stepper(rig.legs, self.size, self.gravity)
        self.hands = Hands(world, model, rig)
        self.pace = self.stepper.pace
        self.height = -rig.ground  # of the root over what it stands on
        self.targets = np.zeros(len(rig.names))
        self._before = np.zeros(len(rig.names))
        self._carrying = Carrying(self)
        self.pose: Pose = {}
        self._blend_from: Pose = {}
        self.act: Act | None = None
        self.act_since = 0.0
        self.leap: Leap | None = None
        self.leaps = 0
        self.has_fallen = self.is_airborne = self.has_free_legs = self.is_seated = False
        self.lift = 0.0  # m/s² upwards that the legs shall give
        self.spin_torque: Array | None = None  # N·m in place of righting
        self.nudge = np.zeros(3)  # m/s that the middle of the body lacks
        self.reach: dict[float, tuple[Array, float]] = {}  # side → place, share
        self.touches: set[int] = set()  # bodies under or beside it
        self._touching: set[int] = set()  # its own limbs that touch
        self._leg_joints = [joint for leg in rig.legs for joint in leg.joints]
        self._legs_were: list[float] | None = None
        self._free_since = 0.0
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        at, turn = data.xpos[rig.root], data.xmat[rig.root].reshape(3, 3)
        self.support = self._support_at_start(world)
        base, around = self.frame(data)
        self.heading = self.home_heading = yaw_of(turn) - _yaw(around)
        self.place = around.T @ (np.array((at[0], at[1], at[2] - self.height)) - base)
        self.home = self.place.copy()  # where its act began
        self.velocity = np.zeros(3)
        self.gait, self.weight, self.hold = Wish().gait, 1.0, Wish().hold
        self._prepare(data)

    def _support_at_start(self, world: World) -> int:
        """What its first act says it stands on; else the ground."""
        for act in self.actor.plan[:1]:
            if act.with_body is not None and act.action in STANDS_ON:
                return int(self.model.body(f"b{act.with_body}").id)
        return 0

    def _prepare(self, data: mujoco.MjData) -> None:
        """Put the figure into the pose in which its plan starts."""
        if self.actor.goes_on:
            go_on(self, data)
            is_quick = math.sqrt(self.velocity @ self.velocity) > STRIDES * self.pace
            if is_quick and not (self.begins_low or self.support):
                self._keep_stride(data)
            self.hands.prepare(self, data, self.actor)
            return
        wish = self._plan(data, 0.0, 0.0)
        self.stepper.stand_at(self.homes(), self.heading)
        if np.linalg.norm(self.velocity) > 0.0:
            self.stepper.begin(self.gait, self.homes(), self.heading, self.velocity)
            data.qvel[self.rig.root_v : self.rig.root_v + 3] = self.velocity
        wish = self._plan(data, 0.0, 0.0)
        self._step_feet(data, wish, 0.0)
        at, turn = self._bend(data)
        data.qpos[self.rig.q] = np.clip(self.targets, self.rig.low, self.rig.high)
        q = self.rig.root_q
        data.qpos[q : q + 3] = at
        mujoco.mju_mat2Quat(data.qpos[q + 3 : q + 7], np.array(turn))
        self._before = self.targets.copy()
        if self.is_seated:
            go_with_seat(self, data)
        mujoco.mj_kinematics(self.model, data)
        mujoco.mj_comPos(self.model, data)
        self.hands.prepare(self, data, self.actor)
        if self.hands.held is not None or self.is_seated:  # hands on it from the first moment
            self._plan(data, 0.0, 0.0)
            self._bend(data)
            data.qpos[self.rig.q] = np.clip(self.targets, self.rig.low, self.rig.high)

    def take_up(self, angles: Array, pose: Pose) -> None:
        """Be in a pose that is not the plan's, and go over from there."""
        self.targets, self._before = angles.copy(), angles.copy()
        self.pose, self._blend_from = dict(pose), dict(pose)

    def _keep_stride(self, data: mujoco.MjData) -> None:
        """Go on at the moment of the gait that fits; what is off it fades, while limbs swing on.

        Limbs that were stopped would give their swing to the trunk, and it would topple.
        """
        angles, was = self.targets.copy(), self.pose
        wish = self._plan(data, 0.0, 0.0)
        if wish.speed == 0.0:  # to stop it finds its feet
            return
        gait = wish.gait
        rising = float(data.qvel[self.rig.root_v + 2])
        above = (was["up"] + gait.drop) * self.size
        falls = rising + math.sqrt(rising**2 + 2.0 * self.gravity * max(above, 0.0))
        lands_in = max(falls, 0.0) / self.gravity
        self.stepper.take_up(gait, self.homes(), self.heading, self.velocity, lands_in)
        self._blend_from = {}
        self._plan(data, 0.0, 0.0)
        off = {name: was.get(name, 0.0) - self.pose.get(name, 0.0) for name in ROOT_MOVES}
        self.pose = self.pose | {name: was.get(name, 0.0) for name in ROOT_MOVES}
        self._planned = self._bend(data)  # the plan moves as the figure does: nobody is braked
        self._lag = off, angles - self.targets
        self.targets, self._before = angles, angles.copy()

    # ── one turn ───────────────────────────────────────────────────────────────────

    def step(self, data: mujoco.MjData, seconds: float) -> None:
        """Set servos and add the helper's wrench for the next `seconds`."""
        self._feel(data)
        if self.has_fallen:
            return
        self._change_support(data)
        wish = self._plan(data, float(data.time), seconds)
        if self.leap is not None:
            self.leap.step(self, data, seconds)
            if self.leap.is_over:
                self.leap, self._blend_from, self.blend_since = None, dict(self.pose), data.time
        if wish.trips:
            return
        self.place = self.place + self.velocity * seconds
        self._step_feet(data, wish, seconds)
        at, turn = self._bend(data)
        self._servo(data, seconds)
        self.hands.lead(self, data, seconds)
        self._stick(data, seconds)
        holds_on = hold_on(self, data)
        self.is_carried = bool(self.touches) or wish.swims or holds_on
        self._help(data, at, turn, seconds)

    def _feel(self, data: mujoco.MjData) -> None:
        """Note what the figure touches, and with which limbs."""
        self.touches.clear()
        self._touching.clear()
        if data.ncon:
            is_mine, body_of, contact = self.rig.is_mine, self.rig.body_of, data.contact
            rows = contact.efc_address.tolist()
            for (a, b), row in zip(contact.geom.tolist(), rows, strict=True):
                if row < 0 or not (is_mine[a] or is_mine[b]):
                    continue
                own, other = (a, b) if is_mine[a] else (b, a)
                self.touches.add(body_of[other])
                self._touching.add(body_of[own])

    def _change_support(self, data: mujoco.MjData) -> None:
        """Go on planning in the frame of what is under the feet now."""
        is_astride = self.support in self.touches or self.is_seated
        if not self.touches or is_astride or self.is_airborne:
            return
        fixed = [b for b in self.touches if self.model.body_dofnum[self.model.body_rootid[b]] == 0]
        if 0 in self.touches or fixed:
            self.stand_on(data, 0)

    def stand_on(self, data: mujoco.MjData, body: int) -> None:
        """Plan in the frame of another body from now on; places in the world stay."""
        base, around = (v.copy() for v in self.frame(data))
        self.support, self._planned = body, None
        new_base, new_around = self.frame(data)
        turn = _yaw(around) - _yaw(new_around)

        def moved(place: Array) -> Array:
            return np.asarray(new_around.T @ (base + around @ place - new_base))

        self.place, self.home = moved(self.place), moved(self.home)
        self.heading += turn
        self.home_heading += turn
        for foot in self.stepper.feet:
            foot.spot, foot.landing, foot.start = (
                moved(foot.spot),
                moved(foot.landing),
                moved(foot.start),
            )
            foot.at = moved(foot.at)
            foot.yaw, foot.landing_yaw = foot.yaw + turn, foot.landing_yaw + turn
            foot.start_yaw, foot.now_yaw = foot.start_yaw + turn, foot.now_yaw + turn

    def support_yaw(self, data: mujoco.MjData) -> float:
        """Turn of what it stands on about the vertical."""
        return _yaw(self.frame(data)[1])

    def support_velocity(self, data: mujoco.MjData) -> Array:
        """Of what it stands on, m/s in the world."""
        both = np.zeros(6)
        if self.support:
            kind = mujoco.mjtObj.mjOBJ_BODY
            mujoco.mj_objectVelocity(self.model, data, kind, self.support, both, 0)
        return both[3:]

    def to_plan(self, data: mujoco.MjData, place: Array) -> Array:
        """A place of the world in the plan's frame."""
        base, around = self.frame(data)
        return np.asarray(around.T @ (place - base))

    def forward(self) -> Array:
        """Where it looks, in the plan's frame."""
        return np.array((math.cos(self.heading), math.sin(self.heading), 0.0))

    def standing_height(self, data: mujoco.MjData) -> float:
        """Of the root in the world, if it stood at its place now."""
        base, around = self.frame(data)
        return float((base + around @ self.place)[2]) + self.height

    def resting(self) -> Pose:
        """How it stands when nothing else is to do."""
        return gestures.rest(self.now, self.mood)

    # ── what it wants ──────────────────────────────────────────────────────────────

    def _current(self, now: float) -> Act:
        acts = [act for act in self.actor.plan if act.start <= now + 1e-9]
        act = acts[-1] if acts else IDLE
        if act is not self.act:
            if self.act is not None:
                self._blend_from = dict(self.pose)
            self.act, self.act_since, self.blend_since, self.leaps = act, now, now, 0
            self.home, self.home_heading = self.place.copy(), self.heading
            self.hands.begin()
        return act

    now = blend_since = 0.0  # s, of this turn and of the act's first

    def _plan(self, data: mujoco.MjData, now: float, seconds: float) -> Wish:
        """Speed, direction, gait and pose of this moment."""
        act = self._current(now) if self.leap is None else self.act or IDLE
        self.now = now
        base, around = self.frame(data)
        towards = None if act.towards is None else around.T @ (np.array(act.towards) - base)
        wish = self.wish(data, act, now - self.act_since, towards)
        self.gait, self.weight = wish.gait, wish.weight
        if self.leap is None:
            self._move(wish, now, seconds)
            is_rising = self.begins_low and now < self.finds_feet_until
            blend = RISE_SECONDS if is_rising or wish.is_seated else BLEND_SECONDS
            share = (now - self.blend_since) / blend if self._blend_from else 1.0
            self.pose = mixed(self._blend_from, wish.pose, gestures.ease(share))
            if self._lag:
                left, off = self._lags(now), self._lag[0]
                self.pose = self.pose | {n: self.pose.get(n, 0.0) + left * off[n] for n in off}
            self.has_free_legs, self.is_seated = wish.has_free_legs, wish.is_seated
            self.hold = wish.hold
            self.lift = 0.0
            self.is_airborne, self.spin_torque, self.nudge = False, None, np.zeros(3)
        if wish.leap and self.leap is None and seconds > 0.0:
            self.leap = wish.leap
            self.leaps += 1
        if wish.trips and seconds > 0.0:
            self._fall(data)
        return wish

    def _lags(self, now: float) -> float:
        """How much is left of the lag after a cut, 1 to 0."""
        return 1.0 - gestures.ease(now / STRIDE_SECONDS)

    def wish(self, data: mujoco.MjData, act: Act, since: float, towards: Array | None) -> Wish:
        """What it does `since` seconds after its act began; `towards` in its plan's frame."""
        return wish_of(self, data, act, since, towards)

    def _move(self, wish: Wish, now: float, seconds: float) -> None:
        """Turn towards the wish and gather speed, no quicker than feet can."""
        off = math.remainder(wish.heading - self.heading, math.tau)
        self.turning = off if abs(off) > 0.02 else 0.0
        begins = now == 0.0 and not self.actor.goes_on
        if begins and wish.speed > 0.0:
            self.heading += off
            off = 0.0
        most = TURNING * seconds
        self.heading += max(-most, min(most, off))
        speed = wish.speed * max(0.0, math.cos(min(abs(off), 0.5 * math.pi)))
        have = speed if begins else self.speed
        reach = (3.6 if speed > 2.0 or have > 2.0 else 2.4) * seconds * self.gravity / EARTH
        if not self.is_carried:  # in the air nobody gathers speed
            reach = 0.0
        self.speed = have + max(-reach, min(reach, speed - have))
        self.velocity = self.speed * self.forward() + wish.drift

    turning = speed = 0.0  # rad to go, m/s ahead
    # How far root (as a pose) and joints (radians) were from the plan, after a cut in mid-stride.
    _lag: tuple[Pose, Array] | None = None

    def _step_feet(self, data: mujoco.MjData, wish: Wish, seconds: float) -> None:
        if self.leap is None and not self.has_free_legs:
            self.stepper.step(
                seconds,
                wish.gait,
                self.homes(wish.width, wish.reach_ahead),
                self.heading + wish.stance_turn,
                self.velocity,
                turning=9.0 if wish.steps else self.turning,
                hold=wish.holds,
            )
            self.hands.move_feet(self, data, seconds)
        else:
            self.stepper.is_walking = False

    def homes(self, width: float = 1.0, ahead: float = 0.0) -> list[Array]:
        """The places below the hips, on what it stands on."""
        c, s = math.cos(self.heading), math.sin(self.heading)
        x, y, z = self.place.tolist()
        homes = []
        for leg in self.rig.legs:
            left, back, _ = leg.rest.tolist()
            left, forward = width * left, ahead * self.size - back
            homes.append(np.array((x + forward * c - left * s, y + forward * s + left * c, z)))
        return homes

    def land(self, data: mujoco.MjData) -> None:
        """Stand where the feet are now."""
        self.is_airborne = False
        standing = [b for b in self.touches if b not in set(self.rig.ids)]
        if self.support not in standing:
            self.stand_on(data, standing[0] if standing else 0)
        base, around = self.frame(data)
        at, turn = data.xpos[self.rig.root], data.xmat[self.rig.root].reshape(3, 3)
        spot = around.T @ (at - base)
        self.place = np.array((spot[0], spot[1], self.place[2]))
        self.heading = yaw_of(turn) - _yaw(around)
        v = around.T @ data.qvel[self.rig.root_v : self.rig.root_v + 3]
        self.velocity, self.speed = np.array((v[0], v[1], 0.0)), 0.0
        self.stepper.stand_at(self.homes(), self.heading)
        for foot in self.stepper.feet:
            joint = int(self.model.dof_jntid[self.rig.v[foot.leg.joints[-1]]])
            spot = around.T @ (data.xanchor[joint] - base)
            foot.spot[:2] = spot[:2]
            foot.at = foot.spot.copy()

    # ── how it does it ─────────────────────────────────────────────────────────────

    def _bend(self, data: mujoco.MjData) -> tuple[Vector, Turn]:
        """Angles of all joints for the planned pose; the root's planned place and turn (world)."""
        wanted, rig = self.pose.get, self.rig
        base, around = self.ground(data)
        heading = self.heading
        if not self.is_seated:
            heading += math.atan2(around[3], around[0])
        c, s = math.cos(heading), math.sin(heading)
        ahead, left = wanted("ahead", 0.0) * self.size, wanted("side", 0.0) * self.size
        up = self.height + wanted("up", 0.0) * self.size
        bow, lean, twist = (math.radians(wanted(n, 0.0)) for n in ("bow", "lean", "twist"))
        turn = turn_facing(heading + twist, bow, lean)
        x, y, z = along(around, self.place.tolist())
        way: Vector = (c * ahead - s * left, s * ahead + c * left, up)
        if self.is_seated:
            way, turn = along(around, way), turned_with(around, turn)
        x, y, z = base[0] + x + way[0], base[1] + y + way[1], base[2] + z + way[2]
        out = [math.radians(wanted(name, 0.0)) for name in rig.names]
        if not self.has_free_legs:
            _, _, up_x, _, _, up_y, _, _, _ = around
            rise, roll = -(up_x * c + up_y * s), -s * up_x + c * up_y
            tilt = (bow + rise, lean - roll)
            for foot in self.stepper.feet:
                ankle_x, ankle_y, ankle_z = along(around, ankle_place(foot))
                off = (base[0] + ankle_x - x, base[1] + ankle_y - y, base[2] + ankle_z - z)
                out_turn = math.remainder(foot.now_yaw - self.heading - twist, math.tau)
                bend_leg(
                    foot.leg,
                    within(turn, off),
                    out_turn * foot.leg.side + TOE_OUT,
                    foot.pitch,
                    tilt,
                    out,
                )
            self._legs_were = [out[joint] for joint in self._leg_joints]
            self._free_since = float(data.time)
        elif self._legs_were is not None:  # from where they stood to what the pose says
            seconds = LET_GO_SECONDS[self.leap is not None]
            share = gestures.ease((float(data.time) - self._free_since) / seconds)
            for joint, angle in zip(self._leg_joints, self._legs_were, strict=True):
                out[joint] = angle + share * (out[joint] - angle)
        self._reach_out(data, out)
        self.targets = np.array(out)
        if self._lag:
            left = self._lags(float(data.time))
            self.targets += left * self._lag[1]
            self._lag = self._lag if left > 0.0 else None
        return (x, y, z), turn

    def _reach_out(self, data: mujoco.MjData, out: list[float]) -> None:
        """Bend the arms that reach for something."""
        for arm in self.rig.arms:
            if arm.side in self.reach:
                place, share = self.reach[arm.side]
                before = [out[joint] for joint in arm.joints]
                chest = data.xmat[self.rig.chest].reshape(3, 3)
                bend_arm(arm, chest.T @ (place - data.xpos[self.rig.chest]), out, POLE)
                for joint, angle in zip(arm.joints, before, strict=True):
                    out[joint] = angle + share * (out[joint] - angle)

    def _servo(self, data: mujoco.MjData, seconds: float) -> None:
        """Orders to the servos: angles, plus what weight and speed would make them lag behind."""
        rig = self.rig
        out = np.minimum(np.maximum(self.targets, rig.low), rig.high)
        rate = np.minimum(np.maximum((out - self._before) / seconds, -25.0), 25.0)
        self._before = out
        torque = rig.damping * rate
        torque += data.qfrc_bias[rig.v]
        if self.is_airborne:  # all falls together: what gravity asks of a joint, the fall gives
            torque += self._moved_with(data, np.array((0.0, 0.0, -self.gravity)))
        elif self.is_seated:
            torque += self._moved_with(data, swung(self, data))
        elif not self.has_free_legs and self.weight > 0.0:
            self._carrying.add_to(data, torque)
        data.ctrl[rig.servos] = out + 0.5 * seconds * rate + torque / rig.stiffness

    def _moved_with(self, data: mujoco.MjData, acceleration: Array) -> Array:
        """N·m of the joints with which no limb stays behind a root that gathers speed so, m/s²."""
        together, given = np.zeros(self.model.nv), np.zeros(self.model.nv)
        together[self.rig.root_v : self.rig.root_v + 3] = acceleration
        mujoco.mj_mulM(self.model, data, given, together)
        return np.asarray(given[self.rig.v])

    def _fall(self, data: mujoco.MjData) -> None:
        """Let go of everything but a little tension."""
        self.has_fallen, self.leap = True, None
        rig = self.rig
        rig.tense(1.0)
        self.hands.held = None
        self.model.actuator_gainprm[rig.servos, 0] = LIMP * rig.stiffness
        self.model.actuator_biasprm[rig.servos, 1] = -LIMP * rig.stiffness
        self.model.dof_damping[rig.v] = LIMP_DAMPING * rig.damping
        slack = np.array([math.radians(SLACK.get(n.split("_", 1)[-1], 0.0)) for n in rig.names])
        data.ctrl[rig.servos] = np.clip(slack, rig.low, rig.high)


SLACK = {"elbow": 25.0, "knee": 25.0, "bend": 8.0, "shoulder_spread": 25.0, "hip_bend": 15.0}
STANDS_ON = frozenset({"ride", "balance", "stand", "spin", "jump", "rest", "sit", "dance", "flip"})
IDLE = Act(0.0, "stand")


def _yaw(around: Array) -> float:
    """About the vertical, of a body's frame."""
    return math.atan2(around[1, 0], around[0, 0])
