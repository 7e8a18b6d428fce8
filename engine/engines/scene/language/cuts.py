"""Cuts: a request → its shots, in which the same things keep their names, places and clothes."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from engine.contracts import NotDrawn, Shot, VideoRequest
from engine.engines.scene.language.finishing import MAX_NOT_DRAWN, NO_SUBJECT, merged
from engine.engines.scene.language.reading import read_prompt
from engine.engines.scene.language.script import Line, Relation, Script, Subject
from engine.engines.scene.language.vocabulary import vocabulary

MAX_SHOTS = 6
MAX_CAST = 24  # who is remembered over the cuts
# What somebody goes on doing while a later shot speaks of others; all else is done by then.
LASTING = frozenset(
    {"dance", "sit", "lie", "rest", "float", "hover", "swim", "swing", "ride", "fly", "drive"}
)

_NUMBER = r"(?:\d{1,2}|one|two|three|four|five|six)"
_HEADING = (
    rf"(?:\b(?:shot|scene|clip|camera)\s*#?{_NUMBER}\s*(?:\(([^)]*)\))?\s*[:.)\u2013\u2014-])"
)
_SECONDS = re.compile(r"(\d{1,2})\s*s(?:ec(?:ond)?s?)?\b", re.IGNORECASE)
_QUOTED = re.compile('["“„«][^"“”»]*["”“»]')


@dataclass(frozen=True, slots=True)
class _Shot:
    """The words of one shot; `share` of the film's length."""

    text: str
    share: float


def read_film(request: VideoRequest) -> tuple[tuple[Script, int], ...]:
    """Read every shot of a request: (script, whole seconds) each; the seconds add up.

    Shots come from `request.shots`, else from the cuts that the prompt names ("cut to", "shot 2:").
    What a later shot leaves unsaid it has from the one before; "the dog" and "she" stay the same.
    """
    faces = frozenset(member.name for member in request.cast)
    if request.shots:
        shots = [", ".join(t for t in (s.prompt, s.camera) if t) for s in request.shots]
        seconds = [shot.seconds for shot in request.shots]
        common: str | None = request.prompt
        cut_off: list[NotDrawn] = []
    else:
        shots, seconds, cut_off = _cut(request.prompt, request.seconds)
        common = None
    scripts = _read_all(shots, request, faces, common)
    scripts[-1] = replace(scripts[-1], not_drawn=merged([*scripts[-1].not_drawn, *cut_off]))
    return tuple(zip(scripts, seconds, strict=True))


def shots_of(request: VideoRequest) -> tuple[Shot, ...]:
    """Name every shot of a request, cut as `read_film` cuts it."""
    if request.shots:
        return request.shots
    texts, seconds, _ = _cut(request.prompt, request.seconds)
    return tuple(Shot(text, length) for text, length in zip(texts, seconds, strict=True))


def _read_all(
    shots: Iterable[str], request: VideoRequest, faces: frozenset[str], common: str | None
) -> list[Script]:
    known: list[Subject] = []
    scripts: list[Script] = []
    before: Script | None = None
    if common and common.strip():
        whole = read_prompt(common, faces=faces)
        before = replace(whole, subjects=(), camera=(), lines=(), not_drawn=())
        if whole.names_subject:
            known, before = list(whole.subjects), replace(before, subjects=whole.subjects)
    for text in shots:
        said = ", ".join(t for t in (text, request.style) if t)
        script = read_prompt(
            said, negative_prompt=request.negative_prompt, earlier=known, faces=faces
        )
        if before is not None and (scripts or before.subjects or not script.names_subject):
            script = continued(script, after=before, is_first=not scripts)
        elif before is not None:
            script = _inheriting(script, before)
        scripts.append(script)
        before = script
        present = {subject.name for subject in script.subjects}
        known = [*script.subjects, *(s for s in known if s.name not in present)][:MAX_CAST]
    return scripts


def continued(script: Script, *, after: Script, is_first: bool = False) -> Script:
    """Let a later shot inherit what it leaves unsaid; without a subject it stays in its world."""
    whole = _inheriting(script, after)
    is_elsewhere = script.place is not None and script.place != after.place
    if not script.names_subject:
        if not after.subjects:
            return whole
        return replace(
            whole,
            subjects=after.subjects,
            not_drawn=without_stand_in(script),
            names_subject=True,
            is_continuation=not (is_elsewhere or is_first),
        )
    if is_first:
        return whole
    if is_elsewhere:
        return whole
    former = {subject.name: subject for subject in after.subjects}
    if all(_is_only_looked_at(subject, former.get(subject.name)) for subject in script.subjects):
        return _looking_at(whole, after)
    return _with_bystanders(whole, after)


def _inheriting(script: Script, after: Script) -> Script:
    return replace(
        script,
        place=script.place or after.place,
        time=script.time or after.time,
        weather=script.weather or after.weather,
        style=script.style or after.style,
        mood=script.mood or after.mood,
    )


def _is_only_looked_at(subject: Subject, former: Subject | None) -> bool:
    """Whether a shot names somebody of the shot before and has nothing new to say of them."""
    if former is None:
        return False
    same = replace(
        former,
        action=subject.action,
        then=subject.then,
        turns=subject.turns,
        pace=subject.pace,
        is_target=subject.is_target,
        relation=subject.relation,
    )
    does = subject.action is not None and subject.action != former.action
    return subject == same and not does and subject.relation in {None, former.relation}


