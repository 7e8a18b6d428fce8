"""Films of any size, rate and length become one film of exactly what was asked."""

import io

import av
import ffmpeg
import numpy as np
import pytest
from PIL import Image

from tests.media import make_clip
from transcode.assemble import Piece, assemble, last_picture
from transcode.errors import NotAVideo
from transcode.ffmpeg import run


def still(path, colour, *, size="360x640", rate=24, seconds=1.0):
    source = ffmpeg.input(f"color=c={colour}:size={size}:rate={rate}", f="lavfi", t=seconds)
    run(ffmpeg.output(source, str(path), vcodec="libx264", pix_fmt="yuv420p"), timeout_seconds=60)
    return path


def pictures(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def sound(path):
    with av.open(str(path)) as container:
        return np.concatenate([f.to_ndarray().mean(0) for f in container.decode(audio=0)])


def test_pieces_are_cut_grown_and_held_to_the_exact_size_rate_and_length(tmp_path):
    large = still(tmp_path / "a.mp4", "red", size="384x672", rate=16, seconds=2)
    small = still(tmp_path / "b.mp4", "blue", size="90x160", rate=30, seconds=0.5)
    to = tmp_path / "film.mp4"
    assemble([Piece(large, 1.5), Piece(small, 1.0)], to, size_px=(360, 640), fps=24, has_sound=True)
    shown = pictures(to)
    assert [p.shape for p in shown] == [(640, 360, 3)] * 60
    assert [int(p.mean((0, 1)).argmax()) for p in shown] == [0] * 36 + [2] * 24
    assert np.abs(sound(to)).max() == 0
    assert sorted(tmp_path.iterdir()) == [large, small, to]


def test_what_is_larger_is_cut_about_its_middle_and_nothing_is_stretched(tmp_path):
    film = make_clip(tmp_path / "bars.mp4", "bars", seconds=0.5)
    to = tmp_path / "film.mp4"
    assemble([Piece(film, 0.5)], to, size_px=(200, 600), fps=24, has_sound=False)
    whole, cut = pictures(film)[0].astype(int), pictures(to)[0].astype(int)
    assert np.abs(whole[20:620, 80:280] - cut).mean() < 3


def test_a_piece_without_sound_is_silent_beside_one_that_has_it(tmp_path):
    loud = make_clip(tmp_path / "loud.mp4", "moving", seconds=1, audio=True)
    silent = make_clip(tmp_path / "silent.mp4", "moving", seconds=1)
    to = tmp_path / "film.mp4"
    assemble([Piece(loud, 1), Piece(silent, 1)], to, size_px=(360, 640), fps=24, has_sound=True)
    heard = sound(to)
    assert np.abs(heard[:40_000]).max() > 0.05
    assert np.abs(heard[52_000:90_000]).max() < 0.001


def test_skipped_frames_are_not_shown(tmp_path):
    film = make_clip(tmp_path / "film.mp4", "moving", seconds=1)
    to = tmp_path / "rest.mp4"
    assemble([Piece(film, 0.5, 3)], to, size_px=(360, 640), fps=24, has_sound=False)
    whole, rest = pictures(film), pictures(to)
    errors = [np.abs(whole[i].astype(int) - rest[0]).mean() for i in range(8)]
    assert int(np.argmin(errors)) == 3


def test_the_last_picture_is_the_last(tmp_path):
    film = make_clip(tmp_path / "film.mp4", "moving", seconds=12)
    last = np.asarray(Image.open(io.BytesIO(last_picture(film))))
    assert (last == pictures(film)[-1]).all()


@pytest.mark.parametrize("content", [b"", b"<html>", b"\0\0\0\x18ftypmp42" + b"\0" * 200])
def test_what_is_no_video_is_refused(tmp_path, content):
    film = tmp_path / "film.mp4"
    film.write_bytes(content)
    with pytest.raises(NotAVideo):
        assemble([Piece(film, 1)], tmp_path / "to.mp4", size_px=(64, 64), fps=24, has_sound=False)
    with pytest.raises(NotAVideo):
        last_picture(film)
    assert list(tmp_path.iterdir()) == [film]
