"""Focus: what is sharp in every frame, and how blurred the rest."""

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.camera.direction import Direction
from engine.engines.scene.camera.follow import smoothed
from engine.engines.scene.camera.framing import SIZES, Framing, Thing
from engine.engines.scene.camera.moves import Path

Array = NDArray[np.float64]
RACK_FROM, RACK_FOR = 0.35, 0.3  # of the shot
RACK_BLUR, RACK_MOST = 0.035, 0.16
RACK_TOLD = 0.016  # picture heights by which what is not in focus is smeared, so that one sees it
FAR = 40.0  # m to a background


def lens_setting(
    things: list[Thing], framing: Framing, direction: Direction, path: Path, eyes: Array
) -> tuple[Array, Array]:
    """Distance to what is sharp and radius of the lens, a frame each."""
    ahead = -path.away()

    def depth_of(thing: Thing) -> Array:
        point = thing.centre if thing.head is None else thing.head
        return np.asarray(np.maximum(np.einsum("fi,fi->f", point - eyes, ahead), 0.2))

    focus = depth_of(in_focus(things, framing, direction))
    if direction.rack:
        first = out_of_focus(things, framing, direction)
        frames = len(focus)
        t = np.clip((np.linspace(0.0, 1.0, frames) - RACK_FROM) / RACK_FOR, 0.0, 1.0)
        ease = t * t * (3.0 - 2.0 * t)
        # Evenly in dioptres, as a focus ring turns.
        near = 1.0 / depth_of(first) if first is not None else np.full(frames, 1.0 / FAR)
        there = focus
        focus = 1.0 / (near * (1.0 - ease) + ease / there)
    blur = direction.blur
    if blur is None:
        blur = SIZES[direction.size].blur if direction.size else 0.0
        if direction.lens_mm and direction.size:
            blur *= min(direction.lens_mm / SIZES[direction.size].lens_mm, 2.0)
        if direction.rack:
            apart = float(np.median(np.abs(1.0 - there * near)))
            blur = max(blur, RACK_BLUR, min(RACK_TOLD / max(apart, 1e-3), RACK_MOST))
    # A point at infinity is smeared over the width of the lens at the distance in focus.
    height = 2.0 * path.half_height * path.distance
    return smoothed(focus, 2.0), 0.5 * blur * height


def in_focus(things: list[Thing], framing: Framing, direction: Direction) -> Thing:
    """Whom the prompt wants sharp; else the main subject."""
    named = [t for t in things if direction.focus and direction.focus in {t.name, t.kind}]
    return named[0] if named else framing.main


def out_of_focus(things: list[Thing], framing: Framing, direction: Direction) -> Thing | None:
    """From whom the focus goes: the other one that matters; None: from the background."""
    sharp = in_focus(things, framing, direction)
    others = [t for t in things if t is not sharp and t.weight >= 0.3]
    return max(others, key=lambda t: t.weight) if others else None
