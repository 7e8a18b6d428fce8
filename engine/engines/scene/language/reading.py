"""Language: a prompt → a script (who, how many, what they do, where, when, seen how)."""

import difflib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from engine.contracts import NotDrawn
from engine.engines.scene.language.script import Script, Subject
from engine.engines.scene.language.vocabulary import Meaning, SubjectKind, Vocabulary, vocabulary

MAX_SUBJECTS = 8  # groups, each with its own count
MAX_BODIES = 40
MAX_NOT_DRAWN = 24
LONGEST_PHRASE = 4
PASSIVE = frozenset({"by"})
CLAUSE_ENDS = frozenset(".;!?")
MODIFIERS = {"colours", "materials", "numbers", "sizes", "arrangements"}

_Item = tuple[str, tuple[Meaning, ...] | None]

_QUOTED = re.compile(r"[\"“”«»]([^\"“”«»]{1,200})[\"“”«»]")
_TOKEN = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*|[,.;:!?]")


@dataclass(slots=True)
class _Draft:
    """A subject while its words are still being read."""

    kind: SubjectKind
    count: int | None = None
    colour: str | None = None
    material: str | None = None
    scale: float = 1.0
    action: str | None = None
    arrangement: str | None = None
    is_target: bool = False


@dataclass(slots=True)
class _Reading:
    """What has been understood so far, and the modifiers that wait for their noun."""

    subjects: list[_Draft] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)  # places, times, weathers, styles
    camera: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    verb: str | None = None  # the last verb; subjects behind its link are its targets
    imperative: str | None = None  # a verb that still waits for its subject
    after_link: bool = False
    negated: bool = False
    not_drawn: list[NotDrawn] = field(default_factory=list)


def read_prompt(prompt: str, *, negative_prompt: str | None = None) -> Script:
    """Understand a prompt as far as the vocabulary goes; the rest is named in `not_drawn`.

    Never fails: a prompt with nothing known gives one ball and says so.
    """
    words = vocabulary()
    reading = _Reading()
    text = unicodedata.normalize("NFKC", prompt).replace("\u2019", "'").lower()
    for spoken in _QUOTED.findall(text):
        reading.not_drawn.append(NotDrawn(f"“{spoken.strip()}”", None))
    for token, meaning, leads_to_noun in _phrases(_TOKEN.findall(_QUOTED.sub(" , ", text)), words):
        if token in CLAUSE_ENDS:
            reading.after_link, reading.verb = False, None
        elif meaning and meaning.kind in MODIFIERS:
            _take_modifier(reading, meaning, words, leads_to_noun=leads_to_noun)
        elif meaning:
            _take(reading, token, meaning, words)
        else:
            _take_unknown(reading, token, words)
    banned = _named_subjects(negative_prompt or "", words)
    return _finish(reading, banned, words)


def continued(script: Script, *, after: Script) -> Script:
    """Let a later shot inherit what it leaves unsaid; without a subject it stays in its world."""
    inherited = replace(
        script,
        place=script.place or after.place,
        time=script.time or after.time,
        weather=script.weather or after.weather,
        style=script.style or after.style,
    )
    if script.names_subject:
        return inherited
    missing = tuple(n for n in script.not_drawn if n.instead is None)
    return replace(
        inherited,
        subjects=after.subjects,
        place=after.place,
        not_drawn=missing,
        names_subject=True,
        is_continuation=True,
    )


def _phrases(tokens: list[str], words: Vocabulary) -> Iterator[tuple[str, Meaning | None, bool]]:
    """Cut tokens into the longest known phrases: (phrase, what it means here, leads to a noun)."""
    items: list[_Item] = []
    i = 0
    while i < len(tokens):
        phrase, meanings, taken = _longest_match(tokens[i:], words)
        items.append((phrase, meanings))
        i += taken
    for position, (phrase, meanings) in enumerate(items):
        leads = bool(meanings) and _leads_to_noun(items[position + 1 :])
        yield phrase, _fitting(meanings, leads_to_noun=leads) if meanings else None, leads


def _longest_match(
    tokens: list[str], words: Vocabulary
) -> tuple[str, tuple[Meaning, ...] | None, int]:
    for length in range(min(LONGEST_PHRASE, len(tokens)), 0, -1):
        phrase = " ".join(tokens[:length])
        for form in _base_forms(phrase):
            if form in words.lexicon:
                return phrase, words.lexicon[form], length
    return tokens[0], None, 1


