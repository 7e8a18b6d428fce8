"""Requests become films: cuts, extensions, edits and casts keep the world that they should."""

import io
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from PIL import Image
from skimage import data

from engine.contracts import CastMember, NotDrawn, Shot, Source, VideoRequest
from engine.engines.scene.account import write_account
from engine.engines.scene.pictures import draw
from engine.engines.scene.production import Film, StagedShot, produce
from engine.errors import RequestRejected

SEED = 3
SCENE = "a man in a red jacket and a dog walk in a park, a red ball rolls"


def never() -> bool:
    return False


def filmed(prompt: str, seconds: int = 2, **more) -> Film:
    return produce(VideoRequest(prompt, seconds, **more), SEED, never)


@cache
def scene() -> Film:
    return filmed(SCENE)


def extended(film: Film, prompt: str, seconds: int = 1, **more) -> Film:
    source = Source("extend", write_account(film))
    return produce(VideoRequest(prompt, seconds, source=source, **more), 99, never)


def edited(film: Film, prompt: str, **more) -> Film:
    source = Source("edit", write_account(film))
    return produce(VideoRequest(prompt, 2, source=source, **more), 99, never)


def bodies_of(shot: StagedShot) -> dict[str, int]:
    return {body.name: i for i, body in enumerate(shot.world.bodies)}


def looks_of(shot: StagedShot) -> dict[str, list]:
    """Shape, size and colour of every part of the cast."""
    names = {subject.name for subject in shot.script.subjects}
    return {
        body.name: [(part.shape, part.size, part.colour, part.second) for part in body.parts]
        for body in shot.world.bodies
        if body.name.split("/")[0] in names
    }


def farthest_jump(shot: StagedShot, state) -> float:
    """Of all bodies from how a simulation ended to the first frame of the next, metres."""
    first, names = shot.motion.positions[0], bodies_of(shot)
    return max(
        float(np.linalg.norm(np.array(body.position) - first[names[name]]))
        for name, body in state.bodies.items()
        if name in names
    )


def face() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(data.astronaut()[50:180, 170:280]).save(buffer, "PNG")
    return buffer.getvalue()


# ── several shots ──


def test_a_cut_keeps_everybody_where_they_are_and_as_they_look():
    shots = (
        Shot("a man in a red jacket walks on the beach at sunset, a red ball rolls", 2),
        Shot("the man waves, close-up", 1),
        Shot("he runs, wide shot", 2),
    )
    film = produce(VideoRequest("", 5, shots=shots), SEED, never)
    assert [shot.first_frame for shot in film.shots] == [0, 48, 72]
    assert film.frames == 120
    for before, after in zip(film.shots, film.shots[1:], strict=False):
        assert farthest_jump(after, before.motion.final) < 1e-9
        assert looks_of(after) == looks_of(before)
        assert (after.script.place, after.script.time) == ("beach", "golden")
        assert after.world.start_seconds == pytest.approx(before.motion.final.seconds)


def test_a_ball_goes_on_over_a_cut_as_fast_as_it_went():
    film = filmed("a red ball rolls on a court. cut to: the ball rolls on, low angle", 4)
    first, second = film.shots
    ball = bodies_of(first)["ball"], bodies_of(second)["ball"]
    before = np.diff(first.motion.positions[-2:, ball[0]], axis=0)[0] * 24
    after = np.diff(second.motion.positions[:2, ball[1]], axis=0)[0] * 24
    assert np.linalg.norm(before) > 0.3
    assert after == pytest.approx(before, abs=0.05)


def test_a_cut_to_another_place_brings_the_same_cast():
    film = filmed("a woman in a yellow coat walks on a street. cut to: a forest, she walks", 4)
    street, forest = film.shots
    assert (street.script.place, forest.script.place) == ("street", "forest")
    assert looks_of(forest) == looks_of(street)


def test_a_cut_stays_on_its_side_of_the_action():
    film = filmed("two men talk in a room. cut to a close-up. cut to a wide shot", 6)
    sides = [np.mean([camera.forward[1] for camera in shot.cameras]) for shot in film.shots]
    assert len(sides) == 3
    assert min(sides) > 0.0


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("a woman walks on the beach", "she walks on"),
        ("a man runs in a park", "he runs on"),
        ("a man sits in a room", "he sits"),
        ("a dog runs in a park", "the dog sits"),
        ("a girl does a triple spin on a paddleboard", "she waves"),
    ],
)
def test_who_goes_on_after_a_cut_does_not_fall(first, then):
    shot = extended(filmed(first), then, 2).shots[0]
    root = next(i for name, i in bodies_of(shot).items() if name.endswith(("/pelvis", "/trunk")))
    assert shot.motion.rotations[:, root, 2, 2].min() > 0.75  # cosine of its tilt


