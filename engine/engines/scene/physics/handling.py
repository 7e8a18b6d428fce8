"""Handling: hands and feet on things: hold and throw, reach and catch, step up and kick.

A held thing is kept at its place before the chest by a limited force. Thrown and kicked things are
led along a path to the velocity that takes them to where they are wanted, for the tenth of a second
that hand or foot drives them; the figure's chest or foot gets the opposite force.
"""

import math
from typing import TYPE_CHECKING

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.gestures import ease, mixed
from engine.engines.scene.physics.rig import Arm, Rig
from engine.engines.scene.scene.world import Act, Actor, World

if TYPE_CHECKING:
    from engine.engines.scene.physics.actions import Wish
    from engine.engines.scene.physics.figures import FigureDrive

Array = NDArray[np.float64]
WIND_UP_SECONDS, FOLLOW_SECONDS = 0.55, 0.5
BIG = 0.11  # m: a ball with a larger radius takes both hands
LEADING = 28.0  # 1/s: how tightly a thing is led
BRACED = 0.4  # body weights that a thing may push back with
IN_HAND = 0.9  # leg lengths from the chest: what is nearer is in the hands
HOLDING = 16.0  # 1/s: how tightly a thing is held
# Seen from the chest: left, back and up, in leg lengths.
LOW, OUT = (-0.03, -0.42, -0.04), (-0.06, -0.5, 0.4)
HIGH, HIGH_BOTH = (-0.36, 0.2, 0.42), (0.0, 0.0, 0.72)
LEAVES, LEAVES_BOTH = (-0.22, -0.5, 0.45), (0.0, -0.52, 0.5)
WOUND = {"waist_turn": -30.0, "waist_bend": -8.0, "ahead": -0.06, "neck_turn": 24.0, "up": -0.04}
THROWN = {"waist_turn": 26.0, "waist_bend": 18.0, "ahead": 0.08, "neck_bend": -10.0, "up": -0.03}
WOUND_BOTH = {"waist_bend": -12.0, "ahead": -0.05, "neck_bend": -4.0, "up": -0.04}
THROWN_BOTH = {"waist_bend": 18.0, "ahead": 0.08, "neck_bend": -12.0, "up": -0.03}
KICK_SECONDS = (0.32, 0.16, 0.4)  # back, through, down again


