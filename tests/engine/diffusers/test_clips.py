"""Tiny models on the way that real ones go: a folder, the served dialect, an MP4."""

import shutil
import sysconfig
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import av
import httpx
import numpy as np
import pytest

from engine.contracts import Shot, VideoRequest
from engine.engines.diffusers.tuning import Tuning
from engine.errors import EngineError, RenderCancelled, RequestRejected
from tests.engine.grey import finished, key, picture, sound_seconds, until

BALL = VideoRequest("a red ball falls", 1, size="48x64", model="wan-2.1", seed=3, fps=16)
SPOKEN = replace(BALL, model="ltx-2", fps=24)


def can_compile() -> bool:
    headers = Path(sysconfig.get_path("include")) / "Python.h"
    return shutil.which("g++") is not None and headers.exists()


def never() -> bool:
    return False


def frames_of(file):
    with av.open(str(file)) as clip:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)])


def rendered(engine, request, folder, name="clip.mp4"):
    engine.render(request, folder / name, on_progress=lambda _: None, is_cancelled=never)
    return frames_of(folder / name)


def completed(client, request, folder):
    video = finished(client, client.submit(request, idempotency_key=key()).id)
    assert (video.status, video.error) == ("completed", None)
    client.download(video.id, folder / "clip.mp4")
    return video


def failed(client, request):
    video = finished(client, client.submit(request, idempotency_key=key()).id)
    assert video.status == "failed"
    return video.error


def test_wan_makes_a_silent_clip_of_the_asked_length_size_and_rate(wan, client, tmp_path):
    video = completed(client(wan), BALL, tmp_path)
    assert (video.seconds, video.size, video.seed) == (1.0, "48x64", 3)
    assert not video.has_captions
    assert not video.has_world
    assert frames_of(tmp_path / "clip.mp4").shape == (16, 64, 48, 3)  # of 17 = 4 * 4 + 1
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        assert [stream.type for stream in clip.streams] == ["video"]
        assert clip.streams.video[0].average_rate == 16


def test_ltx2_makes_pictures_and_their_sound(ltx2, client, tmp_path):
    video = completed(client(ltx2), SPOKEN, tmp_path)
    assert (video.seconds, video.size) == (1.0, "48x64")
    # It made 25 = 3 * 8 + 1 of 64x64: sizes go in steps of 32.
    assert frames_of(tmp_path / "clip.mp4").shape == (24, 64, 48, 3)
    assert sound_seconds(tmp_path / "clip.mp4") == pytest.approx(1.0, abs=0.03)
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        sound = clip.streams.audio[0]
        assert (sound.rate, sound.layout.name) == (48_000, "stereo")
        heard = np.concatenate([frame.to_ndarray() for frame in clip.decode(audio=0)], axis=1)
    assert np.abs(heard).max() > 1e-4


