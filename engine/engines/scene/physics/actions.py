"""Actions: an act of the plan → what a figure wishes to do at a moment of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics import gestures
from engine.engines.scene.physics.dances import dance, tempo
from engine.engines.scene.physics.footsteps import EARTH, Gait
from engine.engines.scene.physics.gestures import GESTURES, Pose, ease, mixed
from engine.engines.scene.physics.leaps import Leap
from engine.engines.scene.physics.seats import is_on_seat, sit
from engine.engines.scene.scene.world import Act

if TYPE_CHECKING:
    from engine.engines.scene.physics.figures import FigureDrive

Array = NDArray[np.float64]
WALK = Gait(0.62, (0.0, 0.5), 0.68, 0.27, 0.1, 0.034, 0.014, heel=0.3, toe=0.9)
RUN = Gait(0.4, (0.0, 0.5), 1.0, 0.12, 0.22, 0.085, 0.022, heel=0.08, toe=0.85)
WALK_SPEED, RUN_SPEED = 1.4, 3.3  # m/s for a leg of 1 m
HANDLING = frozenset({"throw", "catch", "kick", "hold"})
HOP_HEIGHT, JUMP_HEIGHT, SPIN_HEIGHT = 0.2, 0.36, 0.5  # leg lengths
ARRIVED = 0.06  # m
STANCE = 0.85  # leg lengths at most from where a runner's foot lands to where it leaves
FASTEST = 4.2  # m/s for a leg of 1 m: the helper holds nobody who runs faster
BRAKING = 1.8  # m/s² with a leg of 1 m, of who runs and wants to stop
LIGHT = 0.5 * EARTH  # m/s²: where things weigh less, nobody runs, and one is longer on one's way
LOPING = 1.65  # m/s for a leg of 1 m on Earth: who runs there goes in long steps
STEADYING = 1.2  # 1/s
PATIENCE = 3.0  # s at most until one who steps leaps again


@dataclass(slots=True)
class Wish:
    """What the plan asks for now."""

    pose: Pose = field(default_factory=dict)
    heading: float = 0.0
    speed: float = 0.0
    drift: Array = field(default_factory=lambda: np.zeros(3))  # m/s besides, in the plan's frame
    gait: Gait = WALK
    steps: bool = False  # on the spot, in time
    holds: bool = False  # feet stay where they are
    width: float = 1.0  # of the stance, hip widths
    reach_ahead: float = 0.0  # of the feet, leg lengths
    weight: float = 1.0  # share of it that the feet bear
    stance_turn: float = 0.0  # of the feet, radians
    has_free_legs: bool = False  # the pose says how legs bend
    hold: tuple[float, float] = (1.0, 1.0)  # shares of the helper's stiffness: force, torque
    is_seated: bool = False  # the pose is in the frame of the seat
    swims: bool = False
    trips: bool = False
    leap: Leap | None = None


def wish_of(
    figure: "FigureDrive", data: mujoco.MjData, act: Act, since: float, towards: Array | None
) -> Wish:
    """What `figure` does `since` seconds after its act began; `towards` in its plan's frame."""
    now = float(data.time)
    wish = Wish(pose=gestures.rest(now, figure.mood), heading=figure.home_heading)
    far = _face(figure, wish, towards)
    figure.reach = {}
    name = act.action
    if is_on_seat(figure, act):
        sit(figure, data, wish, act)
    elif name in ACTIONS:
        ACTIONS[name](figure, wish, act, since, far)
    elif name in HANDLING:
        figure.hands.wish(figure, data, wish, act, since, towards)
    elif name in GESTURES:
        wish.pose = GESTURES[name](now, figure.mood)
    if name in {"ride", "balance"}:
        wish.width, wish.holds = 1.7, True
    if figure.support and wish.speed == 0.0 and not wish.steps:  # back to the middle of a board
        wish.drift = wish.drift + STEADYING * (figure.home - figure.place)
    _walk_pose(figure, wish)
    return wish


def _face(figure: "FigureDrive", wish: Wish, towards: Array | None) -> float:
    """Look to where one goes; returns the metres to there."""
    if towards is None:
        return math.inf
    way = (towards - figure.place)[:2]
    far = float(np.hypot(*way))
    wish.heading = math.atan2(way[1], way[0]) if far > 0.15 else figure.heading
    return far


def _go(figure: "FigureDrive", wish: Wish, act: Act, since: float, far: float) -> None:
    runs = act.action in {"run", "chase"} or (act.action == "walk" and act.pace > 1.7)
    is_light = figure.gravity < LIGHT
    wish.gait = WALK if is_light or not runs else _running(figure)
    wish.speed = (RUN_SPEED if runs else WALK_SPEED) * figure.pace
    wish.speed *= act.pace if not (runs and act.action == "walk") else 0.6 * act.pace
    wish.speed = min(wish.speed, (LOPING if is_light else FASTEST) * figure.pace)
    left = max(0.0, far - ARRIVED)
    wish.speed = min(wish.speed, 2.4 * left, math.sqrt(2.0 * BRAKING * left) * figure.pace)
    if wish.speed < 1.6 * figure.pace:
        wish.gait = WALK


def _running(figure: "FigureDrive") -> Gait:
    """To run at the speed it has: feet stand no longer than legs reach."""
    cycle = 1.0 / figure.stepper.frequency(RUN, figure.speed)
    duty = STANCE * figure.size / (max(figure.speed, 0.1) * cycle)
    return RUN if duty >= RUN.duty else replace(RUN, duty=duty)


