"""Footsteps: when each foot stands, where it stands, and how it swings to the next place."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.rig import Leg

Array = NDArray[np.float64]
EARTH = 9.81  # m/s², for which gaits are given
STILL = 0.08  # m/s: slower than this nobody needs to step
ASTRAY = 0.07  # of a leg's length: a foot farther than this from its place steps back


@dataclass(frozen=True, slots=True)
class Gait:
    """A cycle of all legs; numbers are for a leg of 1 m and scale with its length."""

    duty: float  # share of the cycle that a foot stands
    offsets: tuple[float, ...]  # of each leg in the cycle
    slowest: float  # cycles a second when barely moving
    quicker: float  # more cycles a second for each m/s
    lift: float  # of a swinging foot, m
    drop: float  # of the root below standing, m
    bob: float  # of the root, m
    heel: float = 0.0  # toe up as it lands, radians
    toe: float = 0.0  # heel up as it leaves, radians


@dataclass(slots=True)
class Foot:
    """One leg's state; places are in the frame of what it stands on."""

    leg: Leg
    spot: Array  # where it stands or stood
    yaw: float
    is_planted: bool = True
    progress: float = 0.0  # of the swing
    began: float = 0.0  # where in the swing's time it left the ground
    stance: float = 0.5  # progress of the stance
    start: Array = field(default_factory=lambda: np.zeros(3))
    start_yaw: float = 0.0
    landing: Array = field(default_factory=lambda: np.zeros(3))
    landing_yaw: float = 0.0
    pitch: float = 0.0
    start_pitch: float = 0.0
    at: Array = field(default_factory=lambda: np.zeros(3))  # below the ankle, as planned now
    now_yaw: float = 0.0

    def put(self, ankle: Array, pitch: float, lifted: float) -> None:
        """Have it where its ankle is, rolled by `pitch`; higher than `lifted` it is in the air."""
        self.pitch = pitch
        at = ankle - _ankle_offset(self)
        self.is_planted = at[2] - self.spot[2] <= lifted
        self.spot[:2] = at[:2]
        self.at, self.landing, self.landing_yaw = self.spot.copy(), self.spot.copy(), self.yaw
        if not self.is_planted:  # it comes down
            self.at[2] = at[2]
            self.start, self.start_yaw, self.start_pitch = self.at.copy(), self.yaw, pitch
            self.began, self.progress = 0.0, 0.7