class Hands:
    """What one figure holds, and what it is about to do with it."""

    def __init__(self, world: World, model: mujoco.MjModel, rig: Rig) -> None:
        self.world, self.model, self.rig = world, model, rig
        self.held: int | None = None
        self.begin()

    def begin(self) -> None:
        """A new act."""
        self.has_thrown = self.is_sweeping = False
        self.start = self.end = self.speed = self.from_speed = self.hold_at = np.zeros(3)
        self.aim = 0.0
        self.clock = self.sweep_seconds = 0.0
        self.kick_clock: float | None = None
        self.has_kicked = False
        self.strain = 0.0

    def prepare(self, figure: "FigureDrive", data: mujoco.MjData, actor: Actor) -> None:
        """At time 0 what is thrown first lies in the hand."""
        act = actor.plan[0] if actor.plan else None
        if act is None or act.action not in {"throw", "hold"} or act.with_body is None:
            return
        body = self.model.body(f"b{act.with_body}").id
        if actor.goes_on:
            far = np.linalg.norm(data.xpos[body] - data.xpos[self.rig.chest])
            self.held = act.with_body if far < IN_HAND * figure.size else None
            return
        joint = self.model.body_jntadr[body]
        q, v = int(self.model.jnt_qposadr[joint]), int(self.model.jnt_dofadr[joint])
        data.qpos[q : q + 3] = self._chest_place(figure, data, *LOW)
        data.qvel[v : v + 6] = 0.0
        self.held = act.with_body
        mujoco.mj_kinematics(self.model, data)
        mujoco.mj_comPos(self.model, data)

    def radius(self, thing: int) -> float:
        """About how large a thing is."""
        return min(self.world.bodies[thing].girth, 0.3)

    # ── what an act wants ──────────────────────────────────────────────────────────

    def wish(
        self,
        figure: "FigureDrive",
        data: mujoco.MjData,
        wish: "Wish",
        act: Act,
        since: float,
        towards: Array | None,
    ) -> None:
        """Fill in pose and reach for throwing, catching, kicking or holding."""
        if act.with_body is None or not self.rig.arms:
            return
        body = self.model.body(f"b{act.with_body}").id
        if act.action == "kick":
            self._kick(figure, data, wish, act, body)
        elif act.action == "catch":
            self._catch(figure, data, wish, act, body)
        elif act.action == "throw" and act.towards is not None:
            self._throw(figure, data, wish, act, since, body)
        elif self.held is not None:
            self._carry(figure, data)

    def _chest_place(
        self, figure: "FigureDrive", data: mujoco.MjData, x: float, y: float, z: float
    ) -> Array:
        """In the world: a place seen from the chest (left, back, up), in leg lengths."""
        turn = data.xmat[self.rig.chest].reshape(3, 3)
        return np.asarray(data.xpos[self.rig.chest] + turn @ (figure.size * np.array((x, y, z))))

    def _hold_sides(
        self, figure: "FigureDrive", data: mujoco.MjData, at: Array, radius: float, share: float
    ) -> None:
        """Both palms on the sides of something round, or one behind what is small."""
        turn = data.xmat[self.rig.root].reshape(3, 3)
        left, back = turn[:, 0], turn[:, 1]
        if radius > BIG:
            out = radius + 0.03
            figure.reach = {
                1.0: (at + left * out + back * 0.3 * radius, share),
                -1.0: (at - left * out + back * 0.3 * radius, share),
            }
        else:
            figure.reach = {-1.0: (at + back * (radius + 0.03), share)}

    def _carry(self, figure: "FigureDrive", data: mujoco.MjData) -> None:
        self._keep(figure, data, self._chest_place(figure, data, *LOW))

    def _keep(self, figure: "FigureDrive", data: mujoco.MjData, at: Array) -> None:
        """Have what is held there, palms on it."""
        self.hold_at = at
        body = self.model.body(f"b{self.held}").id
        self._hold_sides(figure, data, data.xpos[body].copy(), self.radius(self.held or 0), 1.0)

    def _throw(
        self,
        figure: "FigureDrive",
        data: mujoco.MjData,
        wish: "Wish",
        act: Act,
        since: float,
        body: int,
    ) -> None:
        thing = act.with_body or 0
        radius = self.radius(thing)
        both = radius > BIG
        wish.holds = True
        wound, thrown = (WOUND_BOTH, THROWN_BOTH) if both else (WOUND, THROWN)
        far = np.linalg.norm(data.xpos[body] - data.xpos[self.rig.chest])
        is_free = self.held is None and not self.is_sweeping and not self.has_thrown
        if is_free and far < 1.2 * figure.size:
            self.held = thing
        if since < WIND_UP_SECONDS and self.held is not None:
            share = ease(since / (0.9 * WIND_UP_SECONDS))
            wish.pose = mixed(wish.pose, wish.pose | wound, share)
            low = self._chest_place(figure, data, *LOW)
            high = self._chest_place(figure, data, *(HIGH_BOTH if both else HIGH))
            out = self._chest_place(figure, data, *OUT)
            a, b = low + share * (out - low), out + share * (high - out)
            self._keep(figure, data, a + share * (b - a))
            return
        if self.held is not None and not self.is_sweeping:
            self._aim(figure, data, np.array(act.towards), body, both=both)
        if self.is_sweeping:
            share = self.clock / self.sweep_seconds
            wish.pose = mixed(wish.pose | wound, wish.pose | thrown, ease(share))
            self._hold_sides(figure, data, data.xpos[body].copy(), radius, 1.0)
            return
        if self.has_thrown:
            after = since - WIND_UP_SECONDS - self.sweep_seconds
            share = ease(after / FOLLOW_SECONDS)
            wish.pose = mixed(wish.pose | thrown, wish.pose, share)
            ahead = self._chest_place(figure, data, -0.1, -0.66, 0.1)
            self._hold_sides(figure, data, ahead, min(radius, 0.14), 1.0 - share)
            wish.holds = after < FOLLOW_SECONDS

    def _aim(
        self, figure: "FigureDrive", data: mujoco.MjData, target: Array, body: int, *, both: bool
    ) -> None:
        """Choose where and how fast the thing shall leave the hand."""
        self.held = None
        self.start = data.xpos[body].copy()
        v = self._velocity_of(body, data)
        self.from_speed = v
        self.end = self._chest_place(figure, data, *(LEAVES_BOTH if both else LEAVES))
        self.speed = _ballistic(self.end, target, figure.gravity)
        way = float(np.linalg.norm(self.end - self.start))
        quick = float(np.linalg.norm(self.speed))
        self.sweep_seconds = min(max(1.7 * way / max(quick, 0.5), 0.11), 0.4)
        self.clock, self.is_sweeping = 0.0, True

    def _velocity_of(self, body: int, data: mujoco.MjData) -> Array:
        at = int(self.model.body_dofadr[body])
        return np.asarray(data.qvel[at : at + 3].copy())

    def lead(self, figure: "FigureDrive", data: mujoco.MjData, seconds: float) -> None:
        """Hold what is held where it shall be, and drive along its path what is thrown."""
        if self.held is not None:
            body = self.model.body(f"b{self.held}").id
            off = self.hold_at - data.xpos[body]
            v = data.cvel[self.rig.chest][3:]
            self._drive(
                figure,
                data,
                body,
                HOLDING**2 * off + 2.0 * HOLDING * (v - self._velocity_of(body, data)),
            )
            return
        act = figure.act
        if not self.is_sweeping or act is None or act.with_body is None:
            return
        body = self.model.body(f"b{act.with_body}").id
        self.clock += seconds
        total = self.sweep_seconds
        s = min(self.clock / total, 1.0)
        p, v, a = _hermite(self.start, self.from_speed * total, self.end, self.speed * total, s)
        v, a = v / total, a / total**2
        here, speed = data.xpos[body], self._velocity_of(body, data)
        if self.clock < total:
            rate = LEADING**2 * (p - here) + 2.0 * LEADING * (v - speed) + a
            self._drive(figure, data, body, rate)
        else:  # the last touch: just the speed that takes it there from where it is
            leaves = _ballistic(here, np.array(act.towards), figure.gravity)
            self._drive(figure, data, body, (leaves - speed) / seconds)
            self.is_sweeping, self.has_thrown = False, True

    def _drive(self, figure: "FigureDrive", data: mujoco.MjData, body: int, rate: Array) -> None:
        """Give a thing an acceleration, against its weight; the chest gets the opposite force."""
        mass = float(self.model.body_mass[body])
        force = mass * (rate + np.array((0.0, 0.0, figure.gravity)))
        size = float(np.linalg.norm(force))
        force *= min(1.0, (40.0 * mass * 9.81 + 60.0) / (size + 1e-9))
        figure.push(data, body, data.xpos[body], force)
        # What is too heavy for the chest is braced against the ground.
        most = BRACED * self.rig.mass * figure.gravity
        share = min(1.0, most / (float(np.linalg.norm(force)) + 1e-9))
        figure.push(data, self.rig.chest, data.xpos[self.rig.chest], -share * force)
        figure.push(data, figure.support, data.xpos[self.rig.root], -(1.0 - share) * force)

    def _catch(
        self, figure: "FigureDrive", data: mujoco.MjData, wish: "Wish", act: Act, body: int
    ) -> None:
        thing = act.with_body or 0
        radius = self.radius(thing)
        if self.held is not None:
            self._carry(figure, data)
            return
        here, v = data.xpos[body], self._velocity_of(body, data)
        chest = self._chest_place(figure, data, 0.0, -0.3, 0.1)
        times = np.linspace(0.0, 1.4, 29)[:, None]
        path = here + v * times - 0.5 * figure.gravity * times**2 * np.array((0.0, 0.0, 1.0))
        far = np.linalg.norm(path - chest, axis=1)
        best = int(np.argmin(far))
        soon = 1.0 - ease((float(times[best, 0]) - 0.35) / 0.5)
        meeting = path[best] if far[best] < 0.9 * figure.size else chest
        way = here - data.xpos[self.rig.root]
        wish.heading = math.atan2(way[1], way[0]) - figure.support_yaw(data)
        wish.pose = mixed(
            wish.pose,
            wish.pose | {"up": -0.06, "waist_bend": 8.0, "neck_bend": -6.0},
            max(soon, 0.35),
        )
        self._hold_sides(figure, data, meeting, max(radius, BIG + 0.01), max(soon, 0.35))
        palms = np.mean([self.palm(data, arm) for arm in self.rig.arms], axis=0)
        closest = min(np.linalg.norm(self.palm(data, arm) - here) for arm in self.rig.arms)
        if closest < radius + 0.08 or np.linalg.norm(palms - here) < radius + 0.05:
            self.held = thing

    def palm(self, data: mujoco.MjData, arm: Arm) -> Array:
        """Where the palm of a hand is, in the world."""
        hand = arm.hand_body
        return np.asarray(data.xpos[hand] + data.xmat[hand].reshape(3, 3) @ arm.palm)

    def _kick(
        self, figure: "FigureDrive", data: mujoco.MjData, wish: "Wish", act: Act, body: int
    ) -> None:
        """Go to the thing, then swing the right leg through it."""
        base = figure.to_plan(data, data.xpos[body])
        goal = (
            base + np.array((1.0, 0.0, 0.0))
            if act.towards is None
            else figure.to_plan(data, np.array(act.towards))
        )
        way = (goal - base)[:2]
        aim = math.atan2(way[1], way[0]) if np.hypot(*way) > 0.2 else figure.home_heading
        f, left = (
            np.array((math.cos(aim), math.sin(aim), 0.0)),
            np.array((-math.sin(aim), math.cos(aim), 0.0)),
        )
        reach = 0.46 * figure.size + self.radius(act.with_body or 0)
        stand = base - reach * f + 0.11 * figure.size * left
        if self.kick_clock is None and not self.has_kicked:
            off = (stand - figure.place)[:2]
            far = float(np.hypot(*off))
            if far > 0.1:
                wish.heading = math.atan2(off[1], off[0]) if far > 0.5 else aim
                pace = 2.4 if far > 1.2 else 1.1
                if far > 0.5:
                    wish.speed = min(pace * figure.pace, 2.0 * (far - 0.3))
                else:
                    wish.drift = 2.5 * (stand - figure.place) * np.array((1.0, 1.0, 0.0))
                    wish.steps = far > 0.16
                return
            wish.heading = aim
            if abs(math.remainder(aim - figure.heading, math.tau)) < 0.15:
                self.kick_clock = 0.0
                self.aim = aim
                target = (
                    np.array(act.towards) if act.towards is not None else data.xpos[body] + 3.0 * f
                )
                self.speed = _ballistic(data.xpos[body].copy(), target, figure.gravity, low=True)
            return
        wish.heading = self.aim
        wish.holds = self.kick_clock is not None
        if self.kick_clock is not None:
            wish.pose = wish.pose | {
                "side": 0.09,
                "waist_lean": -6.0,
                "left_shoulder_raise": 42.0,
                "left_shoulder_spread": 40.0,
                "right_shoulder_raise": -36.0,
                "right_shoulder_spread": 40.0,
                "up": -0.05,
                "waist_bend": 12.0,
            }

    def move_feet(self, figure: "FigureDrive", data: mujoco.MjData, seconds: float) -> None:
        """Swing the kicking leg."""
        if self.kick_clock is None:
            return
        self.kick_clock += seconds
        back, through, down = KICK_SECONDS
        t = self.kick_clock
        foot = figure.stepper.feet[1]
        home = figure.homes()[1]
        f = figure.forward()
        size = figure.size
        if foot.is_planted:
            foot.is_planted = False
            foot.start, foot.start_yaw = foot.spot.copy(), foot.yaw
        if t < back:
            s = ease(t / back)
            ahead, up, foot.pitch = -0.42 * s, 0.2 * s, -0.7 * s
        elif t < back + through:
            s = (t - back) / through
            ahead, up, foot.pitch = (
                -0.42 + 0.97 * s,
                0.2 - 0.5 * s * (1.0 - s) + 0.12 * s,
                -0.7 + 0.5 * s,
            )
        else:
            s = ease((t - back - through) / down)
            ahead, up, foot.pitch = 0.55 * (1.0 - s), 0.32 * (1.0 - s), -0.2 * (1.0 - s)
        foot.at = home + size * (ahead * f + np.array((0.0, 0.0, up)))
        foot.now_yaw = figure.heading
        foot.landing, foot.landing_yaw, foot.progress = home, figure.heading, 0.9
        self._strike(figure, data)
        if t > back + through + down:
            self.kick_clock = None
            foot.is_planted, foot.spot, foot.yaw, foot.pitch = True, home, figure.heading, 0.0

    def _strike(self, figure: "FigureDrive", data: mujoco.MjData) -> None:
        """For a moment after the foot meets the thing, drive it to where it is wanted."""
        act = figure.act
        if act is None or act.with_body is None or self.has_kicked:
            return
        body = self.model.body(f"b{act.with_body}").id
        foot = figure.stepper.feet[1].leg.lower_body
        near = np.linalg.norm(data.xpos[foot] - data.xpos[body]) < self.radius(act.with_body) + 0.17
        if not near and not self.clock:
            return
        self.clock += 1.0
        speed = self._velocity_of(body, data)
        mass = float(self.model.body_mass[body])
        force = mass * 90.0 * (self.speed - speed)
        figure.push(data, body, data.xpos[body], force)
        figure.push(data, foot, data.xpos[foot], -force)
        if self.clock > 5.0:
            self.has_kicked, self.clock = True, 0.0


