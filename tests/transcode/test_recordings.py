from __future__ import annotations

import shutil

import av
import numpy as np
import pytest

from transcode.containers import whole_container
from transcode.errors import NoPictures, NotAVideo, OverLimit
from transcode.probe import MediaLimits
from transcode.recordings import frames_at_rate, mono_sound, recording_info

LIMITS = MediaLimits(max_seconds=20.0, max_side_px=1920)
SIZE = (96, 64)  # width, height


def record(path, *, seconds=2.0, fps=15, codecs=("libx264", "aac"), options=None):
    """A red quarter at the top left of grey; a tone."""
    with av.open(str(path), "w", options=options or {}) as out:
        video = out.add_stream(codecs[0], rate=fps)
        video.width, video.height = SIZE
        video.pix_fmt = "yuv420p"
        audio = out.add_stream(codecs[1], rate=48_000, layout="mono") if codecs[1] else None
        picture = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
        picture[: SIZE[1] // 2, : SIZE[0] // 2] = (255, 0, 0)
        for _ in range(round(seconds * fps)):
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(video.encode())
        if audio is not None:
            tone = np.sin(2 * np.pi * 440 * np.arange(round(seconds * 48_000)) / 48_000) / 4
            frame = av.AudioFrame.from_ndarray(tone[None].astype(np.float32), "fltp", "mono")
            frame.sample_rate = 48_000
            out.mux(audio.encode(frame))
            out.mux(audio.encode())
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("recordings")


@pytest.fixture(scope="module")
def phone(folder):
    return record(folder / "phone.mp4")


@pytest.fixture(scope="module")
def browser(folder):
    """WebM as it is streamed: open-ended, without a length."""
    return record(folder / "browser.webm", codecs=("libvpx", "libopus"), options={"live": "1"})


@pytest.mark.parametrize(
    ("name", "codecs", "options"),
    [
        ("a.mp4", ("libx264", "aac"), {}),
        ("b.mov", ("libx265", "aac"), {}),
        ("c.mp4", ("libx264", "libopus"), {"movflags": "frag_keyframe+empty_moov"}),
        ("d.webm", ("libvpx", "libopus"), {}),
        ("e.webm", ("libvpx-vp9", "libopus"), {"live": "1"}),
        ("f.mp4", ("libsvtav1", "aac"), {}),
        ("g.webm", ("libsvtav1", "libopus"), {"live": "1"}),
    ],
)
def test_what_phones_and_browsers_record_is_read(folder, name, codecs, options):
    path = record(folder / name, seconds=0.8, codecs=codecs, options=options)
    info = recording_info(path, limits=LIMITS)
    assert info.container == ("webm" if name.endswith("webm") else "mp4")
    assert (info.width_px, info.height_px) == SIZE
    assert info.seconds == pytest.approx(0.8, abs=0.15)
    assert info.video_codec in {"h264", "hevc", "vp8", "vp9", "av1"}
    assert info.audio_codec in {"aac", "opus"}
    assert len(list(frames_at_rate(path, 5, max_side_px=64, limits=LIMITS))) == 4


def test_frames_come_at_the_rate_and_no_larger_than_asked(browser):
    frames = list(frames_at_rate(browser, 8, max_side_px=48, limits=LIMITS))
    seconds = [at for at, _ in frames]
    assert seconds[0] == 0.0
    assert len(frames) == 16
    assert np.diff(seconds) == pytest.approx(1 / 8, abs=0.07)
    assert {picture.shape for _, picture in frames} == {(32, 48, 3)}


@pytest.mark.parametrize(("degrees", "corner"), [(90, "left below"), (270, "right above")])
def test_a_recording_on_its_side_is_turned_upright(folder, phone, degrees, corner):
    path = folder / f"turned-{degrees}.mp4"
    matrix = {90: (0, -1, 1, 0), 270: (0, 1, -1, 0)}[degrees]  # as in a track header
    data = phone.read_bytes()
    plain = b"".join(each.to_bytes(4, "big", signed=True) for each in (1 << 16, 0, 0, 0, 1 << 16))
    at = data.index(plain, data.index(b"tkhd"))
    a, b, c, d = (each << 16 for each in matrix)
    turned = b"".join(each.to_bytes(4, "big", signed=True) for each in (a, b, 0, c, d))
    path.write_bytes(data[:at] + turned + data[at + 20 :])
    _, picture = next(frames_at_rate(path, 1, max_side_px=96, limits=LIMITS))
    assert picture.shape == (96, 64, 3)
    red = (picture[:, :, 0].astype(int) - picture[:, :, 1]) > 80
    rows, columns = np.nonzero(red)
    where = "left" if columns.mean() < 32 else "right", "above" if rows.mean() < 48 else "below"
    assert " ".join(where) == corner


def test_sound_is_mono_at_the_rate_asked(phone, browser, folder):
    for path in (phone, browser):
        sound = mono_sound(path, rate_hz=16_000, limits=LIMITS)
        assert sound.dtype == np.int16
        assert len(sound) / 16_000 == pytest.approx(2.0, abs=0.1)
        spectrum = np.abs(np.fft.rfft(sound[8000:24000]))
        assert abs(int(spectrum.argmax()) - 440) <= 1
    mute = record(folder / "mute.mp4", seconds=0.5, codecs=("libx264", None))
    assert mono_sound(mute, rate_hz=16_000, limits=LIMITS) is None


@pytest.mark.parametrize(
    ("limits", "limit"),
    [
        (MediaLimits(max_bytes=1000), "bytes"),
        (MediaLimits(max_seconds=1.5), "seconds"),
        (MediaLimits(max_side_px=95), "pixels"),
        (MediaLimits(max_pixels=96 * 64 - 1), "pixels"),
        (MediaLimits(max_streams=1), "streams"),
    ],
)
def test_what_is_over_a_limit_is_named(phone, browser, limits, limit):
    for path in (phone, browser):
        with pytest.raises(OverLimit) as refused:
            recording_info(path, limits=limits)
        assert refused.value.limit == limit


@pytest.mark.parametrize(
    ("limits", "limit"),
    [(MediaLimits(max_seconds=1.5), "seconds"), (MediaLimits(max_decoded_frames=20), "frames")],
)
def test_decoding_stops_at_the_limit_whatever_was_declared(browser, limits, limit):
    with pytest.raises(OverLimit) as refused:
        list(frames_at_rate(browser, 8, max_side_px=96, limits=limits))
    assert refused.value.limit == limit
    if limit == "seconds":
        short = MediaLimits(max_seconds=0.5)
        with pytest.raises(OverLimit):
            mono_sound(browser, rate_hz=16_000, limits=short)


def test_sound_alone_has_no_pictures(folder):
    path = folder / "sound.mp4"
    with av.open(str(path), "w") as out:
        audio = out.add_stream("aac", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48_000), np.float32), "fltp", "mono")
        frame.sample_rate = 48_000
        out.mux(audio.encode(frame))
        out.mux(audio.encode())
    with pytest.raises(NoPictures):
        recording_info(path, limits=LIMITS)


