import random
import zlib

import ffmpeg
import numpy as np
import pytest
from PIL import Image

from provenance.errors import UnreadableMedia
from provenance.marks.invisible import ACCEPT_Z
from provenance.verify import verify_file
from tests.media import make_clip
from tests.provenance.conftest import MARK_ID
from transcode.ffmpeg import run
from transcode.probe import MediaLimits
from transcode.reencode import reencode

DELIVERED = ["clip.mp4", "hls/full.m4s", "hls/small.m4s", "poster.jpg"]


@pytest.fixture
def folder(marked):
    return marked.mp4.parent


@pytest.mark.parametrize("name", DELIVERED)
def test_a_delivered_file_is_ours(folder, marker, name):
    found = verify_file(folder / name, marker)
    assert (found.manifest, found.problems, found.clip_id) == ("trusted", (), "clip-1")
    assert found.mark_id == MARK_ID
    assert found.mark_confidence >= ACCEPT_Z
    assert found.media_kind == ("image" if name.endswith("jpg") else "video")


@pytest.mark.parametrize("name", DELIVERED)
def test_another_deployment_sees_a_valid_stranger_and_no_mark(folder, stranger, name):
    found = verify_file(folder / name, stranger)
    assert found.manifest == "valid_untrusted"
    assert found.problems == ("signingCredential.untrusted",)
    assert (found.clip_id, found.mark_id) == (None, None)


@pytest.mark.parametrize("name", DELIVERED)
@pytest.mark.parametrize("place", ["picture", "manifest"])
def test_one_flipped_byte_makes_a_file_invalid(folder, marker, tmp_path, name, place):
    content = bytearray((folder / name).read_bytes())
    at = len(content) - 500 if place == "picture" else content.index(b"org.vignette.clip") + 60
    content[at] ^= 1
    path = tmp_path / "tampered"
    path.write_bytes(content)
    found = verify_file(path, marker)
    assert found.manifest == "invalid"
    assert found.problems
    assert found.clip_id is None


def test_a_flipped_byte_in_the_sample_tables_makes_the_mp4_invalid(folder, marker, tmp_path):
    content = bytearray((folder / "clip.mp4").read_bytes())
    content[content.index(b"mvhd") + 8] ^= 1
    path = tmp_path / "tampered.mp4"
    path.write_bytes(content)
    assert verify_file(path, marker).manifest == "invalid"


def test_a_copy_without_manifest_is_known_by_its_mark(folder, marker, tmp_path):
    copy = tmp_path / "copy.mp4"
    reencode(folder / "clip.mp4", copy, size_px=(180, 320), crf=28)
    found = verify_file(copy, marker)
    assert (found.manifest, found.clip_id, found.mark_id) == ("absent", None, MARK_ID)


def test_a_screenshot_is_known_by_its_mark(folder, marker, tmp_path):
    with Image.open(folder / "poster.jpg") as poster:
        poster.crop((0, 20, 360, 620)).save(tmp_path / "shot.png")
    found = verify_file(tmp_path / "shot.png", marker)
    assert (found.media_kind, found.manifest, found.mark_id) == ("image", "absent", MARK_ID)


def test_a_strangers_clip_is_absent_and_unmarked(marker, tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", "zooming", seconds=1)
    found = verify_file(clip, marker)
    assert (found.manifest, found.mark_id, found.clip_id) == ("absent", None, None)


def upload(tmp_path, content):
    path = tmp_path / "upload"
    path.write_bytes(content)
    return path


def test_what_is_no_media_is_unreadable(marker, tmp_path):
    png_header = b"\x89PNG\r\n\x1a\n"
    for content in (
        b"",
        b"hello",
        b"PK\x03\x04" + bytes(100),
        b"\x00\x00\x00\x18ftypisom" + bytes(100),
        png_header,
        png_header + bytes(200),
        b"\xff\xd8\xff" + bytes(200),
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    ):
        with pytest.raises(UnreadableMedia):
            verify_file(upload(tmp_path, content), marker)


@pytest.mark.parametrize("side_px", [8_000, 60_000])
def test_a_picture_that_claims_to_be_huge_is_refused_unread(marker, tmp_path, side_px):
    header = b"IHDR" + side_px.to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    chunk = (13).to_bytes(4, "big") + header + zlib.crc32(header).to_bytes(4, "big")
    data = (1000).to_bytes(4, "big") + b"IDAT" + bytes(1000)
    with pytest.raises(UnreadableMedia, match="limit"):
        verify_file(upload(tmp_path, b"\x89PNG\r\n\x1a\n" + chunk + data), marker)


def test_a_file_over_the_size_limit_is_refused(folder, marker):
    with pytest.raises(UnreadableMedia, match="larger than"):
        verify_file(folder / "clip.mp4", marker, limits=MediaLimits(max_bytes=1000))


def test_sound_alone_is_unreadable(marker, tmp_path):
    tone = tmp_path / "tone.mp4"
    sound = ffmpeg.input("sine=frequency=440", f="lavfi", t=1)
    run(ffmpeg.output(sound, str(tone), acodec="aac"), timeout_seconds=20)
    with pytest.raises(UnreadableMedia, match="no pictures"):
        verify_file(tone, marker)


def test_a_picture_with_an_archive_behind_it_is_not_trusted(folder, marker, tmp_path):
    polyglot = (folder / "poster.jpg").read_bytes() + b"PK\x03\x04" + bytes(500)
    assert verify_file(upload(tmp_path, polyglot), marker).manifest == "invalid"


@pytest.mark.parametrize("name", DELIVERED)
def test_damaged_files_are_unreadable_or_invalid_but_never_crash(folder, marker, tmp_path, name):
    content = (folder / name).read_bytes()
    dice = random.Random(name)
    for _ in range(12):
        damaged = bytearray(content[: dice.randrange(20, len(content))])
        for _ in range(8):
            damaged[dice.randrange(12, len(damaged))] ^= dice.randrange(1, 256)
        try:
            found = verify_file(upload(tmp_path, damaged), marker)
        except UnreadableMedia:
            continue
        assert found.manifest in {"invalid", "absent"}
        assert found.mark_id in {None, MARK_ID}


@pytest.mark.parametrize("size", [(50, 70), (1, 1), (1, 3840), (8, 9)])
def test_a_gray_picture_of_any_shape_can_be_checked(marker, tmp_path, size):
    Image.fromarray(np.full(size, 128, np.uint8)).save(tmp_path / "gray.png")
    assert verify_file(tmp_path / "gray.png", marker).manifest == "absent"
