"""Gestures: what a person does with its body, as joint angles in degrees at a time.

A pose names joints ("neck_turn", "left_elbow") and moves of the root: `up`, `side` and `ahead` in
shares of a leg's length, `bow`, `lean` and `twist` in degrees. What it does not name hangs at rest.
"""

import math
from collections.abc import Callable

Pose = dict[str, float]
SIDES = ((1.0, "left"), (-1.0, "right"))


def cycle(seconds: float, period: float, shift: float = 0.0) -> float:
    """A sine, -1 to 1."""
    return math.sin(math.tau * (seconds / period + shift))


def ease(x: float) -> float:
    """0 to 1, starting and ending at rest."""
    x = min(max(x, 0.0), 1.0)
    return x * x * (3.0 - 2.0 * x)


def mixed(a: Pose, b: Pose, share: float) -> Pose:
    """All of b at share 1."""
    if share >= 1.0:
        return b
    names = {*a, *b}
    return {n: (1.0 - share) * a.get(n, 0.0) + share * b.get(n, 0.0) for n in names}


def arms(raise_: float, spread: float, turn: float, elbow: float) -> Pose:
    """Both arms the same way."""
    return {
        f"{side}_{joint}": value
        for _, side in SIDES
        for joint, value in (
            ("shoulder_raise", raise_),
            ("shoulder_spread", spread),
            ("shoulder_turn", turn),
            ("elbow", elbow),
        )
    }


def rest(t: float, mood: float) -> Pose:
    """Stand at ease: breathing, a slow shift of weight, a look around; `mood` differs by person."""
    breath = cycle(t, 3.4, mood)
    shift = cycle(t, 5.2, 0.31 + mood)
    pose = {
        "waist_bend": 1.5 + 1.6 * breath,
        "waist_lean": -2.4 * shift,
        "neck_bend": 1.0 - 1.6 * breath + 2.0 * cycle(t, 4.3, mood),
        "neck_turn": 10.0 * cycle(t, 6.1, mood) * cycle(t, 2.9, 0.2),
        "neck_lean": 2.5 * cycle(t, 5.2, 0.1 + mood),
        "side": 0.02 * shift,
        "lean": 1.2 * shift,
        "up": -0.012,
        "twist": 2.0 * cycle(t, 7.0, mood),
    }
    for sign, side in SIDES:
        pose |= {
            f"{side}_shoulder_raise": 2.0 + 3.0 * cycle(t, 4.1, 0.2 * sign),
            f"{side}_shoulder_spread": 12.0 + 1.5 * breath,
            f"{side}_shoulder_turn": 12.0,
            f"{side}_elbow": 18.0 + 3.0 * cycle(t, 3.7, 0.3 * sign),
        }
    return pose


def stride(phase: float, speed: float, *, runs: bool) -> Pose:
    """Arms against legs; the left foot has just landed at phase 0."""
    swing = math.cos(math.tau * phase - 0.25)
    big = min(1.0, speed / 1.2)
    sway = math.sin(math.tau * phase + 0.1)
    pose: Pose = {
        "waist_turn": 10.0 * swing * big,
        "twist": -6.0 * swing * big,
        "neck_turn": -4.0 * swing * big,
        "waist_bend": (9.0 if runs else 2.0) * big,
        "bow": (8.0 if runs else 1.5) * big,
        "neck_bend": (-12.0 if runs else -1.5) * big,
        "lean": 2.5 * sway * big,
        "waist_lean": -3.5 * sway * big,
        "side": 0.022 * sway * (0.4 if runs else 1.0),
    }
    for sign, side in SIDES:
        forward = -sign * swing
        if runs:
            raised, elbow = 46.0 * forward - 6.0, 92.0 + 16.0 * forward
        else:
            raised, elbow = 31.0 * forward * big + 3.0, 20.0 + 18.0 * (0.5 + 0.5 * forward) * big
        pose |= {
            f"{side}_shoulder_raise": raised,
            f"{side}_shoulder_spread": 14.0 if runs else 11.0,
            f"{side}_shoulder_turn": 22.0 if runs else 14.0,
            f"{side}_elbow": elbow,
        }
    return pose


def wave(t: float, mood: float) -> Pose:
    """The right arm up, the hand from side to side."""
    beat = cycle(t, 0.6)
    return rest(t, mood) | {
        "right_shoulder_raise": 14.0,
        "right_shoulder_spread": 104.0 + 5.0 * beat,
        "right_shoulder_turn": 82.0,
        "right_elbow": 70.0 + 26.0 * beat,
        "right_wrist": 20.0 * beat,
        "waist_lean": 5.0 + 2.0 * beat,
        "neck_lean": -8.0,
        "side": 0.014 * beat,
    }


def talk(t: float, mood: float) -> Pose:
    """Hands that underline what is said, a head that goes along."""
    a = 0.5 + 0.5 * cycle(t, 1.9, mood)
    b = 0.5 + 0.5 * cycle(t, 2.6, 0.4 + mood)
    beat = cycle(t, 0.56)
    return rest(t, mood) | {
        "right_shoulder_raise": 14.0 + 28.0 * a,
        "right_shoulder_spread": 14.0 + 10.0 * b,
        "right_shoulder_turn": 20.0 - 34.0 * b,
        "right_elbow": 66.0 + 26.0 * a + 6.0 * beat,
        "left_shoulder_raise": 10.0 + 26.0 * b * a,
        "left_shoulder_spread": 14.0,
        "left_shoulder_turn": 14.0 - 20.0 * a,
        "left_elbow": 42.0 + 40.0 * b,
        "neck_bend": 2.0 + 5.0 * beat * a,
        "neck_turn": 9.0 * cycle(t, 3.1, mood),
        "neck_lean": 5.0 * cycle(t, 2.3, mood),
        "waist_turn": 5.0 * cycle(t, 3.8),
    }


