"""Balance: the limited helper that keeps a figure upright, and the static friction of its soles.

The helper ("puppeteer") pulls the root towards its plan only while the figure touches something,
and what it stands on gets the opposite wrench; in the air nothing from outside acts on it.
"""

import math
from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.footsteps import EARTH, Stepper
from engine.engines.scene.physics.leaps import Leap
from engine.engines.scene.physics.rig import Rig, Turn, Vector, along, turned_by, within

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
WORLD_AT, WORLD_TURN = (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
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
    is_seated: bool
    hold: tuple[float, float]  # shares of the helper's stiffness: force, torque
    spin_torque: Array | None
    nudge: Array
    _touching: set[int]

    def __init__(self) -> None:
        self._strain = 0.0  # seconds for which the helper has been asked for too much
        self._planned: tuple[Vector, Turn] | None = None  # place and turn of the root, a turn ago
        self._stuck: dict[int, Vector] = {}  # sole → where it sticks to its support
        self._slid: dict[int, Vector] = {}  # how far it was from there a turn ago

    def frame(self, data: mujoco.MjData) -> tuple[Array, Array]:
        """Place and turn of what it stands or sits on."""
        return data.xpos[self.support], data.xmat[self.support].reshape(3, 3)

    # In what follows vectors are of plain numbers: arrays of three cost many times as much.

    def ground(self, data: mujoco.MjData) -> tuple[Vector, Turn]:
        """The frame of what it stands on: `frame`, as plain numbers."""
        if not self.support:
            return WORLD_AT, WORLD_TURN
        x, y, z = data.xpos[self.support].tolist()
        return (x, y, z), data.xmat[self.support].tolist()

    def _fall(self, data: mujoco.MjData) -> None:
        raise NotImplementedError

    def _stick(self, data: mujoco.MjData, seconds: float) -> None:
        """Static friction: the contacts' own lets a loaded sole creep by centimetres a second."""
        base, around = self.ground(data)
        mass = self.rig.mass
        most = 0.4 * mass * self.gravity / len(self.stepper.feet) * 2.0
        for foot in self.stepper.feet:
            body = foot.leg.lower_body
            sole = foot.leg.sole_geom
            is_flat = len(foot.leg.joints) < 6 or abs(foot.pitch) < 0.1
            is_free = self.leap or self.is_seated
            if is_free or not (foot.is_planted and is_flat and body in self._touching):
                self._stuck.pop(sole, None)
                self._slid.pop(sole, None)
                continue
            here = data.geom_xpos[sole].tolist()
            from_base = (here[0] - base[0], here[1] - base[1], here[2] - base[2])
            stuck = self._stuck.get(sole)
            if stuck is None:
                stuck = self._stuck[sole] = within(around, from_base)
            x, y, _ = along(around, stuck)
            off = (x - from_base[0], y - from_base[1], 0.0)
            if mass * STICTION * math.hypot(off[0], off[1]) > most:  # it slips, and sticks anew
                self._stuck[sole] = within(around, from_base)
                continue
            was = self._slid.get(sole, off)
            self._slid[sole] = off
            damping = STICTION_DAMPING / seconds
            force = _limited(
                (
                    mass * (STICTION * off[0] + damping * (off[0] - was[0])),
                    mass * (STICTION * off[1] + damping * (off[1] - was[1])),
                    0.0,
                ),
                most,
            )
            self._push(data, body, here, force)
            self._push(data, self.support, here, (-force[0], -force[1], 0.0))

    def _help(self, data: mujoco.MjData, at: Vector, turn: Turn, seconds: float) -> None:
        """Pull the root towards its plan, no harder than allowed; fall when that is not enough."""
        rig = self.rig
        if self.is_airborne:
            self._planned = None
            return
        here, now = data.xpos[rig.root].tolist(), data.xmat[rig.root].tolist()
        off = turned_by(now, turn)
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
        force, torque = self._wanted(data, at, turn, off, seconds)
        pushes = self.leap is not None and self.leap.phase == "push"
        most = (PUSH_FORCE if pushes else self.force) * rig.mass * self.gravity
        most *= RISE_FORCE if rises else 1.0
        # As far astray as on Earth: where things weigh little, little is not yet too much.
        lost = 2.2 * most * max(1.0, EARTH / max(self.gravity, 0.1))
        self._strain += seconds * (1.0 if math.hypot(*force) > lost else -1.0)
        # A leap asks for much, and who stands when it is over has not fallen.
        self._strain = max(self._strain, 0.0) if self.leap is None else 0.0
        if self._strain > 0.12 and not is_safe:
            self._fall(data)
            return
        if self.spin_torque is None:
            torque = _limited(torque, (RISE_FORCE if rises else 1.0) * self.torque * rig.mass)
        force = _limited(force, most)
        self._push(data, rig.root, here, force, torque)
        if self.support:
            opposite = (-force[0], -force[1], -force[2])
            self._push(data, self.support, here, opposite, (-torque[0], -torque[1], -torque[2]))

    def _wanted(
        self, data: mujoco.MjData, at: Vector, turn: Turn, off: Vector, seconds: float
    ) -> tuple[Vector, Vector]:
        """Force and torque of a helper without limits; `off` is the turn that the root lacks."""
        rig = self.rig
        here, now = data.xpos[rig.root].tolist(), data.xmat[rig.root].tolist()
        around = self.ground(data)[1]
        vx, vy, vz, *spin = data.qvel[rig.root_v : rig.root_v + 6].tolist()
        want_x, want_y, want_z = along(around, self.nudge.tolist())
        whirl: Vector = (0.0, 0.0, 0.0)
        if self._planned is not None:
            was, turn_was = self._planned
            x, y, z = _limited(
                (
                    (at[0] - was[0]) / seconds,
                    (at[1] - was[1]) / seconds,
                    (at[2] - was[2]) / seconds,
                ),
                MOST_SPEED,
            )
            want_x, want_y, want_z = want_x + x, want_y + y, want_z + z
            x, y, z = turned_by(turn_was, turn)
            whirl = (x / seconds, y / seconds, z / seconds)
        self._planned = (at, turn)
        away = (at[0] - here[0], at[1] - here[1], at[2] - here[2])
        self._wait(data, (-away[0], -away[1], -away[2]))
        mass = rig.mass * self.hold[0]
        force: Vector = (
            mass * (PULL * away[0] + PULL_DAMPING * (want_x - vx)),
            mass * (PULL * away[1] + PULL_DAMPING * (want_y - vy)),
            mass * (PULL * away[2] + PULL_DAMPING * (want_z - vz)),
        )
        x, y, z = along(now, spin)
        wanted = (
            RIGHTING * off[0] - RIGHTING_DAMPING * (x - whirl[0]),
            RIGHTING * off[1] - RIGHTING_DAMPING * (y - whirl[1]),
            RIGHTING * off[2] - RIGHTING_DAMPING * (z - whirl[2]),
        )
        x, y, z = along(now, along(rig.inertia_rows, within(now, wanted)))
        firm = self.hold[1]
        torque = (firm * x, firm * y, firm * z)
        if self.spin_torque is not None:
            x, y, z = self._set_off(np.array(torque), self.spin_torque).tolist()
            torque = (x, y, z)
        return force, torque

    def _set_off(self, torque: Array, spin_torque: Array) -> Array:
        """The torque in the push of a leap: about its axis what the leap wants, else upright."""
        axis = self.leap.axis if self.leap else np.zeros(3)
        about = axis * (axis @ spin_torque)
        firm = self.leap.firm if self.leap else 1.0
        torque = firm * (torque - axis * (axis @ torque))
        torque += spin_torque - about
        upright = _limited(torque.tolist(), 2.2 * self.torque * self.rig.mass)
        return np.add(upright, _limited(about.tolist(), SPIN_TORQUE * self.rig.mass))

    def _wait(self, data: mujoco.MjData, ahead: Vector) -> None:
        """A plan that runs ahead of the body, because something is in the way, waits for it."""
        around = self.ground(data)[1]
        x, y, _ = within(around, ahead)
        far = math.hypot(x, y)
        slack = far - PATIENCE * self.size
        if slack > 0.0 and self.leap is None:
            step = (slack / far * x, slack / far * y, 0.0)
            self.place = self.place + step
            if self._planned is not None:
                (px, py, pz), turn = self._planned
                x, y, z = along(around, step)
                self._planned = (px + x, py + y, pz + z), turn

    def push(self, data: mujoco.MjData, body: int, at: Array, force: Array) -> None:
        """Add a force at a place to a body."""
        self._push(data, body, at.tolist(), force.tolist())

    @staticmethod
    def _push(
        data: mujoco.MjData,
        body: int,
        at: Sequence[float],
        force: Sequence[float],
        torque: Sequence[float] = (0.0, 0.0, 0.0),
    ) -> None:
        """Add a force at a place, and a torque, to a body; to the world, none."""
        if body:
            mid_x, mid_y, mid_z = data.xipos[body].tolist()
            x, y, z = at[0] - mid_x, at[1] - mid_y, at[2] - mid_z
            u, v, w = force
            data.xfrc_applied[body] += (
                u,
                v,
                w,
                torque[0] + y * w - z * v,
                torque[1] + z * u - x * w,
                torque[2] + x * v - y * u,
            )


def _limited(v: Vector, most: float) -> Vector:
    x, y, z = v
    size = math.sqrt(x * x + y * y + z * z)
    if size <= most:
        return v
    share = most / size
    return (share * x, share * y, share * z)
