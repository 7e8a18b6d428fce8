"""What a person agrees to before anything is captured: the text, by version, and its purposes.

A text that people agreed to is never changed: another text is another file, and the newest version
is what is asked for from then on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PERSON, PROTECTED = "person", "protected"
_TEXTS = Path(__file__).with_name("consents")


@dataclass(frozen=True, slots=True)
class Purpose:
    """One thing that is agreed to by itself, with its own box to tick."""

    name: str
    text: str
    required: bool  # for the kinds of enrolment that it belongs to
    kinds: tuple[str, ...]


PURPOSES = (
    Purpose(
        "likeness",
        "Make a template and a portrait of my face, and use them for my cameo under my terms, and "
        "to recognise my face in clips and uploads.",
        required=True,
        kinds=(PERSON,),
    ),
    Purpose(
        "voice",
        "Let clips with my cameo speak in my name. Without it they have another person's voice, or "
        "none.",
        required=False,
        kinds=(PERSON,),
    ),
    Purpose(
        "protect",
        "Make a template of my face, and use it only to keep my face out of clips and uploads.",
        required=True,
        kinds=(PROTECTED,),
    ),
)


@dataclass(frozen=True, slots=True)
class ConsentText:
    """One version of the text, and the hash that proves which words they were."""

    version: str
    text: str
    sha256: str


class UnknownVersion(LookupError):
    """No text has this version."""


@cache
def consent_text(version: str) -> ConsentText:
    """Return a version of the text, old ones too.

    Raises:
        UnknownVersion: there is none.
    """
    if version not in versions():
        raise UnknownVersion(version)
    raw = (_TEXTS / f"{version}.md").read_bytes()
    return ConsentText(version, raw.decode(), hashlib.sha256(raw).hexdigest())


@cache
def versions() -> tuple[str, ...]:
    """Return every version there is, the newest last."""
    return tuple(sorted(path.stem for path in _TEXTS.glob("*.md")))


def current_text() -> ConsentText:
    """Return the text that is asked for now."""
    return consent_text(versions()[-1])


def missing_purposes(kind: str, agreed: Collection[str]) -> tuple[str, ...]:
    """Return the purposes without which this kind of enrolment cannot be."""
    return tuple(
        purpose.name
        for purpose in PURPOSES
        if purpose.required and kind in purpose.kinds and purpose.name not in agreed
    )


def purposes_of(kind: str, agreed: Collection[str]) -> tuple[str, ...]:
    """Return what was agreed to and belongs to this kind, in our order."""
    return tuple(each.name for each in PURPOSES if kind in each.kinds and each.name in agreed)