# ── extensions ──


def test_an_extension_begins_where_the_film_ended():
    film = scene()
    more = extended(film, "the dog jumps")
    shot = more.shots[0]
    assert more.seed == film.seed
    assert farthest_jump(shot, film.end) < 1e-9
    assert looks_of(shot) == looks_of(film.shots[0])
    assert shot.world.start_seconds == pytest.approx(2.0)
    names, before = bodies_of(shot), bodies_of(film.shots[0])
    last, step = film.shots[0].motion.positions[-1], film.shots[0].motion.positions[-2]
    for name in ("ball", "man/pelvis", "dog/trunk"):  # one frame later than the last picture
        moved = last[before[name]] + (last - step)[before[name]]
        assert shot.motion.positions[0, names[name]] == pytest.approx(moved, abs=0.02)


def test_waves_go_on_in_an_extension():
    film = filmed("a wooden crate floats in the sea")
    whole = filmed("a wooden crate floats in the sea", 3)
    more = extended(film, "the crate floats")
    assert more.shots[0].motion.water is not None
    seen = more.shots[0].motion.water[0], whole.shots[0].motion.water[48]
    assert np.abs(seen[0] - seen[1]).max() < 0.1  # the crate's own ripples begin anew
    assert np.corrcoef(seen[0].ravel(), seen[1].ravel())[0, 1] > 0.9


def test_an_extension_of_an_extension_is_edited_in_its_own_length():
    more = extended(extended(scene(), "the dog jumps"), "the man waves")
    again = edited(more, "at night")
    assert again.frames == more.frames == 24
    assert np.array_equal(again.shots[0].motion.positions, more.shots[0].motion.positions)


def test_what_was_edited_stays_so_in_an_extension():
    more = extended(edited(scene(), "make the ball blue, at night"), "the dog jumps")
    ball = next(s for s in more.shots[0].script.subjects if s.name == "ball")
    assert ball.colour == "#2460cf"
    assert more.shots[0].script.time == "night"


# ── edits ──


@pytest.mark.parametrize(
    ("prompt", "field", "value"),
    [
        ("at night", "time", "night"),
        ("in the rain", "weather", "rain"),
        ("in the snow", "weather", "snowfall"),
        ("a storm", "weather", "storm"),
        ("as a watercolour", "style", "watercolour"),
        ("close-up", "camera", ("distance.close",)),
    ],
)
def test_an_edit_shows_the_same_events_in_other_looks(prompt, field, value):
    film = edited(scene(), prompt)
    assert getattr(film.shots[0].script, field) == value
    assert np.array_equal(film.shots[0].motion.positions, scene().shots[0].motion.positions)
    assert film.not_drawn == scene().not_drawn


def test_an_edit_paints_what_is_there():
    film = edited(scene(), "make the ball blue")
    assert np.array_equal(film.shots[0].motion.positions, scene().shots[0].motion.positions)
    colours = [
        {part.colour for part in shot.world.bodies[bodies_of(shot)["ball"]].parts}
        for shot in (scene().shots[0], film.shots[0])
    ]
    red, blue = (max(colour, key=sum) for colour in colours)
    assert red[0] > red[2]
    assert blue[2] > blue[0]


@pytest.mark.parametrize(
    ("prompt", "old", "new"),
    [
        ("replace the dog with a cat", "dog", "cat"),
        ("a cat instead of the dog", "dog", "cat"),
        ("a woman instead of the man", "man", "woman"),
    ],
)
def test_an_edit_swaps_who_plays(prompt, old, new):
    film = edited(scene(), prompt)
    before = {s.name: s.kind.name for s in scene().shots[0].script.subjects}
    after = {s.name: s.kind.name for s in film.shots[0].script.subjects}
    assert (before[old], after[old]) == (old, new)
    others = before.keys() - {old}
    assert {name: after[name] for name in others} == {name: before[name] for name in others}
    assert film.not_drawn == scene().not_drawn


@pytest.mark.parametrize(
    ("prompt", "missing"),
    [
        ("set it in space", NotDrawn("space", "meadow")),
        ("make the elephant blue", NotDrawn("elephant", None)),
        ("a cat instead of the horse", NotDrawn("the horse", None)),
        ("add a tree", NotDrawn("tree", None)),
        ('the man says "Hello"', NotDrawn("Hello", None)),
    ],
)
def test_an_edit_that_cannot_be_done_is_reported(prompt, missing):
    film = edited(scene(), prompt)
    assert missing in film.not_drawn
    assert np.array_equal(film.shots[0].motion.positions, scene().shots[0].motion.positions)