def test_at_24_frames_a_second_every_other_of_16_is_shown_twice(loaded):
    clip = loaded("wan_text")._generate
    native = clip(BALL, 3, lambda *_: None).frames
    held = clip(replace(BALL, fps=24), 3, lambda *_: None).frames
    assert len(held) == 24
    assert np.array_equal(held, native[[i * 16 // 24 for i in range(24)]])
    assert not np.array_equal(native[0], native[1])


def test_sound_that_is_not_wanted_is_left_out(ltx2, client, tmp_path):
    completed(client(ltx2), replace(SPOKEN, audio=False), tmp_path)
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        assert [stream.type for stream in clip.streams] == ["video"]


@pytest.mark.parametrize(
    ("model", "fps", "audio", "takes_picture", "operations"),
    [
        ("wan_text", (16, 24), False, False, ("edit", "remix")),
        ("wan_picture", (16, 24), False, True, ("extend",)),
        ("wan_both", (24,), False, True, ("extend", "edit", "remix")),
        ("wan_vace", (16, 24), False, True, ("extend", "edit", "remix", "characters")),
        ("ltx2", (24,), True, True, ("extend",)),
    ],
)
def test_the_capabilities_are_the_models(make, model, fps, audio, takes_picture, operations):
    can = make(model).capabilities
    assert (can.fps, can.audio, can.input_reference) == (fps, audio, takes_picture)
    assert (can.kind, can.procedural, can.builds_on) == ("diffusion", False, "film")
    assert can.operations == operations
    assert (can.sizes, can.max_shot_seconds) == (("64x64", "48x64"), 2)
    assert (can.max_seconds, can.max_shots) == (8, 4)


def test_what_the_model_cannot_is_refused_at_once(wan):
    for wrong in ({"size": "720x1280"}, {"seconds": 3}, {"fps": 30}, {"model": "ltx-2"}):
        answer = httpx.post(f"{wan.url}/v1/videos", json={"prompt": "a ball"} | wrong)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, *wrong)


@pytest.mark.parametrize("model", ["wan_text", "ltx2"])
def test_a_seed_decides_every_frame(loaded, model, tmp_path):
    engine = loaded(model)
    request = replace(BALL, fps=engine.capabilities.fps[0])
    first = rendered(engine, request, tmp_path)
    assert np.array_equal(first, rendered(engine, request, tmp_path))
    assert not np.array_equal(first, rendered(engine, replace(request, seed=4), tmp_path))


def test_without_a_seed_one_is_drawn_and_told(loaded, tmp_path):
    made = [
        loaded("wan_text").render(
            replace(BALL, seed=None),
            tmp_path / "clip.mp4",
            on_progress=lambda _: None,
            is_cancelled=never,
        )
        for _ in range(2)
    ]
    assert made[0].seed != made[1].seed
    assert (made[0].not_drawn, made[0].captions, made[0].world) == ((), "", b"")


def test_words_guidance_and_avoided_words_each_change_the_clip(loaded, make, tmp_path):
    engine = loaded("wan_text")
    clips = [
        rendered(engine, request, tmp_path)
        for request in (
            BALL,
            replace(BALL, prompt="a blue ball runs"),
            replace(BALL, style="blue"),
            replace(BALL, prompt="", shots=(Shot("a blue ball runs", 1, camera="red"),)),
            replace(BALL, negative_prompt="blue"),
        )
    ]
    unguided = make("wan_text", 'steps = 3\nguidance = 1\nsizes = ["48x64"]')
    unguided.warm_up()
    clips.append(rendered(unguided, BALL, tmp_path))
    assert len({clip.tobytes() for clip in clips}) == len(clips)


def test_a_prompt_is_encoded_once(make, tmp_path, monkeypatch):
    engine = make("wan_text")
    engine.warm_up()
    encoded: list[str] = []
    encode = engine.family.encode

    def counting(prompt):
        encoded.append(prompt)
        return encode(prompt)

    monkeypatch.setattr(engine.family, "encode", counting)
    first = rendered(engine, BALL, tmp_path)
    assert np.array_equal(first, rendered(engine, BALL, tmp_path))
    rendered(engine, replace(BALL, negative_prompt="blue"), tmp_path)
    assert encoded == ["a red ball falls.", engine.family.traits.negative_prompt, "blue"]


@pytest.mark.parametrize(
    ("recipe", "passes"),
    [
        ('steps = 2\nsizes = ["64x64"]', 2 * 3),  # guided: a batch of two, perturbed, deaf
        ('sigmas = [1.0, 0.5]\nguidance = 1\nsizes = ["64x64"]', 2),
    ],
)
def test_ltx2_is_guided_or_distilled_as_its_recipe_says(make, recipe, passes):
    engine = make("ltx2", recipe)
    engine.warm_up()
    forwards: list[int] = []
    steps: list[tuple[int, int]] = []
    engine.family._pipe.transformer.register_forward_hook(lambda *_: forwards.append(1))
    clip = engine._generate(replace(SPOKEN, size="64x64"), 3, lambda *step: steps.append(step))
    assert (len(forwards), steps) == (passes, [(1, 2), (2, 2)])
    # Its own sound is as long as the 25 frames that it made.
    assert len(clip.sound) / clip.sound_hz == pytest.approx(25 / 24, abs=0.05)


@pytest.mark.parametrize("model", ["wan_both", "wan_picture", "ltx2"])
def test_a_picture_is_animated(loaded, model, tmp_path):
    engine = loaded(model)
    request = replace(BALL, fps=engine.capabilities.fps[0])
    red, blue = (
        rendered(engine, replace(request, input_reference=picture(colour=colour)), tmp_path)
        for colour in ("red", "blue")
    )
    assert red.shape == (request.fps, 64, 48, 3)
    assert not np.array_equal(red, blue)


def test_a_picture_must_suit_the_model(loaded, tmp_path):
    for model, reference in [
        ("wan_text", picture()),
        ("wan_picture", None),
        ("wan_both", picture()[:60]),  # a header and no picture
    ]:
        with pytest.raises(RequestRejected) as refused:
            rendered(loaded(model), replace(BALL, input_reference=reference), tmp_path)
        assert refused.value.param == "input_reference"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")  # inside torch
@pytest.mark.skipif(not can_compile(), reason="torch.compile wants g++ and Python's headers")
def test_compiled_blocks_and_tiles_draw_the_same(make):
    recipe = 'steps = 2\nguidance = 1\nsizes = ["64x64"]'
    plain, tuned = make("wan_text", recipe), make("wan_text", recipe)
    plain.family.load(Tuning("cpu", "whole", "native", compiles=False, tiles=False))
    tuned.family.load(Tuning("cpu", "whole", "native", compiles=True, tiles=True))
    request = replace(BALL, size="64x64")
    drawn, compiled = (
        engine._generate(request, 3, lambda *_: None).frames.astype(int)
        for engine in (plain, tuned)
    )
    assert np.abs(drawn - compiled).max() <= 1
    counted = import_module("torch._dynamo.utils").counters["stats"]
    assert counted["unique_graphs"] >= 1


@pytest.mark.gpu
@pytest.mark.parametrize("model", ["wan_text", "wan_both", "ltx2"])
def test_components_can_wait_in_main_memory(make, loaded, tiny, model):
    if not tiny.torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    in_turns = make(model)
    in_turns.family.load(Tuning("cuda", "offload", "native", compiles=False, tiles=True))
    request = replace(BALL, fps=in_turns.capabilities.fps[0])
    for engine in (loaded(model), in_turns):
        frames = engine._generate(request, 3, lambda *_: None).frames
        assert frames.shape == (request.fps, 64, 48, 3)

    def stop(*_: object) -> None:
        raise RenderCancelled("midway")

    with pytest.raises(RenderCancelled):
        in_turns._generate(request, 3, stop)
    assert in_turns._generate(request, 3, lambda *_: None).frames.tobytes() == frames.tobytes()


def test_progress_grows_to_the_end(loaded, tmp_path):
    progress: list[int] = []
    loaded("wan_text").render(
        BALL, tmp_path / "clip.mp4", on_progress=progress.append, is_cancelled=never
    )
    assert progress == sorted(progress)
    assert progress[:4] == [30, 60, 90, 91]  # the steps, and what was made of them
    assert progress[-1] == 99
    assert len(progress) == 3 + 1 + 16


@pytest.mark.parametrize(
    "seen", [[], [30], [30, 60, 90, 91, 91]], ids=["before", "after a step", "while written"]
)
def test_a_cancelled_clip_leaves_nothing(loaded, tmp_path, seen):
    progress: list[int] = []
    with pytest.raises(RenderCancelled):
        loaded("wan_text").render(
            BALL,
            tmp_path / "clip.mp4",
            on_progress=progress.append,
            is_cancelled=lambda: len(progress) >= len(seen),
        )
    assert progress == seen
    assert list(tmp_path.iterdir()) == []


def test_a_deleted_video_frees_the_engine_at_its_next_step(wan, client, tiny, tmp_path):
    asks = client(wan)
    completed(asks, BALL, tmp_path)
    family = wan.engine.family
    wan.engine.family = stepped = tiny.Stepped(family)
    try:
        video = asks.submit(BALL, idempotency_key=key())
        until(lambda: stepped.steps == 1)
        asks.cancel(video.id)
        stepped.may_go_on.set()
        completed(asks, BALL, tmp_path)
        assert stepped.steps == 1 + 3
    finally:
        stepped.may_go_on.set()
        wan.engine.family = family
    assert not list((wan.state / "videos").glob(f"{video.id}.*"))


def test_a_full_card_fails_its_clip_alone(wan, client, tiny, tmp_path):
    asks = client(wan)
    completed(asks, BALL, tmp_path)
    family = wan.engine.family
    wan.engine.family = tiny.Starved(family)
    try:
        error = failed(asks, BALL)
        assert (error.code, "smaller" in error.message) == ("out_of_memory", True)
        completed(asks, BALL, tmp_path)
    finally:
        wan.engine.family = family


def test_there_is_no_preview(wan):
    answer = httpx.post(f"{wan.url}/v1/videos/preview", json={"prompt": "a ball"})
    assert answer.json()["error"]["code"] == "unsupported_operation"
    with pytest.raises(EngineError, match="no previews"):
        wan.engine.preview(BALL, is_cancelled=never)
    assert wan.engine.vocabulary() == {}
