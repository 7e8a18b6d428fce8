"""Request bodies → what is to be made: every field checked against what the engine can do."""

import json
from collections.abc import Mapping
from typing import Any

from engine import fields as check
from engine.characters import CharacterBook, read_cast
from engine.contracts import (
    MAX_PROMPT_CHARACTERS,
    CastMember,
    Change,
    EngineCapabilities,
    Shot,
    VideoRequest,
)
from engine.errors import RequestRejected
from engine.worlds import MAX_SEED

DEFAULT_SECONDS = 4
MAX_STYLE_CHARACTERS = 200
FIELDS = frozenset(
    [
        "prompt",
        "seconds",
        "size",
        "model",
        "seed",
        "fps",
        "shots",
        "style",
        "negative_prompt",
        "audio",
        "generate_sound",
        "input_reference",
        "characters",
    ]
)
CHANGE_FIELDS = frozenset(["prompt", "seed", "style", "negative_prompt", "characters"])


def read_request(
    fields: Mapping[str, Any], limits: EngineCapabilities, book: CharacterBook
) -> VideoRequest:
    """Check every field of a JSON object, or of a form (all strings), against the engine's limits.

    Raises:
        RequestRejected: names the first wrong field.
    """
    check.check_names(fields, FIELDS)
    if (model := check.text(fields, "model", 64) or limits.name) != limits.name:
        raise RequestRejected(
            f"The model {model!r} does not exist here; there is {limits.name!r}.",
            param="model",
            code="model_not_found",
        )
    size = check.text(fields, "size", 16) or limits.sizes[0]
    if size not in limits.sizes:
        what = check.expected("size", f"one of {', '.join(limits.sizes)}")
        raise RequestRejected(what, param="size")
    shots = _shots(fields.get("shots"), limits)
    seconds = _seconds(fields, shots, limits)
    fps = check.integer(fields.get("fps"), "fps", 1, 120) or limits.fps[0]
    return VideoRequest(
        prompt=check.prompt(fields, is_optional=bool(shots)),
        seconds=seconds,
        size=size,
        model=model,
        seed=check.integer(fields.get("seed"), "seed", 0, MAX_SEED),
        fps=check.one_of(fps, "fps", limits.fps),
        shots=shots,
        style=check.text(fields, "style", MAX_STYLE_CHARACTERS),
        negative_prompt=check.text(fields, "negative_prompt", MAX_PROMPT_CHARACTERS),
        audio=_audio(fields),
        input_reference=check.image(fields.get("input_reference"), "input_reference"),
        cast=_cast(fields, limits, book),
    )


def read_change(
    fields: Mapping[str, Any], limits: EngineCapabilities, book: CharacterBook
) -> Change:
    """Check the fields that a request shares with every other that builds on a video.

    Raises:
        RequestRejected: names the first wrong field.
    """
    return Change(
        prompt=check.prompt(fields),
        seed=check.integer(fields.get("seed"), "seed", 0, MAX_SEED),
        style=check.text(fields, "style", MAX_STYLE_CHARACTERS),
        negative_prompt=check.text(fields, "negative_prompt", MAX_PROMPT_CHARACTERS),
        cast=_cast(fields, limits, book),
    )


def _audio(fields: Mapping[str, Any]) -> bool:
    # `generate_sound` is what other servers of the dialect call it.
    asked = {
        check.boolean(fields[name], name, default=True)
        for name in ("audio", "generate_sound")
        if fields.get(name) is not None
    }
    if len(asked) > 1:
        raise RequestRejected(
            check.expected("generate_sound", "the same as 'audio', or nothing"),
            param="generate_sound",
        )
    return asked != {False}


def _seconds(fields: Mapping[str, Any], shots: tuple[Shot, ...], limits: EngineCapabilities) -> int:
    low, high = limits.min_seconds, limits.max_seconds
    if not shots:  # it is one take
        high = limits.max_shot_seconds or high
    asked = check.integer(fields.get("seconds"), "seconds", low, high)
    if not shots:
        return asked or min(DEFAULT_SECONDS, high)
    total = sum(shot.seconds for shot in shots)
    if total > high:
        raise RequestRejected(
            check.expected("shots", f"at most {high} seconds together"), param="shots"
        )
    if asked not in {None, total}:
        raise RequestRejected(
            check.expected("seconds", f"{total}, the sum of the shots, or nothing"), param="seconds"
        )
    return total


def _shots(value: Any, limits: EngineCapabilities) -> tuple[Shot, ...]:
    # A list of {prompt, seconds, camera?}; in a form it is JSON text.
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise RequestRejected(check.expected("shots", "a JSON list"), param="shots") from None
    if value is None:
        return ()
    if not isinstance(value, list) or not 1 <= len(value) <= limits.max_shots:
        expected = check.expected("shots", f"a list of 1 to {limits.max_shots} shots")
        raise RequestRejected(expected, param="shots")
    return tuple(_shot(item, f"shots[{i}]", limits) for i, item in enumerate(value))


def _shot(item: Any, name: str, limits: EngineCapabilities) -> Shot:
    if not isinstance(item, dict) or not item.keys() <= {"prompt", "seconds", "camera"}:
        expected = check.expected(name, "an object with prompt, seconds and camera")
        raise RequestRejected(expected, param=name)
    named = {f"{name}.{field}": content for field, content in item.items()}
    prompt = check.text(named, f"{name}.prompt", MAX_PROMPT_CHARACTERS)
    longest = limits.max_shot_seconds or limits.max_seconds
    seconds = check.integer(item.get("seconds"), f"{name}.seconds", 1, longest)
    camera = check.text(named, f"{name}.camera", MAX_STYLE_CHARACTERS)
    if prompt is None or seconds is None:
        check.refuse_missing(f"{name}.prompt" if prompt is None else f"{name}.seconds")
    return Shot(prompt, seconds, camera)


def _cast(
    fields: Mapping[str, Any], limits: EngineCapabilities, book: CharacterBook
) -> tuple[CastMember, ...]:
    is_offered = "characters" in limits.operations
    return read_cast(fields.get("characters"), book, is_offered=is_offered)
