"""Listing: everything that a prompt can name, as JSON, with prompts to try."""

from collections.abc import Iterable, Mapping
from typing import Any

from engine.engines.scene.language.vocabulary import SubjectKind, Vocabulary, vocabulary

EXAMPLES = {
    "subjects": (
        "three blue cubes fall onto a table",
        "a boat on a lake",
        "a wooden sign that says “OPEN” beside a door",
    ),
    "people": (
        "a woman in a red jacket and blue jeans walks along a beach",
        "an astronaut jumps on the moon",
        "@ana rides a bicycle through a park",
    ),
    "actions": (
        "a girl throws a red ball and a dog catches it",
        "a dancer does a triple spin on a paddleboard",
        "a man walks in slowly, then jumps and waves",
    ),
    "relations": (
        "a purple cube on top of a white box",
        "a red ball between two trees",
        "a steel ball rolls down a ramp into a basket",
    ),
    "places": ("a red ball rolls along a street", "an orange fish swims in a pool"),
    "light": ("a lighthouse by the sea at sunset", "a car in a foggy street at night"),
    "styles": ("pixel art of a knight running", "film noir, a detective walks in the rain"),
    "moods": ("a couple dances in the rain, romantic", "an astronaut jumps on the moon, epic"),
    "camera": (
        "close-up of a cat, dolly in, shallow depth of field",
        "a car on a road, low angle, 24mm, the camera pans slowly to the left",
        "rack focus from a red ball to a blue ball, slow motion",
    ),
    "speech": (
        "A robot says: “Hello, world!”",
        "“Run!” shouts the girl",
        "A man whispers “Be careful” in a deep voice",
    ),
    "shots": (
        "A red ball rolls along a street. Cut to a close-up of the ball.",
        "Shot 1: a boy throws a ball. Shot 2: a dog catches it.",
    ),
}


def vocabulary_listing() -> dict[str, Any]:
    """Everything a prompt can name, kind by kind, and prompts that show how.

    Each entry has a `name` and the English `words` that mean it; `nearest` holds phrases that are
    drawn as something else, and `languages` the phrases of other languages.
    """
    words = vocabulary()
    grammar = words.grammar
    people = {n: k for n, k in words.subjects.items() if k.actor == "person"}
    things = {n: k for n, k in words.subjects.items() if k.actor != "person"}
    return {
        "subjects": [_subject(kind) for kind in things.values()],
        "people": [_subject(kind) for kind in people.values()],
        "garments": _entries(words.garments),
        "actions": _entries(words.actions),
        "arrangements": _listed(words.arrangements),
        "relations": _listed(grammar["relations"]),
        "places": _entries(words.places),
        "times": _entries({n: t for n, t in words.times.items() if t.words}),
        "weathers": _entries(words.weathers),
        "styles": _entries(words.styles),
        "moods": _listed(words.moods),
        "materials": _entries(words.materials),
        "colours": [{"name": name, "colour": value} for name, value in words.colours.items()],
        "sizes": [{"name": name, "scale": value} for name, value in words.sizes.items()],
        "numbers": [{"name": name, "count": value} for name, value in words.numbers.items()],
        "expressions": _listed(grammar["expressions"]),
        "paces": [{"name": name, "factor": value} for name, value in grammar["paces"].items()],
        "camera": [
            {"name": f"{aspect}.{name}", "words": list(row["words"])}
            for aspect, choices in words.camera.items()
            for name, row in choices.items()
        ],
        "manners": _listed(grammar["manners"]),
        "voices": _listed(grammar["voices"]),
        "cuts": list(grammar["cuts"]["words"]),
        "emoji": dict(words.emoji),
        "nearest": _nearest(words),
        "languages": [
            {
                "code": language.code,
                "name": language.name,
                "words": {
                    phrase: [f"{meaning.kind}.{meaning.name}" for meaning in meanings]
                    for phrase, meanings in language.lexicon.items()
                },
            }
            for language in words.languages
        ],
        "examples": {kind: list(prompts) for kind, prompts in EXAMPLES.items()},
    }


def _subject(kind: SubjectKind) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": kind.name, "words": list(kind.words)}
    if kind.actor:
        entry["moves_as"] = kind.actor
    if kind.outfit:
        entry["wears"] = [garment for garment, _ in kind.outfit]
    return entry


def _entries(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "words": list(row.words)} for name, row in table.items()]


def _listed(table: Mapping[str, Iterable[str]]) -> list[dict[str, Any]]:
    return [{"name": name, "words": list(phrases)} for name, phrases in table.items()]


def _nearest(words: Vocabulary) -> list[dict[str, str]]:
    return [
        {"phrase": phrase, "kind": meaning.kind, "instead": words.said(meaning)}
        for phrase, meanings in words.lexicon.items()
        for meaning in meanings
        if meaning.is_nearest
    ]