class Stepper:
    """Places the feet of one figure; times in seconds, places in metres."""

    def __init__(self, legs: list[Leg], size: float, gravity: float) -> None:
        self.size = size  # length of a leg
        self.pace = math.sqrt(size * gravity / EARTH)  # speeds go with it (Froude)
        self.feet = [Foot(leg, np.zeros(3), 0.0) for leg in legs]
        self.phase = 0.0
        self.is_walking = False
        self.cycle_seconds = 1.0

    def frequency(self, gait: Gait, speed: float) -> float:
        """Cycles a second at a speed."""
        pendulum = self.pace / self.size
        return gait.slowest * pendulum + gait.quicker * speed / self.size

    def stand_at(self, homes: list[Array], heading: float) -> None:
        """Put every foot on its place."""
        for foot, home in zip(self.feet, homes, strict=True):
            foot.spot, foot.yaw, foot.at, foot.now_yaw = home.copy(), heading, home.copy(), heading
            foot.is_planted, foot.pitch = True, 0.0

    def begin(self, gait: Gait, homes: list[Array], heading: float, velocity: Array) -> None:
        """Be in mid-step already: every foot where the cycle has it."""
        speed = math.sqrt(velocity @ velocity)
        self.is_walking, self.cycle_seconds = True, 1.0 / self.frequency(gait, speed)
        self.phase = 0.03
        self.stand_at(homes, heading)
        for k, foot in enumerate(self.feet):
            u = (self.phase + gait.offsets[k]) % 1.0
            if u < gait.duty:
                ahead = (AHEAD - u / gait.duty) * gait.duty * self.cycle_seconds
                foot.spot = homes[k] + velocity * ahead
            else:
                foot.is_planted = False
                foot.start = homes[k] - velocity * (1.0 - AHEAD) * gait.duty * self.cycle_seconds

    def take_up(
        self, gait: Gait, homes: list[Array], heading: float, velocity: Array, lands_in: float
    ) -> None:
        """Go on in mid-stride: at the time of the cycle that its feet, as they are, fit best.

        With no foot on the ground one of them lands in `lands_in` seconds.
        """
        speed = math.sqrt(velocity @ velocity)
        self.is_walking, self.cycle_seconds = True, 1.0 / self.frequency(gait, speed)
        seen = [(foot.at - home, foot.pitch) for foot, home in zip(self.feet, homes, strict=True)]

        def misfit(phase: float) -> float:
            return sum(
                self._misfit(gait, (phase + offset) % 1.0, velocity, *foot)
                for offset, foot in zip(gait.offsets, seen, strict=True)
            )

        phases = [k / PHASES for k in range(PHASES)]
        if not any(foot.is_planted for foot in self.feet):
            ahead = min(lands_in / self.cycle_seconds, 1.0 - gait.duty)
            phases = [(-ahead - offset) % 1.0 for offset in gait.offsets]
        self.phase = min(phases, key=misfit)
        for offset, foot, home in zip(gait.offsets, self.feet, homes, strict=True):
            u = (self.phase + offset) % 1.0
            foot.is_planted = u < gait.duty
            if foot.is_planted:
                foot.stance = u / gait.duty
                continue
            share = (u - gait.duty) / (1.0 - gait.duty)
            foot.progress, foot.began = share, 0.0
            foot.landing_yaw, foot.start_yaw = heading, foot.yaw
            foot.landing = home + velocity * self._until_below(gait, share)
            ease = share * share * (3.0 - 2.0 * share)
            here = foot.at.copy()
            here[2] = foot.spot[2]
            if share < AIMS:  # the start from which a whole swing would have brought it here
                foot.start = (here - ease * foot.landing) / (1.0 - ease)
            else:
                foot.start = foot.landing - velocity * self.cycle_seconds
                foot.landing = (here - (1.0 - ease) * foot.start) / ease
            rolled = self._brisk(speed) * gait.heel * ease**3
            foot.start_pitch = (foot.pitch - rolled) / max(1.0 - ease, 0.1) ** 2
        self.step(0.0, gait, homes, heading, velocity)

    def _misfit(self, gait: Gait, u: float, velocity: Array, off: Array, pitch: float) -> float:
        """How far, squared, a foot `off` its home is from its place at `u` of its cycle."""
        brisk = self._brisk(math.sqrt(velocity @ velocity))
        if u < gait.duty:
            share = u / gait.duty
            place = velocity * (AHEAD - share) * gait.duty * self.cycle_seconds
            rolled = brisk * _rolled(gait, share)
        else:
            share = (u - gait.duty) / (1.0 - gait.duty)
            ease = share * share * (3.0 - 2.0 * share)
            ahead = self._until_below(gait, share)
            place = velocity * (ahead - (1.0 - ease) * self.cycle_seconds)
            place = place + np.array((0.0, 0.0, gait.lift * self.size * _arch(share)))
            rolled = brisk * (gait.heel * ease**3 - gait.toe * (1.0 - ease) ** 2)
        miss = off - place
        return float(miss @ miss) + (ROLL_ARM * self.size * (pitch - rolled)) ** 2

    def _until_below(self, gait: Gait, share: float) -> float:
        """Seconds until a foot that has swung by `share`, and landed, is below its hip."""
        return ((1.0 - share) * (1.0 - gait.duty) + AHEAD * gait.duty) * self.cycle_seconds

    def _brisk(self, speed: float) -> float:
        """How far feet roll at a speed, 0 to 1."""
        return min(1.0, speed / (0.9 * self.pace))

    def step(  # noqa: PLR0913 - what a step depends on
        self,
        seconds: float,
        gait: Gait,
        homes: list[Array],
        heading: float,
        velocity: Array,
        *,
        turning: float = 0.0,
        hold: bool = False,
    ) -> None:
        """Go on by `seconds`; `homes` are the places below the hips, now.

        `hold` keeps every planted foot where it is.
        """
        speed = math.sqrt(velocity @ velocity)
        if hold:
            self.is_walking = False
        elif not self.is_walking and (
            speed > STILL or abs(turning) > 0.3 or self._is_astray(homes, heading)
        ):
            self._set_out(gait, homes)
        elif self.is_walking and speed < STILL and abs(turning) < 0.3 and self._may_stop(homes):
            self.is_walking = False
        if not self.is_walking:
            for foot in self.feet:
                self._finish(foot, seconds)
            return
        self.cycle_seconds = 1.0 / self.frequency(gait, speed)
        self.phase = (self.phase + seconds / self.cycle_seconds) % 1.0
        for k, foot in enumerate(self.feet):
            u = (self.phase + gait.offsets[k]) % 1.0
            if u < gait.duty:
                self._stand(foot, u / gait.duty, gait, speed)
            else:
                self._swing(
                    foot, (u - gait.duty) / (1.0 - gait.duty), gait, homes[k], heading, velocity
                )

    def _is_astray(self, homes: list[Array], heading: float) -> bool:
        return any(
            _apart(foot.spot, home) > 2.0 * ASTRAY * self.size
            or abs(math.remainder(foot.yaw - heading, math.tau)) > 0.45
            for foot, home in zip(self.feet, homes, strict=True)
        )

    def _may_stop(self, homes: list[Array]) -> bool:
        return all(
            foot.is_planted and _apart(foot.spot, home) < ASTRAY * self.size
            for foot, home in zip(self.feet, homes, strict=True)
        )

    def _set_out(self, gait: Gait, homes: list[Array]) -> None:
        """A foot in the air goes first, else the one farthest from its place."""
        self.is_walking = True
        far = [
            _apart(foot.spot, home) + 9.0 * (not foot.is_planted)
            for foot, home in zip(self.feet, homes, strict=True)
        ]
        first = int(np.argmax(far))
        self.phase = (gait.duty - gait.offsets[first]) % 1.0

    def _finish(self, foot: Foot, seconds: float) -> None:
        """Nobody walks: a foot in the air comes down, and rolled ones lie flat."""
        if not foot.is_planted:
            foot.progress = min(1.0, foot.progress + 3.0 * seconds)
            if foot.progress >= 1.0:
                foot.spot, foot.yaw = foot.landing.copy(), foot.landing_yaw
                foot.is_planted = True
        foot.pitch *= math.exp(-12.0 * seconds)
        if foot.is_planted:
            foot.at, foot.now_yaw, foot.stance = foot.spot, foot.yaw, 0.5

    def _stand(self, foot: Foot, share: float, gait: Gait, speed: float) -> None:
        if not foot.is_planted:
            foot.is_planted = True
            foot.spot, foot.yaw = foot.landing.copy(), foot.landing_yaw
            if foot.progress < 0.8:  # the gait has changed under it
                foot.spot[:2] = foot.at[:2]
        foot.stance = share
        foot.at, foot.now_yaw = foot.spot, foot.yaw
        foot.pitch = self._brisk(speed) * _rolled(gait, share)

    def _swing(
        self, foot: Foot, share: float, gait: Gait, home: Array, heading: float, velocity: Array
    ) -> None:
        if foot.is_planted:
            foot.is_planted = False
            foot.start, foot.start_yaw, foot.start_pitch = foot.spot.copy(), foot.yaw, foot.pitch
            foot.began = min(share, 0.9)
        share = max(0.0, (share - foot.began) / (1.0 - foot.began))
        foot.progress = share
        if share < AIMS:
            foot.landing = home + velocity * self._until_below(gait, share)
            foot.landing_yaw = heading
        ease = share * share * (3.0 - 2.0 * share)  # it lands without sliding on
        foot.at = foot.start + ease * (foot.landing - foot.start)
        foot.at[2] += gait.lift * self.size * _arch(share)
        turn = math.remainder(foot.landing_yaw - foot.start_yaw, math.tau)
        foot.now_yaw = foot.start_yaw + ease * turn
        brisk = self._brisk(math.sqrt(velocity @ velocity))
        foot.pitch = foot.start_pitch * (1.0 - ease) ** 2 + brisk * gait.heel * ease**3


