"""The handles that a text names: "@ada waves at @ada-rex". Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

HANDLES_A_TEXT_MAX = 50  # further mentions are only text
# A username, or a character's: its owner's, a dash and more. Not the domain of an address.
_MENTION = re.compile(r"(?<![\w.@-])@([a-z0-9][a-z0-9_.-]{0,40})")
_BORDER = re.compile(r"[.-]")


def plain_handle(text: str) -> str:
    """Return a handle as it is stored: without "@" and blanks, in lower case."""
    return unicodedata.normalize("NFKC", text).strip().removeprefix("@").lower()


def mentions(texts: Iterable[str]) -> list[tuple[str, ...]]:
    """Return for each mention what it may stand for, the longest first; in order, each once.

    "@ada.lovelace." may be the handle "ada.lovelace" or, where nobody has that, "ada".
    """
    found: dict[tuple[str, ...], None] = {}
    for text in texts:
        for match in _MENTION.finditer(unicodedata.normalize("NFKC", text).lower()):
            if len(found) >= HANDLES_A_TEXT_MAX:
                break
            found[_readings(match[1])] = None
    return list(found)


def _readings(name: str) -> tuple[str, ...]:
    name = name.rstrip(".-")
    cuts = [match.start() for match in _BORDER.finditer(name)]
    return (name, *(name[:cut].rstrip(".-") for cut in reversed(cuts)))
