"""The feed: what a page holds, and that pages join."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.services import follow, mute
from core.ids import new_id, new_mark_id
from feed.models import Clip
from feed.services import delete_clip, hide_clip, like_clip, publish_clip
from remix.services import add_edge
from tests.clips import CAPTIONS, MP4_BYTES, make_clip, make_draft

pytestmark = pytest.mark.django_db


def ids(response):
    assert response.status_code == 200, response.content
    return [item["id"] for item in response.json()["items"]]


def pages(client, path):
    """Yield the ids of each page until there is no further one."""
    cursor = ""
    while cursor is not None:
        response = client.get(f"{path}{cursor}")
        yield ids(response)
        following = response.json()["next"]
        cursor = None if following is None else f"&cursor={following}"


def many(author, count, *, since):
    """Insert published clips with ascending times, without media."""
    return Clip.objects.bulk_create(
        Clip(
            id=new_id(),
            mark_id=new_mark_id(),
            author=author,
            state="published",
            seconds=5,
            width_px=360,
            height_px=640,
            engine="scene",
            engine_is_procedural=True,
            media_prefix=f"clips/{n}/1/",
            published_at=since + timedelta(milliseconds=n // 2),  # pairs share a time
        )
        for n in range(count)
    )


def test_a_card_says_what_the_contract_says(make_user, client_of):
    ada, bob = make_user("ada", display_name="Ada L."), make_user("bob")
    clip = make_clip(ada, caption="A red ball")
    follow(follower=bob, username="ada")
    like_clip(clip_id=clip.pk, by=bob)
    (card,) = client_of(bob).get("/api/v1/feed").json()["items"]
    urls = {name: card.pop(name) for name in ("poster_url", "mp4_url", "hls_url")}
    times = {name: card.pop(name) for name in ("created_at", "published_at")}
    assert card == {
        "id": str(clip.pk),
        "state": "published",
        "author": {"username": "ada", "display_name": "Ada L."},
        "caption": "A red ball",
        "seconds": 5.0,
        "width": 360,
        "height": 640,
        "captions_url": None,
        "stats": {"likes": 1, "remixes": 0},
        "viewer": {"liked": True, "following": True},
        "cameos": [],
        "remix_allowed": "everyone",
        "remix": {"root": None, "parent": None, "count": 0, "allowed": True},
        "ai_disclosure": {
            "label": "AI",
            "text": "Made from a prompt by the procedural engine “scene”; nothing was filmed.",
            "credentials_url": f"/api/v1/clips/{clip.pk}/credentials",
        },
        "why_url": None,
        "statement_of_reasons_url": None,
    }
    assert all(text.endswith("Z") for text in times.values())
    assert urls["mp4_url"].endswith(f"/clips/{clip.pk}/1/clip.mp4")
    stranger = Client()
    assert b"".join(stranger.get(urls["mp4_url"]).streaming_content) == MP4_BYTES
    for url in urls.values():
        assert stranger.head(url).status_code == 200


def test_captions_are_media_of_their_clip(make_user, client_of):
    ada, bob = make_user("ada"), make_user("bob")
    clip = make_clip(ada, has_captions=True)
    draft = make_draft(ada, has_captions=True)
    (card,) = client_of(bob).get("/api/v1/feed").json()["items"]
    url = card["captions_url"]
    assert url == card["mp4_url"].replace("clip.mp4", "captions.vtt")
    stranger = Client()
    answer = stranger.get(url)
    assert answer["Content-Type"] == "text/vtt"
    assert b"".join(answer.streaming_content).decode() == CAPTIONS
    assert stranger.get(url.replace(str(clip.pk), str(draft.pk))).status_code == 403
    assert client_of(bob).get(f"/api/v1/clips/{draft.pk}").status_code == 404

    hide_clip(clip_id=clip.pk)
    assert client_of(ada).get(f"/api/v1/clips/{clip.pk}").json()["captions_url"] is None
    assert stranger.get(url).status_code == 404
    mine = client_of(ada).get(f"/api/v1/clips/{draft.pk}").json()["captions_url"]
    assert b"".join(stranger.get(mine).streaming_content).decode() == CAPTIONS
    with TestCase.captureOnCommitCallbacks(execute=True):
        delete_clip(clip_id=draft.pk, by=ada)
    assert stranger.get(mine).status_code == 404
    assert not (Path(settings.MEDIA_ROOT) / f"{draft.media_prefix}captions.vtt").exists()


def test_urls_are_absolute_where_the_instance_has_an_address(make_user, client_of, settings):
    settings.PUBLIC_URL = "https://clips.example"
    ada = make_user("ada")
    make_clip(ada)
    (card,) = client_of(ada).get("/api/v1/feed").json()["items"]
    assert card["mp4_url"].startswith("https://clips.example/media/")


def test_latest_is_newest_first_and_the_default(make_user, client_of):
    ada, bob = make_user(), make_user()
    clips = [make_clip(author) for author in (ada, bob, ada)]
    newest_first = [str(clip.pk) for clip in reversed(clips)]
    client = client_of(bob)
    assert ids(client.get("/api/v1/feed")) == newest_first
    assert ids(client.get("/api/v1/feed?mode=latest")) == newest_first


def test_publication_decides_the_place_and_not_creation(make_user, client_of):
    ada = make_user()
    early, late = make_draft(ada), make_draft(ada)
    for clip in (late, early):
        publish_clip(clip_id=clip.pk, by=ada)
    assert ids(client_of(ada).get("/api/v1/feed")) == [str(early.pk), str(late.pk)]


def test_following_holds_followed_accounts_alone(make_user, client_of):
    ada, bob, eve = make_user("ada"), make_user("bob"), make_user("eve")
    wanted = make_clip(bob)
    for author in (eve, ada):
        make_clip(author)
    client = client_of(ada)
    assert ids(client.get("/api/v1/feed?mode=following")) == []
    follow(follower=ada, username="bob")
    assert ids(client.get("/api/v1/feed?mode=following")) == [str(wanted.pk)]


def test_muted_accounts_stay_out_of_both_feeds_and_nowhere_else(make_user, client_of):
    ada, bob = make_user("ada"), make_user("bob")
    clip = make_clip(bob)
    follow(follower=ada, username="bob")
    mute(muter=ada, username="bob")
    client = client_of(ada)
    assert ids(client.get("/api/v1/feed")) == []
    assert ids(client.get("/api/v1/feed?mode=following")) == []
    assert client.get(f"/api/v1/clips/{clip.pk}").status_code == 200
    assert ids(client.get("/api/v1/users/bob/clips")) == [str(clip.pk)]
    assert ids(client_of(bob).get("/api/v1/feed")) == [str(clip.pk)]


@pytest.mark.parametrize("mode", ["for_you", "", "LATEST", "a" * 500, "\x00"])
def test_an_unknown_mode_is_refused_with_a_code(make_user, client_of, mode):
    response = client_of(make_user()).get("/api/v1/feed", {"mode": mode})
    assert response.status_code == 422
    assert response.json()["code"] == "unknown_feed_mode"
    assert response.json()["errors"][0]["field"] == "mode"


def test_a_thousand_new_clips_between_two_pages_neither_repeat_nor_skip_one(make_user, client_of):
    ada = make_user()
    then = timezone.now() - timedelta(days=1)
    old = many(ada, 45, since=then)
    seen = []
    walk = pages(client_of(ada), "/api/v1/feed?limit=10")
    seen += next(walk)
    many(ada, 1_000, since=then + timedelta(hours=1))
    for page in walk:
        seen += page
    newest_first = sorted(old, key=lambda clip: (clip.published_at, clip.pk), reverse=True)
    assert seen == [str(clip.pk) for clip in newest_first]


def test_a_clip_deleted_between_two_pages_skips_no_other(make_user, client_of):
    ada = make_user()
    clips = [make_clip(ada) for _ in range(4)]
    walk = pages(client_of(ada), "/api/v1/feed?limit=2")
    seen = next(walk)
    delete_clip(clip_id=clips[2].pk, by=ada)  # the last one of the first page
    for page in walk:
        seen += page
    assert seen == [str(clip.pk) for clip in reversed(clips)]


@pytest.mark.parametrize("cursor", ["x", "", "a:b:c", "\x00", "W10:1abc:AAAA"])
def test_a_cursor_of_nobody_is_refused(make_user, client_of, cursor):
    response = client_of(make_user()).get("/api/v1/feed", {"cursor": cursor})
    assert response.status_code == 400
    assert response.json()["code"] == "bad_cursor"


def test_a_cursor_belongs_to_its_list_and_its_reader(make_user, client_of):
    ada, bob = make_user("ada"), make_user("bob")
    for _ in range(2):
        make_clip(ada)
    hers, his = client_of(ada), client_of(bob)
    cursor = hers.get("/api/v1/feed?limit=1").json()["next"]
    assert hers.get("/api/v1/feed", {"cursor": cursor}).status_code == 200
    for client, path, mode in (
        (his, "feed", "latest"),
        (hers, "feed", "following"),
        (hers, "drafts", ""),
        (hers, "users/ada/clips", ""),
    ):
        response = client.get(f"/api/v1/{path}", {"cursor": cursor, "mode": mode})
        assert (response.status_code, response.json()["code"]) == (400, "bad_cursor")


def test_a_page_takes_the_same_few_queries_for_one_card_and_for_fifty(make_user, client_of):
    viewer = make_user()
    client = client_of(viewer)
    counts = []
    for authors in (1, 12):
        for _ in range(authors):
            author = make_user()
            parent = make_clip(author)
            child = make_draft(author)
            add_edge(child_id=child.pk, parent_id=parent.pk, kind="remix")
            publish_clip(clip_id=child.pk, by=author)
            like_clip(clip_id=child.pk, by=viewer)
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/api/v1/feed?limit=50").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6


def test_a_clip_that_leaves_the_feed_is_gone_on_the_next_request(make_user, client_of):
    ada, bob = make_user("ada"), make_user("bob")
    hidden, deleted = make_clip(ada), make_clip(ada)
    client = client_of(bob)
    assert len(ids(client.get("/api/v1/feed"))) == 2
    hide_clip(clip_id=hidden.pk)
    delete_clip(clip_id=deleted.pk, by=ada)
    assert ids(client.get("/api/v1/feed")) == []


def test_the_feed_is_for_people_who_are_signed_in(api):
    for path in ("feed", "drafts", "users/ada/clips"):
        response = api.get(f"/api/v1/{path}")
        assert response.status_code == 401
        assert response.json()["code"] == "not_authenticated"
