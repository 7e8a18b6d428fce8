"""What an operator says a foreign server can do: such servers do not say it themselves."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from engine.contracts import EngineCapabilities, Operation, VideoRequest

MAX_SHOTS = 6


@dataclass(frozen=True, slots=True)
class Offer:
    """The model behind a server of another dialect, in its own measures.

    Frames come as k * `frame_step` + 1, sides as multiples of `size_step_px`, lengths as one of
    `lengths` where a server makes no others: what is made is the next that suffices, and is cut.
    """

    model: str  # as requests name it
    sizes: tuple[str, ...]  # "WIDTHxHEIGHT" in px; the first is the default
    max_seconds: int  # of one video; several shots may be longer together
    fps: int = 24
    frame_step: int = 4
    size_step_px: int = 16
    lengths: tuple[int, ...] = ()  # in seconds; empty: any up to max_seconds
    audio: bool = False
    takes_picture: bool = False  # as the first frame
    takes_film: bool = False  # as what is to look different
    steps: int | None = None  # of denoising; None: the server's own default
    guidance: float | None = None  # classifier-free; None: likewise

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What can be built on a film, by ourselves where the server has nothing for it."""
        can: tuple[tuple[Operation, bool], ...] = (
            ("extend", self.takes_picture),
            ("edit", self.takes_film),
        )
        return tuple(operation for operation, is_possible in can if is_possible)

    def capabilities(self, dialect: str) -> EngineCapabilities:
        """What may be asked, several shots included, which are made one after the other."""
        return EngineCapabilities(
            name=self.model,
            kind="diffusion",
            description=f"{self.model} on a server that speaks {dialect}.",
            sizes=self.sizes,
            min_seconds=1,
            max_seconds=self.max_seconds * MAX_SHOTS,
            max_shots=MAX_SHOTS,
            fps=(self.fps,),
            audio=self.audio,
            seed=True,
            procedural=False,
            input_reference=self.takes_picture,
            operations=self.operations,
            builds_on="film",
            max_shot_seconds=self.max_seconds,
        )

    def frames_for(self, request: VideoRequest) -> int:
        """How many frames to ask for; behind a first picture, which repeats another's last."""
        wanted = request.seconds * self.fps + (request.input_reference is not None)
        return -(-(wanted - 1) // self.frame_step) * self.frame_step + 1

    def seconds_of(self, seconds: int) -> int:
        """The length to ask for where a server makes only some."""
        return next((each for each in sorted(self.lengths) if each >= seconds), seconds)

    def size_of(self, size: str) -> tuple[int, int]:
        """Width and height in px to ask for, of which `size` can be cut."""
        step = self.size_step_px
        width_px, height_px = (-(-int(side) // step) * step for side in size.split("x"))
        return width_px, height_px


def read_offer(said: Mapping[str, Any]) -> Offer:
    """An offer from configuration.

    Raises:
        ValueError: a name or a value is wrong; the message says which.
    """
    known = [field.name for field in fields(Offer)]
    for name in said:
        if name not in known:
            raise ValueError(f"there is no {name!r}; there are {', '.join(known)}")
    for name in ("model", "sizes", "max_seconds"):
        if name not in said:
            raise ValueError(f"{name!r} is missing")
    values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in said.items()}
    offer = Offer(**values)
    for name, value in asdict(offer).items():
        if not _IS_RIGHT[name](value):
            raise ValueError(f"{name!r} is wrong: {value!r}")
    return offer


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 1


def _is_size(value: Any) -> bool:
    sides = value.split("x") if isinstance(value, str) else ()
    return len(sides) == 2 and all(s.isdecimal() and int(s) > 0 and int(s) % 2 == 0 for s in sides)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


_IS_RIGHT: dict[str, Callable[[Any], bool]] = {
    "model": lambda value: isinstance(value, str) and 0 < len(value) <= 60,
    "sizes": lambda value: isinstance(value, tuple) and value != () and all(map(_is_size, value)),
    "max_seconds": _is_count,
    "fps": _is_count,
    "frame_step": _is_count,
    "size_step_px": _is_count,
    "lengths": lambda value: isinstance(value, tuple) and all(map(_is_count, value)),
    "audio": _is_flag,
    "takes_picture": _is_flag,
    "takes_film": _is_flag,
    "steps": lambda value: value is None or _is_count(value),
    "guidance": lambda value: value is None or (isinstance(value, int | float) and value >= 1),
}
