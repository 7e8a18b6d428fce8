"""Signed media URLs: who they answer, for how long, and byte for byte what."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from django.test import Client

from core import storage
from core.errors import DomainError
from core.media import RangeNotSatisfiable, requested_range
from core.models import WithheldMedia
from tests.clips import MP4_BYTES, save_media

PREFIX = "clips/0193a0f0-0000-7000-8000-000000000001/1/"
OTHER = "clips/0193a0f0-0000-7000-8000-000000000002/1/"
MP4 = f"{PREFIX}clip.mp4"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(tmp_path, settings):
    settings.MEDIA_ROOT = str(tmp_path / "media")
    for prefix in (PREFIX, OTHER):
        folder = tmp_path / "finished"
        folder.mkdir(exist_ok=True)
        save_media(folder, prefix=prefix)
    return tmp_path / "media"


@pytest.fixture
def http():
    return Client()


def body(response):
    return b"".join(response.streaming_content)


def test_a_signed_url_serves_the_whole_file_to_whoever_holds_it(http):
    response = http.get(storage.signed_url(MP4))
    assert response.status_code == 200
    assert body(response) == MP4_BYTES
    assert response["Content-Type"] == "video/mp4"
    assert response["Content-Length"] == str(len(MP4_BYTES))
    assert response["Accept-Ranges"] == "bytes"
    assert response["Cache-Control"] == "private, max-age=300"
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-1", 0, 2),
        ("bytes=100-199", 100, 200),
        ("bytes=2000-", 2000, 2048),
        ("bytes=2047-9999999", 2047, 2048),
        ("bytes=-1", 2047, 2048),
        ("bytes=-9999", 0, 2048),
        ("Bytes=5-5", 5, 6),
    ],
)
def test_a_range_is_answered_byte_for_byte(http, header, start, stop):
    response = http.get(storage.signed_url(MP4), headers={"Range": header})
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {start}-{stop - 1}/2048"
    assert response["Content-Length"] == str(stop - start)
    assert body(response) == MP4_BYTES[start:stop]


def test_ranges_put_together_give_the_file(http):
    url = storage.signed_url(MP4)
    parts = [
        body(http.get(url, headers={"Range": f"bytes={start}-{start + 99}"}))
        for start in range(0, 2048, 100)
    ]
    assert b"".join(parts) == MP4_BYTES


@pytest.mark.parametrize(
    "header", ["bytes=5-2", "bytes=a-b", "bytes=", "bytes=-", "items=0-1", "bytes=0-1,4-5", "x"]
)
def test_a_malformed_or_multiple_range_is_ignored(http, header):
    response = http.get(storage.signed_url(MP4), headers={"Range": header})
    assert response.status_code == 200
    assert body(response) == MP4_BYTES


@pytest.mark.parametrize("header", ["bytes=2048-", "bytes=9999-10000", "bytes=-0"])
def test_a_range_behind_the_end_is_416(http, header):
    response = http.get(storage.signed_url(MP4), headers={"Range": header})
    assert response.status_code == 416
    assert response["Content-Range"] == "bytes */2048"
    assert response.json()["code"] == "range_not_satisfiable"


def test_no_range_of_an_empty_file_can_be_satisfied():
    for header in ("bytes=0-", "bytes=-5"):
        with pytest.raises(RangeNotSatisfiable):
            requested_range(header, 0)


def test_head_tells_the_length_and_sends_nothing(http):
    response = http.head(storage.signed_url(MP4), headers={"Range": "bytes=0-1"})
    assert response.status_code == 200
    assert response["Content-Length"] == "2048"
    assert response.content == b""


def test_conditional_requests(http):
    url = storage.signed_url(MP4)
    first = http.head(url)
    tag, modified = first["ETag"], first["Last-Modified"]
    unchanged = http.get(url, headers={"If-None-Match": tag})
    assert unchanged.status_code == 304
    assert unchanged["ETag"] == tag
    assert http.get(url, headers={"If-Modified-Since": modified}).status_code == 304
    assert http.get(url, headers={"If-Match": '"another"'}).status_code == 412
    assert body(http.get(url, headers={"If-None-Match": '"another"'})) == MP4_BYTES


@pytest.mark.parametrize("which", ["ETag", "Last-Modified"])
def test_if_range_gives_the_part_of_the_same_file_only(http, which):
    url = storage.signed_url(MP4)
    same = http.head(url)[which]
    part = http.get(url, headers={"Range": "bytes=0-9", "If-Range": same})
    assert (part.status_code, body(part)) == (206, MP4_BYTES[:10])
    for other in ('"another"', f"W/{same}", "Thu, 01 Jan 1970 00:00:01 GMT", "nonsense"):
        whole = http.get(url, headers={"Range": "bytes=0-9", "If-Range": other})
        assert (whole.status_code, body(whole)) == (200, MP4_BYTES)


def test_relative_references_of_a_playlist_stay_signed(http):
    master = storage.signed_url(f"{PREFIX}hls/master.m3u8")
    response = http.get(master)
    assert response["Content-Type"] == "application/vnd.apple.mpegurl"
    assert body(response).endswith(b"0.m3u8\n")
    assert http.head(urljoin(master, "0.m3u8")).status_code == 200
    segment = http.get(urljoin(master, "0.m4s"), headers={"Range": "bytes=0-2"})
    assert (segment.status_code, body(segment)) == (206, b"seg")
    assert segment["Content-Type"] == "video/iso.segment"


def test_urls_made_within_minutes_are_the_same_text(monkeypatch):
    urls = []
    for now in (1_800_000_001.0, 1_800_000_299.0, 1_800_000_301.0):
        monkeypatch.setattr("core.storage.time.time", lambda now=now: now)
        urls.append(storage.signed_url(MP4))
    assert urls[0] == urls[1] != urls[2]


def test_a_url_expires_after_its_time_and_not_before(http, monkeypatch, settings):
    settings.MEDIA_URL_SECONDS = 600
    monkeypatch.setattr("core.storage.time.time", lambda: 1_800_000_001.0)
    url = storage.signed_url(MP4)
    monkeypatch.setattr("core.storage.time.time", lambda: 1_800_000_601.0)
    assert http.head(url).status_code == 200
    monkeypatch.setattr("core.storage.time.time", lambda: 1_800_000_900.0)
    late = http.get(url)
    assert late.status_code == 403
    assert late.json()["code"] == "media_url_expired"


def test_a_changed_expiry_or_audience_is_refused(http):
    _, _, grant, name = storage.signed_url(MP4).split("/", 3)
    expires, signature = grant.split(".")
    for forged in (
        f"{int(expires[:-1]) + 9999}v.{signature}",
        f"{expires[:-1]}r.{signature}",
        f"{expires}.{'A' * 43}",
        f"{expires}.{signature[:-1]}",
        "x",
    ):
        response = http.get(f"/media/{forged}/{name}")
        assert response.status_code == 403
        assert response.json()["code"] == "media_url_invalid"


def test_the_signature_of_one_clip_opens_no_other(http):
    url = storage.signed_url(MP4)
    for name in (OTHER, PREFIX.replace("/1/", "/2/")):
        response = http.get(url.replace(PREFIX, name))
        assert response.status_code == 403
        assert response.json()["code"] == "media_url_invalid"


@pytest.mark.parametrize(
    "tail",
    [
        "../../../../etc/passwd",
        "%2e%2e/%2e%2e/secret",
        "..%2f..%2fsecret",
        "/etc/passwd",
        "hls/../../../secret",
        ".hidden",
        "hls//0.m4s",
        "a%00b",
        "hls\\0.m4s",
        "",
    ],
)
def test_no_path_leads_out_of_the_folder(http, media, tail):
    (media.parent / "secret").write_text("secret")
    grant = storage.signed_url(MP4).split("/")[2]
    response = http.get(f"/media/{grant}/{PREFIX}{tail}")
    assert response.status_code in {403, 404}
    assert b"secret" not in response.content


def test_a_missing_file_and_a_folder_are_404(http):
    for name in (f"{PREFIX}none.mp4", f"{PREFIX}hls"):
        response = http.get(storage.signed_url(name))
        assert response.status_code == 404
        assert response.json()["code"] == "not_found"


def test_only_reading_is_possible(http):
    for method in (http.post, http.put, http.delete, http.patch):
        response = method(storage.signed_url(MP4))
        assert response.status_code == 405
        assert response["Allow"] == "GET, HEAD"


def test_a_download_is_an_attachment_named_by_the_clip(http):
    response = http.get(f"{storage.signed_url(MP4)}?download=1")
    assert response["Content-Disposition"] == (
        'attachment; filename="0193a0f0-0000-7000-8000-000000000001.mp4"'
    )
    assert body(response) == MP4_BYTES


def test_nginx_sends_the_bytes_where_it_is_told_to(http, settings):
    settings.MEDIA_ACCEL_PREFIX = "/protected-media/"
    response = http.get(storage.signed_url(MP4))
    assert response["X-Accel-Redirect"] == f"/protected-media/{MP4}"
    assert response["Content-Type"] == "video/mp4"
    assert response.content == b""
    assert http.get(storage.signed_url(f"{PREFIX}none.mp4")).status_code == 404


def test_withheld_media_answers_reviewers_alone_and_everybody_after_release(http):
    url, review = storage.signed_url(MP4), storage.signed_url(MP4, for_review=True)
    storage.withhold(PREFIX)
    storage.withhold(PREFIX)
    assert http.get(url).status_code == 404
    assert http.get(storage.signed_url(MP4)).status_code == 404
    assert body(http.get(review)) == MP4_BYTES
    assert body(http.get(storage.signed_url(f"{OTHER}clip.mp4"))) == MP4_BYTES
    storage.release(PREFIX)
    assert body(http.get(url)) == MP4_BYTES


def test_what_is_to_be_deleted_cannot_be_released(http):
    url = storage.signed_url(MP4)
    storage.withhold(PREFIX)
    storage.withhold(PREFIX, delete=True)
    storage.release(PREFIX)
    assert http.get(url).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_deleted_media_is_gone_with_the_commit_and_not_before(http, media):
    with transaction.atomic():
        storage.delete_on_commit(PREFIX)
        assert (media / MP4).is_file()
    assert not (media / PREFIX).exists()
    assert not WithheldMedia.objects.exists()
    assert http.get(storage.signed_url(MP4)).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_deletion_leaves_everything(http, media):
    def delete_then_fail():
        with transaction.atomic():
            storage.delete_on_commit(PREFIX)
            raise DomainError

    with pytest.raises(DomainError):
        delete_then_fail()
    assert body(http.get(storage.signed_url(MP4))) == MP4_BYTES


@pytest.mark.django_db(transaction=True)
def test_a_deletion_that_fails_is_withheld_at_once_and_repeated_by_the_sweep(
    http, media, monkeypatch
):
    url = storage.signed_url(MP4)

    def broken(prefix):
        raise OSError("the disk is away")

    with monkeypatch.context() as store:
        store.setattr("core.storage.delete_prefix", broken)
        storage.delete_on_commit(PREFIX)
        storage.delete_on_commit(OTHER)
        assert storage.collect_deleted() == 0
    assert (media / MP4).is_file()
    assert http.get(url).status_code == 404
    assert storage.collect_deleted() == 2
    assert not (media / MP4).exists()
    assert storage.collect_deleted() == 0


def test_saving_again_replaces_the_whole_folder(tmp_path):
    folder = tmp_path / "again"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(b"second")
    assert storage.save_folder(folder, prefix=PREFIX) == (MP4,)
    with storage.local_copy(MP4) as path:
        assert path.read_bytes() == b"second"
    assert not default_storage.exists(f"{PREFIX}poster.jpg")


def test_a_reader_keeps_what_it_opened_while_the_folder_is_replaced(http, tmp_path):
    response = http.get(storage.signed_url(MP4))
    folder = tmp_path / "again"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(b"second")
    storage.save_folder(folder, prefix=PREFIX)
    assert body(response) == MP4_BYTES


def test_a_folder_that_cannot_be_named_is_not_saved(tmp_path, media):
    folder = tmp_path / "odd"
    folder.mkdir()
    with pytest.raises(ValueError, match="nothing to save"):
        storage.save_folder(folder, prefix="clips/3/1/")
    (folder / ".hidden").write_text("x")
    with pytest.raises(ValueError, match="not a media name"):
        storage.save_folder(folder, prefix="clips/3/1/")
    (folder / ".hidden").rename(folder / "seen")
    for prefix in ("clips/3/", "/clips/3/1/", "clips/../3/1/", "clips/3/1/2/"):
        with pytest.raises(ValueError, match=r"not a media name|not a prefix"):
            storage.save_folder(folder, prefix=prefix)
    assert not (media / "clips" / "3").exists()


@pytest.mark.parametrize("prefix", ["", "clips/", "clips/3/", "../", "clips/3/../"])
def test_what_is_no_prefix_is_never_deleted(prefix):
    with pytest.raises(ValueError, match="not a media name"):
        storage.delete_prefix(prefix)
    assert default_storage.exists(MP4)


def test_what_a_killed_deletion_left_goes_with_the_next(media):
    folder = media / PREFIX
    folder.rename(folder.with_name(".1.abcd.deleted"))  # killed between moving and deleting
    storage.delete_prefix(PREFIX)
    assert [path for path in folder.parent.rglob("*") if path.is_file()] == []


def test_deleting_twice_is_harmless():
    storage.delete_prefix(PREFIX)
    storage.delete_prefix(PREFIX)
    assert not default_storage.exists(MP4)
    assert default_storage.exists(f"{OTHER}clip.mp4")
