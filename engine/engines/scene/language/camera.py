"""Directing: director's phrases → one choice of every aspect of the camera."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.contracts import NotDrawn
from engine.engines.scene.language.phrases import Phrase
from engine.engines.scene.language.vocabulary import Vocabulary

MOVES = frozenset({"dolly", "truck", "pan", "tilt", "zoom", "orbit", "crane", "pedestal", "effect"})
STATIC = "rig.static"
FAR_AHEAD = 6  # phrases between a verb and its direction: "pans slowly from right to left"


@dataclass(slots=True)
class Directing:
    """What the director asked for; of two that contradict, the first wins."""

    words: Vocabulary
    choices: dict[str, str] = field(default_factory=dict)  # aspect → "aspect.choice"
    not_drawn: list[NotDrawn] = field(default_factory=list)

    def choose(self, choice: str, said: str) -> None:
        """Take a choice, or report which earlier one it contradicts."""
        aspect = choice.split(".", maxsplit=1)[0]
        winner = self.choices.setdefault(aspect, choice)
        if winner == choice:
            winner = self._against_static(choice)
        if winner != choice:
            self.choices = {a: c for a, c in self.choices.items() if c != choice}
            self.not_drawn.append(NotDrawn(said, winner.replace(".", " ").replace("_", " ")))

    def _against_static(self, choice: str) -> str:
        """A camera that stands still does not move: whichever was said first."""
        aspect = choice.split(".", maxsplit=1)[0]
        if aspect in MOVES and self.choices.get("rig") == STATIC:
            return STATIC
        if choice == STATIC:
            return next((c for a, c in self.choices.items() if a in MOVES), choice)
        return choice

    def directed(self, choice: str, phrase: Phrase, after: Sequence[Phrase]) -> tuple[str, int]:
        """Find the way of a bare verb in what follows: (choice, phrases that said it)."""
        aspect = choice.split(".", maxsplit=1)[0]
        ways = {
            way: f"{aspect}.{name}"
            for name, row in self.words.camera[aspect].items()
            for way in row.get("ways", ())
        }
        if not ways or set(phrase.text.replace("-", " ").split()) & {
            w for w in ways if " " not in w
        }:
            return choice, 0
        fillers = self.words.words_of("fillers")
        said: list[str] = []
        for taken, following in enumerate(after[:FAR_AHEAD], start=1):
            if following.kind != "word":
                break
            said.append(following.text)
            # "from left to right" is the right, though the left is named first.
            is_longer = taken < len(after) and after[taken].text in {"to", "towards"}
            for way in sorted(ways, key=len, reverse=True):
                if " ".join(said).endswith(way) and not (is_longer and " " not in way):
                    return ways[way], taken
            if following.text not in fillers and following.text not in ways:
                break
        return choice, 0


def is_loose(phrase: Phrase, words: Vocabulary) -> bool:
    """Whether a director's phrase says something else when it is not said of the camera."""
    return phrase.has("camera") and phrase.entry in words.grammar["direction"]["loose"]


def is_directorial(phrases: Sequence[Phrase], position: int, words: Vocabulary) -> bool:
    """Whether an everyday word, such as "truck" or "follow", is said of the camera here."""
    seen = set(words.grammar["direction"]["seen"])
    before = _clause_before(phrases, position)
    after = _clause_after(phrases, position)
    beside = {word for p in (*before[-2:], *after[:1]) for word in p.text.split()}
    if beside & seen or any("camera" in p.text.split() for p in before):
        return True
    return not any(
        p.has("subjects", "actions", "going") and not p.has("camera") for p in (*before, *after)
    )


def _clause_before(phrases: Sequence[Phrase], position: int) -> list[Phrase]:
    clause: list[Phrase] = []
    for phrase in reversed(phrases[:position]):
        if phrase.kind != "word" or phrase.text in {"while", "as", "and", "then"}:
            break
        clause.insert(0, phrase)
    return clause


def _clause_after(phrases: Sequence[Phrase], position: int) -> list[Phrase]:
    clause: list[Phrase] = []
    for phrase in phrases[position + 1 :]:
        if phrase.kind != "word":
            break
        clause.append(phrase)
    return clause
