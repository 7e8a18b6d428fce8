import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import ffmpeg
import pytest

from provenance.claims import CLIP_ASSERTION, ParentIngredient
from provenance.errors import MarkingFailed, ParentNotTrusted
from provenance.marker import Marker
from provenance.pipeline import mark_clip
from provenance.signing import read_manifest
from tests.media import make_clip
from tests.provenance.conftest import MARK_ID, claims_of
from transcode.ffmpeg import run
from transcode.hls import byte_ranges
from transcode.probe import probe

RENDITIONS = {"full": (360, 640), "small": (216, 384)}
IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def actions_of(path, marker):
    reading = read_manifest(path, "video/mp4", marker)
    return reading.assertion("c2pa.actions.v2")["actions"]


def test_every_delivered_file_is_listed_and_there(marked):
    folder = marked.mp4.parent
    assert sorted(marked.files) == [
        "clip.mp4",
        "hls/full.m3u8",
        "hls/full.m4s",
        "hls/master.m3u8",
        "hls/small.m3u8",
        "hls/small.m4s",
        "poster.jpg",
    ]
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == {*marked.files, "marked.json"}
    assert (marked.width_px, marked.height_px, marked.seconds) == (360, 640, 3.0)


def test_the_mp4_starts_playing_at_once(marked):
    content = marked.mp4.read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")
    info = probe(marked.mp4)
    assert (info.frames, info.video_codec, info.audio_codec) == (72, "h264", "aac")


@pytest.mark.parametrize("name", RENDITIONS)
def test_a_renditions_byte_ranges_are_exact(marked, name):
    playlist = marked.hls_master.parent / f"{name}.m3u8"
    content = playlist.with_suffix(".m4s").read_bytes()
    ranges = byte_ranges(playlist)
    end = 0
    for offset, length in ranges:
        assert offset == end
        end = offset + length
    assert end == len(content)
    assert content[4:8] == b"ftyp"
    starts = {content[offset + 4 : offset + 8] for offset, _ in ranges[1:]}
    assert starts <= {b"styp", b"sidx", b"moof"}
    assert b"moov" in content[: ranges[0][1]]


@pytest.mark.parametrize("name", RENDITIONS)
def test_a_rendition_plays_every_frame(marked, name):
    playlist = marked.hls_master.parent / f"{name}.m3u8"
    with av.open(str(playlist), options={"allowed_extensions": "ALL"}) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.width, stream.codec_context.height) == RENDITIONS[name]
        assert sum(1 for _ in container.decode(stream)) == 72


def test_the_master_playlist_names_both_renditions(marked):
    lines = marked.hls_master.read_text().splitlines()
    assert [line for line in lines if line.endswith(".m3u8")] == ["full.m3u8", "small.m3u8"]
    assert sum("RESOLUTION=" in line and "CODECS=" in line for line in lines) == 2


def test_captions_are_delivered_and_hls_offers_them(tmp_path, marker, source):
    captions = "WEBVTT\n\n00:00:00.500 --> 00:00:02.000\nSüße Bälle.\n"
    clip = mark_clip(source, tmp_path / "clip", claims_of("clip-1"), marker, captions=captions)
    assert clip.captions == tmp_path / "clip" / "captions.vtt"
    assert clip.captions.read_text(encoding="utf-8") == captions
    assert {"captions.vtt", "hls/captions.m3u8"} <= set(clip.files)
    assert clip.hls_master.name == "master.m3u8"
    for media in clip.hls_files:
        if media.suffix == ".m4s":
            assert read_manifest(media, "video/mp4", marker).state == "trusted"
    played = ffmpeg.input(str(clip.hls_master), allowed_extensions="ALL", extension_picky=0)
    run(ffmpeg.output(played["s"], str(tmp_path / "read.vtt")), timeout_seconds=60)
    cue = (tmp_path / "read.vtt").read_text(encoding="utf-8").split("\n\n")[1]
    assert cue.endswith("\nSüße Bälle.\n")
    # HLS pictures begin a frame or two late, as B-frames need; captions do not.
    assert float(cue[3:9]) == pytest.approx(0.5, abs=0.1)
    again = mark_clip(source, tmp_path / "clip", claims_of("clip-1"), marker, captions=captions)
    assert again == clip


