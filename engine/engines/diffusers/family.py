"""What every model family is asked for and gives; the engine knows families by this alone."""

import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.engines.diffusers.errors import ModelUnusable
from engine.engines.diffusers.tuning import Tuning

Frames = NDArray[np.uint8]  # (frames, height, width, 3), RGB
Tensor = Any  # torch.Tensor: torch is imported only when an engine loads its model
Embedding = tuple[Tensor, ...]  # what a text encoder makes of one prompt
COUNTS = ("steps", "max_seconds", "max_shots")
OnStep = Callable[[int, int], None]  # steps done, of so many; it may raise, which ends the clip


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is run; a distilled one wants few steps and guidance 1."""

    steps: int
    guidance: float  # classifier-free guidance (arXiv 2207.12598); 1: one forward pass a step
    sizes: tuple[str, ...]  # "WIDTHxHEIGHT" in px; the first is the default
    max_seconds: int  # of what is made at once
    sigmas: tuple[float, ...] = ()  # the noise levels of a distilled LTX-2; empty: evenly spaced
    max_shots: int = 4  # of a clip; each is at most `max_seconds` long
    strength: float = 0.7  # of an edit: the share of the steps that a film goes through again
    step_cache: float = 0.0  # threshold below which a step is not computed in full; 0: all are
    fp8: bool = False  # eight-bit linear layers


@dataclass(frozen=True, slots=True)
class Traits:
    """What a model takes and gives, as its configs say."""

    name: str  # of the model, as requests name it
    fps: int
    frame_step: int  # it makes k * frame_step + 1 frames
    size_step_px: int  # width and height are multiples of it
    has_audio: bool
    needs_picture: bool  # it animates a picture and cannot do without
    takes_picture: bool
    negative_prompt: str  # what it is told to avoid when the caller says nothing
    attention_is_masked: bool  # then FlashAttention cannot serve it
    opening_frames: int = 1  # so many of a film's last frames it can go on from, k * frame_step + 1
    takes_film: bool = False  # it can change a film
    takes_faces: bool = False  # it can show who is on pictures


@dataclass(frozen=True, slots=True)
class Ask:
    """One clip, in the model's own measures."""

    text: Embedding
    negative: Embedding | None  # None: guidance is off
    opening: Frames | None  # the frames that it begins with, of its size
    width_px: int
    height_px: int
    frames: int
    seed: int
    film: Frames | None = None  # what is to be changed: `frames` of them, of its size
    faces: tuple[Image.Image, ...] = ()  # of who is to be seen, of any size

    @property
    def picture(self) -> Image.Image | None:
        """The frame that it begins with, for models that take one."""
        return None if self.opening is None else Image.fromarray(self.opening[-1])


@dataclass(frozen=True, slots=True)
class Clip:
    """What a model made."""

    frames: Frames
    sound: NDArray[np.float32] | None = None  # (samples, channels)
    sound_hz: int = 0
    lead_seconds: float = 0.0  # of the sound, before the first of the frames


class Family(Protocol):
    """A kind of model; one file."""

    @property
    def traits(self) -> Traits:
        """What the model takes and gives."""

    @property
    def recipe(self) -> Recipe:
        """How it is run."""

    def load(self, tuning: Tuning) -> None:
        """Read the weights and place them as `tuning` says."""

    def encode(self, prompt: str) -> Embedding:
        """Run the text encoder."""

    def generate(self, ask: Ask, on_step: OnStep) -> Clip:
        """Make a clip of at least `ask.frames`; the same ask gives the same clip."""

    def release(self) -> None:
        """Leave the card as after loading, also when a clip ended midway."""


def frames_at_least(frames: int, step: int) -> int:
    """The smallest k * step + 1 that is not below `frames`, as a causal video VAE has them."""
    return -(-(frames - 1) // step) * step + 1


def pixels_at_least(pixels: int, step: int) -> int:
    """The smallest multiple of `step` that is not below `pixels`."""
    return -(-pixels // step) * step


def on_device(embedding: Embedding | None, device: str) -> Embedding:
    """An embedding where the pipeline wants it, which does not fetch it; none becomes empty."""
    return tuple(tensor.to(device) for tensor in embedding or ())


def as_frames(video: Tensor) -> NDArray[np.uint8]:
    """A pipeline's pictures, (frames, 3, height, width) from 0 to 1, as bytes in main memory.

    They become bytes on the card: a quarter of what would be copied else.
    """
    import torch

    pixels = (video.float().clamp(0, 1) * 255).round().to(torch.uint8)
    return pixels.permute(0, 2, 3, 1).contiguous().cpu().numpy()  # type: ignore[no-any-return]


def read_recipe(file: Path | None, usual: Recipe) -> Recipe:
    """The family's usual recipe, with what a TOML file says instead.

    Raises:
        ModelUnusable: the file is missing, no TOML, or has a wrong name or value in it.
    """
    if file is None:
        return usual
    try:
        said = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelUnusable(f"The recipe {file} cannot be read: {error}.") from None
    known = {field.name for field in fields(Recipe)}
    if unknown := sorted(set(said) - known):
        raise ModelUnusable(f"The recipe {file} names {unknown[0]!r}; there is {sorted(known)}.")
    values = asdict(usual) | {n: tuple(v) if isinstance(v, list) else v for n, v in said.items()}
    if not _is_sound(values):
        raise ModelUnusable(
            f"The recipe {file} is wrong: steps, max_seconds and max_shots are integers from 1,"
            ' guidance is a number from 1, sizes a list like ["480x832"], strength within 0 and 1,'
            " sigmas a list of such numbers, step_cache a number from 0 and below 1, fp8 true or"
            " false."
        )
    return Recipe(**values)


def _is_sound(values: dict[str, Any]) -> bool:
    return (
        all(type(values[name]) is int and values[name] >= 1 for name in COUNTS)
        and isinstance(values["guidance"], int | float)
        and values["guidance"] >= 1
        and isinstance(values["sizes"], tuple)
        and len(values["sizes"]) > 0
        and all(_is_size(size) for size in values["sizes"])
        and isinstance(values["sigmas"], tuple)
        and all(_is_share(value) for value in (*values["sigmas"], values["strength"]))
        and type(values["step_cache"]) in {int, float}
        and 0 <= values["step_cache"] < 1
        and type(values["fp8"]) is bool
    )


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and 0 < value <= 1


def _is_size(size: object) -> bool:
    sides = size.split("x") if isinstance(size, str) else []
    # H.264 as everybody plays it has half the colour: sides are even.
    return len(sides) == 2 and all(s.isdecimal() and int(s) > 0 and int(s) % 2 == 0 for s in sides)
