"""Phrases: tokens → the longest runs of words that the vocabulary knows, with all they can mean."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from engine.engines.scene.language.tokens import Token
from engine.engines.scene.language.vocabulary import Language, Meaning, Vocabulary

LONGEST = 6  # words
SIMILAR, SIMILAR_IF_SHORT = 0.84, 0.88  # share of letters in common

_ENDINGS = (
    ("'s", ("",)),
    ("ies", ("y", "ie")),
    ("es", ("", "e")),
    ("s", ("",)),
    ("ing", ("", "e")),
    ("ed", ("", "e")),
    ("ly", ("",)),
)
_PLURALS = frozenset({"ies", "es", "s", "plural"})


@dataclass(frozen=True, slots=True)
class Phrase:
    """Some words with what they can mean; unknown words have no meanings."""

    text: str
    kind: str  # of its token
    said: str
    meanings: tuple[Meaning, ...] = ()
    ending: str = ""  # what was taken off to find it: "s", "ing", "ed", "plural"
    entry: str = ""  # the words of the vocabulary that it was found as

    @property
    def is_plural(self) -> bool:
        """Whether a noun of this form is more than one."""
        return self.ending in _PLURALS

    def has(self, *kinds: str) -> bool:
        """Whether it can mean an entry of one of these tables."""
        return any(meaning.kind in kinds for meaning in self.meanings)

    def first(self, *kinds: str) -> Meaning | None:
        """Return its first meaning in one of these tables."""
        return next((m for m in self.meanings if m.kind in kinds), None)


class Lexicon:
    """Looks phrases up, those of the prompt's own language first."""

    def __init__(self, words: Vocabulary, language: Language | None) -> None:
        self._words = words
        self._language = language

    @classmethod
    def for_tokens(cls, tokens: Sequence[Token], words: Vocabulary) -> "Lexicon":
        """Choose the language that knows most words of a prompt; English if none knows more."""
        said = [token.text for token in tokens if token.kind == "word"]
        english = cls(words, None)
        best, most = english, sum(english._knows(word) for word in said)
        for language in words.languages:
            lexicon = cls(words, language)
            known = sum(lexicon._is_native(word) for word in said)
            if known > most:
                best, most = lexicon, known
        return best

    def phrases(self, tokens: Sequence[Token]) -> list[Phrase]:
        """Cut tokens into phrases, each the longest that is known."""
        found: list[Phrase] = []
        tokens = [self._in_english(token) for token in tokens]
        i = 0
        while i < len(tokens):
            if tokens[i].kind != "word":
                found.append(Phrase(tokens[i].text, tokens[i].kind, tokens[i].said))
                i += 1
                continue
            run = list(_words_from(tokens, i))
            phrase, taken = self._longest(run)
            found.append(phrase)
            i += taken
        return found

    def _longest(self, run: Sequence[Token]) -> tuple[Phrase, int]:
        for length in range(len(run), 0, -1):
            words = [token.text for token in run[:length]]
            for entry, ending in self._forms(words):
                if meanings := self._meanings(entry):
                    said = " ".join(token.said for token in run[:length])
                    phrase = Phrase(" ".join(words), "word", said, meanings, ending, entry)
                    return phrase, length
        return Phrase(run[0].text, "word", run[0].said), 1

    def _forms(self, words: Sequence[str]) -> Iterator[tuple[str, str]]:
        """These words as they are, then without the endings of the first and last."""
        yield " ".join(words), ""
        first, *middle = words
        if not middle:
            yield from self._base_forms(first)
            return
        *middle, last = middle
        for start, ending in self._base_forms(first):
            for end, other in self._base_forms(last):
                yield " ".join((start, *middle, end)), ending or other

    def _meanings(self, text: str) -> tuple[Meaning, ...]:
        own = self._language.lexicon.get(text, ()) if self._language else ()
        if self._language and text in self._language.roles:
            return own
        return own or self._words.lexicon.get(text, ())

    def _base_forms(self, word: str) -> Iterator[tuple[str, str]]:
        """The word as it is, then without its endings: (form, ending)."""
        yield word, ""
        if self._language:
            yield from self._language.base_forms(word)
        singular = self._words.grammar["plurals"].get(word)
        if singular:
            yield singular, "plural"
        for ending, replacements in _ENDINGS:
            stem = word.removesuffix(ending)
            if stem == word or len(stem) < 2:
                continue
            yield from ((stem + replacement, ending) for replacement in replacements)
            if stem[-1] == stem[-2]:  # spinning → spin
                yield stem[:-1], ending

    def _in_english(self, token: Token) -> Token:
        """A function word of another language as the English one that does the same."""
        if self._language and token.kind == "word" and token.text in self._language.roles:
            return replace(token, text=self._language.roles[token.text])
        return token

    def _knows(self, word: str) -> bool:
        stop = self._words.words_of("stop_words") | self._words.words_of("determiners")
        return word in stop or any(self._meanings(form) for form, _ in self._forms([word]))

    def _is_native(self, word: str) -> bool:
        if self._language is None:
            return False
        forms = (form for form, _ in self._base_forms(word))
        return word in self._language.roles or any(f in self._language.lexicon for f in forms)


def nearest_spelling(text: str, lexicon: Iterable[str]) -> str | None:
    """Return the known phrase that a misspelt word most likely is; None: none is near enough."""
    if not 5 <= len(text) <= 20:
        return None
    near = (word for word in lexicon if word[0] == text[0] and abs(len(word) - len(text)) < 3)
    cutoff = SIMILAR if len(text) > 5 else SIMILAR_IF_SHORT
    return next(iter(difflib.get_close_matches(text, near, n=1, cutoff=cutoff)), None)


def _words_from(tokens: Sequence[Token], start: int) -> Iterator[Token]:
    for token in tokens[start : start + LONGEST]:
        if token.kind != "word":
            return
        yield token
