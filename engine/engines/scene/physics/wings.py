"""Wings and fins: birds that flap along a path, fish that swim by their tail.

Air and water carry them: a limited force on the root follows the path, as if by wings and tail.
"""

import math

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.gestures import Pose, cycle
from engine.engines.scene.physics.rig import Rig, facing, rotation_between, yaw_of
from engine.engines.scene.scene.world import Act, Actor, World

Array = NDArray[np.float64]
PULL, PULL_DAMPING, PULL_SUM = 40.0, 11.0, 30.0  # 1/s², 1/s, 1/s³
TURNING = 2.4  # rad/s
BIRD_SPEED, FISH_SPEED, HOP_SPEED = 2.0, 0.8, 1.3  # m/s
CRUISE_HEIGHT = 1.6  # m, of a bird that is told to fly from the ground
FLAP_HERTZ, TAIL_HERTZ = 3.4, 1.5


class _Carried:
    """A root on a path, held by a limited force, and servos for the rest."""

    strength = 3.0  # body weights

    def __init__(
        self, world: World, model: mujoco.MjModel, data: mujoco.MjData, actor: Actor
    ) -> None:
        self.rig = Rig(world, model, data, actor)
        self.model, self.actor, self.world = model, actor, world
        self.mood = (sum(map(ord, actor.name)) * 0.37 + 0.11 * actor.bodies[0]) % 1.0
        mujoco.mj_kinematics(model, data)
        root = self.rig.root
        self.at = data.xpos[root].copy()
        self.heading = self.home_heading = yaw_of(data.xmat[root].reshape(3, 3))
        self.home = self.at.copy()
        self.speed = self.climb = self.bank = 0.0
        if actor.goes_on:
            x, y, self.climb = (float(v) for v in data.qvel[self.rig.root_v : self.rig.root_v + 3])
            self.speed = math.hypot(x, y)
        self._lack = np.zeros(3)
        self._turned = 0.0

    def act(self, now: float) -> Act:
        """What the plan says for now."""
        acts = [act for act in self.actor.plan if act.start <= now + 1e-9]
        return acts[-1] if acts else Act(0.0, "rest")

    def steer(self, act: Act, speed: float, seconds: float, height: float) -> None:
        """Move the wanted place on: towards where it shall, or around in a wide curve."""
        want = self.heading + 0.25 * seconds * math.sin(0.5 * self._turned + self.mood * 6.0)
        if act.towards is not None:
            way = np.array(act.towards) - self.at
            far = float(np.hypot(way[0], way[1]))
            height = float(act.towards[2]) if far < 4.0 else height
            speed = min(speed, 1.5 * far)
            if far > 0.15:
                want = math.atan2(way[1], way[0])
        off = math.remainder(want - self.heading, math.tau)
        turn = max(-TURNING, min(TURNING, 3.0 * off))
        self.heading += turn * seconds
        self._turned += seconds
        self.bank += (0.35 * turn - self.bank) * min(1.0, 5.0 * seconds)
        self.speed += (speed - self.speed) * min(1.0, 3.0 * seconds)
        climb = max(-1.2, min(1.2, 1.6 * (height - self.at[2])))
        self.climb += (climb - self.climb) * min(1.0, 4.0 * seconds)
        c, s = math.cos(self.heading), math.sin(self.heading)
        self.at = self.at + seconds * np.array((self.speed * c, self.speed * s, self.climb))

    def order(self, data: mujoco.MjData, pose: Pose) -> None:
        """Set the servos."""
        rig = self.rig
        out = np.array([math.radians(pose.get(name, 0.0)) for name in rig.names])
        data.ctrl[rig.servos] = np.clip(out, rig.low, rig.high)

    def carry(self, data: mujoco.MjData, seconds: float, pitch: float, *, lift: float) -> None:
        """Pull the root to its place; `lift` is the share of the weight that is carried anyway."""
        rig = self.rig
        here, now = data.xpos[rig.root], data.xmat[rig.root].reshape(3, 3)
        v = data.qvel[rig.root_v : rig.root_v + 3]
        w = now @ data.qvel[rig.root_v + 3 : rig.root_v + 6]
        off = self.at - here
        far = float(np.linalg.norm(off))
        if far > 0.5:  # pushed away: fly on from there
            self.at = here + off * (0.5 / far)
        self._lack = np.clip(self._lack + off * seconds, -0.4, 0.4)
        c, s = math.cos(self.heading), math.sin(self.heading)
        want = np.array((self.speed * c, self.speed * s, self.climb))
        gravity = self.world.place.gravity
        rate = PULL * off + PULL_SUM * self._lack + PULL_DAMPING * (want - v)
        rate[2] += lift * gravity
        size = float(np.linalg.norm(rate))
        rate *= min(1.0, self.strength * 9.81 / (size + 1e-9))
        turn = facing(self.heading, pitch, -self.bank)
        inertia = 0.06 * rig.mass
        data.xfrc_applied[rig.root, :3] += rig.mass * rate
        data.xfrc_applied[rig.root, 3:] += inertia * (90.0 * rotation_between(now, turn) - 16.0 * w)


