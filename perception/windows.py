# ruff: noqa: RUF001 the punctuation of other scripts is meant
"""Cut a text into the windows of words that are scored."""

from __future__ import annotations

import re
from typing import Final

Range = tuple[int, int]

# Scripts without spaces are cut into pairs of characters, which carry about a word's meaning.
_WORD: Final = re.compile(
    r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]{1,2}"
    r"|(?:(?![\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff])\w)+(?:['’](?:(?!_)\w)+)*"
)
_SENTENCE_END: Final = re.compile(r"[.!?;\n。！？；]+")

# (words, stride): whole sentences of a prompt are about 12 words; the shorter window finds a clause
# hidden in a longer one. Halving strides leaves no phrase of half a window's length cut everywhere.
_COARSE: Final = ((12, 6), (6, 3))
_FINE_WORDS: Final = range(2, 7)
_WHOLE_WORDS_MAX: Final = 48


def word_ranges(text: str) -> list[Range]:
    """Return where each word stands."""
    return [match.span() for match in _WORD.finditer(text)]


def coarse_windows(text: str) -> list[Range]:
    """Return windows that together cover every word: the whole, each sentence, and pieces of it."""
    words = word_ranges(text)
    windows: set[Range] = set()
    if 0 < len(words) <= _WHOLE_WORDS_MAX:
        windows.add((words[0][0], words[-1][1]))
    for sentence in _sentences(text, words):
        for size, stride in _COARSE:
            windows.update(_sliding(sentence, size, stride))
    return sorted(windows)


def fine_windows(text: str, within: Range) -> list[Range]:
    """Return every short window inside `within`, from which the exact span is chosen."""
    words = [word for word in word_ranges(text) if within[0] <= word[0] and word[1] <= within[1]]
    windows = {within}
    for size in _FINE_WORDS:
        windows.update(_sliding(words, size, 1))
    return sorted(windows)


def _sentences(text: str, words: list[Range]) -> list[list[Range]]:
    sentences: list[list[Range]] = []
    for word in words:
        if sentences and not _SENTENCE_END.search(text, sentences[-1][-1][1], word[0]):
            sentences[-1].append(word)
        else:
            sentences.append([word])
    return sentences


def _sliding(words: list[Range], size: int, stride: int) -> list[Range]:
    if not words:
        return []
    last = max(0, len(words) - size)
    firsts = {*range(0, last, stride), last}
    return [(words[first][0], words[min(first + size, len(words)) - 1][1]) for first in firsts]
