"""Vehicles: what drives, rides, sails and flies by its plan; forward is the x axis of its body."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.model import body_ids
from engine.engines.scene.scene.plans import PACES, TRAVELS
from engine.engines.scene.scene.world import Act, Actor, World

Array = NDArray[np.float64]

VEHICLE_KINDS = frozenset({"car", "bike", "skateboard", "boat", "rocket", "plane"})
RUSHES = frozenset({"crash", "topple", "fly"})  # done as fast as it goes, and past the goal
SPEED_SECONDS = 0.35  # in which a motor would reach its speed
MOST_STEERING = math.radians(30.0)
STEERING_RATE = math.radians(90.0)  # 1/s
NEAR_GOAL = 0.3  # m
BRAKES = 2.5  # of a motor's torque
MOST_PUSH = 1.6  # m/s²: of a foot on the street
MOST_ROW, ROW_SECONDS = 8.0, 0.1  # m/s² and s: of a propeller or oars, against all the water
TURN_SECONDS = 0.8
ROCKET_CLIMB, ROCKET_DELAY = 5.0, 0.6  # m/s² over its weight; s until it lifts off
KEEP_LEVEL, KEEP_LEVEL_DAMPING = 1.5, 2.5  # 1/s², 1/s: of a plane's pilot
RIGHTING, RIGHTING_DAMPING = 30.0, 9.0  # 1/s², 1/s: of what keeps a rocket or a plane in attitude


@dataclass(frozen=True, slots=True)
class _Wheel:
    body: int
    dof: int
    radius: float
    torque: float
    is_front: bool
    straight: Array  # the quaternion of its body without steering


class VehicleDrive:
    """The driver of one vehicle."""

    def __init__(
        self, world: World, model: mujoco.MjModel, data: mujoco.MjData, actor: Actor
    ) -> None:
        self._model, self._actor, self._place = model, actor, world.place
        self._root = int(body_ids(world, model)[actor.bodies[0]])
        self._mass = float(model.body_subtreemass[self._root])
        self._wheels = tuple(_wheels(world, model, actor))
        self._steering = 0.0
        mujoco.mj_kinematics(model, data)
        ahead = data.xmat[self._root].reshape(3, 3)[:, 0]
        self._level = float(data.xipos[self._root][2])  # that a plane keeps
        self._heading = math.atan2(ahead[1], ahead[0])
        speed = float(ahead @ np.array(world.bodies[actor.bodies[0]].velocity))
        for wheel in self._wheels:  # they come in rolling
            data.qvel[wheel.dof] = speed / wheel.radius

    def step(self, data: mujoco.MjData, seconds: float) -> None:
        """Set motors and steering, and add thrust, for the next `seconds`."""
        act = _current(self._actor.plan, float(data.time))
        turn = data.xmat[self._root].reshape(3, 3)
        velocity, spin = self._velocity(data)
        wanted = self._wanted_speed(data, act)
        bearing = self._bearing(data, act)
        heading = math.atan2(turn[1, 0], turn[0, 0])
        off = math.remainder(bearing - heading, math.tau) if wanted else 0.0
        if self._actor.kind == "rocket":
            self._lift_off(data, act, turn, spin)
        elif self._actor.kind == "plane":
            self._fly(data, wanted, velocity, spin, off)
        elif self._wheels:
            self._roll(data, wanted, float(velocity @ turn[:, 0]), off, seconds)
        else:
            self._row(data, wanted, velocity, spin, off)

    # ── what it wants ──────────────────────────────────────────────────────────────

    def _wanted_speed(self, data: mujoco.MjData, act: Act) -> float:
        if act.action not in TRAVELS and act.action not in RUSHES:
            return 0.0
        slow, fast = PACES.get(self._actor.kind, (3.0, 6.0))
        is_fast = act.action in RUSHES or TRAVELS[act.action] == 1
        speed = (fast if is_fast else slow) * act.pace
        if act.towards is None or act.action in RUSHES:
            return speed
        away = np.array(act.towards[:2]) - data.xpos[self._root, :2]
        ahead = data.xmat[self._root].reshape(3, 3)[:2, 0]
        far = float(np.linalg.norm(away))
        if far < NEAR_GOAL or (far < 2.0 and float(away @ ahead) < 0.0):  # there, or just past
            return 0.0
        return min(speed, 0.3 + 1.3 * far)

    def _bearing(self, data: mujoco.MjData, act: Act) -> float:
        if act.towards is None:
            return self._heading
        dx, dy = np.array(act.towards[:2]) - data.xpos[self._root, :2]
        return math.atan2(dy, dx) if math.hypot(dx, dy) > NEAR_GOAL else self._heading

    def _velocity(self, data: mujoco.MjData) -> tuple[Array, Array]:
        """Of the body's centre of mass, m/s, and its spin, rad/s."""
        both = np.empty(6)
        kind = mujoco.mjtObj.mjOBJ_BODY
        mujoco.mj_objectVelocity(self._model, data, kind, self._root, both, 0)
        return both[3:], both[:3]

    # ── how it gets it ─────────────────────────────────────────────────────────────

    def _roll(
        self, data: mujoco.MjData, wanted: float, speed: float, off: float, seconds: float
    ) -> None:
        """Turn the wheels by their motors, the front ones also sideways."""
        most = STEERING_RATE * seconds
        goal = max(-MOST_STEERING, min(MOST_STEERING, 1.4 * off))
        self._steering += max(-most, min(most, goal - self._steering))
        sideways = np.array((math.cos(self._steering / 2), 0, 0, math.sin(self._steering / 2)))
        driven = [wheel for wheel in self._wheels if wheel.torque]
        for wheel in self._wheels:
            if wheel.is_front:
                mujoco.mju_mulQuat(self._model.body_quat[wheel.body], sideways, wheel.straight)
        for wheel in driven:
            rate = data.qvel[wheel.dof]
            share = self._mass * wheel.radius**2 / len(driven) / SPEED_SECONDS
            torque = share * (wanted / wheel.radius - rate)
            most = wheel.torque * (BRAKES if torque * rate < 0.0 else 1.0)
            data.qfrc_applied[wheel.dof] = max(-most, min(most, torque))
        if not driven and wanted:  # a foot pushes it
            push = max(0.0, min(MOST_PUSH, (wanted - speed) / SPEED_SECONDS)) * self._mass
            ahead = data.xmat[self._root].reshape(3, 3)[:, 0]
            data.xfrc_applied[self._root, :3] += push * ahead * np.array((1.0, 1.0, 0.0))

    def _row(
        self, data: mujoco.MjData, wanted: float, velocity: Array, spin: Array, off: float
    ) -> None:
        """Push at the stern and turn by the rudder, as long as there is water under it."""
        at = data.xipos[self._root]
        if not self._place.water or at[2] > 0.8 or not wanted:
            return
        ahead = data.xmat[self._root].reshape(3, 3)[:, 0] * np.array((1.0, 1.0, 0.0))
        gain = (wanted - float(velocity @ ahead)) / ROW_SECONDS
        data.xfrc_applied[self._root, :3] += max(0.0, min(MOST_ROW, gain)) * self._mass * ahead
        rate = max(-0.7, min(0.7, off / TURN_SECONDS))
        inertia = float(self._model.body_inertia[self._root].max())
        data.xfrc_applied[self._root, 5] += 4.0 * inertia * (rate - spin[2])

    def _lift_off(self, data: mujoco.MjData, act: Act, turn: Array, spin: Array) -> None:
        """Thrust along the body, which its engine keeps upright."""
        if not _burns(act, float(data.time)):
            return
        thrust = self._mass * (self._place.gravity + ROCKET_CLIMB * act.pace)
        data.xfrc_applied[self._root, :3] += thrust * turn[:, 2]
        self._hold(data, np.cross(turn[:, 2], (0.0, 0.0, 1.0)), spin)

    def _fly(
        self, data: mujoco.MjData, wanted: float, velocity: Array, spin: Array, off: float
    ) -> None:
        """Thrust, lift by the square of the speed, and a pilot: level, and banked in turns."""
        turn = data.xmat[self._root].reshape(3, 3)
        wanted = wanted or PACES.get("plane", (3.0, 6.0))[0]
        speed = float(velocity @ turn[:, 0])
        thrust = max(0.0, min(4.0, (wanted - speed) / SPEED_SECONDS)) * self._mass
        weight = self._mass * self._place.gravity
        lift = weight * min(1.0, (max(speed, 0.0) / wanted) ** 2)  # less when it stalls
        off_level = self._level - float(data.xipos[self._root][2])
        lift += self._mass * (KEEP_LEVEL * off_level - KEEP_LEVEL_DAMPING * float(velocity[2]))
        bank = max(-0.6, min(0.6, 1.2 * off))
        sideways = np.array((-turn[1, 0], turn[0, 0], 0.0)) * weight * math.tan(bank)
        push = thrust * turn[:, 0] + np.array((0.0, 0.0, lift)) + sideways
        data.xfrc_applied[self._root, :3] += push
        level = np.cross(turn[:, 2], (0.0, 0.0, 1.0)) - bank * turn[:, 0]
        yaw = np.array((0.0, 0.0, 0.4 * off))
        self._hold(data, level + yaw, spin)

    def _hold(self, data: mujoco.MjData, off: Array, spin: Array) -> None:
        """Turn against a tilt, rad about the axes of the world."""
        inertia = float(self._model.body_inertia[self._root].mean())
        data.xfrc_applied[self._root, 3:] += inertia * (RIGHTING * off - RIGHTING_DAMPING * spin)


def _wheels(world: World, model: mujoco.MjModel, actor: Actor) -> Iterator[_Wheel]:
    for k, joint in enumerate(world.joints):
        if joint.child not in actor.bodies or "wheel" not in joint.name:
            continue
        number = model.joint(f"q{k}")
        body = int(model.body(f"b{joint.child}").id)
        yield _Wheel(
            body=body,
            dof=int(number.dofadr[0]),
            radius=max(part.size[0] for part in world.bodies[joint.child].parts),
            torque=joint.strength,
            is_front="front" in joint.name,
            straight=model.body_quat[body].copy(),
        )


def is_burning(plan: tuple[Act, ...], seconds: float) -> bool:
    """Whether a rocket with this plan burns its engine at this second of simulated time."""
    return bool(plan) and _burns(_current(plan, seconds), seconds)


def _burns(act: Act, seconds: float) -> bool:
    return act.action in {"fly", "launch", *TRAVELS} and seconds >= act.start + ROCKET_DELAY


def _current(plan: tuple[Act, ...], now: float) -> Act:
    begun = [act for act in plan if act.start <= now + 1e-9]
    return begun[-1] if begun else Act(0.0, "stand")
