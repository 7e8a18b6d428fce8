"""Finishing: what was understood of a prompt → the script, complete and within its limits."""

from dataclasses import replace
from typing import Protocol

from engine.contracts import NotDrawn
from engine.engines.scene.language.camera import Directing
from engine.engines.scene.language.drafts import Draft
from engine.engines.scene.language.script import Relation, Script, Subject
from engine.engines.scene.language.speech import Speech
from engine.engines.scene.language.subjects import Cast
from engine.engines.scene.language.vocabulary import Vocabulary

ONLY_LIVING = frozenset({"walk", "run", "dance", "wave", "sit", "lie", "swim", "ride", "drive"})
# What a thing without life does instead looks so different that it is reported.
UNLIKE = frozenset(
    {"walk", "run", "dance", "talk", "wave", "sit", "lie", "swim", "ride", "catch", "hold"}
)
NO_SUBJECT = "no subject"  # in the place of a phrase that was not drawn
STAND_IN = "ball"  # who appears when nobody is named
MAX_BODIES = 40
MAX_NOT_DRAWN = 24
WATER = "lake"  # where there is water and nobody says which
AFLOAT = frozenset({"surfboard", "paddleboard", "boat", "sailboat", "raft", "fish"})
BOARDS = frozenset({"surfboard", "paddleboard", "skateboard", "snowboard"})
SHORES = {"beach": "sea", "lakeside": "lake"}  # land: who swims there is in the water before it
ASHORE = {"sea": "beach", "lake": "lakeside", "river": "lakeside"}  # where one is who is by it
IN_WATER = frozenset({"swim", "sink", "splash", "float"})


class Understood(Protocol):
    """What a reader hands over."""

    words: Vocabulary
    cast: Cast
    directing: Directing
    speech: Speech
    settings: dict[str, str]
    mood: str | None
    focus: Draft | None
    wants_water: bool
    is_beside: bool
    not_drawn: list[NotDrawn]


def finished(understood: Understood, *, banned: set[str], faces: frozenset[str] | None) -> Script:
    """Make the script; somebody is always there to be drawn."""
    words, cast = understood.words, understood.cast
    not_drawn = [*understood.not_drawn, *cast.not_drawn, *understood.directing.not_drawn]
    drafts = [d for d in cast.drafts if d.kind.name not in banned]
    names_subject = bool(drafts)
    if drafts and all(draft.kind.is_scenery for draft in drafts):
        _step_forward(drafts[0])
    if not drafts:
        stand_in = Draft(words.subjects[_stand_in_kind(understood)], turns=cast.turns)
        if cast.imperative and cast.imperative[0] != "talk":
            stand_in.does(*cast.imperative)
        groups, action = cast.waiting.taken()
        cast.dress(stand_in, groups[0])
        if action:
            stand_in.does(*action)
        not_drawn = _stand_in_for_first_unknown(not_drawn, stand_in)
        drafts.append(stand_in)
    if cast.imperative and names_subject:
        _act_at_last(cast, drafts)
    _bring(drafts, cast)
    place, water_note = _place(understood, drafts)
    not_drawn += water_note
    taken = {d.name for d in cast.earlier if d.name} | {d.name for d in drafts if d.name}
    for draft in drafts:
        if not draft.name:
            is_one_of_many = sum(d.kind.name == draft.kind.name for d in drafts) > 1
            draft.name = _unique_name(draft, taken, by_colour=is_one_of_many)
        taken.add(draft.name)
        not_drawn += [*_fit_expression(draft, words), *_fit_actions(draft, words)]
    index = {id(draft): i for i, draft in enumerate(drafts)}
    lines = understood.speech.finished(index)
    subjects, cut = _subjects(drafts, index, faces)
    return Script(
        subjects=subjects,
        place=place,
        time=understood.settings.get("times"),
        weather=understood.settings.get("weathers"),
        style=understood.settings.get("styles"),
        mood=understood.mood,
        camera=tuple(understood.directing.choices.values()),
        focus=index.get(id(understood.focus)) if understood.focus else None,
        lines=lines,
        not_drawn=merged([*not_drawn, *cut]),
        names_subject=names_subject,
    )


