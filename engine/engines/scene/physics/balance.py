"""Balance: the limited helper that keeps a figure upright, and the static friction of its soles.

The helper ("puppeteer") pulls the root towards its plan only while the figure touches something,
and what it stands on gets the opposite wrench; in the air nothing from outside acts on it.
"""

import math

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.footsteps import Stepper
from engine.engines.scene.physics.leaps import Leap
from engine.engines.scene.physics.rig import Rig, rotation_between

Array = NDArray[np.float64]
PULL, PULL_DAMPING = 110.0, 17.0  # 1/s², 1/s: of the helper on the root
RIGHTING, RIGHTING_DAMPING = 130.0, 18.0  # 1/s², 1/s: the same for its turn
RISE_FORCE = 2.5  # times as much, with the hands on the ground
PUSH_FORCE = 2.5  # body weights, in the push of a leap
SPIN_TORQUE = 15.0  # N·m a kilogram, to set off a turning leap
FALL_TILT = 0.85  # rad between plan and root: nobody catches himself from there
FALL_FAR = 0.42  # leg lengths between the heights of plan and root
MOST_SPEED = 8.0  # m/s of the root's plan: what stands on a springboard is not thrown
STICTION, STICTION_DAMPING = 90.0, 5.0  # 1/s², 1/s: of a sole on what it stands on
PATIENCE = 0.07  # leg lengths that the plan may be ahead


