"""Captures that say what is in them, and a check of liveness that believes them.

A capture is a well-formed MP4 whose payload names a face by a number, what was said and which way
the head went. The check holds the latter two against the challenge, as the real one does, and
answers in the same shape.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cameos.models import Enrolment


@dataclass(frozen=True, slots=True)
class FakeReport:
    """As `perception.liveness.CaptureReport`."""

    reasons: tuple[str, ...] = ()
    template: npt.NDArray[np.float32] | None = None
    portrait_jpeg: bytes | None = None
    samples: npt.NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))
    facts: dict[str, Any] = field(default_factory=dict)


def box(kind: bytes, content: bytes) -> bytes:
    """Return one box of an MP4."""
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def mp4(payload: bytes) -> bytes:
    """Return an MP4 that is well-formed on the outside."""
    brand = b"isom\x00\x00\x02\x00isommp42"
    return box(b"ftyp", brand) + box(b"moov", b"\x00" * 64) + box(b"mdat", payload)


def capture(
    *, face: int, digits: str, turns: str, near: int | None = None, similarity: float = 0.0,
    reasons: tuple[str, ...] = (), salt: str = "", size: int = 4_000,
) -> bytes:  # fmt: skip
    """Return a capture of a face; with `near`, one so similar to that face."""
    told = {
        "face": face,
        "near": near,
        "similarity": similarity,
        "digits": digits,
        "turns": turns,
        "reasons": reasons,
        "salt": salt,
    }
    return mp4(json.dumps(told).encode().ljust(size, b" "))


def template_of(seed: int, *, near: int | None = None, similarity: float = 0.0):
    """Return a template of unit length; with `near`, one of a given cosine with that seed's."""
    made = _unit(np.random.default_rng(seed).normal(size=128))
    if near is None:
        return made
    other = template_of(near)
    across = _unit(made - (made @ other) * other)
    return _unit(similarity * other + np.sqrt(1 - similarity**2) * across)


def portrait_of(seed: int) -> bytes:
    """Return what stands for a portrait: bytes that are found where they lie open."""
    return b"\xff\xd8\xff\xe0" + np.random.default_rng(seed).bytes(900) + b"\xff\xd9"


def look(path: Path, enrolment: Enrolment) -> FakeReport:
    """Check a capture against its challenge."""
    told = json.loads(path.read_bytes().split(b"mdat", 1)[1])
    reasons = list(told["reasons"])
    if told["digits"] != enrolment.digits:
        reasons.append("wrong_digits")
    if told["turns"] != enrolment.turns:
        reasons.append("wrong_turns")
    facts = {"seconds": 6.2, "turns": told["turns"].split(",")}
    if reasons:
        return FakeReport(reasons=tuple(reasons), facts=facts)
    template = template_of(told["face"], near=told["near"], similarity=told["similarity"])
    return FakeReport(
        template=template,
        portrait_jpeg=portrait_of(told["face"]),
        samples=template[None],
        facts=facts,
    )


def _unit(vector: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    return (vector / np.linalg.norm(vector)).astype(np.float32)
