"""Whatever is asked, something can be drawn, and what is not drawn is said."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contracts import CastMember, NotDrawn, Shot, VideoRequest
from engine.engines.scene.language.cuts import read_film
from engine.engines.scene.language.finishing import MAX_BODIES, MAX_NOT_DRAWN
from engine.engines.scene.language.listing import vocabulary_listing
from engine.engines.scene.language.reading import read_prompt
from engine.engines.scene.language.vocabulary import vocabulary

PHRASES = sorted(vocabulary().lexicon) + sorted(vocabulary().emoji)
GLUE = ["a", "the", "and", ",", ".", "then", "while", "by", "it", "she", "they", "on", "camera",
        "no", "cut to", '"Hi!"', "says", ":", "@ana", "not", "of", "that", "shot 2:",
        "«", "'"]  # fmt: skip


def _is_drawable(script):
    assert script.subjects
    assert sum(subject.count for subject in script.subjects) <= MAX_BODIES + len(script.subjects)
    assert len(script.not_drawn) <= MAX_NOT_DRAWN
    for subject in script.subjects:
        assert subject.kind.parts
        assert subject.relation is None or 0 <= subject.relation.other < len(script.subjects)
        assert subject.action is None or subject.action in vocabulary().actions
    for line in script.lines:
        assert line.speaker is None or 0 <= line.speaker < len(script.subjects)
    assert script.focus is None or 0 <= script.focus < len(script.subjects)
    assert script.place is None or script.place in vocabulary().places
    aspects = [choice.split(".")[0] for choice in script.camera]
    assert len(set(aspects)) == len(aspects)
    names = [subject.name for subject in script.subjects]
    assert len(set(names)) == len(names)


def _film_is_drawable(prompt, seconds):
    film = read_film(VideoRequest(prompt=prompt, seconds=seconds))
    assert sum(length for _, length in film) == seconds
    assert all(length >= 1 for _, length in film)
    for script, _ in film:
        _is_drawable(script)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.integers(1, 25))
def test_random_text_yields_a_film_that_can_be_drawn(prompt, seconds):
    _film_is_drawable(prompt, seconds)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PHRASES + GLUE * 8), max_size=40), st.integers(1, 25))
def test_known_phrases_in_any_order_yield_a_film_that_can_be_drawn(phrases, seconds):
    _film_is_drawable(" ".join(phrases), seconds)


def test_two_thousand_words_are_read_in_a_moment():
    prompt = " ".join(f"{PHRASES[i * 7 % len(PHRASES)]} zorble{i}" for i in range(1000))
    start = time.perf_counter()
    _is_drawable(read_prompt(prompt))
    assert time.perf_counter() - start < 10.0


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("static camera orbiting a car", NotDrawn("orbiting", "rig static")),
        ("dolly in, dolly out, a ball", NotDrawn("dolly out", "dolly in")),
        ("a red blue ball", NotDrawn("blue", "red")),
        ("a ball on a beach in a forest", NotDrawn("forest", "beach")),
        ("a watercolour, pixel art, a ball", NotDrawn("pixel art", "watercolour")),
    ],
)
def test_of_two_that_contradict_the_first_wins_and_the_other_is_reported(prompt, expected):
    assert expected in read_prompt(prompt).not_drawn


def test_more_cuts_than_seconds_are_reported():
    film = read_film(VideoRequest(prompt="a ball. Cut to a cube. Cut to a cone.", seconds=2))
    assert [seconds for _, seconds in film] == [1, 1]
    assert film[-1][0].not_drawn == (NotDrawn("shot: a cone.", None),)


def test_seconds_are_shared_and_what_is_left_goes_to_the_first():
    film = read_film(VideoRequest(prompt="a ball. Cut to a cube. Cut to a cone.", seconds=8))
    assert [seconds for _, seconds in film] == [3, 3, 2]


def test_a_shot_with_a_length_in_its_heading_gets_its_share():
    prompt = "Shot 1 (2s): a ball. Shot 2 (6s): a cube."
    film = read_film(VideoRequest(prompt=prompt, seconds=8))
    assert [seconds for _, seconds in film] == [2, 6]


def test_shots_keep_names_clothes_and_light_until_they_say_otherwise():
    request = VideoRequest(
        prompt="",
        seconds=9,
        shots=(
            Shot("A woman in a red coat and a brown dog walk on a beach at sunset, sad", 3),
            Shot("The dog jumps", 3, camera="low angle"),
            Shot("She dances in a snowy forest at night. Another dog sits", 3),
        ),
    )
    first, second, third = (script for script, _ in read_film(request))
    woman, dog = first.subjects
    assert [s.name for s in second.subjects] == [dog.name, woman.name]
    assert second.subjects[1].garments == woman.garments == (("coat", "#d8332a"),)
    assert (second.place, second.time, second.mood) == ("beach", "golden", "sad")
    assert second.camera == ("angle.low",)
    assert (third.place, third.time) == ("forest", "night")
    assert [s.name for s in third.subjects] == ["woman", "dog 2"]
    assert third.subjects[0].garments == woman.garments
    assert not second.is_continuation


def test_a_closer_look_at_somebody_is_the_same_world_with_the_lens_on_him():
    prompt = "a red ball and a dog in a park. Cut to a close-up of the dog."
    first, second = (script for script, _ in read_film(VideoRequest(prompt=prompt, seconds=4)))
    assert second.is_continuation
    assert second.subjects == first.subjects
    assert second.subjects[second.focus].name == "dog"


def test_quotations_hide_their_cuts():
    prompt = 'A man says "Cut to the chase!"'
    film = read_film(VideoRequest(prompt=prompt, seconds=4))
    assert [line.text for line in film[0][0].lines] == ["Cut to the chase!"]


def test_a_face_is_worn_only_if_it_is_given():
    with_face = VideoRequest(prompt="@ana dances", seconds=2, cast=(CastMember("@ana", b"png"),))
    assert read_film(with_face)[0][0].subjects[0].face == "@ana"
    script = read_film(VideoRequest(prompt="@ana dances", seconds=2))[0][0]
    assert (script.subjects[0].name, script.subjects[0].face) == ("@ana", None)
    assert script.not_drawn == (NotDrawn("@ana", "person"),)


def test_the_listing_is_json_and_its_examples_are_drawn_whole():
    listing = json.loads(json.dumps(vocabulary_listing()))
    assert len(listing["subjects"]) + len(listing["people"]) == len(vocabulary().subjects)
    assert len(listing["languages"][0]["words"]) >= 150
    for prompts in listing["examples"].values():
        for prompt in prompts:
            cast = (CastMember("@ana", b""),)
            for script, _ in read_film(VideoRequest(prompt=prompt, seconds=4, cast=cast)):
                assert script.not_drawn == (), prompt


def test_every_word_of_the_tables_is_read_as_itself():
    words = vocabulary()
    for kind in words.subjects.values():
        for word in kind.words:
            names = {s.kind.name for s in read_prompt(f"a {word} in a room").subjects}
            meant = {m.name for m in words.lexicon[word] if m.kind == "subjects"}
            assert names & meant, word