class Balance:
    """What a figure does not to fall; it owns the plan that is kept."""

    force, torque = 0.75, 3.2  # what the helper has at most: body weights, N·m a kilogram
    begins_low: bool = True  # who sits or lies in the first act does so from the start
    is_carried: bool = True  # by what it touches, or by water
    finds_feet_until: float = 0.0  # s: until then it falls by what happens to it alone

    rig: Rig
    model: mujoco.MjModel
    stepper: Stepper
    leap: Leap | None
    gravity: float
    size: float
    support: int
    place: Array
    is_airborne: bool
    spin_torque: Array | None
    nudge: Array
    _touching: set[int]

    def __init__(self) -> None:
        self._strain = 0.0  # seconds for which the helper has been asked for too much
        self._planned: tuple[Array, Array] | None = None  # place and turn of the root, a turn ago
        self._stuck: dict[int, Array] = {}  # sole → where it sticks to its support
        self._slid: dict[int, Array] = {}  # how far it was from there a turn ago

    def _frame(self, data: mujoco.MjData) -> tuple[Array, Array]:
        return data.xpos[self.support], data.xmat[self.support].reshape(3, 3)

    def _fall(self, data: mujoco.MjData) -> None:
        raise NotImplementedError

    def _stick(self, data: mujoco.MjData, seconds: float) -> None:
        """Static friction: the contacts' own lets a loaded sole creep by centimetres a second."""
        base, around = self._frame(data)
        for foot in self.stepper.feet:
            body = foot.leg.lower_body
            sole = int(self.model.body_geomadr[body])
            here = data.geom_xpos[sole]
            is_flat = len(foot.leg.joints) < 6 or abs(foot.pitch) < 0.1
            if self.leap or not (foot.is_planted and is_flat and body in self._touching):
                self._stuck.pop(sole, None)
                self._slid.pop(sole, None)
                continue
            spot = around.T @ (here - base)
            off = around @ (self._stuck.setdefault(sole, spot) - spot)
            off[2] = 0.0
            force = self.rig.mass * STICTION * off
            most = 0.4 * self.rig.mass * self.gravity / len(self.stepper.feet) * 2.0
            if math.sqrt(force @ force) > most:  # it slips, and sticks anew
                self._stuck[sole] = spot
                continue
            speed = (off - self._slid.get(sole, off)) / seconds
            self._slid[sole] = off
            force = _limited(force + self.rig.mass * STICTION_DAMPING * speed, most)
            self.push(data, body, here, force)
            self.push(data, self.support, here, -force)

    def _help(self, data: mujoco.MjData, at: Array, turn: Array, seconds: float) -> None:
        """Pull the root towards its plan, no harder than allowed; fall when that is not enough."""
        rig = self.rig
        if self.is_airborne:
            self._planned = None
            return
        here, now = data.xpos[rig.root], data.xmat[rig.root].reshape(3, 3)
        off = rotation_between(now, turn)
        tilt = math.hypot(off[0], off[1])
        finds_feet = float(data.time) < self.finds_feet_until
        rises = finds_feet and self.begins_low
        is_safe = finds_feet or (self.leap is not None and self.leap.phase in {"push", "land"})
        if not is_safe and (tilt > FALL_TILT or abs(at[2] - here[2]) > FALL_FAR * self.size):
            self._fall(data)
            return
        if not self.is_carried:
            self._planned = None
            return
        around = self._frame(data)[1]
        v = data.qvel[rig.root_v : rig.root_v + 3]
        w = now @ data.qvel[rig.root_v + 3 : rig.root_v + 6]
        want, whirl = around @ self.nudge, np.zeros(3)
        if self._planned is not None:
            want += _limited((at - self._planned[0]) / seconds, MOST_SPEED)
            whirl = rotation_between(self._planned[1], turn) / seconds
        self._planned = (at, turn)
        self._wait(data, here - at)
        force = rig.mass * (PULL * (at - here) + PULL_DAMPING * (want - v))
        torque = now @ rig.inertia @ now.T @ (RIGHTING * off - RIGHTING_DAMPING * (w - whirl))
        torque = self._set_off(torque)
        pushes = self.leap is not None and self.leap.phase == "push"
        most = (PUSH_FORCE if pushes else self.force) * rig.mass * self.gravity
        most *= RISE_FORCE if rises else 1.0
        self._strain += seconds * (1.0 if math.sqrt(force @ force) > 2.2 * most else -1.0)
        self._strain = max(self._strain, 0.0)
        if self._strain > 0.12 and self.leap is None and not is_safe:
            self._fall(data)
            return
        if self.spin_torque is None:
            torque = _limited(torque, (RISE_FORCE if rises else 1.0) * self.torque * rig.mass)
        force = _limited(force, most)
        self.push(data, rig.root, here, force, torque)
        self.push(data, self.support, here, -force, -torque)

    def _set_off(self, torque: Array) -> Array:
        """The torque in the push of a leap: about its axis what the leap wants, else upright."""
        if self.spin_torque is None:
            return torque
        axis = self.leap.axis if self.leap else np.zeros(3)
        along = axis * (axis @ self.spin_torque)
        torque = (0.4 if axis.any() else 1.0) * (torque - axis * (axis @ torque))
        torque += self.spin_torque - along
        torque = _limited(torque, 2.2 * self.torque * self.rig.mass)
        return torque + _limited(along, SPIN_TORQUE * self.rig.mass)

    def _wait(self, data: mujoco.MjData, ahead: Array) -> None:
        """A plan that runs ahead of the body, because something is in the way, waits for it."""
        off = self._frame(data)[1].T @ ahead
        far = float(np.hypot(off[0], off[1]))
        slack = far - PATIENCE * self.size
        if slack > 0.0 and self.leap is None:
            step = slack / far * np.array((off[0], off[1], 0.0))
            self.place = self.place + step
            if self._planned is not None:
                self._planned = (self._planned[0] + self._frame(data)[1] @ step, self._planned[1])

    @staticmethod
    def push(
        data: mujoco.MjData, body: int, at: Array, force: Array, torque: Array | float = 0.0
    ) -> None:
        """Add a force at a place, and a torque, to a body."""
        if body:
            x, y, z = (at - data.xipos[body]).tolist()
            u, v, w = force.tolist()
            wrench = data.xfrc_applied[body]
            wrench[:3] += force
            wrench[3:] += (
                torque  # and of the arm; numpy's own cross product costs more than all this
            )
            wrench[3:] += (y * w - z * v, z * u - x * w, x * v - y * u)


def _limited(v: Array, most: float) -> Array:
    size = math.sqrt(v @ v)
    return v if size <= most else v * (most / size)
