import hashlib

import av
import numpy as np
import pytest

from engine.contracts import Shot, VideoRequest
from engine.engines.scene.engine import SceneEngine
from engine.engines.scene.pictures import draw
from engine.engines.scene.production import produce
from engine.errors import RenderCancelled

SMALL = "96x160"


def never() -> bool:
    return False


def request(prompt: str, **options) -> VideoRequest:
    values = {"seconds": 1, "size": SMALL, "seed": 7} | options
    return VideoRequest(prompt=prompt, **values)


def frames(wanted: VideoRequest) -> np.ndarray:
    return np.stack(list(draw(produce(wanted, wanted.seed, never))))


def digest(wanted: VideoRequest) -> str:
    return hashlib.sha256(frames(wanted).tobytes()).hexdigest()


def red_mass(picture: np.ndarray) -> float:
    r, g, b = (picture[..., i].astype(int) for i in range(3))
    return float(((r > 110) & (g < 0.55 * r) & (b < 0.55 * r)).mean())


def test_the_same_prompt_and_seed_give_the_same_frames():
    wanted = request("two red balls bounce in a city in the rain")
    assert digest(wanted) == digest(wanted)


def test_another_seed_and_another_prompt_give_other_frames():
    wanted = request("three dice tumble on a stage")
    base = frames(wanted)
    assert (base != frames(request(wanted.prompt, seed=8))).any()
    other = frames(request("a blue cube spins in the snow"))
    assert np.abs(base.astype(int) - other.astype(int)).mean() > 20.0


def test_the_asked_colour_is_seen_and_the_subject_is_in_frame():
    red = frames(request("a big red ball in the snow"))
    blue = frames(request("a big blue ball in the snow"))
    assert min(red_mass(picture) for picture in red) > 0.002
    assert max(red_mass(picture) for picture in blue) < 0.002


def test_pictures_are_neither_black_nor_blown_out_in_any_place():
    for place in ("beach", "street", "room", "court", "forest", "space", "stage", "snow", "grid"):
        picture = frames(request(f"a ball, {place}", size="48x80"))[12]
        assert 12 < picture.mean() < 235, place
        assert picture.std() > 12, place


def test_a_ball_that_falls_moves_down_the_picture():
    film = frames(request("a red ball falls, static camera", size=SMALL))

    def height(picture: np.ndarray) -> float:
        rows = np.nonzero((picture[..., 0] > 110) & (picture[..., 1] < 70))[0]
        return float(rows.mean())

    assert height(film[13]) > height(film[0]) + 8


def test_shots_cut_between_cameras_and_keep_the_world():
    wanted = request(
        "",
        seconds=2,
        shots=(Shot("a red ball rolls on the beach", 1), Shot("close-up", 1, camera="low angle")),
    )
    shots = produce(wanted, 7, never).shots
    assert [len(shot.cameras) for shot in shots] == [24, 24]
    assert shots[0].world is shots[1].world
    assert shots[1].clock[0] == pytest.approx(1.0)
    film = frames(wanted).astype(int)
    steps = np.abs(np.diff(film, axis=0)).mean(axis=(1, 2, 3))
    assert steps.argmax() == 23
    assert steps[23] > 3.0 * np.delete(steps, 23).max()


def test_slow_motion_slows_the_world():
    normal = produce(request("a ball falls"), 7, never).shots[0]
    slow = produce(request("a ball falls, slow motion"), 7, never).shots[0]
    assert slow.clock[-1] == pytest.approx(0.4 * normal.clock[-1])


def test_the_file_has_the_asked_size_length_rate_and_stereo_sound(tmp_path):
    to, seen = tmp_path / "clip.mp4", []
    made = SceneEngine().render(
        request("a ball and a flugelhorn"), to, on_progress=seen.append, is_cancelled=never
    )
    assert made.seed == 7
    assert [(item.phrase, item.instead) for item in made.not_drawn] == [("flugelhorn", None)]
    assert seen == sorted(seen)
    assert len(seen) == 24
    with av.open(str(to)) as clip:
        video, sound = clip.streams.video[0], clip.streams.audio[0]
        assert (video.width, video.height, video.frames) == (96, 160, 24)
        assert (video.average_rate, video.codec_context.name) == (24, "h264")
        assert (sound.rate, sound.channels, sound.codec_context.name) == (48000, 2, "aac")
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_without_audio_there_is_no_sound_stream(tmp_path):
    to = tmp_path / "clip.mp4"
    SceneEngine().render(
        request("a ball", audio=False), to, on_progress=lambda _: None, is_cancelled=never
    )
    with av.open(str(to)) as clip:
        assert not clip.streams.audio


def test_cancelling_between_frames_leaves_nothing_behind(tmp_path):
    done = []
    with pytest.raises(RenderCancelled):
        SceneEngine().render(
            request("a ball"),
            tmp_path / "clip.mp4",
            on_progress=done.append,
            is_cancelled=lambda: len(done) >= 3,
        )
    assert len(done) == 3
    assert not list(tmp_path.iterdir())