def _base_forms(phrase: str) -> Iterator[str]:
    """The phrase as it is, then without English endings on its last word (plural, -ing, -ed)."""
    yield phrase
    for ending, replacements in (
        ("'s", ("",)),
        ("ies", ("y", "ie")),
        ("es", ("", "e")),
        ("s", ("",)),
        ("ing", ("", "e")),
        ("ed", ("", "e")),
        ("ly", ("",)),
    ):
        if phrase.endswith(ending) and len(phrase) - len(ending) > 1:
            stem = phrase[: -len(ending)]
            for replacement in replacements:
                yield stem + replacement
            if stem[-1] == stem[-2:-1]:  # rolling → roll, spinning → spin
                yield stem[:-1]


def _leads_to_noun(following: list[_Item]) -> bool:
    """Whether a modifier standing here has its noun, or another modifier, behind it."""
    for phrase, meanings in following:
        if meanings:
            return any(meaning.kind in MODIFIERS | {"subjects"} for meaning in meanings)
        if phrase not in {"and", "or", "of", ","}:
            return False
    return False


def _fitting(meanings: tuple[Meaning, ...], *, leads_to_noun: bool) -> Meaning:
    """A modifier fits only before a noun or another modifier: "ice cube", but "on ice"."""
    for meaning in meanings:
        if (meaning.kind in MODIFIERS) == leads_to_noun:
            return meaning
    return meanings[0]


def _take(reading: _Reading, token: str, meaning: Meaning, words: Vocabulary) -> None:
    if meaning.is_nearest and not reading.negated:
        reading.not_drawn.append(NotDrawn(token, _said(meaning, words)))
    if meaning.kind == "subjects":
        _take_subject(reading, token, words.subjects[meaning.name], words)
    elif meaning.kind == "actions":
        _take_action(reading, meaning.name)
    elif meaning.kind == "camera":
        aspect = meaning.name.split(".")[0]
        reading.camera.setdefault(aspect, meaning.name)
    else:
        # The latest place would override the first; the first is what the sentence is about.
        reading.named.setdefault(meaning.kind, meaning.name)
    reading.negated = False


def _take_modifier(
    reading: _Reading, meaning: Meaning, words: Vocabulary, *, leads_to_noun: bool
) -> None:
    modifier = {meaning.kind: meaning.name}
    if leads_to_noun or not reading.subjects:
        reading.waiting |= modifier
    else:  # "a ball made of glass", "the cube is blue"
        _dress(reading.subjects[-1], modifier, words)


def _said(meaning: Meaning, words: Vocabulary) -> str:
    if meaning.kind == "subjects":
        return words.subjects[meaning.name].said
    return meaning.name


def _take_subject(reading: _Reading, token: str, kind: SubjectKind, words: Vocabulary) -> None:
    waiting, reading.waiting = reading.waiting, {}
    if reading.negated:
        return
    if len(reading.subjects) == MAX_SUBJECTS:
        reading.not_drawn.append(NotDrawn(token, None))
        return
    draft = _Draft(kind, is_target=reading.after_link and reading.verb is not None)
    if "numbers" in waiting:
        number = waiting["numbers"]
        draft.count = int(number) if number.isdecimal() else words.numbers[number]
    elif token.endswith("s") and token not in kind.words:
        draft.count = max(kind.count, words.plural_count)
    _dress(draft, waiting, words)
    if reading.imperative and not draft.is_target:
        draft.action, reading.imperative = reading.imperative, None
    reading.subjects.append(draft)


def _dress(draft: _Draft, waiting: dict[str, str], words: Vocabulary) -> None:
    if "colours" in waiting:
        draft.colour = words.colours[waiting["colours"]]
    if "materials" in waiting:
        draft.material = waiting["materials"]
    if "sizes" in waiting:
        draft.scale = words.sizes[waiting["sizes"]]
    draft.arrangement = waiting.get("arrangements", draft.arrangement)


def _take_action(reading: _Reading, action: str) -> None:
    if reading.negated:
        return
    idle = [s for s in reading.subjects if s.action is None and not s.is_target]
    for subject in idle:
        subject.action = action
    if not idle and reading.subjects and reading.verb:
        # A second verb of the same subject: "a ball rolls and knocks …", "a stack collapses".
        if action in {"crash", "topple"}:
            reading.subjects[-1].action = reading.subjects[-1].action or action
    elif not idle:
        reading.imperative = action
    reading.verb = action
    # What a crash or a knock names next is its target, with or without "into".
    reading.after_link = action == "crash"


