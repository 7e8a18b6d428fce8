"""What each server of `/v1/videos` has, as data; the checks read it and know no server by name.

How such a server is spoken to is in `engine.dialects`, under the same names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

Body = Literal["json", "form"]


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """How a failure is written: the key at its top, and those below it if it is an object."""

    top: str
    keys: frozenset[str] = frozenset()


OPENAI = ErrorShape("error", frozenset({"message", "type", "param", "code"}))
FASTAPI = ErrorShape("detail")


@dataclass(frozen=True, slots=True)
class Habits:
    """One server's habits. What is False, None or empty it does not offer."""

    name: str
    size: str  # asked for when the caller names none
    seconds: int
    bodies: tuple[Body, ...]
    error: ErrorShape
    health: str = "/health"
    seconds_as: tuple[type, ...] = (str,)  # in JSON
    fps: int | None = None  # what is sent as `fps`; None: there is no such field
    frame_slack: int = 0  # how many frames more or less than asked the model may make
    sound: str | None = None  # the field that asks for it
    seed: bool = False
    model_is_required: bool = False
    has_size: bool = True  # whether a video tells the size that was asked for
    id_is_kept: bool = True  # whether a status answers with the id of the creation
    progress: bool = True  # whether it is always a number
    in_progress: bool = True  # whether a job says that it runs
    cursor: bool = True  # first_id, last_id and has_more
    ranges: bool = True
    variants: tuple[str, ...] = ()
    deleted: Mapping[str, Any] | None = None  # of the answer to DELETE
    cancels: bool = False
    idempotency: bool = False
    remix: bool = False
    edits: bool = False
    extensions: bool = False
    characters: bool = False
    forgets_characters: bool = False
    bad_fields: Mapping[str, tuple[Any, ...]] = field(default_factory=lambda: MappingProxyType({}))


VIGNETTE = Habits(
    name="vignette",
    size="360x640",
    seconds=1,
    bodies=("json", "form"),
    error=OPENAI,
    seconds_as=(str, int),
    fps=24,
    sound="audio",
    seed=True,
    variants=("thumbnail", "spritesheet"),
    deleted={"object": "video.deleted", "deleted": True},
    cancels=True,
    idempotency=True,
    remix=True,
    edits=True,
    extensions=True,
    characters=True,
    forgets_characters=True,
    bad_fields={
        "seconds": (0, "soon", 9999),
        "size": ("64*64", "1x1"),
        "seed": (-1,),
        "fps": (7,),
        "audio": ("perhaps",),
        "model": ("no-such-model",),
        "no_such_field": ("x",),
        "input_reference": ("https://example.invalid/a.png",),
    },
)

VLLM_OMNI = Habits(
    name="vllm-omni",
    size="832x480",
    seconds=1,
    bodies=("form",),
    error=OPENAI,
    fps=16,
    frame_slack=4,
    sound="generate_sound",
    seed=True,
    deleted={"object": "video.deleted", "deleted": True},
    cancels=True,
    bad_fields={
        "seconds": ("0", "1.5", "soon"),
        "size": ("64*64",),
        "fps": ("fast", "0"),
        "generate_sound": ("perhaps",),
        "model": ("no-such-model",),
    },
)

SGLANG = Habits(
    name="sglang",
    size="832x480",
    seconds=1,
    bodies=("json", "form"),
    error=FASTAPI,
    seconds_as=(int, str),
    fps=16,
    frame_slack=4,
    seed=True,
    in_progress=False,
    cursor=False,
    deleted={"object": "video", "status": "deleted"},
    bad_fields={"seconds": ("soon", "1.5"), "fps": ("fast",), "num_frames": ("many",)},
)

LITELLM = Habits(
    name="litellm",
    size="720x1280",
    seconds=4,
    bodies=("json", "form"),
    error=OPENAI,
    health="/health/liveliness",
    model_is_required=True,
    id_is_kept=False,
    progress=False,
    ranges=False,
    remix=True,
    edits=True,
    extensions=True,
    characters=True,
    bad_fields={"seconds": ("5", "soon"), "size": ("64*64",), "model": ("no-such-model",)},
)

HABITS = {each.name: each for each in (VIGNETTE, VLLM_OMNI, SGLANG, LITELLM)}