def _walk_pose(figure: "FigureDrive", wish: Wish) -> None:
    """Mix the stride in, as far as the figure walks; gestures of the arms stay."""
    speed = math.sqrt(figure.velocity @ figure.velocity)
    is_on_foot = figure.stepper.is_walking and not wish.has_free_legs
    if not is_on_foot or speed < 0.05 or wish.steps:
        return
    share = min(1.0, speed / (0.5 * figure.pace))
    gait = wish.gait
    moving = gestures.stride(figure.stepper.phase, speed / figure.pace, runs=gait.duty < 0.5)
    brisk = min(1.0, speed / (WALK_SPEED * figure.pace))
    beat = math.cos(2.0 * math.tau * (figure.stepper.phase - 0.5 * (gait.duty - 0.5)))
    if gait.duty < 0.5:
        beat = math.cos(2.0 * math.tau * (figure.stepper.phase - 0.5 * gait.duty))
    moving["up"] = -gait.drop * brisk - gait.bob * brisk * beat - 0.012
    wish.pose = mixed(wish.pose, moving, share)


def _dance(figure: "FigureDrive", wish: Wish, act: Act, since: float, far: float) -> None:
    move = dance(since, figure.mood)
    wish.pose, wish.steps = move.pose, move.steps
    wish.heading = figure.home_heading + move.turn
    hertz = 0.5 * tempo(figure.mood)
    wish.gait = Gait(0.6, (0.0, 0.5), hertz * figure.pace, 0.0, 0.09, 0.0, 0.0)
    f = figure.forward()
    goal = figure.home + move.side * figure.size * np.array((-f[1], f[0], 0.0))
    wish.drift = 5.0 * (goal - figure.place)
    wish.width = 1.25


def _leap(figure: "FigureDrive", wish: Wish, act: Act, since: float, far: float) -> None:
    turns = act.turns if act.action == "spin" else 0
    if turns and figure.leaps:
        return
    pause = 0.15 if act.action == "hop" else 0.35
    if since < 0.3 * figure.mood and not figure.leaps:
        return
    if figure.leaps and figure.leap is None:
        waited = float(figure.now - figure.blend_since)
        is_stepping = figure.gravity < LIGHT and figure.stepper.is_walking
        if waited < pause or (is_stepping and waited < PATIENCE):
            return
    height = HOP_HEIGHT if act.action == "hop" else SPIN_HEIGHT if turns else JUMP_HEIGHT
    if turns >= 3:
        height = 0.76
    leap = Leap(figure, turns, height * min(max(act.pace, 0.7), 1.4))
    if act.towards is not None and far < math.inf:
        leap.ahead = min(2.5, far / max(leap.flight_seconds, 0.2))
    wish.leap = leap


def _settle(figure: "FigureDrive", wish: Wish, act: Act, since: float, far: float) -> None:
    """Down to the ground: squat, then sit; to lie, lean back from there."""
    name, now = act.action, figure.now
    at_start = figure.act_since == 0.0 and figure.begins_low
    down = 1.0 if at_start else ease(since / 1.1)
    seat = -(figure.height - 0.147 * figure.size) / figure.size
    sitting = gestures.sit(now, figure.mood) | {"up": seat, "ahead": -0.42}
    squat = gestures.arms(62.0, 8.0, 0.0, 10.0) | {
        "up": 0.62 * seat,
        "ahead": -0.14,
        "bow": 22.0,
        "waist_bend": 24.0,
    }
    pose = (
        mixed(wish.pose, squat, min(1.0, 2.0 * down))
        if down < 0.5
        else mixed(squat, sitting, 2.0 * down - 1.0)
    )
    wish.holds = True
    wish.weight = 1.0 - 0.85 * ease((down - 0.6) / 0.3)
    if name != "sit" and (at_start or since > 1.1):
        back = 1.0 if at_start else ease((since - 1.1) / 1.3)
        lying = gestures.lie(now, figure.mood) | {"up": seat - 0.022, "ahead": -0.42}
        wish.has_free_legs = back > 0.3
        pose = mixed(pose, lying, back)
    wish.pose = pose


def _trip(figure: "FigureDrive", wish: Wish, act: Act, since: float, far: float) -> None:
    """Stumble forward with waving arms, then let go."""
    share = min(1.0, since / 0.45)
    wish.pose = mixed(
        wish.pose,
        gestures.arms(70.0, 50.0, 0.0, 30.0)
        | {"bow": 34.0, "waist_bend": 20.0, "ahead": 0.22, "up": -0.06},
        ease(share),
    )
    wish.holds = True
    wish.trips = since > 0.45


def _swim(figure: "FigureDrive", wish: Wish, act: Act, since: float, far: float) -> None:
    wish.pose = gestures.crawl(since, figure.mood) | {"up": 0.0}
    wish.speed, wish.has_free_legs, wish.swims = 1.0 * act.pace, True, True


ACTIONS: dict[str, Callable[["FigureDrive", Wish, Act, float, float], None]] = {
    **dict.fromkeys(("walk", "go", "march", "run", "chase"), _go),
    **dict.fromkeys(("jump", "hop", "leap", "spin", "flip"), _leap),
    **dict.fromkeys(("sit", "lie", "sleep"), _settle),
    **dict.fromkeys(("fall", "topple", "tumble"), _trip),
    "dance": _dance,
    "swim": _swim,
}