# ── likenesses and reference pictures ──


def test_a_cast_member_plays_instead():
    film = edited(scene(), "@ana instead of the man", cast=(CastMember("@ana", face()),))
    subject = next(s for s in film.shots[0].script.subjects if s.name == "man")
    assert subject.face == "@ana"
    worn = [p.decal for b in film.shots[0].world.bodies for p in b.parts if p.decal]
    assert face() in [decal.image for decal in worn]


def test_a_worn_face_is_seen_on_the_head():
    request = VideoRequest(
        "close-up of @ana in a room, she stands", 1, cast=(CastMember("@ana", face()),)
    )
    plain = produce(replace(request, cast=()), SEED, never)
    worn = produce(request, SEED, never)
    size = (180, 320)
    with_face = next(draw(worn, frames=[0], size=size)).astype(float)
    without = next(draw(plain, frames=[0], size=size)).astype(float)
    changed = np.abs(with_face - without).max(axis=2) > 24.0
    given = np.asarray(Image.open(io.BytesIO(face())).convert("RGB"), float)
    skin = np.median(given[80:100, 30:70].reshape(-1, 3), axis=0)
    shown = np.median(with_face[changed], axis=0)
    drawn = np.median(without[changed], axis=0)
    hue, drawn_hue = shown / shown.sum(), drawn / drawn.sum()
    assert np.abs(hue - skin / skin.sum()).max() < 0.06
    assert np.abs(drawn_hue - skin / skin.sum()).max() > 0.08


@pytest.mark.parametrize("bad", [b"", b"no picture", face()[:300], b"\x89PNG\r\n\x1a\n" + b"x"])
@pytest.mark.parametrize("where", ["cast", "input_reference"])
def test_what_is_no_picture_is_refused_before_anything_is_simulated(bad, where):
    given = {"cast": (CastMember("@ana", bad),)} if where == "cast" else {where: bad or b" "}
    with pytest.raises(RequestRejected) as refused:
        filmed("@ana waves", 1, **given)
    assert refused.value.code == "invalid_image"
    assert refused.value.param == ("characters" if where == "cast" else where)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255.0**2 / np.mean((a.astype(float) - b) ** 2)))


def test_a_reference_picture_is_the_backdrop_of_the_first_frame():
    size = (180, 320)
    picture = Image.fromarray(data.astronaut()).resize(size)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    film = filmed("a red ball falls on a court", 1, input_reference=buffer.getvalue())
    assert film.not_drawn == ()
    first, last = draw(film, frames=[0, film.frames - 1], size=size)
    aside = np.abs(first.astype(float) - np.asarray(picture)).max(axis=2) < 40.0
    assert aside.mean() > 0.7  # the ball and its shadow cover little
    assert psnr(first[aside], np.asarray(picture)[aside]) > 28.0
    assert np.abs(first.astype(float) - last).max() > 60.0  # the ball falls through it


# ── whatever is asked ──

NONSENSE = [
    "…",
    "?!?!",
    "🔥🐙✨🪐🎺",
    "colourless green ideas sleep furiously",
    "一只猫在月球上跳舞",
    "zkjq wvxt plmf grrble",
    "a man runs left and right and up, day and night, close-up wide shot, no man",
    "a cat " * 660,
    'A man says "' + "and then she told me everything again " * 40 + '"',
    ", ".join(f"a {colour} {thing}" for colour in ("red", "blue", "green", "white", "black")
              for thing in ("ball", "cube", "cat", "dog", "car", "tree", "man", "duck")),
]  # fmt: skip


@pytest.mark.parametrize("prompt", NONSENSE, ids=[p[:12] for p in NONSENSE])
def test_whatever_is_asked_can_be_watched(prompt):
    film = filmed(prompt[:4000], 1)
    first, last = draw(film, frames=[0, film.frames - 1], size=(90, 160))
    for picture in (first, last):
        assert 8.0 < picture.mean() < 247.0
        assert picture.std() > 6.0
    assert all(np.isfinite(shot.motion.positions).all() for shot in film.shots)


@pytest.mark.parametrize("prompt", ["zkjq wvxt plmf grrble", "一只猫在月球上跳舞", "🪐🎺"])
def test_what_was_not_understood_is_said(prompt):
    assert filmed(prompt, 1).not_drawn


def test_clay_is_held_for_two_frames():
    film = filmed("a red ball bounces, claymation", 1)
    pictures = list(draw(film, frames=range(6, 12), size=(45, 80)))
    for held, again in zip(pictures[::2], pictures[1::2], strict=True):
        assert np.array_equal(held, again)
    assert not np.array_equal(pictures[0], pictures[2])
