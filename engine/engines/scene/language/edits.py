"""Edits: what happened stays, how it looks and who plays it changes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from engine.contracts import NotDrawn
from engine.engines.scene.language.cuts import without_stand_in
from engine.engines.scene.language.finishing import merged
from engine.engines.scene.language.reading import read_prompt
from engine.engines.scene.language.script import Script, Subject

_SWAPS = (
    re.compile(
        r"\b(?:replace|swap|change|turn|exchange)\s+(?P<old>[^,.;]+?)\s+(?:with|by|for|into|to)\s+"
        r"(?P<new>[^,.;]+)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?<!\w)(?P<new>(?:an?|the)\s[^,.;]+?|@\w+)\s+(?:instead\s+of|in\s+place\s+of)\s+"
        r"(?P<old>[^,.;]+)",
        re.IGNORECASE,
    ),
)
FALLEN = {"snow": "snowfall"}  # what a place is when it is named as a weather
LOOKS = ("time", "weather", "style", "mood")


def edited(
    film: Sequence[tuple[Script, int]], said: str, faces: frozenset[str]
) -> tuple[tuple[Script, int], ...]:
    """Apply an edit to every shot of a film: hour, weather, style, music, camera, cast, colours.

    "a cat instead of the dog" and "replace the ball with a cube" swap who plays; "a blue ball"
    paints the ball that is there; "@ana" lends her face to the first person. What would change the
    events is not taken, and is reported as not drawn: another place, acts, words, more subjects.

    Args:
        film: as `read_film` read it.
        said: what to change.
        faces: handles of the cast.
    """
    swaps = [(found["old"], found["new"]) for swap in _SWAPS for found in swap.finditer(said)]
    for swap in _SWAPS:
        said = swap.sub(" ", said)
    known = list({s.name: s for script, _ in film for s in script.subjects}.values())
    asked = read_prompt(said, earlier=known, faces=faces)
    if asked.place in FALLEN and asked.weather is None:  # "in the snow"
        asked = replace(asked, place=None, weather=FALLEN[asked.place])
    changes: dict[str, Subject] = {}
    missing = list(_beyond(asked, film[0][0]))
    if asked.names_subject:
        for subject in asked.subjects:
            changed = _repainted(known, subject)
            changes |= changed
            missing += _unplayed(subject, [one for one in known if one.name in changed])
    for old, new in swaps:
        changed = _swapped(known, old, new, faces)
        changes |= changed
        missing += [] if changed else [NotDrawn(old.strip(), None)]
    missing = _without_nearest(missing, without_stand_in(asked))
    shots = [(_changed(script, asked, changes), seconds) for script, seconds in film]
    last, seconds = shots[-1]
    shots[-1] = (replace(last, not_drawn=merged([*last.not_drawn, *missing])), seconds)
    return tuple(shots)


def _without_nearest(missing: Sequence[NotDrawn], unknown: Sequence[NotDrawn]) -> list[NotDrawn]:
    """What is missing, and unknown words whose nearest thing is not there either."""
    absent = {item.phrase for item in missing if item.instead is None}
    stood_for = {item.instead for item in unknown}
    return [
        *(item for item in missing if item.phrase not in stood_for),
        *(NotDrawn(i.phrase, None) if i.instead in absent else i for i in unknown),
    ]


def _beyond(asked: Script, first: Script) -> Iterator[NotDrawn]:
    """What an edit says that would change what happens."""
    if asked.place is not None and asked.place != first.place:
        yield NotDrawn(asked.place, first.place)
    for line in asked.lines:
        yield NotDrawn(line.text, None)


def _unplayed(subject: Subject, players: Sequence[Subject]) -> Iterator[NotDrawn]:
    """What is said of a subject and its players do not do."""
    if not players:
        yield NotDrawn(subject.kind.said, None)
    elif subject.action is not None and subject.action != players[0].action:
        yield NotDrawn(subject.action, players[0].action)


def _swapped(
    known: Sequence[Subject], old: str, new: str, faces: frozenset[str]
) -> Mapping[str, Subject]:
    """Who plays instead, by the name of whom they replace."""
    replaced = read_prompt(old, earlier=known).subjects[0]
    player = read_prompt(new, faces=faces).subjects[0]
    return {
        one.name: replace(
            one,
            kind=player.kind,
            colour=player.colour,
            material=player.material,
            scale=player.scale,
            garments=player.garments or one.garments,
            face=player.face,
        )
        for one in known
        if one.name == replaced.name
    }


def _repainted(known: Sequence[Subject], subject: Subject) -> Mapping[str, Subject]:
    """A subject of the film with the colour, stuff, clothes or face that the edit names."""
    people = [one for one in known if one.kind.actor == "person"]
    named = [one for one in known if one.name == subject.name]
    named = named or [one for one in known if one.kind.name == subject.kind.name]
    wanted = named[:1] or (people[:1] if subject.face else [])
    return {
        one.name: replace(
            one,
            colour=subject.colour or one.colour,
            material=subject.material or one.material,
            garments=subject.garments or one.garments,
            face=subject.face or one.face,
            expression=subject.expression or one.expression,
        )
        for one in wanted
    }


def _changed(script: Script, said: Script, changes: Mapping[str, Subject]) -> Script:
    cast = tuple(changes.get(subject.name, subject) for subject in script.subjects)
    cast = tuple(
        replace(new, action=old.action, then=old.then, relation=old.relation)
        for new, old in zip(cast, script.subjects, strict=True)
    )
    direction = {choice.split(".")[0]: choice for choice in (*script.camera, *said.camera)}
    looks = {look: getattr(said, look) or getattr(script, look) for look in LOOKS}
    return replace(
        script,
        subjects=cast,
        camera=tuple(direction.values()),
        **looks,
    )
