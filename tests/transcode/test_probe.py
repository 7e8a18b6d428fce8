import numpy as np
import pytest

from tests.media import make_clip
from transcode.errors import NotAVideo
from transcode.probe import MediaLimits, probe, sample_frames, sample_luma


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("probe") / "clip.mp4"
    return make_clip(path, "moving", seconds=2, audio=True)


def test_probe_states_size_length_and_streams(clip):
    info = probe(clip)
    assert (info.width_px, info.height_px, info.fps, info.frames) == (360, 640, 24.0, 48)
    assert info.seconds == 2.0
    assert (info.video_codec, info.audio_codec, info.has_audio) == ("h264", "aac", True)


def test_frames_are_spread_over_the_clip(clip):
    samples = sample_frames(clip, 4)
    assert [round(seconds, 2) for seconds, _ in samples] == [0.25, 0.75, 1.25, 1.75]
    assert {frame.shape for _, frame in samples} == {(640, 360, 3)}
    assert all(frame.dtype == np.uint8 for _, frame in samples)


def test_a_clip_with_fewer_frames_than_asked_gives_each_once(clip):
    seconds = [at for at, _ in sample_frames(clip, 500)]
    assert len(seconds) == len(set(seconds)) == 48


def test_keyframes_alone_are_fewer(clip):
    assert len(sample_luma(clip, 24)) == 24
    keyframes = sample_luma(clip, 24, skip="all but keyframes")
    assert [plane.shape for plane in keyframes] == [(640, 360)]


@pytest.mark.parametrize(
    "limits",
    [
        MediaLimits(max_side_px=639),
        MediaLimits(max_pixels=360 * 640 - 1),
        MediaLimits(max_seconds=1.9),
        MediaLimits(max_fps=23),
        MediaLimits(max_streams=1),
        MediaLimits(max_bytes=1000),
    ],
)
def test_a_file_over_a_limit_is_refused(clip, limits):
    with pytest.raises(NotAVideo):
        sample_frames(clip, 1, limits=limits)


def test_no_more_frames_are_decoded_than_allowed(clip):
    samples = sample_frames(clip, 48, limits=MediaLimits(max_decoded_frames=10))
    assert len(samples) == 10


@pytest.mark.parametrize("content", [b"", b"not a video", b"#EXTM3U\n/etc/passwd\n"])
def test_other_bytes_are_no_video(tmp_path, content):
    path = tmp_path / "upload.mp4"
    path.write_bytes(content)
    with pytest.raises(NotAVideo):
        probe(path)


def test_a_playlist_or_script_cannot_open_other_files(clip, tmp_path):
    script = tmp_path / "list.ffconcat"
    script.write_text(f"ffconcat version 1.0\nfile '{clip}'\n")
    with pytest.raises(NotAVideo):
        probe(script)
