"""Faces, first frames and films that lead Wan VACE."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from engine.contracts import CastMember, Change, Source
from engine.engines.diffusers.vace import GREY, _continued, _greys
from engine.errors import RequestRejected
from tests.engine.conftest import ROOT
from tests.engine.diffusers.test_clips import BALL, completed, frames_of
from tests.engine.diffusers.test_films import apart, film
from tests.engine.grey import finished, key, picture

ADA, BOB = CastMember("@ada", picture()), CastMember("@bob", picture(colour="blue"))


def generated(engine, **changes):
    return engine._generate(replace(BALL, **changes), 3, lambda *_: None).frames


def test_a_folder_of_vace_is_described(folder):
    command = [sys.executable, "-m", "engine.engines.diffusers", str(folder("wan_vace"))]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert told.stdout.startswith("WanVACEPipeline of the family wan: ")
    assert "  transformer      WanVACETransformer3DModel" in told.stdout


def test_faces_change_what_is_seen_and_nothing_else(loaded):
    engine = loaded("wan_vace")
    clips = [generated(engine, cast=cast) for cast in ((), (ADA,), (BOB,), (ADA, BOB), (BOB, ADA))]
    assert {clip.shape for clip in clips} == {(16, 64, 48, 3)}
    assert len({clip.tobytes() for clip in clips}) == 5
    renamed = generated(engine, cast=(replace(ADA, name="@eve"),))
    assert np.array_equal(renamed, clips[1])  # it is who is seen, not how they are called


def test_a_cast_name_is_a_word_of_the_prompt(loaded):
    engine = loaded("wan_vace")
    said = [
        generated(engine, prompt=prompt, cast=(CastMember("@Ball", picture()),))
        for prompt in ("a red @ball falls", "a red Ball falls", "a red @bald falls")
    ]
    assert np.array_equal(said[0], said[1])
    assert not np.array_equal(said[0], said[2])


def test_characters_are_cast_over_the_dialect(vace, client, tmp_path):
    asks = client(vace)
    clips = []
    for cast in ((ADA,), (BOB,)):
        completed(asks, replace(BALL, cast=cast), tmp_path)
        clips.append(frames_of(tmp_path / "clip.mp4"))
    assert not np.array_equal(*clips)


def test_a_model_without_faces_casts_nobody(wan, client):
    with pytest.raises(RequestRejected) as refused:
        client(wan).submit(replace(BALL, cast=(ADA,)), idempotency_key=key())
    assert (refused.value.param, refused.value.code) == ("characters", "unsupported_operation")


def test_an_edit_is_led_by_its_film_and_its_cast(loaded, tmp_path):
    engine = loaded("wan_vace")
    parents = [film(tmp_path / f"{level}.mp4", level=level) for level in (0, 200)]
    clips = [generated(engine, source=Source("edit", film=parent)) for parent in parents]
    assert apart(*(clip.astype(float) for clip in clips)) > 0.05
    cast = generated(engine, source=Source("edit", film=parents[0]), cast=(ADA,))
    assert not np.array_equal(cast, clips[0])


def test_a_film_is_edited_with_other_faces(vace, client, tmp_path):
    asks = client(vace)
    change = Change("a blue ball", cast=(BOB,))
    parent = film(tmp_path / "parent.mp4")
    video = finished(asks, asks.edit(parent, change, idempotency_key=key()).id)
    assert (video.status, video.seconds) == ("completed", 1.0)


def test_an_extension_goes_on_from_the_last_frames(vace, client, tmp_path):
    asks = client(vace)
    parent = completed(asks, BALL, tmp_path)
    shown = frames_of(tmp_path / "clip.mp4")
    longer = finished(
        asks, asks.extend(parent.id, Change("a"), seconds=1, idempotency_key=key()).id
    )
    assert longer.status == "completed"
    asks.download(longer.id, tmp_path / "longer.mp4")
    frames = frames_of(tmp_path / "longer.mp4")
    assert len(frames) == 32
    assert np.array_equal(frames[:16], shown)


def test_a_picture_is_the_frame_that_is_kept(loaded):
    engine = loaded("wan_vace")
    red, blue = (generated(engine, input_reference=picture(colour=c)) for c in ("red", "blue"))
    assert not np.array_equal(red, blue)


def test_what_leads_is_grey_and_what_is_kept_is_black_in_the_mask():
    red = np.full((2, 4, 6, 3), (255, 0, 0), np.uint8)
    assert (_greys(red) == 76).all()
    video, mask = _continued(red, 5)
    assert [np.asarray(each).mean() for each in mask] == [0, 0, 255, 255, 255]
    assert [np.asarray(each)[0, 0].tolist() for each in video] == [[255, 0, 0]] * 2 + [
        [GREY] * 3
    ] * 3
    assert (video[0].size, mask[0].size) == ((6, 4), (6, 4))