@pytest.mark.parametrize("which", ["phone", "browser"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[: len(data) * 2 // 3],
        lambda data: data + b"<html>",
        lambda data: b"<html>" + data,
        lambda data: data + bytes(64),
        lambda data: data[:40],
        lambda _: b"",
    ],
    ids=["cut off", "a page behind", "a page in front", "zeros behind", "a header", "nothing"],
)
def test_only_a_whole_container_is_taken(which, spoil, request, tmp_path):
    source = request.getfixturevalue(which)
    assert whole_container(source) == ("mp4" if which == "phone" else "webm")
    path = tmp_path / "spoilt"
    path.write_bytes(spoil(source.read_bytes()))
    with pytest.raises(NotAVideo):
        whole_container(path)


def test_an_archive_hidden_in_a_box_is_found(phone, tmp_path):
    path = tmp_path / "polyglot.mp4"
    shutil.copy(phone, path)
    end = b"PK\x05\x06" + bytes(18)
    with path.open("ab") as file:
        file.write((8 + len(end)).to_bytes(4, "big") + b"free" + end)
    with pytest.raises(NotAVideo, match="archive"):
        whole_container(path)


def test_a_box_longer_than_the_file_is_named(phone, tmp_path):
    data = phone.read_bytes()
    at = data.index(b"mdat") - 4
    path = tmp_path / "4gb.mp4"
    path.write_bytes(
        data[:at] + (1).to_bytes(4, "big") + b"mdat" + (4 << 30).to_bytes(8, "big") + data[at + 8 :]
    )
    with pytest.raises(NotAVideo, match="4294967296"):
        whole_container(path)