def nod(t: float, mood: float) -> Pose:
    """Yes."""
    return rest(t, mood) | {"neck_bend": 8.0 + 15.0 * cycle(t, 0.7), "neck_turn": 0.0}


def point(t: float, mood: float) -> Pose:
    """The right arm straight ahead; the body faces what is pointed at."""
    return rest(t, mood) | {
        "right_shoulder_raise": 84.0 + 2.0 * cycle(t, 1.3),
        "right_shoulder_spread": 4.0,
        "right_elbow": 6.0,
        "waist_turn": 14.0,
        "neck_turn": -10.0,
    }


def cheer(t: float, mood: float) -> Pose:
    """Both arms up, bouncing in the knees."""
    beat = abs(cycle(t, 1.0))
    return (
        rest(t, mood)
        | arms(168.0, 14.0 + 14.0 * beat, 0.0, 22.0 + 26.0 * (1.0 - beat))
        | {
            "up": -0.05 * (1.0 - beat) - 0.01,
            "neck_bend": -14.0,
            "neck_turn": 0.0,
        }
    )


def bow(t: float, mood: float) -> Pose:
    """A deep bow every three seconds."""
    deep = ease(1.6 * math.sin(math.tau * min(t % 3.0, 1.5) / 3.0))
    return mixed(
        rest(t, mood),
        arms(6.0, 10.0, 10.0, 12.0)
        | {"waist_bend": 42.0, "bow": 26.0, "neck_bend": 22.0, "ahead": -0.09, "up": -0.03},
        deep,
    )


def clap(t: float, mood: float) -> Pose:
    """Hands that meet before the chest, twice a second."""
    shut = 0.5 + 0.5 * cycle(t, 0.5)
    return rest(t, mood) | arms(46.0, 12.0 - 6.0 * shut, 34.0 + 18.0 * shut, 84.0)


def hold_still(t: float, mood: float) -> Pose:
    """Crouched on something that moves: feet apart, arms out, eyes ahead."""
    sway = cycle(t, 2.3, mood)
    return arms(26.0, 52.0 + 8.0 * sway, -10.0, 34.0) | {
        "up": -0.13 + 0.012 * cycle(t, 1.7, mood),
        "bow": 10.0,
        "waist_bend": 10.0,
        "neck_bend": -14.0,
        "lean": 2.0 * sway,
        "waist_lean": -4.0 * sway,
        "ahead": -0.03,
    }


def crawl(t: float, mood: float) -> Pose:
    """Front crawl: arms over the water by turns, a flutter of legs; the root lies flat."""
    del mood
    pose: Pose = {"bow": 80.0, "neck_bend": -38.0, "waist_turn": 16.0 * cycle(t, 1.3, 0.25)}
    for sign, side in SIDES:
        turn = (t / 1.3 + (0.0 if sign > 0 else 0.5)) % 1.0
        pose |= {
            f"{side}_shoulder_raise": 180.0 - 170.0 * min(turn / 0.55, 1.0)
            if turn < 0.55
            else 10.0 + 170.0 * ease((turn - 0.55) / 0.45),
            f"{side}_shoulder_spread": 10.0
            if turn < 0.55
            else 40.0 * math.sin(math.pi * (turn - 0.55) / 0.45),
            f"{side}_elbow": 22.0
            if turn < 0.55
            else 70.0 * math.sin(math.pi * (turn - 0.55) / 0.45),
            f"{side}_hip_bend": 4.0 + 15.0 * cycle(t, 0.43, 0.0 if sign > 0 else 0.5),
            f"{side}_knee": 16.0 + 12.0 * cycle(t, 0.43, 0.2 if sign > 0 else 0.7),
            f"{side}_ankle_bend": -40.0,
        }
    return pose


def sit(t: float, mood: float) -> Pose:
    """On the ground, knees drawn up, hands beside the hips."""
    base = rest(t, mood)
    return (
        base
        | arms(-22.0, 22.0, -20.0, 24.0)
        | {
            "bow": -14.0,
            "waist_bend": 12.0 + base["waist_bend"],
            "side": 0.0,
            "lean": 0.0,
            "twist": 0.0,
        }
    )


def lie(t: float, mood: float) -> Pose:
    """On the back, arms beside the body."""
    breath = cycle(t, 3.4, mood)
    pose = arms(4.0, 24.0, -10.0, 14.0) | {
        "bow": -86.0,
        "waist_bend": 4.0 + 2.0 * breath,
        "neck_bend": 12.0,
    }
    for _, side in SIDES:
        pose |= {f"{side}_hip_bend": 6.0, f"{side}_hip_spread": 7.0, f"{side}_knee": 10.0}
    return pose


GESTURES: dict[str, Callable[[float, float], Pose]] = {
    "wave": wave,
    "talk": talk,
    "nod": nod,
    "point": point,
    "cheer": cheer,
    "clap": clap,
    "bow": bow,
    "ride": hold_still,
    "balance": hold_still,
}
