import numpy as np
import pytest

from provenance.marks.invisible import luma_template, read_mark
from provenance.marks.reading import read_video_mark
from provenance.pipeline import mark_clip
from tests.media import make_clip
from tests.provenance.conftest import MARK_ID, claims_of
from transcode.probe import sample_luma
from transcode.reencode import reencode

KEY, OTHER_KEY = b"k" * 32, b"o" * 32


def merged(frame, template):
    return np.clip(frame.astype(int) + template - 128, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def frames(source):
    return sample_luma(source, 8)


@pytest.fixture(scope="module")
def marked_frames(frames):
    template = luma_template(MARK_ID, KEY, (360, 640), samples=frames)
    return [merged(frame, template) for frame in frames]


def test_the_id_is_read_with_its_key(marked_frames):
    assert read_mark(marked_frames, KEY).mark_id == MARK_ID


def test_nothing_is_read_without_its_key(marked_frames):
    assert read_mark(marked_frames, OTHER_KEY) is None


def test_nothing_is_read_from_unmarked_frames(frames):
    assert read_mark(frames, KEY) is None
    assert read_mark([], KEY) is None


def test_a_mirrored_copy_is_read(marked_frames):
    mark = read_mark([frame[:, ::-1] for frame in marked_frames], KEY)
    assert (mark.mark_id, mark.is_mirrored) == (MARK_ID, True)


def test_a_cropped_copy_is_read(marked_frames):
    mark = read_mark([frame[40:600, 20:340] for frame in marked_frames], KEY)
    assert mark.mark_id == MARK_ID
    assert mark.scale == pytest.approx(320 / 360, abs=0.04)


def test_the_mark_is_invisible_on_a_flat_clip():
    flat = np.full((640, 360), 120, np.uint8)
    template = luma_template(MARK_ID, KEY, (360, 640), samples=[flat, flat])
    assert template.std() < 0.85
    assert abs(template.astype(int) - 128).max() <= 4
    assert template.mean() == pytest.approx(128, abs=0.1)


@pytest.mark.parametrize("size_px", [(240, 240), (720, 1280), (640, 360), (1080, 1920)])
def test_any_size_carries_the_mark(size_px):
    frame = np.full(size_px[::-1], 90, np.uint8)
    template = luma_template(MARK_ID, KEY, size_px, samples=[frame])
    assert read_mark([merged(frame, template)], KEY).mark_id == MARK_ID


def test_noise_and_stripes_are_never_taken_for_a_mark():
    random = np.random.default_rng(3)
    rows, columns = np.mgrid[0:640, 0:360]
    found = []
    for trial in range(50):
        noise = random.integers(0, 256, (640, 360)).astype(np.uint8)
        angle, period = random.uniform(0, np.pi), random.uniform(4, 40)
        wave = np.sin((rows * np.sin(angle) + columns * np.cos(angle)) * 2 * np.pi / period)
        stripes = (128 + 100 * wave).astype(np.uint8)
        key = trial.to_bytes(32, "big")
        found += [read_mark([picture], key, is_copy=False) for picture in (noise, stripes)]
    assert found == [None] * 100


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bars", "dark", "flat", "moving", "noisy", "zooming"])
def test_the_id_survives_crf_28_at_half_size_from_every_delivered_file(tmp_path, marker, name):
    source = make_clip(tmp_path / "source.mp4", name, seconds=3)
    clip = mark_clip(source, tmp_path / "clip", claims_of("clip-" + name), marker)
    for path in (clip.mp4, *(file for file in clip.hls_files if file.suffix == ".m4s")):
        copy = tmp_path / f"{path.name}.mp4"
        reencode(path, copy, size_px=(180, 320), crf=28)
        mark = read_video_mark(copy, marker.watermark_key, is_copy=True)
        assert mark is not None, f"{name}/{path.name}"
        assert mark.mark_id == MARK_ID