def test_without_speech_nothing_says_captions(marked):
    assert marked.captions is None
    assert "SUBTITLES" not in marked.hls_master.read_text()


def test_the_manifest_says_who_what_and_how(marked, marker):
    reading = read_manifest(marked.mp4, "video/mp4", marker)
    assert (reading.state, reading.problems) == ("trusted", ())
    assert reading.assertion(CLIP_ASSERTION) == {
        "clip_id": "clip-1",
        "instance": "vignette.test",
        "author": "ada.lovelace",
        "engine": "scene",
        "ai_generated": True,
        "mark_id": "c0ffee0123456789",
    }
    assert reading.assertion("c2pa.soft-binding")["blocks"][0]["value"] == "c0ffee0123456789"
    created, watermarked = actions_of(marked.mp4, marker)
    assert (created["action"], watermarked["action"]) == ("c2pa.created", "c2pa.watermarked")
    assert created["digitalSourceType"] == IPTC + "algorithmicMedia"
    assert created["when"] == "2026-11-22T12:00:00Z"


def test_a_remix_names_its_parent_as_an_ingredient(tmp_path, marked, marker, source):
    claims = claims_of(
        "clip-2",
        engine_is_procedural=False,
        parents=(ParentIngredient(marked.mp4, "clip-1", "parentOf"),),
    )
    remix = mark_clip(source, tmp_path / "remix", claims, marker)
    opened, edited, _ = actions_of(remix.mp4, marker)
    assert (opened["action"], edited["action"]) == ("c2pa.opened", "c2pa.edited")
    assert edited["digitalSourceType"] == IPTC + "trainedAlgorithmicMedia"
    ingredient = opened["parameters"]["ingredients"][0]["url"]
    assert ingredient.endswith("c2pa.ingredient.v3")


def flipped(path: Path, to: Path) -> Path:
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    to.write_bytes(content)
    return to


def test_a_remix_of_an_untrusted_parent_is_refused(tmp_path, marked, marker, stranger, source):
    tampered = flipped(marked.mp4, tmp_path / "tampered.mp4")
    unsigned = make_clip(tmp_path / "unsigned.mp4", "flat", seconds=1)
    for parent in (
        ParentIngredient(tampered, "clip-1", "parentOf"),
        ParentIngredient(unsigned, "clip-1", "parentOf"),
        ParentIngredient(marked.mp4, "another-clip", "parentOf"),
    ):
        with pytest.raises(ParentNotTrusted):
            mark_clip(source, tmp_path / "r", claims_of("r", parents=(parent,)), marker)
    good = ParentIngredient(marked.mp4, "clip-1", "parentOf")
    with pytest.raises(ParentNotTrusted):
        mark_clip(source, tmp_path / "r", claims_of("r", parents=(good,)), stranger)
    assert not (tmp_path / "r").exists()


def test_an_odd_sized_silent_clip_is_delivered_even(tmp_path, marker):
    import ffmpeg  # noqa: PLC0415

    from transcode.ffmpeg import run  # noqa: PLC0415

    odd = tmp_path / "odd.mp4"
    picture = ffmpeg.input("testsrc2=size=241x321:rate=24", f="lavfi", t=1)
    run(ffmpeg.output(picture, str(odd), vcodec="libx264", pix_fmt="yuv444p"), timeout_seconds=30)
    clip = mark_clip(odd, tmp_path / "clip", claims_of("odd"), marker)
    assert (clip.width_px, clip.height_px) == (240, 320)
    assert not probe(clip.mp4).has_audio


def test_marking_twice_gives_the_first_result(marked, marker, source):
    folder = marked.mp4.parent
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert mark_clip(source, folder, claims_of("clip-1"), marker) == marked
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_another_clips_folder_is_left_alone(marked, marker, source):
    with pytest.raises(MarkingFailed, match="another clip"):
        mark_clip(source, marked.mp4.parent, claims_of("clip-9"), marker)
    assert mark_clip(source, marked.mp4.parent, claims_of("clip-1"), marker) == marked


