"""Clips of several shots: their order and lengths, what runs through the cuts, one progress."""

from dataclasses import replace

import av
import httpx
import numpy as np
import pytest

from engine.contracts import CastMember, Shot, VideoRequest
from engine.engines.diffusers.family import Recipe
from engine.engines.diffusers.shots import clip_seconds, takes_of
from engine.engines.diffusers.sound import FADE_SECONDS, Heard, as_soundtrack
from engine.errors import RenderCancelled
from tests.engine.diffusers.test_clips import BALL, SPOKEN, completed, frames_of, never, rendered
from tests.engine.grey import picture, sound_seconds

RUNS, FALLS = Shot("a blue ball runs", 2, camera="red"), Shot("a red ball falls", 1)
SHOTS = replace(BALL, prompt="a ball", seconds=3, shots=(RUNS, FALLS))
ADA = CastMember("@ada", picture())


def asked_of(engine, request, folder):
    """What a family was asked for, and the frames of the clip."""
    asks = []
    generate = engine.family.generate

    def watched(ask, on_step):
        asks.append(ask)
        return generate(ask, on_step)

    engine.family.generate = watched
    try:
        return asks, rendered(engine, request, folder)
    finally:
        del engine.family.generate


@pytest.mark.parametrize("model", ["wan_text", "wan_both", "ltx2"])
def test_every_shot_has_its_words_and_its_exact_length(loaded, model, tmp_path):
    engine = loaded(model)
    request = replace(SHOTS, fps=engine.capabilities.fps[0])
    fps = request.fps
    clip = rendered(engine, request, tmp_path)
    assert clip.shape == (3 * fps, 64, 48, 3)
    assert np.array_equal(clip, rendered(engine, request, tmp_path))
    other = replace(request, shots=(RUNS, replace(FALLS, prompt="a blue ball falls")))
    changed = rendered(engine, other, tmp_path)
    # Not to the pixel: an encoder looks ahead.
    before = np.abs(clip[: 2 * fps - 2].astype(int) - changed[: 2 * fps - 2]).mean()
    behind = np.abs(clip[2 * fps :].astype(int) - changed[2 * fps :]).mean()
    assert before < 0.5 * behind


def test_shots_of_a_text_model_share_their_noise(loaded, tmp_path):
    asks, _ = asked_of(loaded("wan_text"), SHOTS, tmp_path)
    assert [(ask.seed, ask.frames, ask.opening) for ask in asks] == [(3, 33, None), (3, 17, None)]


@pytest.mark.parametrize("model", ["wan_both", "wan_picture", "ltx2"])
def test_a_shot_begins_with_the_last_frame_of_the_one_before(loaded, model, tmp_path):
    engine = loaded(model)
    request = replace(SHOTS, fps=24, input_reference=picture())
    asks, clip = asked_of(engine, request, tmp_path)
    first, second = asks
    assert (first.seed, second.seed) == (3, 4)
    fps = engine.family.traits.fps
    # The frame that is shown already takes the place of the one that is too many.
    assert (first.frames, second.frames) == (2 * fps + 1, fps + 1)
    assert first.opening[0].mean(axis=(0, 1)) == pytest.approx([255, 0, 0])
    left = (second.width_px - 48) // 2
    begins = second.opening[0][:, left : left + 48].astype(int)
    assert np.abs(begins - clip[47]).mean() < np.abs(begins - clip[20]).mean()
    assert len(clip) == 72


def test_with_a_cast_every_shot_begins_anew_with_it(loaded, tmp_path):
    asks, _ = asked_of(loaded("wan_vace"), replace(SHOTS, cast=(ADA,)), tmp_path)
    assert [ask.opening for ask in asks] == [None, None]
    assert [len(ask.faces) for ask in asks] == [1, 1]
    alone, _ = asked_of(loaded("wan_vace"), SHOTS, tmp_path)
    assert [ask.opening is None for ask in alone] == [True, False]


def test_a_clip_without_shots_is_one_take(loaded):
    traits = loaded("wan_both").family.traits
    (take,) = takes_of(BALL, 5, traits)
    assert (take.request, take.seed, take.goes_on) == (BALL, 5, False)


