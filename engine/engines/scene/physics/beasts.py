"""Beasts: what dogs, cats and horses do, with the gaits of four legs."""

import math

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.actions import Wish
from engine.engines.scene.physics.figures import FigureDrive
from engine.engines.scene.physics.footsteps import Gait
from engine.engines.scene.physics.gestures import Pose, cycle, ease, mixed
from engine.engines.scene.physics.leaps import Leap
from engine.engines.scene.scene.world import Act

Array = NDArray[np.float64]
# Left and right foreleg, left and right hind leg.
WALK = Gait(0.66, (0.25, 0.75, 0.0, 0.5), 0.55, 0.32, 0.14, 0.05, 0.008)
TROT = Gait(0.46, (0.0, 0.5, 0.5, 0.0), 0.75, 0.2, 0.2, 0.07, 0.025)
GALLOP = Gait(0.46, (0.0, 0.14, 0.5, 0.64), 0.9, 0.3, 0.3, 0.08, 0.012)
WALK_SPEED, TROT_SPEED, GALLOP_SPEED = 1.1, 2.2, 3.6  # m/s for a leg of 1 m
JUMP_HEIGHT, HOP_HEIGHT = 0.5, 0.25
STANDING = -0.09  # knees never straight


class BeastDrive(FigureDrive):
    """The will of somebody with four legs."""

    force, torque = 1.6, 8.0

    def wish(self, data: mujoco.MjData, act: Act, since: float, towards: Array | None) -> Wish:
        """What it does `since` seconds after its act began."""
        now = float(data.time)
        wish = Wish(pose=self._rest(now), heading=self.home_heading, gait=WALK)
        far = math.inf
        if towards is not None:
            way = (towards - self.place)[:2]
            far = float(np.hypot(*way))
            wish.heading = math.atan2(way[1], way[0]) if far > 0.2 else self.heading
        name = act.action
        if name in {"walk", "go", "trot", "run", "chase", "march", "fly", "swim"}:
            self._go(wish, act, far)
        elif name in {"jump", "hop", "leap", "spin"} and self.leap is None:
            self._leap(wish, act, now)
        elif name in {"sit", "lie", "sleep"}:
            is_down = self.act_since == 0.0 and self.begins_low
            down = 1.0 if is_down else ease(since / 0.9)
            wish.pose = mixed(wish.pose, wish.pose | (SITTING if name == "sit" else LYING), down)
            wish.holds, wish.weight = True, 1.0 - 0.6 * down
        elif name == "dance":
            wish.heading = self.home_heading + 1.6 * since
            wish.steps = True
            wish.gait = TROT
            wish.pose |= {
                "up": STANDING + 0.03 * cycle(since, 0.52),
                "neck_lean": 14.0 * cycle(since, 1.04),
            }
        elif name in {"fall", "topple"}:
            wish.trips = since > 0.3
        elif name in {"talk", "bark"}:
            wish.pose |= {
                "neck_bend": -12.0 + 12.0 * cycle(since, 0.45),
                "bow": 2.0 * cycle(since, 0.45),
            }
        self._stride(wish)
        return wish

    def resting(self) -> Pose:
        """How it stands when nothing else is to do."""
        return self._rest(self.now)

    def _rest(self, t: float) -> Pose:
        return {
            "up": STANDING + 0.006 * cycle(t, 2.4, self.mood),
            "tail_turn": 34.0 * cycle(t, 0.36 if "dog" in self.actor.kind else 1.7),
            "tail_bend": 6.0 * cycle(t, 2.7),
            "neck_turn": 22.0 * cycle(t, 5.3, self.mood) * cycle(t, 2.1),
            "neck_bend": 6.0 * cycle(t, 3.1, self.mood),
            "neck_lean": 8.0 * cycle(t, 4.7, self.mood),
        }

    def _go(self, wish: Wish, act: Act, far: float) -> None:
        runs = act.action in {"run", "chase"}
        speed = GALLOP_SPEED if runs else TROT_SPEED if act.action == "trot" else WALK_SPEED
        self.torque = 8.0 * self.size / 0.42
        speed = min(speed * act.pace * self.pace, 2.4 * max(0.0, far - 0.08))
        wish.speed = speed
        share = speed / self.pace
        wish.gait = GALLOP if share > 2.9 else TROT if share > 1.5 else WALK

    def _leap(self, wish: Wish, act: Act, now: float) -> None:
        if self.leaps and now - self.blend_since < 0.4:
            return
        wish.leap = Leap(self, 0, (HOP_HEIGHT if act.action == "hop" else JUMP_HEIGHT) * act.pace)

    def _stride(self, wish: Wish) -> None:
        speed = math.sqrt(self.velocity @ self.velocity)
        if not self.stepper.is_walking or speed < 0.05 or wish.steps:
            return
        phase, gait = self.stepper.phase, wish.gait
        share = min(1.0, speed / (0.6 * self.pace))
        twice = math.cos(2.0 * math.tau * phase - 0.6)
        moving = {
            "up": STANDING - gait.drop - gait.bob * twice,
            "neck_bend": 5.0 * twice,
            "tail_turn": 20.0 * math.sin(math.tau * phase),
            "tail_bend": -8.0,
            "lean": 1.5 * math.sin(math.tau * phase),
        }
        if gait is GALLOP:
            rock = math.cos(math.tau * (phase - 0.2))
            moving |= {
                "bow": 5.0 * rock,
                "up": STANDING - gait.drop - gait.bob * math.cos(math.tau * (phase - 0.35)),
                "neck_bend": 12.0 - 10.0 * rock,
                "tail_bend": 18.0,
            }
        wish.pose = mixed(wish.pose, wish.pose | moving, share)


SITTING: Pose = {"up": -0.3, "bow": -34.0, "ahead": -0.06, "neck_bend": 26.0}
LYING: Pose = {"up": -0.66, "neck_bend": 16.0, "ahead": -0.05}
