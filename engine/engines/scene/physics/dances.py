"""Dances: moves of eight beats each, one after the other, at 110 to 120 beats a minute."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.engines.scene.physics.gestures import SIDES, Pose, arms, mixed

BEATS = 8  # of a move


@dataclass(frozen=True, slots=True)
class Move:
    """A moment of a dance: the pose, whether feet step in time, and where the dancer drifts to."""

    pose: Pose
    steps: bool = False
    side: float = 0.0  # leg lengths to the left of its place
    turn: float = 0.0  # radians from where it looks
    extra: Pose = field(default_factory=dict)


def _pulse(beat: float) -> float:
    """0 on the beat, 1 between two."""
    return abs(math.sin(math.pi * beat))


def bounce(beat: float) -> Move:
    """Bounce in the knees, twist the hips, fists before the chest."""
    twist = math.sin(math.pi * beat)
    return Move(
        arms(38.0, 16.0, 30.0, 105.0)
        | {
            "up": -0.055 + 0.05 * _pulse(beat),
            "twist": 20.0 * twist,
            "waist_turn": -30.0 * twist,
            "neck_bend": 10.0 - 12.0 * _pulse(beat),
            "left_shoulder_raise": 38.0 + 26.0 * twist,
            "right_shoulder_raise": 38.0 - 26.0 * twist,
            "lean": 4.0 * math.sin(0.5 * math.pi * beat),
        }
    )


def side_step(beat: float) -> Move:
    """Two steps left, two steps right, arms that swing along."""
    way = math.sin(0.5 * math.pi * beat)
    return Move(
        arms(10.0, 34.0 + 20.0 * _pulse(beat), -10.0, 55.0)
        | {
            "up": -0.06 + 0.045 * _pulse(beat),
            "lean": 5.0 * way,
            "waist_lean": -9.0 * math.cos(0.5 * math.pi * beat),
            "waist_turn": 14.0 * way,
            "neck_lean": 7.0 * way,
        },
        steps=True,
        side=0.2 * way,
    )


def disco(beat: float) -> Move:
    """A finger to the sky, a finger to the ground, hips to the side."""
    up = 0.5 + 0.5 * math.tanh(3.0 * math.sin(0.5 * math.pi * beat))
    low: Pose = {
        "right_shoulder_raise": 30.0,
        "right_shoulder_spread": -28.0,
        "right_shoulder_turn": 10.0,
        "right_elbow": 14.0,
        "waist_turn": 26.0,
        "neck_turn": 12.0,
        "neck_bend": 14.0,
    }
    high: Pose = {
        "right_shoulder_raise": 12.0,
        "right_shoulder_spread": 140.0,
        "right_elbow": 4.0,
        "waist_turn": -16.0,
        "neck_turn": -28.0,
        "neck_bend": -12.0,
    }
    hip = math.cos(0.5 * math.pi * beat)
    return Move(
        mixed(low, high, up)
        | {
            "left_shoulder_raise": -14.0,
            "left_shoulder_spread": 44.0,
            "left_shoulder_turn": 60.0,
            "left_elbow": 88.0,
            "side": 0.075 * hip,
            "lean": -9.0 * hip,
            "waist_lean": 12.0 * hip,
            "up": -0.05 + 0.035 * _pulse(beat),
        }
    )


def march(beat: float) -> Move:
    """Steps on the spot, arms pumping overhead."""
    pump = math.sin(math.pi * beat)
    pose = arms(150.0, 20.0, 0.0, 60.0) | {"up": -0.05 + 0.04 * _pulse(beat), "neck_bend": -6.0}
    for sign, side in SIDES:
        pose[f"{side}_elbow"] = 60.0 + 45.0 * sign * pump
    return Move(pose | {"waist_lean": 7.0 * pump, "lean": 3.0 * pump}, steps=True)


def round_turn(beat: float) -> Move:
    """Once around on the spot with arms out, over six beats."""
    share = min(beat / 6.0, 1.0)
    return Move(
        arms(8.0, 70.0, -20.0, 28.0)
        | {"up": -0.05 + 0.04 * _pulse(beat), "waist_lean": 5.0 * math.sin(math.pi * beat)},
        steps=True,
        turn=math.tau * share * share * (3.0 - 2.0 * share),
    )


def roll_arms(beat: float) -> Move:
    """Forearms that roll around each other, low in the knees."""
    turn = math.tau * beat
    return Move(
        {
            "left_shoulder_raise": 46.0 + 12.0 * math.sin(turn),
            "right_shoulder_raise": 46.0 - 12.0 * math.sin(turn),
            "left_shoulder_spread": 10.0,
            "right_shoulder_spread": 10.0,
            "left_shoulder_turn": 52.0,
            "right_shoulder_turn": 52.0,
            "left_elbow": 92.0 + 14.0 * math.cos(turn),
            "right_elbow": 92.0 - 14.0 * math.cos(turn),
            "up": -0.1 + 0.05 * _pulse(beat),
            "bow": 6.0,
            "waist_bend": 8.0,
            "neck_bend": -10.0,
            "side": 0.05 * math.sin(0.5 * math.pi * beat),
            "lean": 5.0 * math.sin(0.5 * math.pi * beat),
            "waist_turn": 12.0 * math.sin(0.5 * math.pi * beat),
        }
    )


MOVES: tuple[Callable[[float], Move], ...] = (
    bounce,
    side_step,
    disco,
    march,
    roll_arms,
    round_turn,
)
ORDERS = ((1, 2, 0, 5, 3, 4), (0, 1, 4, 3, 2, 5), (2, 1, 5, 0, 3, 4), (3, 4, 1, 2, 0, 5))


def tempo(mood: float) -> float:
    """Beats a second."""
    return (110.0 + 10.0 * mood) / 60.0


def dance(seconds: float, mood: float) -> Move:
    """The moment of a dance after so many seconds; `mood` chooses tempo and order of moves."""
    beat = seconds * tempo(mood)
    order = ORDERS[int(mood * 97) % len(ORDERS)]
    number = int(beat // BEATS)
    now = MOVES[order[number % len(order)]](beat % BEATS)
    left = BEATS - beat % BEATS
    if left >= 1.0:
        return now
    after = MOVES[order[(number + 1) % len(order)]](0.0)  # the last beat leads over
    share = (1.0 - left) ** 2 * (1.0 + 2.0 * left)
    return Move(mixed(now.pose, after.pose, share), now.steps, now.side * (1.0 - share), now.turn)