def test_a_damaged_result_is_made_again(tmp_path, marker):
    source = make_clip(tmp_path / "source.mp4", "flat", seconds=1)
    first = mark_clip(source, tmp_path / "clip", claims_of("clip-3"), marker)
    first.poster.write_bytes(b"gone")
    again = mark_clip(source, tmp_path / "clip", claims_of("clip-3"), marker)
    assert read_manifest(again.poster, "image/jpeg", marker).state == "trusted"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip", "source.mp4"]


def test_two_calls_at_once_deliver_one_set(tmp_path, marker):
    source = make_clip(tmp_path / "source.mp4", "flat", seconds=1)
    with ThreadPoolExecutor(2) as pool:
        calls = [
            pool.submit(mark_clip, source, tmp_path / "clip", claims_of("clip-4"), marker)
            for _ in range(2)
        ]
        first, second = (call.result() for call in calls)
    assert first == second
    assert read_manifest(first.mp4, "video/mp4", marker).state == "trusted"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip", "source.mp4"]


def test_nothing_is_delivered_when_signing_fails(tmp_path, marker, source):
    broken = dataclasses.replace(marker, cert_chain=marker.trust_anchors)
    with pytest.raises(MarkingFailed):
        mark_clip(source, tmp_path / "clip", claims_of("clip-5"), broken)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_delivered_when_the_signature_is_not_trusted(tmp_path, marker, stranger, source):
    untrusted = Marker.from_pem(
        cert_chain=marker.cert_chain,
        private_key=marker.private_key,
        watermark_key=marker.watermark_key,
        trust_anchors=stranger.trust_anchors,
    )
    with pytest.raises(MarkingFailed, match="untrusted"):
        mark_clip(source, tmp_path / "clip", claims_of("clip-6"), untrusted)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_delivered_when_the_mark_cannot_be_read_back(
    tmp_path, marker, source, monkeypatch
):
    # The badge's file stays; only the invisible template is blanked on its way to the encoder.
    monkeypatch.setattr(
        "provenance.pipeline.luma_template",
        lambda *_, samples, **__: samples[0] * 0 + 128,
    )
    with pytest.raises(MarkingFailed, match="cannot be read back"):
        mark_clip(source, tmp_path / "clip", claims_of("clip-7"), marker)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no video at all"])
def test_a_broken_source_fails_and_delivers_nothing(tmp_path, marker, content):
    source = tmp_path / "source.mp4"
    source.write_bytes(content)
    with pytest.raises(MarkingFailed):
        mark_clip(source, tmp_path / "clip", claims_of("clip-8"), marker)
    assert [path.name for path in tmp_path.iterdir()] == ["source.mp4"]


def test_a_cancelled_call_delivers_nothing(tmp_path, marker, source):
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(MarkingFailed):
        mark_clip(source, tmp_path / "clip", claims_of("clip-8"), marker, cancelled=cancelled)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_call_leaves_no_folder_and_can_be_repeated(tmp_path, marker, source):
    keys = tmp_path / "keys"
    script = (
        "import sys; from pathlib import Path\n"
        "from tests.provenance.conftest import claims_of\n"
        "from provenance.marker import Marker; from provenance.pipeline import mark_clip\n"
        "source, out, keys = map(Path, sys.argv[1:])\n"
        "mark_clip(source, out, claims_of('killed'), Marker.from_folder(keys))"
    )
    out = tmp_path / "clips" / "clip"
    out.parent.mkdir()
    command = [sys.executable, "-c", script, str(source), str(out), str(keys)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as process:
        _wait_for(lambda: any(out.parent.rglob("clip.mp4")))
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not out.exists()
    clip = mark_clip(source, out, claims_of("killed"), Marker.from_folder(keys))
    assert clip.mp4.is_file()


def test_what_a_killed_call_left_is_swept_later(tmp_path, marker):
    source = make_clip(tmp_path / "source.mp4", "flat", seconds=1)
    left = tmp_path / ".clip.abandoned"
    left.mkdir()
    os.utime(left, (time.time() - 7200,) * 2)
    mark_clip(source, tmp_path / "clip", claims_of("clip-10"), marker)
    assert not left.exists()


def _wait_for(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        os.sched_yield()


def test_the_mark_id_must_fit_64_bits(tmp_path, marker, source):
    with pytest.raises(MarkingFailed, match="64-bit"):
        mark_clip(source, tmp_path / "clip", claims_of("clip-11", MARK_ID << 1), marker)
