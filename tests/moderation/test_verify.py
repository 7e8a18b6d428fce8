from __future__ import annotations

import io
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.services import block
from core.ids import new_id, new_mark_id
from core.marker import marker
from core.storage import save_folder, signed_url
from feed.services import create_draft, delete_clip, hide_clip, publish_clip
from moderation.services import verification
from provenance.claims import ClipClaims
from provenance.pipeline import mark_clip
from tests.media import make_clip as make_video
from transcode.reencode import reencode

CLIP_ID, MARK_ID = new_id(), new_mark_id()


@pytest.fixture(scope="session")
def marked(tmp_path_factory):
    """The marked files of one clip, signed by this deployment."""
    folder = tmp_path_factory.mktemp("verify")
    source = make_video(folder / "clip.mp4", "moving", seconds=2)
    claims = ClipClaims(
        clip_id=str(CLIP_ID),
        mark_id=MARK_ID,
        author_handle="author",
        title="A ball",
        engine="scene",
        engine_is_procedural=True,
        created_at=datetime(2026, 11, 22, tzinfo=UTC),
        instance="vignette.test",
        parents=(),
    )
    return mark_clip(source, folder / "marked", claims, marker())


@pytest.fixture(scope="session")
def copied(marked, tmp_path_factory):
    """Somebody's rough copy: half the size, another quality, no manifest."""
    path = tmp_path_factory.mktemp("copy") / "copy.mp4"
    reencode(marked.mp4, path, size_px=(180, 320), crf=28)
    return path.read_bytes()


@pytest.fixture
def author(make_user):
    return make_user("author")


@pytest.fixture
def clip(author, marked):
    prefix = f"clips/{CLIP_ID}/1/"
    save_folder(marked.mp4.parent, prefix=prefix)
    made = create_draft(
        clip_id=CLIP_ID,
        author_id=author.pk,
        mark_id=MARK_ID,
        caption="A ball",
        seconds=marked.seconds,
        width_px=marked.width_px,
        height_px=marked.height_px,
        engine="scene",
        engine_is_procedural=True,
        media_prefix=prefix,
    )
    publish_clip(clip_id=made.pk, by=author)
    made.refresh_from_db()
    return made


def upload(client, data, name="clip.mp4"):
    return client.post("/api/v1/verify", {"file": SimpleUploadedFile(name, data)})


def test_a_stranger_learns_that_our_file_is_ours(clip, marked, api):
    answer = upload(api, marked.mp4.read_bytes())
    assert answer.status_code == 200
    found = answer.json()
    assert found["made_here"] is True
    assert found["media_kind"] == "video"
    assert found["manifest"] == {"state": "trusted", "problems": [], "ingredients": 0}
    assert found["mark"]["id"] == str(MARK_ID)
    assert found["mark"]["confidence"] > 6.5
    assert found["clip"]["id"] == str(clip.pk)
    assert found["clip"]["credentials"]["author"] == "author"
    assert found["clip"]["credentials"]["engine"] == "scene"
    assert "@example.org" not in answer.content.decode()
    assert "A ball" not in answer.content.decode()


def test_the_poster_is_a_file_of_ours_too(clip, marked, api):
    found = upload(api, marked.poster.read_bytes(), "poster.jpg").json()
    assert (found["media_kind"], found["manifest"]["state"]) == ("image", "trusted")
    assert found["clip"]["id"] == str(clip.pk)


def test_one_flipped_byte_makes_the_manifest_invalid(clip, marked, api):
    data = bytearray(marked.mp4.read_bytes())
    data[-2000] ^= 1
    found = upload(api, bytes(data)).json()
    assert found["manifest"]["state"] == "invalid"
    assert found["manifest"]["problems"]


def test_a_rough_copy_is_known_by_its_pixels(clip, copied, api):
    found = upload(api, copied).json()
    assert found["manifest"]["state"] == "absent"
    assert found["mark"]["found"] is True
    assert found["clip"]["id"] == str(clip.pk)


def test_a_file_from_elsewhere_is_not_ours(db, api, tmp_path):
    path = make_video(tmp_path / "other.mp4", "bars", seconds=1)
    found = upload(api, path.read_bytes()).json()
    assert found["made_here"] is False
    assert found["clip"] is None
    assert found["mark"] == {"found": False, "id": None, "confidence": None}


def test_marks_of_a_clip_that_this_database_does_not_know_lead_to_none(db, marked, api):
    found = upload(api, marked.mp4.read_bytes()).json()
    assert found["manifest"]["state"] == "trusted"
    assert (found["made_here"], found["clip"]) == (False, None)


@pytest.mark.parametrize("gone", ["hidden", "deleted", "blocked"])
def test_of_a_clip_that_one_may_not_see_only_the_id_is_told(
    gone, clip, marked, author, make_user, client_of
):
    reader = make_user("reader")
    if gone == "hidden":
        hide_clip(clip_id=clip.pk)
    elif gone == "deleted":
        delete_clip(clip_id=clip.pk, by=author)
    else:
        block(blocker=author, username=reader.username)
    answer = upload(client_of(reader), marked.mp4.read_bytes())
    assert answer.json()["clip"] == {"id": str(clip.pk), "credentials": None, "consents": []}
    assert "author" not in str(answer.json()["clip"])


