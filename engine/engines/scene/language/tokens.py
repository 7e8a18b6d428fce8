"""Tokens: a prompt → words, punctuation, quotations, handles; emoji become words."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from engine.engines.scene.language.vocabulary import vocabulary

MAX_QUOTED_CHARACTERS = 300

# Opening marks with their closing ones; a straight single quote only around, not within, words.
_QUOTES = (
    "|".join(
        rf"[{opening}]([^{closing}]{{1,{MAX_QUOTED_CHARACTERS}}}?)[{closing}]"
        for opening, closing in (
            ('"', '"'),
            ("“„‟", '“”"'),
            ("«", "»"),
            ("»", "«"),
            ("\u2039", "\u203a"),
            ("「『", "」』"),
        )
    )
    + rf"|(?<!\w)['\u2018\u201a](.{{1,{MAX_QUOTED_CHARACTERS}}}?)['\u2019\u2018](?!\w)"
)
_HANDLE = r"@[A-Za-z0-9_](?:[A-Za-z0-9_.]|-(?=[A-Za-z0-9_])){0,29}"
_WORD = r"f/?\d+(?:\.\d+)?|\d+(?:[./,]\d+)+|b&w|[^\W_]+(?:['\u2019-][^\W_]+)*"
_SYMBOL = r"[\U0001F000-\U0001FAFF☀-➿⬀-⯿]"
_TOKEN = re.compile(
    rf"(?P<quote>{_QUOTES})|(?P<handle>{_HANDLE})|(?P<word>{_WORD}|{_SYMBOL})|[,.;:!?]"
)
_SELECTORS = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]|\u200d[\u2640\u2642]")


@dataclass(frozen=True, slots=True)
class Token:
    """One word, mark, quotation or handle; `text` in lower case, `said` as it was written."""

    text: str
    kind: Literal["word", "mark", "quote", "handle"]
    said: str


def tokens_of(prompt: str) -> list[Token]:
    """Cut a prompt into tokens; a quotation is one token, without its marks."""
    return list(_tokens(_spelled_out(unicodedata.normalize("NFC", prompt))))


def _tokens(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        said = match[0]
        if match["quote"]:
            inner = next(group for group in match.groups()[1:] if group is not None)
            yield Token("", "quote", " ".join(inner.split()))
        elif match["handle"]:
            handle = said.rstrip(".")
            yield Token(handle.lower(), "handle", handle)
        elif match["word"]:
            plain = unicodedata.normalize("NFKC", said).replace("\u2019", "'")
            yield Token(plain.lower(), "word", plain)
        else:
            yield Token(said, "mark", said)


@cache
def _emoji() -> tuple[re.Pattern[str], Mapping[str, str]]:
    table = vocabulary().emoji
    longest_first = sorted(table, key=len, reverse=True)
    return re.compile("(" + "|".join(longest_first) + r")(?:\s*\1)*"), table


def _spelled_out(text: str) -> str:
    """Say known emoji in words; the same one three times is three of them."""
    pattern, table = _emoji()
    bare = _SELECTORS.sub("", text)

    def words(run: re.Match[str]) -> str:
        times = run[0].count(run[1])
        # "the": beside its own name in words an emoji is an illustration, not another thing.
        return f", {'the' if times == 1 else times} {table[run[1]]} " if times else ""

    return pattern.sub(words, bare)
