"""The values that cross the engine boundary, and the protocol every engine keeps."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

VideoStatus = Literal["queued", "in_progress", "completed", "failed"]
# "remix" is an edit under OpenAI's older name; "characters" are the faces of a request's cast.
Operation = Literal["extend", "edit", "remix", "characters", "preview"]
# What of a video an engine goes on from: the world that it told of, or the film itself.
BuildsOn = Literal["world", "film"]

MAX_PROMPT_CHARACTERS = 4000
MAX_REFERENCE_BYTES = 8 * 1024 * 1024
MAX_CAST = 4


@dataclass(frozen=True, slots=True)
class Shot:
    """One camera take of a clip; without a camera the engine directs by itself."""

    prompt: str
    seconds: int
    camera: str | None = None


@dataclass(frozen=True, slots=True)
class CastMember:
    """A likeness that a prompt may name; it reaches an engine as bytes only."""

    name: str  # "@handle"
    face: bytes  # an encoded picture of the face


@dataclass(frozen=True, slots=True)
class Source:
    """The video that a request builds on: its world or its film, as the engine's `builds_on` says.

    extend: film `seconds` of what happens after its end, and only those; the caller joins them.
    edit: film the same events again, of the same length, as the prompt wants them to look.

    The world (`Rendering.world`) may come from a stranger: it is a JSON object without NaN, of
    bounded size and depth, that says it is this engine's, and nothing more is known of it. An
    engine that cannot use it raises an `EngineError`.

    The film is an MP4 as `write_mp4` writes it, of the request's size and rate: a stranger's file
    was decoded and encoded anew before. An extension goes on behind its last frame; an edit is of
    the request's `seconds` from `begins_seconds` on.
    """

    operation: Literal["extend", "edit"]
    world: bytes = b""  # JSON
    film: Path | None = None  # set when it is rendered; it goes when the rendering ends
    begins_seconds: int = 0


@dataclass(frozen=True, slots=True)
class VideoRequest:
    """What a caller wants to see; `size` is "WIDTHxHEIGHT" in px.

    With `shots`, `seconds` is their sum and `prompt` describes what they have in common.
    """

    prompt: str
    seconds: int
    size: str = "360x640"
    model: str = "scene"
    seed: int | None = None
    fps: int = 24
    shots: tuple[Shot, ...] = ()
    style: str | None = None
    negative_prompt: str | None = None
    audio: bool = True
    input_reference: bytes | None = None
    cast: tuple[CastMember, ...] = ()
    source: Source | None = None

    @property
    def width_px(self) -> int:
        """Width of the picture."""
        return int(self.size.split("x")[0])

    @property
    def height_px(self) -> int:
        """Height of the picture."""
        return int(self.size.split("x")[1])


@dataclass(frozen=True, slots=True)
class NotDrawn:
    """A phrase the engine could not draw, and what it drew instead (None: nothing)."""

    phrase: str
    instead: str | None


@dataclass(frozen=True, slots=True)
class VideoError:
    """Why a video failed; `code` is for programs, `message` for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Video:
    """The state of one video on an engine; `progress` is 0-100."""

    id: str
    status: VideoStatus
    progress: int
    seed: int | None
    not_drawn: tuple[NotDrawn, ...]
    error: VideoError | None
    seconds: float
    size: str
    has_captions: bool = False
    has_world: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What may be asked of a video that builds on another; what is None stays as it was."""

    prompt: str
    seed: int | None = None
    style: str | None = None
    negative_prompt: str | None = None
    cast: tuple[CastMember, ...] = ()  # empty: as it was


@dataclass(frozen=True, slots=True)
class EngineCapabilities:
    """What may be asked of an engine, so that a caller can refuse early."""

    name: str
    kind: str
    description: str
    sizes: tuple[str, ...]
    min_seconds: int
    max_seconds: int
    max_shots: int
    fps: tuple[int, ...]
    audio: bool
    seed: bool
    procedural: bool
    input_reference: bool
    operations: tuple[Operation, ...] = ()
    captions: bool = False  # whether spoken lines come with WebVTT
    # film: `video` may be any MP4, and there is no `world`.
    builds_on: BuildsOn = "world"
    max_shot_seconds: int | None = None  # of one take; None: a take may be as long as a clip
    # A clip's progress from which the next is begun beside it; None: the next waits for its end.
    overlap_from_percent: int | None = None
    licence: str | None = None  # of the model's weights, as its operator accepted it by id


@dataclass(frozen=True, slots=True)
class Preview:
    """A clip at a glance."""

    jpeg: bytes  # a contact sheet, at most 2 MiB
    not_drawn: tuple[NotDrawn, ...]


@dataclass(frozen=True, slots=True)
class Rendering:
    """What an engine says about a clip it finished."""

    seed: int
    not_drawn: tuple[NotDrawn, ...]
    captions: str = ""  # WebVTT; empty: nobody speaks
    world: bytes = (
        b""  # JSON: what was simulated, and all that `Source` needs; empty: no such thing
    )


class Engine(Protocol):
    """One way to turn a request into an MP4; lives in one file or folder of `engine/engines`."""

    @property
    def capabilities(self) -> EngineCapabilities:
        """What may be asked of it."""

    def warm_up(self) -> None:
        """Load or compile what the first clip would otherwise wait for."""

    def vocabulary(self) -> dict[str, Any]:
        """Everything a prompt can name, as JSON; empty for an engine without such a list."""

    def preview(self, request: VideoRequest, *, is_cancelled: Callable[[], bool]) -> Preview:
        """Draw a contact sheet of the clip for a small part of what `render` costs.

        Called while another thread renders. The request's seed is always set.

        Raises:
            RenderCancelled: `is_cancelled` answered true.
            EngineError: the clip cannot be made.
        """

    def render(
        self,
        request: VideoRequest,
        to: Path,
        *,
        on_progress: Callable[[int], None],
        is_cancelled: Callable[[], bool],
    ) -> Rendering:
        """Write the clip to `to`; calls `on_progress(0-100)` and asks `is_cancelled` per frame.

        Called from one thread; with `overlap_from_percent` from two, and at once.

        Raises:
            RenderCancelled: `is_cancelled` answered true; nothing is left at `to`.
            EngineError: the clip cannot be made.
        """
