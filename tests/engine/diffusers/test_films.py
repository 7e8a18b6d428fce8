"""Films that models go on from and change: by the served dialect, measured in frames."""

from dataclasses import replace

import av
import httpx
import numpy as np
import pytest
from PIL import Image

from engine.contracts import Change, Source
from engine.engines.diffusers.films import last_frames, numbers_at, padded
from engine.footage import count_frames, read_frames
from engine.mp4 import write_mp4
from tests.engine.diffusers.test_clips import BALL, SPOKEN, completed, frames_of, rendered
from tests.engine.grey import finished, key, picture, sound_seconds


def film(to, *, seconds=1, size=(48, 64), fps=16, level=0):
    """A film in which a bright bar goes to the right, over a grey of this level."""
    pictures = np.full((seconds * fps, size[1], size[0], 3), level, np.uint8)
    for number, shown in enumerate(pictures):
        shown[:, number % size[0] : number % size[0] + 8] = 255 - level // 2
    write_mp4(to, pictures, size=size, fps=fps, sound=None)
    return to


def edited(engine, request, parent):
    request = replace(request, source=Source("edit", film=parent))
    return engine._generate(request, 3, lambda *_: None).frames.astype(float)


def apart(one, other) -> float:
    return float(np.abs(one - other).mean())


@pytest.fixture
def of_strength(make):
    """An engine whose edits repeat so many of its six steps."""

    def made(model: str, steps: int):
        recipe = f'steps = 6\nguidance = 1\nsizes = ["64x64", "48x64"]\nstrength = {steps / 6:.3f}'
        engine = make(model, recipe)
        engine.warm_up()
        return engine

    return made


@pytest.mark.parametrize("model", ["wan_text", "wan_both", "wan_two"])
def test_the_stronger_an_edit_the_less_is_left_of_its_parent(of_strength, model, tmp_path):
    parents = [film(tmp_path / f"{level}.mp4", level=level, fps=24) for level in (0, 200)]
    left = []
    for steps in (1, 3, 6):
        engine = of_strength(model, steps)
        request = replace(BALL, fps=24)
        left.append(apart(*(edited(engine, request, parent) for parent in parents)))
    assert left[0] > 1.1 * left[1] > 1.1 * left[2]


def test_a_weak_edit_is_nearly_what_the_decoder_makes_of_its_parent(of_strength, tmp_path):
    parent = film(tmp_path / "parent.mp4")
    weak, strong = (of_strength("wan_text", steps) for steps in (1, 6))
    weak.family.recipe = replace(weak.family.recipe, steps=60, strength=1 / 60)
    seen = weak.family._film_pipe
    frames = [*read_frames(parent, range(17))]
    shown = seen.video_processor.preprocess_video(
        [*map(Image.fromarray, frames)], height=64, width=48
    )
    latents = seen.vae.encode(shown).latent_dist.mode()
    again = seen.video_processor.postprocess_video(seen.vae.decode(latents).sample.detach())[0]
    again = (255 * again[:16]).round()
    near = apart(edited(weak, BALL, parent), again)
    assert near < 0.5 * apart(edited(strong, BALL, parent), again)


