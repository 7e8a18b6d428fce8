from dataclasses import replace

import pytest

from engine.contracts import NotDrawn
from engine.engines.scene.frames.textures import PATTERNS
from engine.engines.scene.language.cuts import continued
from engine.engines.scene.language.reading import read_prompt
from engine.engines.scene.language.vocabulary import vocabulary
from engine.engines.scene.light.look import BACKDROPS, GROUNDS
from engine.engines.scene.scene.arrangements import ARRANGEMENTS
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
            [("dog", 1, None, None, "jump", False), ("robot", 1, None, None, "jump", False)],
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
            ("distance.close", "speed.slow", "orbit.right"),
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
        ("a dragon sleeps", [NotDrawn("dragon", "bird")]),
        ("a ball and a trombone", [NotDrawn("trombone", None)]),
        ("a trombone", [NotDrawn("trombone", "ball")]),
        ("a basketbal falls", [NotDrawn("basketbal", "basketball")]),
        ('a ball says "hello world"', [NotDrawn("says", "stand")]),
        ("猫が踊る", [NotDrawn("猫が踊る", "ball")]),
        ("🦖", [NotDrawn("🦖", "ball")]),
        ("🎈🎈", []),
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
                assert meaning.name in words.actions
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


@pytest.mark.parametrize(
    ("prompt", "relations"),
    [
        ("a cat on top of a box", [("cat", "on", "crate")]),
        ("a ball under a chair beside a lamp", [("ball", "under", "chair"),
                                                ("chair", "next to", "lamp")]),
        ("a dog in front of a house", [("dog", "in front of", "house")]),
        ("three coins fall into a bucket", [("coin", "into", "bucket")]),
        ("a man rides a white horse", [("man", "on", "horse")]),
        ("a woman drives a red car", [("woman", "in", "car")]),
        ("a boy throws a ball at a wall", [("boy", "with", "ball"), ("ball", "at", "wall")]),
        ("a ball leans against a box", [("ball", "against", "crate")]),
        ("a train crosses a bridge", [("train", "over", "bridge")]),
    ],
)  # fmt: skip
def test_how_things_stand_to_each_other(prompt, relations):
    subjects = read_prompt(prompt).subjects
    read = [
        (s.kind.name, s.relation.kind, subjects[s.relation.other].kind.name)
        for s in subjects
        if s.relation
    ]
    assert read == relations


@pytest.mark.parametrize(
    ("prompt", "lines"),
    [
        ('A robot says: "Hello!" The girl answers: "Hi"', [("Hello!", "robot"), ("Hi", "girl")]),
        ("“Run!” shouts the girl to a boy", [("Run!", "girl")]),
        ("Ein Mann sagt: „Guten Tag“", [("Guten Tag", "man")]),
        ("a woman in a park: 'It's a fine day'", [("It's a fine day", "woman")]),
        ('A narrator says "Once upon a time". A knight rides.', [("Once upon a time", None)]),
        ('a man and a woman. "Who is there?"', [("Who is there?", None)]),
        ('Ana: "Hi!" Bob: "Hello!"', [("Hi!", "Ana"), ("Hello!", "Bob")]),
    ],
)
def test_who_says_what(prompt, lines):
    script = read_prompt(prompt)
    names = [subject.name for subject in script.subjects]
    assert [
        (line.text, None if line.speaker is None else names[line.speaker]) for line in script.lines
    ] == lines


@pytest.mark.parametrize(
    ("first", "then", "names"),
    [
        ("a girl kicks a football", "the ball rolls away", ["football"]),
        ("a girl kicks a football", "a dog chases the ball", ["dog", "football"]),
        ("a detective walks in", "the man waves", ["detective"]),
        ("a ballerina dances", "the woman jumps", ["ballerina"]),
        ("a ballerina dances", "the man jumps", ["man"]),
        ("a ballerina dances", "a woman jumps", ["woman"]),
        ("a boy runs", "the child jumps", ["boy"]),
        ("a boy runs", "the man jumps", ["man"]),
        ("a football and a red ball roll", "the red ball bounces", ["ball"]),
        ("a football rolls", "the red ball bounces", ["ball"]),
        ("a football rolls", "another ball bounces", ["ball"]),
        ("three footballs roll", "the balls bounce", ["football"]),
    ],
)
def test_a_definite_noun_means_whoever_of_that_class_came_before(first, then, names):
    known = read_prompt(first).subjects
    known = tuple(replace(s, name="detective") if s.kind.name == "business" else s for s in known)
    assert [s.name for s in read_prompt(then, earlier=known).subjects] == names


def test_who_acts_in_a_clause_is_not_whom_it_is_done_to():
    read = read_prompt("a chef throws an egg to the man").subjects
    assert [s.kind.name for s in read] == ["chef", "egg", "man"]


@pytest.mark.parametrize(
    ("prompt", "place"),
    [
        ("a lighthouse by the sea", "beach"),
        ("a man stands by the stormy sea", "beach"),
        ("a dog runs along the sea", "beach"),
        ("a house next to a lake", "lakeside"),
        ("a woman sits near the river", "lakeside"),
        ("a boat by the sea", "sea"),
        ("a girl swims at the lake", "lake"),
        ("a ship at sea", "sea"),
        ("a rocket flies over the sea", "sea"),
        ("a lighthouse in the sea", "sea"),
    ],
)
def test_who_is_by_the_water_is_on_its_shore(prompt, place):
    read = read_prompt(prompt)
    assert (read.place, read.not_drawn) == (place, ())