def _stand_in_kind(understood: Understood) -> str:
    """Who appears when nobody is named: somebody who can do it, or who belongs to the place."""
    grammar, imperative = understood.words.grammar, understood.cast.imperative
    unknown = any(item.instead is None for item in understood.not_drawn)
    if imperative and imperative[0] in ONLY_LIVING:
        return "person"
    if imperative or unknown:
        return STAND_IN
    return str(grammar["stand_ins"].get(understood.settings.get("places"), STAND_IN))


def _place(understood: Understood, drafts: list[Draft]) -> tuple[str | None, list[NotDrawn]]:
    """Where it is: who swims needs water, whether or not it was named."""
    named = understood.settings.get("places")
    actions = {action for draft in drafts for action, _ in draft.actions}
    is_wet = bool(actions & (IN_WATER - {"float"})) or understood.wants_water
    boards = {d.kind.name for d in drafts} & AFLOAT
    if named is None:
        if boards and (
            is_wet or actions & {"ride", "drive", "float", "rest", "spin"} or not actions
        ):
            return "sea", []
        return (WATER if is_wet else None), []
    if understood.is_beside and not (boards or is_wet or actions & IN_WATER):
        return ASHORE.get(named, named), []
    if named in SHORES and (boards or actions & IN_WATER) and (is_wet or boards):
        return SHORES[named], [NotDrawn(named, SHORES[named])]
    return named, []


def _step_forward(draft: Draft) -> None:
    """Scenery that is alone in a prompt is what the film is about."""
    draft.kind = replace(draft.kind, is_scenery=False, role=None)
    if not draft.actions:
        draft.does("rest", "stands")


def _act_at_last(cast: Cast, drafts: list[Draft]) -> None:
    """A verb without a doer: "a triple spin on a paddleboard" is somebody's on the board."""
    doer = next((d for d in drafts if not d.actions and not d.is_target), None)
    if doer is None or cast.imperative is None:
        return
    if doer.kind.name in BOARDS:
        board, doer = doer, Draft(cast.words.subjects["person"])
        doer.relate("on", board)
        drafts.insert(0, doer)
    doer.does(*cast.imperative)
    doer.turns, doer.pace = cast.turns, cast.pace or 1.0


def _bring(drafts: list[Draft], cast: Cast) -> None:
    """Add what belongs to somebody: a surfer's board, if none is named."""
    for draft in list(drafts):
        brought = draft.brings or draft.kind.brings
        if not brought or draft.kind.name in AFLOAT:  # a boat that sails needs no other
            continue
        kind = cast.words.subjects[brought]
        own = next((d for d in (*drafts, *cast.earlier) if d.kind.name == kind.name), None)
        if own is None or own not in drafts:
            own = own or Draft(kind, count=draft.count)
            drafts.insert(drafts.index(draft) + 1, own)
        if draft.relation is None:
            draft.relate("on", own)
            own.is_placed = True


def _fit_expression(draft: Draft, words: Vocabulary) -> list[NotDrawn]:
    """Let a face show what is done with the face; the rest of somebody goes on."""
    felt = [(words.actions[action].expression, said) for action, said in draft.actions]
    draft.actions = [
        done for done, (expression, _) in zip(draft.actions, felt, strict=True) if not expression
    ]
    shown = [(expression, said) for expression, said in felt if expression]
    if draft.kind.is_animate:
        draft.expression = next((expression for expression, _ in shown), draft.expression)
        return []
    return [NotDrawn(said, draft.kind.said) for _, said in shown]


