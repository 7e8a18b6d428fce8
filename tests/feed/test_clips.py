"""The life of a clip, over HTTP and through the services."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client

from core.errors import InvalidField
from core.models import WithheldMedia
from feed.models import Clip, HiddenClip, Like
from feed.services import (
    create_draft,
    delete_clip,
    hide_for_viewer,
    like_clip,
    publish_clip,
    unlike_clip,
)
from feed.signals import clip_publication_changed
from tests.clips import MP4_BYTES, make_clip, make_draft

pytestmark = pytest.mark.django_db
NOBODY = "0193a0f0-0000-7000-8000-00000000dead"


@pytest.fixture
def ada(make_user):
    return make_user("ada")


@pytest.fixture
def bob(make_user):
    return make_user("bob")


def facts(clip):
    return Clip.objects.filter(pk=clip.pk).values().get()


def test_a_draft_is_its_authors_alone_until_published_and_keeps_its_first_time(ada, bob, client_of):
    clip = make_draft(ada)
    hers, his = client_of(ada), client_of(bob)
    (draft,) = hers.get("/api/v1/drafts").json()["items"]
    assert (draft["id"], draft["state"], draft["published_at"]) == (str(clip.pk), "draft", None)
    assert his.get("/api/v1/drafts").json()["items"] == []
    first = hers.post(f"/api/v1/clips/{clip.pk}/publish")
    assert first.status_code == 200
    assert first.json()["state"] == "published"
    again = hers.post(f"/api/v1/clips/{clip.pk}/publish")
    assert again.json()["published_at"] == first.json()["published_at"]
    assert hers.get("/api/v1/drafts").json()["items"] == []
    assert his.get(f"/api/v1/clips/{clip.pk}").status_code == 200


def test_a_draft_made_twice_is_one_clip(ada):
    first = make_draft(ada, caption="first")
    second = create_draft(
        clip_id=first.pk,
        author_id=ada.pk,
        mark_id=5,
        caption="second",
        seconds=1,
        width_px=2,
        height_px=2,
        engine="other",
        engine_is_procedural=False,
        media_prefix="clips/x/2/",
    )
    assert (second.pk, second.caption) == (first.pk, "first")
    assert Clip.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"media_prefix": "clips/1/"}, ValueError), ({"caption": "x" * 301}, InvalidField)],
)
def test_a_draft_with_impossible_facts_is_refused(ada, fields, error):
    given = {
        "author_id": ada.pk,
        "mark_id": 1,
        "caption": "",
        "seconds": 1,
        "width_px": 2,
        "height_px": 2,
        "engine": "scene",
        "engine_is_procedural": True,
        "media_prefix": "clips/1/1/",
    }
    with pytest.raises(error):
        create_draft(**{**given, **fields})
    assert not Clip.objects.exists()


def test_a_single_clip_is_not_sent_again_unchanged(ada, client_of):
    clip, client = make_clip(ada), client_of(ada)
    first = client.get(f"/api/v1/clips/{clip.pk}")
    unchanged = client.get(f"/api/v1/clips/{clip.pk}", headers={"If-None-Match": first["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    client.put(f"/api/v1/clips/{clip.pk}/like")
    changed = client.get(f"/api/v1/clips/{clip.pk}", headers={"If-None-Match": first["ETag"]})
    assert changed.json()["stats"]["likes"] == 1


def test_the_author_changes_caption_and_audience(ada, client_of):
    clip, client = make_clip(ada, caption="old"), client_of(ada)
    path = f"/api/v1/clips/{clip.pk}"
    card = client.patch(path, {"caption": "new"}, format="json").json()
    assert (card["caption"], card["remix_allowed"]) == ("new", "everyone")
    card = client.patch(path, {"remix_allowed": "off", "unknown": 1}, format="json").json()
    assert (card["caption"], card["remix_allowed"]) == ("new", "off")
    assert client.patch(path, {"caption": ""}, format="json").json()["caption"] == ""


@pytest.mark.parametrize(
    "body", [{"caption": "x" * 301}, {"caption": "a\x00b"}, {"caption": []}, {"remix_allowed": "x"}]
)
def test_changes_that_cannot_be_are_refused_by_field(ada, client_of, body):
    clip = make_clip(ada)
    before = facts(clip)
    response = client_of(ada).patch(f"/api/v1/clips/{clip.pk}", body, format="json")
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == next(iter(body))
    assert facts(clip) == before


@pytest.mark.parametrize(("method", "tail"), [("patch", ""), ("delete", ""), ("post", "/publish")])
def test_what_is_the_authors_is_refused_to_others_and_changes_nothing(
    ada, bob, client_of, api, method, tail
):
    published, draft = make_clip(ada), make_draft(ada)
    before = facts(published), facts(draft)
    for client, clip, status, code in (
        (client_of(bob), published.pk, 403, "not_your_clip"),
        (client_of(bob), draft.pk, 404, "clip_not_found"),
        (client_of(bob), NOBODY, 404, "clip_not_found"),
        (api, published.pk, 401, "not_authenticated"),
    ):
        answer = getattr(client, method)(
            f"/api/v1/clips/{clip}{tail}", {"caption": "mine now"}, format="json"
        )
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (facts(published), facts(draft)) == before


def test_a_suspended_account_reads_and_does_not_write(suspended_user, client_of):
    clip, client = make_clip(suspended_user), client_of(suspended_user)
    path = f"/api/v1/clips/{clip.pk}"
    before = facts(clip)
    assert client.get("/api/v1/feed").status_code == 200
    for method, tail in (
        ("patch", ""),
        ("delete", ""),
        ("post", "/publish"),
        ("put", "/like"),
        ("delete", "/like"),
    ):
        response = getattr(client, method)(path + tail, {}, format="json")
        assert (response.status_code, response.json()["code"]) == (403, "account_suspended")
    assert facts(clip) == before


@pytest.mark.django_db(transaction=True)
def test_deleting_leaves_a_tombstone_without_media_or_likes(ada, bob, client_of):
    clip = make_clip(ada, caption="secret")
    like_clip(clip_id=clip.pk, by=bob)
    hide_for_viewer(user_id=bob.pk, clip_id=clip.pk, reason="reported")
    client = client_of(ada)
    url = client.get(f"/api/v1/clips/{clip.pk}").json()["mp4_url"]
    assert client.delete(f"/api/v1/clips/{clip.pk}").status_code == 204
    assert client.delete(f"/api/v1/clips/{clip.pk}").status_code == 404
    clip.refresh_from_db()
    assert (clip.state, clip.caption, clip.like_count) == ("deleted", "", 0)
    assert not Like.objects.exists()
    assert not HiddenClip.objects.exists()
    assert not WithheldMedia.objects.exists()
    assert not (Path(django_settings.MEDIA_ROOT) / clip.media_prefix).exists()
    assert Client().get(url).status_code == 404
    assert client.get("/api/v1/users/ada/clips").json()["items"] == []


def test_a_download_is_the_marked_file_as_an_attachment(ada, bob, client_of):
    clip = make_clip(ada)
    response = client_of(bob).get(f"/api/v1/clips/{clip.pk}/download")
    assert response.status_code == 302
    file = Client().get(response["Location"])
    assert file["Content-Disposition"] == f'attachment; filename="{clip.pk}.mp4"'
    assert b"".join(file.streaming_content) == MP4_BYTES


def test_credentials_are_public_and_hold_no_prompt(ada, api):
    clip, draft = make_clip(ada), make_draft(ada)
    body = api.get(f"/api/v1/clips/{clip.pk}/credentials").json()
    assert body["created_at"].endswith("Z")
    del body["created_at"]
    assert body == {
        "clip": str(clip.pk),
        "instance": "Vignette",
        "author": "ada",
        "label": "AI",
        "text": "Made from a prompt by the procedural engine “scene”; nothing was filmed.",
        "engine": "scene",
        "engine_is_procedural": True,
        "made_from": None,
        "marks": ["visible", "invisible", "c2pa"],
        "mark_id": str(clip.mark_id),
        "verify_url": "/api/v1/verify",
    }
    assert api.get(f"/api/v1/clips/{draft.pk}/credentials").status_code == 404


def test_liking_twice_counts_once_and_taking_back_twice_too(ada, bob, client_of):
    clip = make_clip(ada)
    path = f"/api/v1/clips/{clip.pk}/like"
    for client in (client_of(ada), client_of(bob)):
        for _ in range(2):
            assert client.put(path).status_code == 204
    assert facts(clip)["like_count"] == Like.objects.count() == 2
    for _ in range(2):
        assert client.delete(path).status_code == 204
    assert facts(clip)["like_count"] == Like.objects.count() == 1


def test_a_draft_cannot_be_liked(ada, client_of):
    draft = make_draft(ada)
    assert client_of(ada).put(f"/api/v1/clips/{draft.pk}/like").status_code == 404
    assert facts(draft)["like_count"] == Like.objects.count() == 0


def race(*calls):
    """Run the calls at once, each with its own connection, and return what they raised."""

    def run(call):
        try:
            call()
        except Exception as error:  # noqa: BLE001 - a race's losers are the test's business
            return error
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.django_db(transaction=True)
def test_64_racing_likes_of_which_half_repeat_are_counted_exactly(make_user, ada):
    clip = make_clip(ada)
    users = [make_user() for _ in range(32)]
    errors = race(*(lambda u=user: like_clip(clip_id=clip.pk, by=u) for user in users * 2))
    assert errors == [None] * 64
    assert facts(clip)["like_count"] == Like.objects.count() == 32


@pytest.mark.django_db(transaction=True)
def test_likes_that_race_with_taking_back_leave_the_counter_at_the_rows(make_user, ada):
    clip = make_clip(ada)
    users = [make_user() for _ in range(4)]
    calls = [
        lambda u=user, do=do: do(clip_id=clip.pk, by=u)
        for _ in range(6)
        for user in users
        for do in (like_clip, unlike_clip)
    ]
    assert race(*calls) == [None] * 48
    assert facts(clip)["like_count"] == Like.objects.count()


@pytest.mark.django_db(transaction=True)
def test_likes_that_race_with_deletion_leave_no_row(make_user, ada):
    clip = make_clip(ada)
    users = [make_user() for _ in range(12)]
    likes = [lambda u=user: like_clip(clip_id=clip.pk, by=u) for user in users]
    errors = race(*likes[:6], lambda: delete_clip(clip_id=clip.pk, by=ada), *likes[6:])
    assert errors[6] is None
    assert facts(clip)["like_count"] == Like.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_publishing_at_once_happens_once(ada):
    clip = make_draft(ada)
    heard = []

    def listen(**told):
        heard.append(told["is_published"])

    clip_publication_changed.connect(listen)
    try:
        errors = race(*[lambda: publish_clip(clip_id=clip.pk, by=ada)] * 8)
    finally:
        clip_publication_changed.disconnect(listen)
    assert errors == [None] * 8
    assert heard == [True]
