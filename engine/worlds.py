"""The world of a video as a document: what its caller may keep, read, and build on later.

One JSON object: the engine's name, the film's size, rate and sound, and for each part of the film
its length and what the engine said of it. An extended video has several parts. An uploaded document
is a stranger's: the checks here are all that stands between it and the engine.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from engine.contracts import EngineCapabilities
from engine.errors import RequestRejected
from engine.fields import boolean, expected, integer, one_of

MAX_WORLD_BYTES = 4 * 1024 * 1024  # of an upload
MAX_DEPTH = 64
MAX_PARTS = 32
MAX_TOTAL_SECONDS = 120
MAX_SEED = 2**31 - 1
_KEYS = {"engine", "size", "fps", "audio", "seed", "parts"}
_LARGEST_INTEGER = 2**63


@dataclass(frozen=True, slots=True)
class WorldPart:
    """A stretch of film that was rendered at once."""

    seconds: int
    world: bytes  # `Rendering.world`


@dataclass(frozen=True, slots=True)
class WorldDocument:
    """All that is needed to extend or edit a film without its file."""

    engine: str
    size: str
    fps: int
    audio: bool
    seed: int
    parts: tuple[WorldPart, ...]

    @property
    def seconds(self) -> int:
        """Length of the film."""
        return sum(part.seconds for part in self.parts)


def write_world(document: WorldDocument) -> bytes:
    """The document as JSON; what the engine wrote stands in it byte for byte."""
    head = {
        "engine": document.engine,
        "size": document.size,
        "fps": document.fps,
        "audio": document.audio,
        "seed": document.seed,
    }
    parts = (b'{"seconds":%d,"world":%b}' % (part.seconds, part.world) for part in document.parts)
    return json.dumps(head)[:-1].encode() + b',"parts":[' + b",".join(parts) + b"]}"


def read_world(
    data: bytes,
    limits: EngineCapabilities,
    *,
    max_bytes: int = MAX_WORLD_BYTES,
    param: str = "world",
) -> WorldDocument:
    """Check a document of unknown origin against what this engine makes.

    Args:
        data: what was uploaded, or what `write_world` wrote.
        limits: of the engine that is to go on from it.
        max_bytes: a larger one is not read.
        param: the field that errors name.

    Raises:
        RequestRejected: too large or too deep, no JSON or not all numbers finite, another engine's,
            or not what `write_world` writes.
    """
    if len(data) > max_bytes:
        raise RequestRejected(
            f"{param!r} is larger than {max_bytes} bytes.",
            param=param,
            code="world_too_large",
        )
    try:
        document = json.loads(
            data, parse_constant=_refuse, parse_float=_finite, parse_int=_moderate
        )
        _check_depth(document)
    except (ValueError, RecursionError) as error:
        what = expected(param, f"JSON of at most {MAX_DEPTH} levels, finite numbers")
        raise RequestRejected(what, param=param) from error
    if not isinstance(document, dict) or document.keys() != _KEYS:
        _refuse_value(param, f"an object of {', '.join(sorted(_KEYS))}")
    if document["engine"] != limits.name:
        raise RequestRejected(
            f"This world is not of the engine {limits.name!r}.",
            param=param,
            code="world_of_another_engine",
        )
    return _checked(document, limits, param)


def _checked(document: dict[str, Any], limits: EngineCapabilities, param: str) -> WorldDocument:
    size, parts = document["size"], document["parts"]
    if size not in limits.sizes:
        _refuse_value(f"{param}.size", f"one of {', '.join(limits.sizes)}")
    if not isinstance(parts, list) or not 1 <= len(parts) <= MAX_PARTS:
        _refuse_value(f"{param}.parts", f"a list of 1 to {MAX_PARTS} parts")
    found = WorldDocument(
        engine=limits.name,
        size=size,
        fps=one_of(_whole(document["fps"], f"{param}.fps", 1, 120), f"{param}.fps", limits.fps),
        audio=boolean(document["audio"], f"{param}.audio", default=True),
        seed=_whole(document["seed"], f"{param}.seed", 0, MAX_SEED),
        parts=tuple(
            _part(part, f"{param}.parts[{i}]", limits.max_seconds) for i, part in enumerate(parts)
        ),
    )
    if found.seconds > MAX_TOTAL_SECONDS:
        _refuse_value(f"{param}.parts", f"at most {MAX_TOTAL_SECONDS} seconds together")
    return found


def _part(part: Any, param: str, max_seconds: int) -> WorldPart:
    if not isinstance(part, dict) or part.keys() != {"seconds", "world"}:
        _refuse_value(param, "an object of seconds and world")
    if not isinstance(part["world"], dict):
        _refuse_value(f"{param}.world", "an object")
    seconds = _whole(part["seconds"], f"{param}.seconds", 1, max_seconds)
    return WorldPart(seconds, json.dumps(part["world"], separators=(",", ":")).encode())


def _whole(value: Any, param: str, low: int, high: int) -> int:
    found = integer(value, param, low, high)
    if found is None:
        _refuse_value(param, "an integer")
    return found


def _check_depth(document: Any) -> None:
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH + 1):
        level = [inner for value in level if isinstance(value, dict | list) for inner in _in(value)]
        if not level:
            return
    raise ValueError("too deep")


def _in(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _moderate(digits: str) -> int:
    number = int(digits)  # itself refuses thousands of digits
    if abs(number) >= _LARGEST_INTEGER:
        raise ValueError("an integer is too large")
    return number


def _refuse_value(param: str, what: str) -> NoReturn:
    raise RequestRejected(expected(param, what), param=param)
