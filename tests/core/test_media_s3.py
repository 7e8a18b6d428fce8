"""Media in a bucket."""

from __future__ import annotations

from contextlib import closing
from urllib.parse import urljoin

import httpx
import pytest
from django.test import Client

from core import storage
from tests.clips import CAPTIONS, MP4_BYTES, save_media

PREFIX = "clips/0193a0f0-0000-7000-8000-000000000001/1/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def media(bucket, tmp_path):
    (tmp_path / "captions.vtt").write_text(CAPTIONS)
    save_media(tmp_path, prefix=PREFIX)
    return bucket.folder


def test_a_folder_is_saved_lent_and_deleted(media):
    assert (media / PREFIX / "hls" / "0.m4s").read_bytes() == b"segments"
    with storage.local_copy(f"{PREFIX}clip.mp4") as path:
        assert path.read_bytes() == MP4_BYTES
    assert not path.exists()
    storage.delete_prefix(PREFIX)
    assert not (media / PREFIX / "clip.mp4").exists()
    storage.delete_prefix(PREFIX)
    with pytest.raises(FileNotFoundError), storage.local_copy(f"{PREFIX}clip.mp4"):
        pass


def test_files_come_from_the_bucket_by_its_own_short_lived_url(media):
    answer = Client().get(storage.signed_url(f"{PREFIX}clip.mp4"))
    assert answer.status_code == 302
    assert "X-Amz-Expires=300" in answer["Location"]
    part = httpx.get(answer["Location"], headers={"Range": "bytes=10-19"})
    assert part.content == MP4_BYTES[10:20]  # the status is this server's: it says 200
    assert part.headers["Content-Type"] == "video/mp4"
    forged = httpx.get(answer["Location"].replace("clip.mp4", "poster.jpg"))
    assert forged.status_code == 403


def test_playlists_come_from_here_so_that_their_references_stay_signed(media):
    url = storage.signed_url(f"{PREFIX}hls/master.m3u8")
    answer = Client().get(url)
    assert answer["Content-Type"] == "application/vnd.apple.mpegurl"
    assert answer.content.endswith(b"0.m3u8\n")
    segments = Client().get(urljoin(url, "0.m4s"))
    assert httpx.get(segments["Location"]).content == b"segments"
    missing = Client().get(urljoin(url, "none.m3u8"))
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


def test_captions_come_from_here_because_a_page_takes_no_others(media):
    answer = Client().get(storage.signed_url(f"{PREFIX}captions.vtt"))
    assert (answer["Content-Type"], answer.content.decode()) == ("text/vtt", CAPTIONS)


def test_a_download_keeps_its_name(media):
    answer = Client().get(f"{storage.signed_url(f'{PREFIX}clip.mp4')}?download=1")
    assert "response-content-disposition=attachment" in answer["Location"]


def test_withheld_media_is_not_led_to(media):
    storage.withhold(PREFIX)
    assert Client().get(storage.signed_url(f"{PREFIX}clip.mp4")).status_code == 404


def test_pages_may_load_media_from_the_bucket_and_nowhere_else(media, bucket):
    address = bucket.address
    with closing(Client().get("/")) as page:
        policy = page["Content-Security-Policy"]
    assert f"media-src 'self' blob: {address};" in policy
    assert f"img-src 'self' blob: {address} data:;" in policy