def test_our_own_url_is_checked_without_an_upload(clip, api):
    for url in (signed_url(clip.mp4), f"http://testserver{signed_url(clip.mp4)}"):
        answer = api.post("/api/v1/verify", {"url": url}, format="json")
        assert answer.status_code == 200
        assert answer.json()["manifest"]["state"] == "trusted"
        assert answer.json()["clip"]["id"] == str(clip.pk)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://elsewhere.example/media/1v.x/clips/a/1/clip.mp4",
        "file:///etc/passwd",
        "//elsewhere.example/media/x/y",
        "http://[",
        "/etc/passwd",
        "/media/",
        "clip.mp4",
    ],
)
def test_other_addresses_are_refused_and_never_fetched(url, db, api):
    answer = api.post("/api/v1/verify", {"url": url}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "not_our_url")
    assert answer.json()["errors"][0]["field"] == "url"


def test_a_forged_grant_is_refused(clip, api):
    path = signed_url(clip.mp4)
    forged = path.replace("/media/", "/media/9", 1)
    answer = api.post("/api/v1/verify", {"url": forged}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "media_url_invalid")
    climbing = path.rsplit("/", 1)[0] + "/" + quote("../../../../etc/passwd")
    assert api.post("/api/v1/verify", {"url": climbing}, format="json").status_code == 403


def test_a_url_of_hidden_media_leads_to_nothing(clip, api):
    url = signed_url(clip.mp4)
    hide_clip(clip_id=clip.pk)
    answer = api.post("/api/v1/verify", {"url": url}, format="json")
    assert answer.status_code == 404


def test_a_playlist_is_no_media_that_can_be_read(clip, api):
    answer = api.post("/api/v1/verify", {"url": signed_url(clip.hls)}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "unreadable_media")


def hostile_files(marked):
    whole = marked.mp4.read_bytes()
    return {
        "text": b"hello, I am a text",
        "zeros": bytes(5000),
        "ftyp and nothing": b"\0\0\0\x18ftypisom" + bytes(12),
        "half": whole[: len(whole) // 2],
        "no frames": whole[:600],
        "box of 2^32": b"\0\0\0\x18ftypisom\0\0\0\0isommp41\xff\xff\xff\xffmoov" + bytes(64),
        "png bomb": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\x7f\xff\xff\xff" * 2 + b"\x08\2\0\0\0",
        "jpeg start": b"\xff\xd8\xff\xe0" + bytes(40),
        "playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    }  # fmt: skip


def test_hostile_files_are_told_apart_and_never_an_error_of_ours(db, marked, api, settings):
    settings.RATE_LIMITS = False
    for name, data in hostile_files(marked).items():
        answer = upload(api, data)
        assert answer.status_code == 422, name
        assert answer.json()["code"] == "unreadable_media", name
        assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("form", "field"), [({}, "file"), ({"file": "text"}, "file"), ({"other": "x"}, "file")]
)
def test_a_form_without_a_file_says_so(form, field, db, api):
    answer = api.post("/api/v1/verify", form, format="multipart")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_an_empty_file_says_so(db, api):
    assert upload(api, b"").status_code == 422


def test_other_bodies_are_refused(db, api):
    answer = api.post("/api/v1/verify", b"raw", content_type="video/mp4")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    broken = api.post("/api/v1/verify", b"--x", content_type="multipart/form-data")
    assert broken.status_code == 400


def test_a_body_that_states_too_large_a_size_is_refused_before_it_is_read(db, api):
    class Unread(io.RawIOBase):
        def readinto(self, _):
            raise AssertionError("the body was read")

    answer = api.generic(
        "POST",
        "/api/v1/verify",
        b"",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(verification.UPLOAD_BYTES_MAX + 1_000_000),
        **{"wsgi.input": Unread()},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_large_upload_that_spills_to_disk_is_read(clip, marked, api, settings):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1
    assert upload(api, marked.mp4.read_bytes()).json()["clip"]["id"] == str(clip.pk)


def test_the_eleventh_check_in_a_minute_has_to_wait(db, api):
    answers = [upload(api, b"x") for _ in range(11)]
    assert [a.status_code for a in answers[:10]] == [422] * 10
    assert answers[10].status_code == 429
    assert answers[10].json()["code"] == "rate_limited"
    assert answers[10]["Retry-After"]


def test_when_the_machine_is_busy_checks_are_put_off(clip, marked, api, monkeypatch):
    monkeypatch.setattr(verification, "_WAIT_SECONDS", 0.05)
    with verification._slot(), verification._slot():
        answer = upload(api, marked.mp4.read_bytes())
    assert (answer.status_code, answer.json()["code"]) == (503, "verifier_busy")
    assert upload(api, marked.mp4.read_bytes()).status_code == 200


def test_a_suspended_user_may_still_check(clip, marked, suspended_user, client_of):
    assert upload(client_of(suspended_user), marked.mp4.read_bytes()).status_code == 200