@pytest.mark.parametrize(
    ("prompt", "action", "expression", "mood"),
    [
        ("a smiling woman", None, "smiling", None),
        ("a sad man walks in the rain", "walk", "sad", "sad"),
        ("a girl who is laughing", None, "laughing", None),
        ("a man walks in, smiling", "walk", "smiling", None),
        ("an angry robot dances", "dance", "angry", None),
        ("a boy looks surprised", None, "surprised", None),
        ("a girl weeps", None, "crying", None),
        ("a man frowns at a dog", None, "angry", None),
        ("ein trauriger Mann winkt", "wave", "sad", "sad"),
    ],
)
def test_what_a_face_shows(prompt, action, expression, mood):
    read = read_prompt(prompt)
    who = read.subjects[0]
    assert (who.action, who.expression, read.mood) == (action, expression, mood)
    assert read.not_drawn == ()


def test_what_has_no_face_shows_nothing_and_says_so():
    assert read_prompt("a smiling ball").not_drawn == (NotDrawn("smiling", "ball"),)
    assert read_prompt("an angry dog runs").not_drawn == (NotDrawn("angry dog", "dog"),)
    assert read_prompt("a lonely tree").not_drawn == ()


def test_who_smiles_goes_on_sitting_and_keeps_smiling():
    first = read_prompt("a girl sits on a chair")
    second = continued(read_prompt("she smiles", earlier=first.subjects), after=first)
    third = continued(read_prompt("a dog runs in", earlier=second.subjects), after=second)
    girls = [next(s for s in shot.subjects if s.name == "girl") for shot in (second, third)]
    assert [(s.action, s.expression) for s in girls] == [("sit", "smiling"), ("sit", "smiling")]


def test_who_laughs_says_what_is_quoted():
    read = read_prompt('"Good dog!" laughs the boy')
    assert (read.lines[0].speaker, read.subjects[0].expression) == (0, "laughing")


def test_how_it_is_said():
    (line,) = read_prompt('A king whispers "Come closer" in a deep voice').lines
    assert (line.manner, line.voice) == ("whisper", "deep")


@pytest.mark.parametrize(
    ("prompt", "action", "then", "turns", "pace"),
    [
        ("a dancer spins three times", "spin", (), 3, 1.0),
        ("a man does a double backflip", "flip", (), 2, 1.0),
        ("a girl walks slowly, then jumps and waves", "walk", ("jump", "wave"), None, 0.5),
        ("a boy quickly runs away", "run", (), None, 1.6),
        ("a man falls", "topple", (), None, 1.0),
        ("a man falls from a roof", "drop", (), None, 1.0),
        ("a girl moves across a room", "walk", (), None, 1.0),
        ("a car moves across a desert", "drive", (), None, 1.0),
    ],
)
def test_what_somebody_does_and_how(prompt, action, then, turns, pace):
    subject = read_prompt(prompt).subjects[0]
    assert (subject.action, subject.then, subject.turns, subject.pace) == (
        action,
        then,
        turns,
        pace,
    )


def test_clothes_are_worn_and_are_no_subjects_of_their_own():
    script = read_prompt("a blonde woman in a red jacket, blue trousers and a green hat")
    assert [s.kind.name for s in script.subjects] == ["woman"]
    assert dict(script.subjects[0].garments) == {
        "hair": "#e8c06a",
        "jacket": RED,
        "trousers": BLUE,
        "hat": "#37a04a",
    }


@pytest.mark.parametrize(
    ("prompt", "camera"),
    [
        ("the camera pans slowly from right to left", ("pan.left",)),
        ("a truck drives left while the camera trucks right", ("truck.right",)),
        ("a box slides left", ()),
        ("a man looks up and a ball falls from above", ()),
        ("a dog follows a cat", ()),
        ("the camera follows a dog", ("rig.tracking",)),
        (
            "extreme close-up, dutch angle, 85mm, dolly in, tilt up",
            ("distance.extreme_close", "roll.dutch", "lens.portrait", "dolly.in", "tilt.up"),
        ),
        ("dolly zoom on a man", ("effect.dolly_zoom",)),
    ],
)
def test_the_director_is_told_from_the_actors(prompt, camera):
    assert read_prompt(prompt).camera == camera


@pytest.mark.parametrize(
    ("prompt", "kind", "colour", "action", "place"),
    [
        ("Ein roter Ball rollt am Strand", "ball", RED, "roll", "beach"),
        ("Der blaue Würfel fällt auf die Straße", "cube", BLUE, "drop", "street"),
        ("Eine Katze schläft im Wald", "cat", None, "lie", "forest"),
    ],
)
def test_another_language_is_read(prompt, kind, colour, action, place):
    script = read_prompt(prompt)
    subject = script.subjects[0]
    assert (subject.kind.name, subject.colour, subject.action) == (kind, colour, action)
    assert (script.place, script.not_drawn) == (place, ())


@pytest.mark.parametrize(
    ("prompt", "place"),
    [
        ("a stone sinks", "lake"),
        ("a man swims at the beach", "sea"),
        ("a ball floats", None),
        ("a paddleboard", "sea"),
        ("a boat on a lake", "lake"),
    ],
)
def test_who_needs_water_has_it(prompt, place):
    assert read_prompt(prompt).place == place


@pytest.mark.parametrize(
    ("prompt", "worn"),
    [
        ("@ada waves in a park.", ["@ada"]),
        ("@ADA waves. @Ada jumps.", ["@ada"]),  # a handle is written in any case
        ("@ada-rex runs with @ada.", ["@ada-rex", "@ada"]),
        ("A ball. @ada-rex.", ["@ada-rex"]),
        ("@bob waves", []),
    ],
)
def test_handles_are_read_as_those_who_wear_a_face(prompt, worn):
    script = read_prompt(prompt, faces=frozenset({"@ada", "@ada-rex"}))
    assert [subject.face for subject in script.subjects if subject.face] == worn
