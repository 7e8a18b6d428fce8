"""Drafts: a subject while its words are still being read, and adjectives that await their noun."""

from dataclasses import dataclass, field
from typing import Self

from engine.engines.scene.language.script import Subject
from engine.engines.scene.language.vocabulary import SubjectKind

MAX_THEN = 4
# Where somebody goes wins over where he comes from or passes.
WAYS = frozenset({"off", "down", "up", "through", "over", "around"})
DESTINATIONS = frozenset({"into", "against", "at", "towards"})


@dataclass(slots=True, eq=False)
class Draft:
    """A subject while its words are still being read."""

    kind: SubjectKind
    count: int | None = None
    colour: str | None = None
    colour_word: str | None = None
    material: str | None = None
    scale: float = 1.0
    actions: list[tuple[str, str]] = field(default_factory=list)  # (entry, as it was said)
    turns: int | None = None
    pace: float = 1.0
    arrangement: str | None = None
    is_target: bool = False
    is_placed: bool = False  # named by a preposition, so not the one who acts
    relation: "tuple[str, Draft] | None" = None
    garments: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    face: str | None = None
    expression: str | None = None
    name: str = ""  # of an earlier shot
    is_mentioned: bool = True
    leaves: bool = False  # it comes from, or off, something
    called: str | None = None  # "he" or "she", once it has been called so
    brings: str | None = None  # a kind that comes with what it does

    @classmethod
    def known(cls, subject: Subject) -> Self:
        """Return somebody of an earlier shot, who has not been named in this one yet."""
        return cls(
            kind=subject.kind,
            count=subject.count,
            colour=subject.colour,
            material=subject.material,
            scale=subject.scale,
            arrangement=subject.arrangement,
            garments=dict(subject.garments),
            text=subject.text,
            face=subject.face,
            expression=subject.expression,
            name=subject.name,
            is_mentioned=False,
        )

    def does(self, action: str, said: str) -> None:
        """Do this, after what it does already."""
        if not any(action == other for other, _ in self.actions) and len(self.actions) <= MAX_THEN:
            self.actions.append((action, said))

    def relate(self, kind: str, other: "Draft") -> None:
        """Stand to another like this; a destination wins over a way, else the first wins."""
        if other is self:
            return
        if self.relation is None or (self.relation[0] in WAYS and kind in DESTINATIONS):
            self.relation = (kind, other)

    def is_called(self, pronoun: str) -> bool:
        """Whether "he", "she", "it" or "they" can mean it."""
        if self.kind.is_scenery:
            return False
        is_person = self.kind.actor == "person"
        if pronoun == "they":
            return (self.count or self.kind.count) > 1 or is_person
        if pronoun == "it":
            return not is_person
        own = self.called or self.kind.pronoun
        return (is_person and own in {None, pronoun}) or (
            self.kind.actor in {"dog", "cat", "horse", "robot", "bird"}
        )


@dataclass(slots=True)
class Modifiers:
    """Adjectives that wait for their noun: `groups` are split by "and" ("red and blue balls")."""

    groups: list[dict[str, str]] = field(default_factory=lambda: [{}])
    contradictions: list[tuple[str, str]] = field(default_factory=list)  # (loser, winner)
    action: tuple[str, str] | None = None  # "a bouncing ball"

    def add(self, kind: str, name: str) -> None:
        """Keep a modifier; of two of a kind the first wins."""
        group = self.groups[-1]
        if group.setdefault(kind, name) != name:
            self.contradictions.append((name, group[kind]))

    def split(self) -> None:
        """Begin another group: what comes next is of another thing of the same noun."""
        if self.groups[-1]:
            self.groups.append({})

    def taken(self) -> "tuple[list[dict[str, str]], tuple[str, str] | None]":
        """Hand the groups to their noun and start anew."""
        groups = [group for group in self.groups if group] or [{}]
        if len(groups) > 1 and not all("colours" in g or "materials" in g for g in groups):
            groups = [{k: v for g in reversed(groups) for k, v in g.items()}]
        action, self.groups, self.action = self.action, [{}], None
        return groups, action
