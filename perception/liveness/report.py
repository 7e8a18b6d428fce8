"""What the verification of a capture found, as a value and as bytes between two processes."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

# Why a capture does not count, in the order in which a person should hear of them.
REASONS: Final = (
    "capture_unreadable",  # no MP4, MOV or WebM, cut off, or damaged
    "capture_too_large",  # bytes or pixels
    "capture_too_long",
    "capture_too_short",
    "codec_not_allowed",
    "no_picture",
    "no_sound",  # no sound track
    "no_face",
    "two_faces",
    "face_too_small",
    "face_changed",  # another person's from some moment on
    "still_face",
    "flat_face",
    "turns_missing",
    "wrong_turns",
    "silent",
    "wrong_digits",
    "verification_failed",  # ours: a crash, or more time or memory than allowed
)
MAX_ANSWER_BYTES: Final = 1024 * 1024
_MAX_FACTS_BYTES = 16 * 1024
_MAX_PORTRAIT_BYTES = 256 * 1024
_MAX_SAMPLES = 16
_MAX_DIMENSION = 4096
_UNIT_SLACK = 1e-3

Template = npt.NDArray[np.float32]


class BadAnswer(Exception):
    """What should be a report is none; the text says why."""


@dataclass(frozen=True, slots=True, eq=False)
class CaptureReport:
    """The outcome for one capture: genuine when `reasons` is empty.

    Only a genuine capture leaves a template, a portrait and samples: of one that is refused nothing
    biometric is kept.
    """

    reasons: tuple[str, ...]
    template: Template | None = None  # [D], unit length: the mean of the frontal frames
    portrait_jpeg: bytes | None = None  # the best frontal face, at most 512 px, no metadata
    samples: Template = field(default_factory=lambda: np.zeros((0, 0), np.float32))  # [k, D]
    facts: dict[str, Any] = field(default_factory=dict)  # JSON: what was measured

    @property
    def is_genuine(self) -> bool:
        """Return whether the capture passed."""
        return not self.reasons


def failed(why: str) -> CaptureReport:
    """Report that we could not verify; `why` is for operators."""
    return CaptureReport(("verification_failed",), facts={"failure": why[:1000]})


def to_bytes(report: CaptureReport) -> bytes:
    """Write a report as JSON, what is binary in base64."""
    return json.dumps(
        {
            "reasons": list(report.reasons),
            "template": None if report.template is None else _encoded(report.template),
            "portrait": None if report.portrait_jpeg is None else _text(report.portrait_jpeg),
            "samples": [_encoded(sample) for sample in report.samples],
            "facts": report.facts,
        }
    ).encode()


def of_bytes(answer: bytes) -> CaptureReport:
    """Read what `to_bytes` wrote, distrusting every part: its writer has decoded hostile media.

    Raises:
        BadAnswer: it is not a report, or contradicts itself.
    """
    try:
        value = json.loads(answer)
        reasons = tuple(value["reasons"])
        facts = value["facts"]
        template, portrait, samples = value["template"], value["portrait"], value["samples"]
        if not set(reasons) <= set(REASONS) or len(set(reasons)) != len(reasons):
            raise BadAnswer("unknown reasons")
        if type(facts) is not dict or len(json.dumps(facts)) > _MAX_FACTS_BYTES:
            raise BadAnswer("facts that are none, or too many")
        if reasons:
            if (template, portrait, samples) != (None, None, []):
                raise BadAnswer("refused, yet with a template")
            return CaptureReport(reasons, facts=facts)
        return CaptureReport(
            (), _decoded(template), _portrait(portrait), _samples(samples), facts=facts
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadAnswer(f"not a report: {type(error).__name__}") from error


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _encoded(template: Template) -> str:
    return _text(np.ascontiguousarray(template, dtype="<f4").tobytes())


def _decoded(text: str) -> Template:
    """Return a template.

    Raises:
        BadAnswer: not numbers of unit length.
    """
    data = base64.b64decode(text, validate=True)
    if len(data) > 4 * _MAX_DIMENSION:
        raise BadAnswer("a template too long")
    template = np.frombuffer(data, "<f4").astype(np.float32)
    # NaN is near nothing.
    if not abs(float(np.linalg.norm(template)) - 1.0) < _UNIT_SLACK:
        raise BadAnswer("a template that is not of unit length")
    return template


def _samples(texts: list[str]) -> Template:
    """Return the samples.

    Raises:
        BadAnswer: too many of them.
    """
    if type(texts) is not list or not 0 < len(texts) <= _MAX_SAMPLES:
        raise BadAnswer("too many samples, or none")
    return np.stack([_decoded(text) for text in texts])


def _portrait(text: str) -> bytes:
    """Return the portrait, which is not looked into.

    Raises:
        BadAnswer: not the size and the ends of a JPEG.
    """
    data = base64.b64decode(text, validate=True)
    if len(data) > _MAX_PORTRAIT_BYTES or data[:3] != b"\xff\xd8\xff" or data[-2:] != b"\xff\xd9":
        raise BadAnswer("a portrait that is no JPEG, or too large")
    return data