def test_progress_is_of_the_whole_clip(loaded, tmp_path):
    progress: list[int] = []
    loaded("wan_text").render(
        SHOTS, tmp_path / "clip.mp4", on_progress=progress.append, is_cancelled=never
    )
    assert progress[:6] == [20, 40, 60, 70, 80, 90]
    assert progress == sorted(progress)
    assert (progress[-1], len(progress)) == (99, 6 + 1 + 48)  # steps, decoded, frames


@pytest.mark.parametrize("asked", [1, 4, 5, 9])  # in a shot, between two, in the next, in writing
def test_a_cancelled_clip_of_shots_leaves_nothing(loaded, tmp_path, asked):
    answers = iter([False] * asked + [True] * 99)
    with pytest.raises(RenderCancelled):
        loaded("wan_text").render(
            SHOTS,
            tmp_path / "clip.mp4",
            on_progress=lambda _: None,
            is_cancelled=lambda: next(answers),
        )
    assert list(tmp_path.iterdir()) == []


def test_shots_come_over_the_dialect_with_sound_through_the_cut(ltx2, client, tmp_path):
    request = replace(SPOKEN, seconds=2, shots=(FALLS, replace(RUNS, seconds=1)))
    video = completed(client(ltx2), request, tmp_path)
    assert video.seconds == 2.0
    assert len(frames_of(tmp_path / "clip.mp4")) == 48
    assert sound_seconds(tmp_path / "clip.mp4") == pytest.approx(2.0, abs=0.03)
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        heard = np.concatenate([frame.to_ndarray() for frame in clip.decode(audio=0)], axis=1)
    steps = np.abs(np.diff(heard[0]))
    cut = steps[48_000 - 240 : 48_000 + 240].max()
    assert cut <= 1.5 * max(steps[24_000:47_000].max(), steps[49_000:72_000].max())


def tone(hz: float, seconds: float, phase: float = 0.0) -> np.ndarray:
    beat = np.sin(2 * np.pi * hz * np.arange(round(seconds * 24_000)) / 24_000 + phase)
    return np.stack([beat, beat], axis=1).astype(np.float32)


def test_sounds_turn_into_each_other_without_a_click_or_a_dip():
    lead = 1 / 24
    takes = [
        Heard(tone(440, 1), 24_000, 0.0, 1),
        Heard(tone(700, 1 + lead, phase=1.1), 24_000, lead, 1),
    ]
    track = as_soundtrack(takes)[:, 0]
    assert len(track) == 96_000
    steepest = 2 * np.pi * 700 / 48_000
    assert np.abs(np.diff(track[40_000:56_000])).max() < 1.3 * steepest
    hard = np.concatenate([as_soundtrack(takes[:1])[:, 0], as_soundtrack(takes[1:])[:, 0]])
    assert np.abs(np.diff(hard[40_000:56_000])).max() > 3 * steepest
    fade = round(FADE_SECONDS * 48_000)
    assert np.array_equal(track[48_000:], hard[48_000:])
    assert np.array_equal(track[: 48_000 - fade], hard[: 48_000 - fade])
    power = (track[48_000 - fade : 48_000] ** 2).mean()
    assert power == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"seconds": 3}, "seconds"),
        ({"shots": [{"prompt": "a", "seconds": 3}]}, "shots[0].seconds"),
        ({"shots": [{"prompt": "a", "seconds": 1}] * 5}, "shots"),
        ({"shots": [{"prompt": "a", "seconds": 1}] * 2, "seconds": 3}, "seconds"),
    ],
)
def test_too_long_shots_or_too_many_are_refused(wan, changes, param):
    answer = httpx.post(f"{wan.url}/v1/videos", json={"prompt": "a ball"} | changes)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_a_clip_of_shots_is_longer_than_one_take_but_not_endless():
    recipe = Recipe(steps=1, guidance=1, sizes=("64x64",), max_seconds=5)
    assert clip_seconds(recipe) == 20
    assert clip_seconds(replace(recipe, max_shots=2)) == 10
    assert clip_seconds(replace(recipe, max_seconds=30)) == 30


def test_the_first_picture_is_the_first_shots_alone():
    request = VideoRequest("", 2, shots=(FALLS, FALLS), input_reference=b"x")
    traits = type("Traits", (), {"takes_picture": False, "takes_faces": False})
    first, second = takes_of(request, 0, traits)
    assert (first.request.input_reference, second.request.input_reference) == (b"x", None)
    assert (first.begins_seconds, second.begins_seconds) == (0, 1)
