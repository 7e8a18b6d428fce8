"""Direction: what the director chose → the numbers that the camera is set to."""

from dataclasses import dataclass, fields
from typing import Any

from engine.engines.scene.language.script import Script
from engine.engines.scene.language.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class Direction:
    """What the director asked for; a move begins with the shot and ends with it.

    A row of the camera table gives these fields by name, whatever its aspect is called.
    """

    size: str | None = None  # a key of framing.SIZES; None: as far as all of it needs
    lens_mm: float | None = None  # on film of 36 mm; None: the size's own
    elevation: float | None = None  # degrees above the subject; None: horizon on the upper third
    view: float | None = None  # degrees from the subject's front, 90 its left; None: as staged
    # Moves, each over the whole shot.
    dolly: float = 1.0  # distance at the end / at the start
    zoom: float = 1.0  # focal length at the end / at the start
    dolly_zoom: float = 1.0  # distance ratio; the focal length keeps the subject's size
    snap: bool = False  # the zoom is over in a moment
    truck: float = 0.0  # picture widths to the right
    pedestal: float = 0.0  # picture heights up
    pan: float = 0.0  # views to the right
    tilt: float = 0.0  # views up
    orbit: float = 0.0  # degrees to the right
    crane: float = 0.0  # degrees of elevation
    whip: float = 0.0  # views to the right within a few frames
    roll: float = 0.0  # degrees, held
    roll_turn: float = 0.0  # degrees over the shot
    shake: float = 0.0  # of a hand: 1 as it is
    glide: float = 0.0  # of a steadicam
    follow: bool = False  # the camera goes where the subject goes
    still: bool = False  # nothing of the camera moves
    # Where the eye is.
    seat: str | None = None  # "pov" or "shoulder" of the first subject
    # The lens.
    blur: float | None = None  # of a far background, in picture heights; None: the size's own
    rack: bool = False  # the focus goes from another subject to `focus`
    focus: str | None = None  # name of the subject in focus
    said: tuple[str, ...] = ()  # kinds of the subjects the prompt names, and their names

    @property
    def is_directed(self) -> bool:
        """Whether the director asked for a move or for none at all."""
        ratios = (self.dolly, self.zoom, self.dolly_zoom)
        shifts = (self.truck, self.pedestal, self.pan, self.tilt, self.orbit, self.crane)
        return (
            any(ratio != 1.0 for ratio in ratios)
            or any(shifts)
            or bool(self.whip or self.roll_turn or self.glide)
            or self.follow
            or self.still
            or self.seat is not None
        )

    @property
    def is_rooted(self) -> bool:
        """Whether the eye must stay where it is."""
        return self.still or bool(self.pan or self.tilt or self.whip) or self.zoom != 1.0


NUMBERS = frozenset(f.name for f in fields(Direction)) - {"focus", "said"}


def direction_of(script: Script) -> Direction:
    """Look the script's choices up in the camera table; what it does not say stays open."""
    chosen: dict[str, Any] = {}
    for choice in script.camera:
        aspect, name = choice.split(".")
        row = vocabulary().camera[aspect][name]
        chosen |= {key: value for key, value in row.items() if key in NUMBERS}
    focus = None
    if script.focus is not None:
        subject = script.subjects[script.focus]
        focus = subject.name or subject.kind.name
    said = [s.kind.name for s in script.subjects] + [s.name for s in script.subjects if s.name]
    return Direction(**chosen, focus=focus, said=tuple(dict.fromkeys(said)))
