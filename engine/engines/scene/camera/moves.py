"""Moves: dolly, truck, pan, tilt, zoom, orbit, crane, whip, hand → a path of the camera."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.camera.direction import Direction
from engine.engines.scene.camera.lens import Camera

Array = NDArray[np.float64]
EASE = 0.22  # share of the shot in which a move gathers speed, and in which it comes to rest
WHIP_SECONDS = 0.3


@dataclass(slots=True)
class Path:
    """Where a camera is and looks in every frame: around a target, then turned and shifted."""

    target: Array  # (frames, 3)
    distance: Array  # m
    azimuth: Array  # radians, 0 in front of the set, to the right
    elevation: Array  # radians
    half_height: Array
    shift: Array  # (frames, 3) of the eye and of what it looks at
    yaw: Array  # radians to the right
    pitch: Array  # radians up
    roll: Array  # radians

    @classmethod
    def around(
        cls, target: Array, distance: Array, azimuth: float, elevation: float, half_height: float
    ) -> "Path":
        """A camera that keeps its place in respect of the target."""
        n = len(target)
        return cls(
            target=target.copy(),
            distance=distance.copy(),
            azimuth=np.full(n, azimuth),
            elevation=np.full(n, elevation),
            half_height=np.full(n, half_height),
            shift=np.zeros((n, 3)),
            yaw=np.zeros(n),
            pitch=np.zeros(n),
            roll=np.zeros(n),
        )

    def away(self) -> Array:
        """Unit vectors (frames, 3) from the target to the eye."""
        flat = np.cos(self.elevation)
        return np.stack(
            (
                np.sin(self.azimuth) * flat,
                -np.cos(self.azimuth) * flat,
                np.sin(self.elevation),
            ),
            axis=1,
        )

    def rightwards(self) -> Array:
        """Unit horizontal vectors (frames, 3) to the right of the picture."""
        zero = np.zeros(len(self.azimuth))
        return np.stack((np.cos(self.azimuth), np.sin(self.azimuth), zero), axis=1)

    def eyes(self) -> Array:
        """Places of the eye (frames, 3)."""
        return self.target + self.shift + self.distance[:, None] * self.away()

    def cameras(self, eyes: Array, focus: Array, aperture: Array) -> list[Camera]:
        """Set up a camera a frame; `eyes` may have been moved out of something solid.

        An eye that was moved keeps looking at the target.
        """
        looked_at = self.target + self.shift
        made = []
        for i, eye in enumerate(eyes):
            forward = looked_at[i] - eye
            yaw = math.atan2(forward[0], forward[1]) + self.yaw[i]
            pitch = math.atan2(forward[2], math.hypot(forward[0], forward[1])) + self.pitch[i]
            pitch = min(max(pitch, -1.553), 1.553)
            ahead = np.array(
                (
                    math.sin(yaw) * math.cos(pitch),
                    math.cos(yaw) * math.cos(pitch),
                    math.sin(pitch),
                )
            )
            right = np.array((math.cos(yaw), -math.sin(yaw), 0.0))
            up = np.array(  # what np.cross takes longer for than for all the rest
                (
                    right[1] * ahead[2],
                    -right[0] * ahead[2],
                    right[0] * ahead[1] - right[1] * ahead[0],
                )
            )
            c, s = math.cos(self.roll[i]), math.sin(self.roll[i])
            made.append(
                Camera(
                    eye=_triple(eye),
                    right=_triple(c * right + s * up),
                    up=_triple(c * up - s * right),
                    forward=_triple(ahead),
                    half_height=float(self.half_height[i]),
                    focus=float(focus[i]),
                    aperture=float(aperture[i]),
                )
            )
        return made


def eased(frames: int) -> Array:
    """0 → 1 along the shot: gathers speed, goes evenly, comes to rest."""
    t = np.linspace(0.0, 1.0, frames) if frames > 1 else np.ones(1)
    top = 1.0 / (1.0 - EASE)
    begin = 0.5 * top / EASE * t**2
    end = 1.0 - 0.5 * top / EASE * (1.0 - t) ** 2
    return np.where(t < EASE, begin, np.where(t > 1.0 - EASE, end, top * (t - 0.5 * EASE)))


def move(path: Path, direction: Direction, aspect: float, room: tuple[float, float]) -> None:
    """Carry out every move that the director asked for.

    Args:
        path: changed in place.
        direction: the moves.
        aspect: width / height of the picture.
        room: share of half the picture, across and up, that the subject leaves free.
    """
    ease = eased(len(path.distance))
    middle = ease - 0.5
    height = 2.0 * path.half_height * path.distance
    across, along = room
    path.distance *= _ratio(direction.dolly, ease)
    zoomed = np.clip(4.0 * ease - 1.0, 0.0, 1.0) if direction.snap else ease
    path.half_height /= _zoomed(direction.zoom, zoomed)
    if direction.dolly_zoom != 1.0:
        ratio = _ratio(direction.dolly_zoom, ease)
        path.distance *= ratio
        path.half_height /= ratio
    truck = math.copysign(min(abs(direction.truck), max(0.3, across)), direction.truck)
    path.shift += (truck * middle * height * aspect)[:, None] * path.rightwards()
    path.shift[:, 2] += _within(direction.pedestal, along) * middle * height
    wide = np.arctan(path.half_height * aspect)
    high = np.arctan(path.half_height)
    path.yaw += 2.0 * _within(direction.pan, across) * middle * wide
    path.pitch += 2.0 * _within(direction.tilt, along) * middle * high
    path.azimuth += np.radians(direction.orbit) * middle
    # A crane starts near the ground or comes down to it.
    path.elevation += np.radians(direction.crane) * (ease if direction.crane > 0 else ease - 1.0)
    path.elevation = np.minimum(path.elevation, math.radians(84.0))
    path.roll += np.radians(direction.roll + direction.roll_turn * ease)


def jolt(path: Path, direction: Direction, aspect: float, fps: int) -> None:
    """Whip to the subject, and what a hand or a steadicam adds."""
    frames = len(path.distance)
    seconds = np.arange(frames) / fps
    if direction.whip:
        left = np.clip(1.0 - seconds / WHIP_SECONDS, 0.0, 1.0)
        view = 2.0 * np.arctan(path.half_height * aspect)
        path.yaw -= direction.whip * view * left**2 * (3.0 - 2.0 * left)
    view = 2.0 * np.arctan(path.half_height)
    for amount, rate in ((direction.shake, 1.0), (0.35 * direction.glide, 0.3)):
        if amount:
            path.yaw += 0.009 * amount * view * _wobble(seconds * rate, 0.0)
            path.pitch += 0.009 * amount * view * _wobble(seconds * rate, 1.7)
            path.roll += 0.004 * amount * _wobble(seconds * rate, 3.1)
            reach = 0.006 * amount * path.distance
            path.shift += reach[:, None] * np.stack(
                [_wobble(0.8 * seconds * rate, k) for k in (4.4, 5.9, 7.2)], axis=1
            )


def _wobble(seconds: Array, phase: float) -> Array:
    """Breath, sway and tremor of a hand, about ±1.5."""
    t = 2.0 * math.pi * seconds
    return np.asarray(
        np.sin(0.45 * t + phase)
        + 0.45 * np.sin(1.07 * t + 2.3 * phase + 1.0)
        + 0.2 * np.sin(2.63 * t + 3.7 * phase + 2.0)
        + 0.06 * np.sin(6.1 * t + 5.1 * phase)
    )


def _ratio(ratio: float, ease: Array) -> Array:
    """A factor of distance along the shot; most of the change is farther than the framing."""
    span = math.log(ratio)
    return np.asarray(np.exp(span * (ease - (0.7 if ratio < 1.0 else 0.3))))


def _zoomed(ratio: float, ease: Array) -> Array:
    """A factor of focal length along the shot, as far around the framing as a dolly's."""
    return np.asarray(1.0 / _ratio(1.0 / ratio, ease))


def _within(wanted: float, free: float) -> float:
    """Views or heights of a turn: what was wanted, if the subject stays in the picture."""
    return math.copysign(min(abs(wanted), max(0.22, free)), wanted)


def _triple(v: Array) -> tuple[float, float, float]:
    return (float(v[0]), float(v[1]), float(v[2]))