def test_an_edit_goes_as_many_steps_as_its_strength_says(of_strength, tmp_path):
    parent = film(tmp_path / "parent.mp4")
    for repeated in (1, 4, 6):
        engine = of_strength("wan_text", repeated)
        progress: list[int] = []
        engine.render(
            replace(BALL, source=Source("edit", film=parent)),
            tmp_path / "clip.mp4",
            on_progress=progress.append,
            is_cancelled=lambda: False,
        )
        assert progress[:repeated] == [90 * step // repeated for step in range(1, repeated + 1)]


def test_an_edit_of_a14b_runs_each_network_for_its_noise(of_strength, tmp_path):
    parent = film(tmp_path / "parent.mp4")
    engine = of_strength("wan_two", 6)
    ran: list[str] = []
    for name in ("transformer", "transformer_2"):
        network = engine.family._pipe.components[name]
        network.register_forward_hook(lambda *_, name=name: ran.append(name))
    edited(engine, BALL, parent)
    assert ran == sorted(ran)
    whole = list(ran)
    assert set(whole) == {"transformer", "transformer_2"}
    ran.clear()
    rendered(engine, BALL, tmp_path)
    assert ran == whole  # as a text's clip


def test_the_weights_of_an_edit_are_those_of_the_text_model(loaded):
    for model in ("wan_text", "wan_both", "ltx2"):
        family = loaded(model).family
        pipes = [getattr(family, name, None) for name in ("_film_pipe", "_opening_pipe")]
        for pipe in filter(None, pipes):
            for name in ("transformer", "vae", "text_encoder"):
                assert pipe.components[name] is family._pipe.components[name]


def test_words_change_an_edit_and_its_seed_is_kept(wan, client, tmp_path):
    asks = client(wan)
    parent = completed(asks, BALL, tmp_path)
    clips = []
    for change in (Change("a blue ball runs"), Change("a ball falls"), Change("a", seed=4)):
        video = finished(asks, asks.edit(parent.id, change, idempotency_key=key()).id)
        assert (video.status, video.seconds, video.size) == ("completed", 1.0, "48x64")
        assert video.seed == (change.seed or 3)
        asks.download(video.id, tmp_path / "clip.mp4")
        clips.append(frames_of(tmp_path / "clip.mp4"))
        assert clips[-1].shape == (16, 64, 48, 3)
    assert len({clip.tobytes() for clip in clips}) == 3


def test_a_strangers_film_is_edited(wan, client, tmp_path):
    asks = client(wan)
    theirs = film(tmp_path / "theirs.mp4", seconds=3, size=(90, 120), fps=25)
    video = finished(asks, asks.edit(theirs, Change("a ball"), idempotency_key=key()).id)
    assert (video.status, video.seconds, video.size) == ("completed", 3.0, "48x64")
    asks.download(video.id, tmp_path / "clip.mp4")
    assert len(frames_of(tmp_path / "clip.mp4")) == 3 * 24  # the nearest rate to 25


@pytest.mark.parametrize("served_model", ["both", "ltx2"])
def test_an_extension_shows_its_parent_and_goes_on(served_model, request, client, tmp_path):
    asks = client(request.getfixturevalue(served_model))
    asked = replace(SPOKEN, model=asks.capabilities().name)
    parent = completed(asks, asked, tmp_path)
    shown = frames_of(tmp_path / "clip.mp4")
    video = finished(
        asks, asks.extend(parent.id, Change("a ball runs"), seconds=2, idempotency_key=key()).id
    )
    assert (video.status, video.seconds) == ("completed", 3.0)
    asks.download(video.id, tmp_path / "longer.mp4")
    longer = frames_of(tmp_path / "longer.mp4")
    assert longer.shape == (72, 64, 48, 3)
    assert np.array_equal(longer[:24], shown)
    if asks.capabilities().audio:
        assert sound_seconds(tmp_path / "longer.mp4") == pytest.approx(3.0, abs=0.03)
    else:
        with av.open(str(tmp_path / "longer.mp4")) as clip:
            assert [stream.type for stream in clip.streams] == ["video"]


@pytest.mark.parametrize("model", ["wan_both", "wan_picture", "ltx2"])
def test_an_extension_depends_on_how_its_parent_ends(loaded, model, tmp_path):
    engine = loaded(model)
    request = replace(BALL, fps=24)
    one = film(tmp_path / "one.mp4", level=0, fps=24)
    other = film(tmp_path / "other.mp4", level=220, fps=24)
    again = film(tmp_path / "again.mp4", seconds=2, level=0, fps=24)
    ends = read_frames(again, range(24, 48))
    clips = [
        rendered(engine, replace(request, source=Source("extend", film=parent)), tmp_path)
        for parent in (one, other)
    ]
    assert all(clip.shape == (24, 64, 48, 3) for clip in clips)
    assert not np.array_equal(*clips)
    write_mp4(tmp_path / "end.mp4", ends, size=(48, 64), fps=24, sound=None)
    lasts = [
        rendered(engine, replace(request, source=Source("extend", film=parent)), tmp_path)
        for parent in (again, tmp_path / "end.mp4")
    ]
    assert apart(*(clip.astype(float) for clip in lasts)) < 3  # the end alone counts


def test_the_frames_that_a_model_went_on_from_are_not_shown_twice(loaded, tmp_path):
    engine = loaded("ltx2")
    asked = []
    generate = engine.family.generate

    def watched(ask, on_step):
        asked.append((len(ask.opening), ask.frames))
        return generate(ask, on_step)

    parent = film(tmp_path / "parent.mp4", fps=24)
    request = replace(SPOKEN, source=Source("extend", film=parent))
    engine.family.generate = watched
    try:
        clip = engine._generate(request, 3, lambda *_: None)
    finally:
        del engine.family.generate
    assert asked == [(17, 41)]
    assert len(clip.frames) == 24
    # What is heard begins with what is seen.
    assert clip.lead_seconds == pytest.approx(17 / 24)
    assert len(clip.sound) / clip.sound_hz == pytest.approx(41 / 24, abs=0.06)


def test_what_a_model_cannot_build_on_is_refused(wan, client, tmp_path):
    asks = client(wan)
    parent = completed(asks, BALL, tmp_path)
    body = {"prompt": "a", "video": {"id": parent.id}, "seconds": 1}
    answer = httpx.post(f"{wan.url}/v1/videos/extensions", json=body)
    assert answer.json()["error"]["code"] == "unsupported_operation"


def test_an_edit_of_a_clip_from_a_picture_needs_none(both, client, tmp_path):
    asks = client(both)
    asked = replace(BALL, model="wan-2.2", fps=24, input_reference=picture())
    parent = completed(asks, asked, tmp_path)
    edit = finished(asks, asks.edit(parent.id, Change("a ball"), idempotency_key=key()).id)
    assert edit.status == "completed"


def test_frames_are_found_again_at_another_rate():
    shown = [i * 16 // 24 for i in range(48)]  # how a film of 24 shows frames of 16
    assert [shown[i] for i in numbers_at(range(32), 16, 24)] == list(range(32))
    assert numbers_at(range(5), 24, 24) == [0, 1, 2, 3, 4]


def test_a_film_keeps_its_scale_in_a_larger_size(tmp_path):
    frames = np.arange(2 * 4 * 3 * 3, dtype=np.uint8).reshape(2, 4, 3, 3)
    larger = padded(frames, (6, 8))
    assert larger.shape == (2, 8, 6, 3)
    assert np.array_equal(larger[:, 2:6, 1:4], frames)
    assert np.array_equal(larger[:, 0, 1:4], frames[:, 0])


def test_the_end_of_a_film_is_as_long_as_model_and_film_allow(loaded, tmp_path):
    traits = loaded("ltx2").family.traits
    parent = film(tmp_path / "parent.mp4", fps=24)
    assert count_frames(parent) == 24
    assert np.array_equal(last_frames(parent, 24, traits), read_frames(parent, range(7, 24)))
    short = replace(traits, fps=16)
    assert len(last_frames(parent, 24, short)) == 9  # 16 frames, of which 8k + 1
