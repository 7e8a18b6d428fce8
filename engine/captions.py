"""WebVTT captions of films that are joined (W3C WebVTT, section 4)."""

import re
from collections.abc import Iterable

HEADER = "WEBVTT"
_STAMP = r"(?:\d{2,}:)?\d{2}:\d{2}\.\d{3}"
_TIMING = re.compile(rf"^({_STAMP})([ \t]+-->[ \t]+)({_STAMP})", re.MULTILINE)


def joined(parts: Iterable[tuple[str, float]]) -> str:
    """The captions of films shown one after the other; empty when nobody speaks in any.

    Args:
        parts: each film's captions, which may be empty, and its length in seconds.
    """
    blocks, begins = [], 0.0
    for captions, seconds in parts:
        blocks += [_shifted(block, begins) for block in _cues(captions)]
        begins += seconds
    return "\n\n".join([HEADER, *blocks]) + "\n" if blocks else ""


def _cues(captions: str) -> list[str]:
    """The blocks behind the header: cues, and what styles them."""
    text = captions.replace("\r\n", "\n").replace("\r", "\n")
    blocks = re.split(r"\n{2,}", text.strip("\n"))
    return [block.strip("\n") for block in blocks[1:] if block.strip()]


def _shifted(cue: str, seconds: float) -> str:
    def shift(timing: re.Match[str]) -> str:
        return f"{_later(timing[1], seconds)}{timing[2]}{_later(timing[3], seconds)}"

    return _TIMING.sub(shift, cue, count=1)


def _later(stamp: str, seconds: float) -> str:
    *hours, minutes, rest = stamp.split(":")
    past_ms = round(float(rest) * 1000) + 60_000 * (int(minutes) + 60 * int(*hours or "0"))
    total_ms = past_ms + round(1000 * seconds)
    total_minutes, left_ms = divmod(total_ms, 60_000)
    return f"{total_minutes // 60:02}:{total_minutes % 60:02}:{left_ms / 1000:06.3f}"