AHEAD = 0.46  # share of a stance's way that lies before the hip
PHASES = 60  # of a cycle, that are tried
AIMS = 0.85  # share of a swing until which the place of landing goes with the hip
ROLL_ARM = 0.15  # leg lengths: a foot rolled by a radian too much counts as so far astray


def _rolled(gait: Gait, share: float) -> float:
    """Pitch in radians of a foot that has stood by `share`, at full speed."""
    landed = gait.heel * max(0.0, 1.0 - share / 0.16)
    leaving = max(0.0, (share - 0.6) / 0.4)
    return landed - gait.toe * leaving * leaving


def _arch(share: float) -> float:
    """How high a foot is that has swung by `share`, of its highest."""
    return float(math.sin(math.pi * min(max(share, 0.0), 1.0)) ** 1.3)


def _apart(a: Array, b: Array) -> float:
    """On the ground, metres."""
    return math.hypot(a[0] - b[0], a[1] - b[1])


def ankle_place(foot: Foot) -> tuple[float, float, float]:
    """Where the ankle is when the foot rolls over its heel or its ball, in the same frame."""
    x, y, z = foot.at.tolist()
    forward, left, up = _ankle_offset(foot)
    return x + forward, y + left, z + up


def _ankle_offset(foot: Foot) -> tuple[float, float, float]:
    """From below the flat foot's ankle to where it is when the foot rolls."""
    leg, pitch = foot.leg, foot.pitch
    # Distances forward from below the ankle to what the foot turns about.
    pivot = -leg.heel if pitch > 0.0 else leg.ball
    c, s = math.cos(pitch), math.sin(pitch)
    forward = pivot + (-pivot) * c - leg.sole * s
    up = (-pivot) * s + leg.sole * c
    return forward * math.cos(foot.now_yaw), forward * math.sin(foot.now_yaw), up