class BirdDrive(_Carried):
    """Flaps and flies, glides now and then; hops on the ground."""

    def step(self, data: mujoco.MjData, seconds: float) -> None:
        """Set wings and force for the next `seconds`."""
        now = float(data.time)
        act = self.act(now)
        if act.action in {"fly", "jump", "run", "chase", "swing", "dance"} or self.home[2] > 0.9:
            self._fly(data, act, now, seconds)
        else:
            self._perch(data, act, now, seconds)

    def _fly(self, data: mujoco.MjData, act: Act, now: float, seconds: float) -> None:
        high = max(float(self.home[2]), CRUISE_HEIGHT)
        self.steer(act, BIRD_SPEED * act.pace, seconds, high + 0.12 * cycle(now, 2.6, self.mood))
        glide = 0.5 + 0.5 * math.tanh(4.0 * (cycle(now, 4.2, self.mood) - 0.55))
        phase = math.tau * FLAP_HERTZ * now
        flap = 42.0 * math.sin(phase) * (1.0 - glide) + 9.0 * glide
        tip = -26.0 * math.cos(phase) * (1.0 - glide) - 6.0 * glide
        pose: Pose = {
            "neck_bend": -8.0,
            "tail_bend": 8.0 * cycle(now, 1.9),
            "neck_turn": 10.0 * cycle(now, 3.0),
        }
        for side in ("left", "right"):
            pose |= {
                f"{side}_wing_flap": flap + 8.0,
                f"{side}_tip_flap": tip,
                f"{side}_wing_fold": 4.0,
            }
        self.order(data, pose)
        self.at[2] += 0.06 * seconds * FLAP_HERTZ * math.cos(phase + 2.4) * (1.0 - glide)
        self.carry(data, seconds, 0.1 - 0.25 * self.climb, lift=1.0)

    def _perch(self, data: mujoco.MjData, act: Act, now: float, seconds: float) -> None:
        goes = act.action in {"walk", "hop", "go", "march"}
        hop = (now * 2.0) % 1.0
        arc = math.sin(math.pi * min(hop / 0.55, 1.0)) if goes else 0.0
        speed = HOP_SPEED * act.pace * 0.5 if goes and hop < 0.55 else 0.0
        before = self.at[2]
        self.steer(act, speed, seconds, float(self.home[2]))
        self.speed = speed
        self.at[2] = before + (self.home[2] + 0.09 * arc - before) * min(1.0, 40.0 * seconds)
        self.climb = 0.0
        jerk = round(3.0 * cycle(now, 2.2, self.mood)) * 16.0  # birds look in jerks
        pose: Pose = {
            "neck_turn": jerk,
            "neck_bend": 10.0 * max(0.0, cycle(now, 1.3)),
            "tail_bend": 10.0 * cycle(now, 0.8),
        }
        for side in ("left", "right"):
            pose |= {
                f"{side}_wing_fold": 76.0 - 30.0 * arc,
                f"{side}_wing_flap": -20.0 + 24.0 * arc,
                f"{side}_tip_fold": 20.0,
            }
        self.order(data, pose)
        self.carry(data, seconds, 0.0, lift=0.9)


class FishDrive(_Carried):
    """Undulates, the tail a quarter of a wave behind the spine; stays at its depth."""

    strength = 2.5

    def step(self, data: mujoco.MjData, seconds: float) -> None:
        """Set spine and force for the next `seconds`."""
        now = float(data.time)
        act = self.act(now)
        moves = act.action not in {"rest", "stand", "lie", "float"}
        speed = FISH_SPEED * act.pace * (1.0 if moves else 0.12)
        if act.action in {"jump", "leap"}:
            speed *= 1.6
        depth = float(self.home[2]) + 0.05 * cycle(now, 3.7, self.mood)
        self.steer(act, speed, seconds, depth)
        big = 0.45 + 0.55 * min(1.0, self.speed / FISH_SPEED)
        hertz = TAIL_HERTZ * (0.7 + 0.3 * self.speed / FISH_SPEED)
        turn = -18.0 * self.bank / 0.35
        self.order(
            data,
            {
                "spine": turn + 24.0 * big * math.sin(math.tau * hertz * now),
                "tail": 34.0 * big * math.sin(math.tau * hertz * now - 1.5),
            },
        )
        beat = (
            0.1 * big * math.sin(math.tau * hertz * now + 0.6)
        )  # the head swings against the tail
        self.heading += beat
        self.carry(data, seconds, -0.4 * self.climb, lift=0.0)
        self.heading -= beat