def _take_unknown(reading: _Reading, token: str, words: Vocabulary) -> None:
    if token in words.negations:
        reading.negated = True
    if token in PASSIVE and reading.verb == "crash":
        _swap_roles(reading)
    if token in words.links:
        reading.after_link = reading.verb is not None
    if token.isdecimal():
        reading.waiting["numbers"] = token[:4]
        return
    if token in words.stop_words or token in words.negations or not token[0].isalnum():
        return
    corrected = _misspelt(token, words)
    if corrected:
        meaning = words.lexicon[corrected][0]
        reading.not_drawn.append(NotDrawn(token, corrected))
        if meaning.kind in MODIFIERS:
            _take_modifier(reading, meaning, words, leads_to_noun=True)
        else:
            _take(reading, corrected, meaning, words)
        return
    reading.negated = False
    reading.not_drawn.append(NotDrawn(token[:80], None))


def _swap_roles(reading: _Reading) -> None:
    """The passive voice: "crates are hit by a ball" has the ball act on the crates."""
    for subject in reading.subjects:
        if subject.action == "crash":
            subject.action, subject.is_target = None, True
    reading.imperative, reading.after_link = "crash", False


def _misspelt(token: str, words: Vocabulary) -> str | None:
    if not 6 <= len(token) <= 20:
        return None
    candidates = [w for w in words.lexicon if w[0] == token[0] and abs(len(w) - len(token)) < 3]
    close = difflib.get_close_matches(token, candidates, n=1, cutoff=0.88)
    return close[0] if close else None


def _named_subjects(text: str, words: Vocabulary) -> set[str]:
    found = _phrases(_TOKEN.findall(text.lower()), words)
    return {meaning.name for _, meaning, _ in found if meaning and meaning.kind == "subjects"}


def _finish(reading: _Reading, banned: set[str], words: Vocabulary) -> Script:
    drafts = [d for d in reading.subjects if d.kind.name not in banned]
    not_drawn = list(reading.not_drawn)
    names_subject = any(not draft.kind.is_scenery for draft in drafts)
    if not names_subject:
        stand_in = _Draft(words.subjects["ball"], action=reading.imperative or reading.verb)
        _dress(stand_in, reading.waiting, words)
        not_drawn = _stand_in_for_first_unknown(not_drawn, stand_in)
        drafts.append(stand_in)
    subjects: list[Subject] = []
    room = MAX_BODIES
    for draft in drafts:
        wanted = draft.count or draft.kind.count
        count = max(1, min(wanted, room, 1 if draft.kind.role else MAX_BODIES))
        if count < wanted:
            not_drawn.append(NotDrawn(f"{wanted} {draft.kind.said}", f"{count}"))
        room -= count
        subjects.append(
            Subject(
                kind=draft.kind,
                count=count,
                colour=draft.colour,
                material=draft.material,
                scale=draft.scale,
                action=draft.action,
                arrangement=draft.arrangement or draft.kind.arrangement,
                is_target=draft.is_target,
            )
        )
    return Script(
        subjects=tuple(subjects),
        place=reading.named.get("places"),
        time=reading.named.get("times"),
        weather=reading.named.get("weathers"),
        style=reading.named.get("styles"),
        camera=tuple(reading.camera.values()),
        not_drawn=_merged(not_drawn),
        names_subject=names_subject,
    )


def _stand_in_for_first_unknown(not_drawn: list[NotDrawn], stand_in: _Draft) -> list[NotDrawn]:
    """Say of the first phrase without a drawing that the default subject stands for it."""
    for i, missing in enumerate(not_drawn):
        if missing.instead is None:
            said = NotDrawn(missing.phrase, stand_in.kind.said)
            return [*not_drawn[:i], said, *not_drawn[i + 1 :]]
    return [*not_drawn, NotDrawn("no subject", stand_in.kind.said)]


def _merged(not_drawn: list[NotDrawn]) -> tuple[NotDrawn, ...]:
    """Each phrase once, in order, and not more of them than a person would read."""
    unique = list(dict.fromkeys(not_drawn))
    if len(unique) > MAX_NOT_DRAWN:
        rest = len(unique) - MAX_NOT_DRAWN + 1
        unique = [*unique[: MAX_NOT_DRAWN - 1], NotDrawn(f"{rest} more phrases", None)]
    return tuple(unique)