def _fit_actions(draft: Draft, words: Vocabulary) -> list[NotDrawn]:
    """Let everybody do what he can: a box that dances hops, a man who falls loses his balance."""
    notes: list[NotDrawn] = []
    fitted: list[tuple[str, str]] = []
    for action, said in draft.actions:
        instead = action
        if draft.kind.actor is None and not (action == "fly" and draft.kind.floats):
            instead = words.grammar["lifeless"].get(action, action)
            if draft.kind.floats and action in {"slide", "float", "walk", "drop"}:
                instead = "hover" if action != "drop" else action
        elif action == "drop" and said.startswith(("fall", "fell")) and _has_legs(draft):
            is_from_above = draft.leaves
            instead = action if is_from_above else "topple"
        if instead != action and action in UNLIKE and draft.kind.actor is None:
            notes.append(NotDrawn(said, words.actions[instead].words[0]))
        if instead not in [other for other, _ in fitted]:
            fitted.append((instead, said))
    draft.actions = fitted
    return notes


def _has_legs(draft: Draft) -> bool:
    return draft.kind.actor in {"person", "robot", "dog", "cat", "horse"}


def _unique_name(draft: Draft, taken: set[str], *, by_colour: bool) -> str:
    said = draft.kind.said
    coloured = f"{draft.colour_word} {said}" if draft.colour_word else None
    for name in (draft.face, coloured if by_colour else said, said, coloured):
        if name and name not in taken:
            return name
    return next(name for n in range(2, 1000) if (name := f"{said} {n}") not in taken)


def _subjects(
    drafts: list[Draft], index: dict[int, int], faces: frozenset[str] | None
) -> tuple[tuple[Subject, ...], list[NotDrawn]]:
    cut: list[NotDrawn] = []
    subjects: list[Subject] = []
    given = {name.lower(): name for name in faces or ()}
    room = MAX_BODIES
    for draft in drafts:
        wanted = draft.count or draft.kind.count
        count = max(1, min(wanted, room, 1 if draft.kind.role else MAX_BODIES))
        if count < wanted:
            cut.append(NotDrawn(f"{wanted} {draft.kind.said}", f"{count}"))
        room -= count
        face = draft.face
        if face and faces is not None:
            face = given.get(face.lower())  # a prompt may write a handle as it likes
            if face is None:
                cut.append(NotDrawn(draft.face or "", draft.kind.said))
        actions = [action for action, _ in draft.actions]
        relation = None
        if draft.relation and id(draft.relation[1]) in index:
            relation = Relation(draft.relation[0], index[id(draft.relation[1])])
        subjects.append(
            Subject(
                kind=draft.kind,
                count=count,
                name=draft.name,
                colour=draft.colour,
                material=draft.material,
                scale=draft.scale,
                action=actions[0] if actions else None,
                then=tuple(actions[1:]),
                turns=draft.turns,
                pace=draft.pace,
                arrangement=draft.arrangement or draft.kind.arrangement,
                is_target=draft.is_target,
                relation=relation,
                garments=tuple({**dict(draft.kind.outfit), **draft.garments}.items()),
                text=draft.text,
                face=face,
                expression=draft.expression,
            )
        )
    return tuple(subjects), cut


def _stand_in_for_first_unknown(not_drawn: list[NotDrawn], stand_in: Draft) -> list[NotDrawn]:
    """Say of the first phrase without a drawing that the default subject stands for it."""
    for i, missing in enumerate(not_drawn):
        if missing.instead is None:
            said = NotDrawn(missing.phrase, stand_in.kind.said)
            return [*not_drawn[:i], said, *not_drawn[i + 1 :]]
    return [*not_drawn, NotDrawn(NO_SUBJECT, stand_in.kind.said)]


def merged(not_drawn: list[NotDrawn]) -> tuple[NotDrawn, ...]:
    """Each phrase once, in order, and not more of them than a person would read."""
    unique = list(dict.fromkeys(not_drawn))
    if len(unique) > MAX_NOT_DRAWN:
        rest = len(unique) - MAX_NOT_DRAWN + 1
        unique = [*unique[: MAX_NOT_DRAWN - 1], NotDrawn(f"{rest} more phrases", None)]
    return tuple(unique)
