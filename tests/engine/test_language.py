import pytest

from engine.contracts import NotDrawn
from engine.engines.scene.frames.textures import GROUNDS, PATTERNS
from engine.engines.scene.language.reading import continued, read_prompt
from engine.engines.scene.language.vocabulary import vocabulary
from engine.engines.scene.light.look import BACKDROPS
from engine.engines.scene.scene.build import ARRANGEMENTS, STAGERS
from engine.engines.scene.sound.ambience import BEDS

RED, BLUE = "#d8332a", "#2460cf"


@pytest.mark.parametrize(
    ("prompt", "subjects"),
    [
        ("a red basketball bouncing on a court", [("basketball", 1, RED, None, "bounce", False)]),
        ("three red balls fall on the beach", [("ball", 3, RED, None, "drop", False)]),
        ("20 blue cubes pour down", [("cube", 20, BLUE, None, "drop", False)]),
        ("a dozen tennis balls", [("tennis_ball", 12, None, None, None, False)]),
        ("crates", [("crate", 5, None, None, None, False)]),
        ("drop five steel marbles on ice", [("marble", 5, None, "steel", "drop", False)]),
        ("an ice cube spins", [("ice_cube", 1, None, None, "spin", False)]),
        ("a ball made of glass rolls", [("ball", 1, None, "glass", "roll", False)]),
        ("the cube is blue", [("cube", 1, BLUE, None, None, False)]),
        (
            "a bowling ball crashes into wooden crates",
            [
                ("bowling_ball", 1, None, None, "crash", False),
                ("crate", 5, None, "wood", None, True),
            ],
        ),
        (
            "crates are hit by a bowling ball",
            [("crate", 5, None, None, None, True), ("bowling_ball", 1, None, None, "crash", False)],
        ),
        (
            "a dog and a robot jump",
            [("dog", 1, None, None, "hop", False), ("robot", 1, None, None, "hop", False)],
        ),
        ("no people, a ball without a dog", [("ball", 1, None, None, None, False)]),
        ("an orange and an orange ball", [("orange", 1, None, None, None, False),
                                          ("ball", 1, "#f0761c", None, None, False)]),
    ],
)  # fmt: skip
def test_subjects_with_count_colour_material_and_action(prompt, subjects):
    read = [
        (s.kind.name, s.count, s.colour, s.material, s.action, s.is_target)
        for s in read_prompt(prompt).subjects
    ]
    assert read == subjects


@pytest.mark.parametrize(
    ("prompt", "place", "time", "weather", "style", "camera"),
    [
        ("a ball on the beach at sunset", "beach", "golden", None, None, ()),
        ("a ball in the rain in a city at night", "street", "night", "rain", None, ()),
        ("a ball on ice", "ice", None, None, None, ()),
        ("a ball in the woods, foggy", "forest", None, "foggy", None, ()),
        ("a wooden ball", None, None, None, None, ()),
        ("noir, a ball, low angle", None, None, None, "noir", ("angle.low",)),
        (
            "close-up of a ball, slow motion, orbit",
            None,
            None,
            None,
            None,
            ("distance.close", "speed.slow", "move.orbit"),
        ),
    ],
)
def test_place_light_and_direction(prompt, place, time, weather, style, camera):
    script = read_prompt(prompt)
    assert (script.place, script.time, script.weather, script.style) == (
        place,
        time,
        weather,
        style,
    )
    assert script.camera == camera
    assert script.not_drawn == ()


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a dragon sleeps", [NotDrawn("dragon", "dog"), NotDrawn("sleeps", "rest")]),
        ("a ball and a trombone", [NotDrawn("trombone", None)]),
        ("a trombone", [NotDrawn("trombone", "ball")]),
        ("a basketbal falls", [NotDrawn("basketbal", "basketball")]),
        ('a ball says "hello world"', [NotDrawn("“hello world”", None), NotDrawn("says", None)]),
        ("猫が踊る", [NotDrawn("猫が踊る", "ball")]),
        ("🎈🎈", [NotDrawn("no subject", "ball")]),
        ("a hundred balls and fifty crates", None),
    ],
)
def test_what_cannot_be_drawn_is_named(prompt, expected):
    not_drawn = read_prompt(prompt).not_drawn
    if expected is None:
        assert any("crate" in item.phrase for item in not_drawn)
    else:
        assert list(not_drawn) == expected


def test_a_very_long_prompt_is_read_and_reported_briefly():
    script = read_prompt(" ".join(f"zorble{i}x" for i in range(1500)))
    assert len(script.not_drawn) == 24
    assert script.not_drawn[-1].phrase == "1477 more phrases"


def test_negative_prompt_removes_subjects():
    script = read_prompt("a ball and a dog", negative_prompt="dogs")
    assert [s.kind.name for s in script.subjects] == ["ball"]


def test_a_shot_without_subject_continues_the_world_before():
    first = read_prompt("a red ball falls on the beach at night")
    second = continued(read_prompt("close-up, low angle"), after=first)
    assert second.is_continuation
    assert second.subjects == first.subjects
    assert (second.place, second.time) == ("beach", "night")
    third = continued(read_prompt("a blue cube spins"), after=first)
    assert not third.is_continuation
    assert third.place == "beach"


def test_the_table_names_only_what_the_code_can_do():
    words = vocabulary()
    for meanings in words.lexicon.values():
        for meaning in meanings:
            if meaning.kind == "actions":
                assert meaning.name in STAGERS
            elif meaning.kind == "arrangements":
                assert meaning.name in ARRANGEMENTS
            elif meaning.kind in {"subjects", "places"}:
                assert meaning.name in getattr(words, meaning.kind)
    for kind in words.subjects.values():
        assert kind.material in words.materials
        assert {part.pattern for part in kind.parts} <= set(PATTERNS)
    for place in words.places.values():
        assert place.ground in GROUNDS
        assert place.backdrop in BACKDROPS
        assert place.ambience in BEDS
        assert place.surface in words.materials
        assert place.time in words.times
        assert set(place.scenery) <= set(words.subjects)
