"""Whether a text names somebody who is not to be shown. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from perception.lexicon import Lexicon
from perception.normalise import normalise


def find_name(names: tuple[str, ...], text: str) -> tuple[int, int] | None:
    """Return where a text first names one of these people, as a span of its code points.

    Whole words are compared, as prompts are read anywhere: undisguised, without accents, in any
    letter case; between them stands anything but a letter. "Zoë Müller-Lee" is in "Z0E MULLER LEE".

    Args:
        names: as people write them; one without a letter is nobody's.
        text: what may name them.

    Returns:
        None: it names nobody of them.
    """
    if not names:
        return None
    read = normalise(text)
    found = _lexicon(names).find(read)
    return read.original_span(*found[0]) if found else None


@lru_cache(maxsize=8)
def _lexicon(names: tuple[str, ...]) -> Lexicon:
    phrases = (" ".join(re.findall(r"[^\W_]+", name)) for name in names)
    return Lexicon.of(phrase for phrase in phrases if phrase)
