"""Pronunciation: a line of text → the words that can be spoken, each with its phonemes (IPA)."""

import re
import unicodedata
import warnings
from dataclasses import dataclass

PAUSES = ",;:.!?"  # the marks at which the voice pauses
MAX_WORD_LETTERS = 32  # longer ones are noise, and cost as much as a sentence
MAX_DIGITS = 12  # numbers up to here are read as numbers, longer ones digit by digit
# Typographic quotes, dots and dashes.
TYPED = str.maketrans("\u2018\u2019\u201c\u201d\u2026\u2013\u2014", "''\"\",,,")


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word as it is read out; `mark` is the punctuation after it, or ""."""

    text: str
    phonemes: str
    mark: str = ""


def pronounced(text: str) -> tuple[tuple[SpokenWord, ...], tuple[str, ...]]:
    """Return the words of English as they are read out ("3" is "three"), and what is left out.

    Accents are dropped ("café" reads as "cafe"); other scripts and emoji have no sound here.
    """
    kept, left_out = _readable(text)
    words: list[SpokenWord] = []
    try:
        sentences = _sentences(" ".join(kept))
    except ArithmeticError:  # gruut cannot spell out every number: "1e99"
        left_out += [token for token in kept if any(c.isdigit() for c in token)]
        sentences = _sentences(" ".join(t for t in kept if not any(c.isdigit() for c in t)))
    for sentence in sentences:
        for word in sentence:
            if word.is_spoken and word.phonemes:
                words.append(SpokenWord(word.text, "".join(word.phonemes)))
            elif word.is_spoken:
                left_out.append(word.text)
            elif words and not words[-1].mark and word.text[0] in PAUSES:
                words[-1] = SpokenWord(words[-1].text, words[-1].phonemes, word.text[0])
    return tuple(words), tuple(left_out)


def _readable(text: str) -> tuple[list[str], list[str]]:
    """Keep what is Latin script; return the rest word by word."""
    kept, left_out = [], []
    for token in text.translate(TYPED).split():
        plain = "".join(
            c for c in unicodedata.normalize("NFKD", token) if not unicodedata.combining(c)
        )
        sounding = "".join(c for c in plain if c.isascii() or c in "£€")
        if any(c.isalnum() for c in plain if c not in sounding):
            left_out.append(token)  # a word of another script: half of it would be nonsense
            continue
        if silent := "".join(c for c in plain if c not in sounding and c.isprintable()):
            left_out.append(silent)
        sounding = sounding[:MAX_WORD_LETTERS]
        kept.append(
            re.sub(rf"\d{{{MAX_DIGITS + 1},}}", lambda digits: " ".join(digits[0]), sounding)
        )
    return kept, left_out


def _sentences(text: str) -> list:  # type: ignore[type-arg]  # gruut ships no types
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of gruut's own imports
        import gruut

        return list(gruut.sentences(text, lang="en-us", espeak=True))