def _looking_at(script: Script, after: Script) -> Script:
    """The same world from another side, the lens on whom the shot names first."""
    names = [subject.name for subject in after.subjects]
    chosen = script.focus if script.focus is not None else 0
    return replace(
        script,
        subjects=after.subjects,
        focus=names.index(script.subjects[chosen].name),
        lines=tuple(_renumbered(script.lines, script.subjects, names)),
        is_continuation=True,
    )


def _with_bystanders(script: Script, after: Script) -> Script:
    """Who is not named in a shot of the same place is still there, and goes on or rests."""
    here = {subject.name for subject in script.subjects}
    others = [s for s in after.subjects if s.name not in here]
    everybody = [*script.subjects, *others]
    names = [subject.name for subject in everybody]
    former = {subject.name: subject for subject in after.subjects}
    subjects = list(script.subjects)
    for i, subject in enumerate(subjects):
        kept = _kept_relation(former.get(subject.name), after, names)
        if subject.relation is None and kept is not None:
            subjects[i] = replace(subject, relation=kept)
        if former.get(subject.name) and _only_looks(subject, script):
            before = former[subject.name].action
            subjects[i] = replace(subjects[i], action=before if before in LASTING else "rest")
    for other in others:
        goes_on = other.action if other.action in LASTING or other.action is None else "rest"
        kept = _kept_relation(other, after, names)
        subjects.append(
            replace(other, action=goes_on, then=(), is_target=False, relation=kept, turns=None)
        )
    return replace(script, subjects=tuple(subjects))


def _only_looks(subject: Subject, script: Script) -> bool:
    """Whether somebody only looks somewhere, or somehow: she smiles, sitting."""
    if subject.action is None:
        return subject.expression is not None
    rest = vocabulary().actions["rest"].words[0]
    return subject.action == "rest" and any(item.instead == rest for item in script.not_drawn)


def _kept_relation(subject: Subject | None, after: Script, names: list[str]) -> Relation | None:
    """How somebody still stands to another: on the board, in the car, with the ball."""
    if subject is None or subject.relation is None:
        return None
    if subject.relation.kind not in {"on", "in", "with", "under", "next to", "behind"}:
        return None
    other = after.subjects[subject.relation.other].name
    return Relation(subject.relation.kind, names.index(other)) if other in names else None


def _renumbered(
    lines: Sequence[Line], subjects: Sequence[Subject], names: list[str]
) -> Iterator[Line]:
    for line in lines:
        speaker = None if line.speaker is None else names.index(subjects[line.speaker].name)
        yield replace(line, speaker=speaker)


def without_stand_in(script: Script) -> tuple[NotDrawn, ...]:
    """What a script without a subject of its own cannot draw, once others play in it."""
    if script.names_subject:
        return script.not_drawn
    stand_in = script.subjects[0].kind.said
    return tuple(
        NotDrawn(item.phrase, None) if item.instead == stand_in else item
        for item in script.not_drawn
        if item.phrase != NO_SUBJECT
    )


# ── cuts within a prompt ──


def _cut(prompt: str, seconds: int) -> tuple[list[str], list[int], list[NotDrawn]]:
    """Split a prompt at its cuts: texts, whole seconds of each, and the shots without room."""
    shots = [shot for shot in _shots_of(prompt) if shot.text.strip(" ,.;:-\n")]
    if not shots:
        return [prompt], [seconds], []
    room = max(1, min(MAX_SHOTS, seconds))
    cut_off = [NotDrawn(f"shot: {s.text.strip()[:60]}", None) for s in shots[room:]]
    shots = shots[:room]
    return (
        [s.text for s in shots],
        _shared(seconds, [s.share for s in shots]),
        (cut_off[:MAX_NOT_DRAWN]),
    )


def _shots_of(prompt: str) -> Iterator[_Shot]:
    masked = _QUOTED.sub(lambda match: "_" * len(match[0]), prompt)
    start, share = 0, 1.0
    for cut in _cuts().finditer(masked):
        yield _Shot(prompt[start : cut.start()], share)
        start = cut.end()
        length = _SECONDS.search(cut[0])
        share = float(length[1]) if length else 1.0
    yield _Shot(prompt[start:], share)


def _cuts() -> re.Pattern[str]:
    words = sorted(vocabulary().grammar["cuts"]["words"], key=len, reverse=True)
    said = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in words)
    lead = r",?\s*\b(?:and\s+)?(?:then\s+)?(?:we\s+)?(?:the\s+camera\s+)?"
    spoken = rf"(?:{lead}(?:{said})\b\s*[:,\u2013\u2014-]?)"
    numbered = rf"(?:(?:^|(?<=\n))\s*{_NUMBER}[.)]\s)"
    return re.compile(f"{_HEADING}|{spoken}|{numbered}", re.IGNORECASE)


def _shared(seconds: int, shares: list[float]) -> list[int]:
    """Whole seconds of each shot, at least one, by their shares; the first get what is left."""
    spare = seconds - len(shares)
    whole = sum(shares)
    exact = [max(0.0, seconds * share / whole - 1.0) for share in shares]
    scale = spare / sum(exact) if sum(exact) else 0.0
    extra = [int(e * scale) for e in exact]
    by_rest = sorted(range(len(shares)), key=lambda i: extra[i] - exact[i] * scale)
    for i in by_rest[: spare - sum(extra)]:
        extra[i] += 1
    return [1 + e for e in extra]
