"""Surroundings: what stands before and behind the phrase that is being read."""

from dataclasses import dataclass, field

from engine.engines.scene.language.phrases import Phrase
from engine.engines.scene.language.vocabulary import Vocabulary

ADJECTIVES = ("colours", "materials", "numbers", "sizes", "arrangements", "hair", "expressions")
NOUNS = ("subjects", "garments")
RELATIVES = frozenset({"that", "which", "who"})


@dataclass(slots=True)
class Surroundings:
    """The phrases of a prompt; `at` is behind the one that is being read."""

    words: Vocabulary
    phrases: list[Phrase] = field(default_factory=list)
    at: int = 0

    def next(self, ahead: int = 0) -> Phrase | None:
        """Return the phrase behind the one being read, or one further ahead."""
        position = self.at + ahead
        return self.phrases[position] if position < len(self.phrases) else None

    def before(self, back: int = 1) -> Phrase | None:
        """Return the phrase before the one being read, or one further back."""
        position = self.at - 1 - back
        return self.phrases[position] if position >= 0 else None

    def leads_to_noun(self, ahead: int = 0) -> bool:
        """Whether adjectives standing here have their noun behind them."""
        after_comma = False
        while following := self.next(ahead):
            ahead += 1
            if following.has(*NOUNS, "places"):
                return not after_comma
            if following.text in {",", "and", "or"}:
                after_comma = True
            elif following.text in self.words.words_of("determiners") and not after_comma:
                return False
            elif following.has(*ADJECTIVES, "paces") and not (
                after_comma and following.has("numbers")
            ):
                after_comma = False
            elif self.is_attribute(following) and not after_comma:
                continue
            elif following.text != "of" and following.text not in self.words.words_of("adverbs"):
                return False
        return False

    def is_attribute(self, phrase: Phrase) -> bool:
        """Whether a verb may stand before its noun: "a bouncing ball", "a broken chair"."""
        return phrase.has("actions") and phrase.ending in {"ing", "ed"}

    def acts_next(self) -> bool:
        """Whether the noun that was just read has a verb behind it."""
        skipped = self.words.words_of("adverbs") | self.words.words_of("auxiliaries")
        ahead = 0
        while (following := self.next(ahead)) and following.text in skipped:
            ahead += 1
        return bool(following and following.has("actions", "going") and following.kind == "word")

    def leads_to_verb(self) -> bool:
        """Whether a verb comes next."""
        following = self.next()
        return bool(following and following.has("actions", "going"))

    def follows_noun(self) -> bool:
        """Whether a noun, or "that" behind one, stands right before the word just read."""
        back = 1
        skipped = self.words.words_of("adverbs") | self.words.words_of("auxiliaries")
        while (before := self.before(back)) and before.text in skipped | RELATIVES:
            back += 1
        return bool(before and (before.has("subjects") or before.kind == "handle"))

    def reads_as_verb(self, phrase: Phrase) -> bool:
        """Whether "swing", "waves" or "drop" is a verb where it stands."""
        if phrase.ending in {"ing", "ed"}:
            return True
        before = self.before()
        if before is None or before.kind != "word":
            return False
        if before.text in self.words.words_of("determiners") or before.has(
            *ADJECTIVES, "relations"
        ):
            return before.text == "to"
        return before.has("subjects", "actions") or before.text in (
            self.words.words_of("auxiliaries")
            | self.words.words_of("sequence")
            | set(self.words.grammar["pronouns"])
            | RELATIVES
            | {"and", "to"}
        )

    def is_of_unknown_noun(self) -> bool:
        """Whether an adjective stands before a word that cannot be drawn: "a red trombone"."""
        before, following = self.before(), self.next()
        return bool(
            before
            and before.text in self.words.words_of("determiners")
            and following
            and following.kind == "word"
            and not following.has("relations")
        )

    def is_after_adjective(self) -> bool:
        """Whether what is being read goes on with a noun's adjectives, or begins a clause."""
        before = self.before()
        return before is None or before.has(*ADJECTIVES) or before.kind == "mark"

    def has_adjective_ahead(self) -> bool:
        """Whether "and" goes on with adjectives of the same noun: "a red and a blue ball"."""
        ahead = 0
        while (following := self.next(ahead)) and following.text in {"a", "an", "the"}:
            ahead += 1
        return bool(
            following
            and following.has(*ADJECTIVES)
            and not following.has("subjects")
            and self.leads_to_noun(ahead)
        )

    def has_line(self, phrase: Phrase) -> bool:
        """Whether a name stands before its line, as in a play."""
        colon, line = self.next(), self.next(1)
        is_name = phrase.said[:1].isupper() and " " not in phrase.said
        return bool(is_name and colon and colon.text == ":" and line and line.kind == "quote")