def _ballistic(start: Array, target: Array, gravity: float, *, low: bool = False) -> Array:
    """The velocity that takes a thing from `start` to `target` in a pleasant arc."""
    way = target - start
    far = float(np.hypot(way[0], way[1]))
    seconds = min(max(0.3 + far / 7.5, 0.4), 1.6)
    if low:
        seconds = min(max(far / 8.0, 0.25), 1.2)
    seconds *= math.sqrt(9.81 / max(gravity, 1.0))
    v = way / seconds
    v[2] += 0.5 * gravity * seconds
    return np.asarray(v)


def _hermite(p0: Array, m0: Array, p1: Array, m1: Array, s: float) -> tuple[Array, Array, Array]:
    """Place, first and second derivative of the cubic between two places and slopes."""
    p = (2 * s**3 - 3 * s**2 + 1) * p0 + (s**3 - 2 * s**2 + s) * m0
    p = p + (3 * s**2 - 2 * s**3) * p1 + (s**3 - s**2) * m1
    v = 6 * (s**2 - s) * (p0 - p1) + (3 * s**2 - 4 * s + 1) * m0 + (3 * s**2 - 2 * s) * m1
    a = (12 * s - 6) * (p0 - p1) + (6 * s - 4) * m0 + (6 * s - 2) * m1
    return p, v, a
