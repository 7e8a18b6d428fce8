"""Who sees a clip: one matrix over every way to reach it."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.services import block, follow, unblock
from feed.errors import ClipNotFound
from feed.selectors import visible_clips
from feed.services import (
    delete_clip,
    hide_clip,
    hide_for_viewer,
    publish_clip,
    restore_clip,
    unhide_for_viewer,
)
from remix.errors import RemixNotAllowed
from remix.services import add_edge, check_may_remix
from tests.clips import make_clip, make_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(make_user):
    return make_user("author"), make_user("viewer")


def ways_to_see(clip, viewer, client) -> dict[str, bool]:
    """Return by which ways the viewer reaches the clip."""
    of = f"/api/v1/clips/{clip.pk}"
    lists = ("/api/v1/feed", "/api/v1/feed?mode=following", "/api/v1/users/author/clips")
    seen = {}
    for path in lists:
        answer = client.get(path)
        assert answer.status_code in {200, 404}
        items = answer.json().get("items", [])
        seen[path] = str(clip.pk) in [item["id"] for item in items]
    for tail in ("", "/credentials", "/lineage", "/remixes"):
        seen[tail] = client.get(of + tail).status_code == 200
    seen["download"] = client.get(f"{of}/download").status_code == 302
    seen["like"] = client.put(f"{of}/like").status_code == 204
    seen["unlike"] = client.delete(f"{of}/like").status_code == 204
    try:
        check_may_remix(viewer=viewer, clip_id=clip.pk)
        seen["remix"] = True
    except ClipNotFound:
        seen["remix"] = False
    return seen


def test_a_published_clip_is_reached_in_every_way(people, client_of):
    author, viewer = people
    clip = make_clip(author)
    follow(follower=viewer, username="author")
    assert set(ways_to_see(clip, viewer, client_of(viewer)).values()) == {True}


@pytest.mark.parametrize("who_blocks", ["author", "viewer"])
def test_a_block_makes_clips_invisible_in_both_directions(people, client_of, who_blocks):
    author, viewer = people
    clip = make_clip(author)
    client = client_of(viewer)
    one, other = (author, "viewer") if who_blocks == "author" else (viewer, "author")
    block(blocker=one, username=other)
    assert set(ways_to_see(clip, viewer, client).values()) == {False}
    unblock(blocker=one, username=other)
    assert client.get(f"/api/v1/clips/{clip.pk}").status_code == 200


@pytest.mark.parametrize("reason", ["reported", "not_interested"])
def test_a_clip_hidden_for_a_viewer_is_gone_on_the_next_request(people, client_of, reason):
    author, viewer = people
    clip, other = make_clip(author), make_clip(author)
    follow(follower=viewer, username="author")
    client = client_of(viewer)
    for _ in range(2):
        hide_for_viewer(user_id=viewer.pk, clip_id=clip.pk, reason=reason)
    assert set(ways_to_see(clip, viewer, client).values()) == {False}
    assert set(ways_to_see(other, viewer, client).values()) == {True}
    assert client_of(author).get(f"/api/v1/clips/{clip.pk}").status_code == 200
    unhide_for_viewer(user_id=viewer.pk, clip_id=clip.pk)
    assert set(ways_to_see(clip, viewer, client).values()) == {True}


@pytest.mark.parametrize("state", ["draft", "hidden", "deleted"])
def test_what_is_not_published_is_invisible_to_others(people, client_of, state):
    author, viewer = people
    clip = make_draft(author) if state == "draft" else make_clip(author)
    if state == "hidden":
        hide_clip(clip_id=clip.pk)
    if state == "deleted":
        delete_clip(clip_id=clip.pk, by=author)
    follow(follower=viewer, username="author")
    assert set(ways_to_see(clip, viewer, client_of(viewer)).values()) == {False}
    assert visible_clips(author).filter(pk=clip.pk).exists() == (state != "deleted")


def test_clips_of_an_account_that_is_switched_off_are_gone(people, client_of):
    author, viewer = people
    clip = make_clip(author)
    author.is_active = False
    author.save()
    assert set(ways_to_see(clip, viewer, client_of(viewer)).values()) == {False}


def test_the_author_of_a_hidden_clip_sees_that_there_is_a_reason(people, client_of):
    author, _ = people
    clip = make_clip(author)
    hide_clip(clip_id=clip.pk)
    client = client_of(author)
    (card,) = client.get("/api/v1/users/author/clips").json()["items"]
    assert card["state"] == "hidden"
    assert card["statement_of_reasons_url"] == "/api/v1/me/moderation"
    assert (card["mp4_url"], card["hls_url"], card["poster_url"]) == (None, None, None)
    assert card["remix"]["allowed"] is False
    for method, path in (("get", "download"), ("post", "publish")):
        response = getattr(client, method)(f"/api/v1/clips/{clip.pk}/{path}")
        assert response.status_code == 403
        assert response.json()["code"] == "clip_hidden"
    assert client.get("/api/v1/feed").json()["items"] == []


def test_a_media_url_minted_before_stops_when_the_clip_is_hidden_and_works_after_restoring(
    people, client_of
):
    author, viewer = people
    clip = make_clip(author)
    url = client_of(viewer).get(f"/api/v1/clips/{clip.pk}").json()["mp4_url"]
    hide_clip(clip_id=clip.pk)
    hide_clip(clip_id=clip.pk)
    assert Client().head(url).status_code == 404
    restore_clip(clip_id=clip.pk)
    restore_clip(clip_id=clip.pk)
    assert Client().head(url).status_code == 200


@pytest.mark.parametrize("was_published", [True, False])
def test_restoring_gives_back_exactly_the_state_before(people, client_of, was_published):
    author, _ = people
    clip = make_clip(author) if was_published else make_draft(author)
    before = client_of(author).get(f"/api/v1/clips/{clip.pk}").json()
    hide_clip(clip_id=clip.pk)
    restore_clip(clip_id=clip.pk)
    assert client_of(author).get(f"/api/v1/clips/{clip.pk}").json() == before


def test_a_deleted_clip_is_neither_hidden_nor_restored(people):
    author, _ = people
    clip = make_clip(author)
    hide_clip(clip_id=clip.pk)
    delete_clip(clip_id=clip.pk, by=author)
    restore_clip(clip_id=clip.pk)
    hide_clip(clip_id=clip.pk)
    clip.refresh_from_db()
    assert clip.state == "deleted"


@pytest.mark.parametrize(
    ("audience", "follows", "followed_back", "allowed"),
    [
        ("everyone", False, False, True),
        ("followers", False, False, False),
        ("followers", False, True, False),
        ("followers", True, False, True),
        ("mutuals", True, False, False),
        ("mutuals", False, True, False),
        ("mutuals", True, True, True),
        ("off", True, True, False),
    ],
)
def test_who_may_remix(people, client_of, audience, follows, followed_back, allowed):
    author, viewer = people
    clip = make_clip(author, remix_allowed=audience)
    if follows:
        follow(follower=viewer, username="author")
    if followed_back:
        follow(follower=author, username="viewer")
    card = client_of(viewer).get(f"/api/v1/clips/{clip.pk}").json()
    assert card["remix"]["allowed"] is allowed
    if allowed:
        check_may_remix(viewer=viewer, clip_id=clip.pk)
    else:
        with pytest.raises(RemixNotAllowed) as refused:
            check_may_remix(viewer=viewer, clip_id=clip.pk)
        assert (refused.value.code, refused.value.status) == ("remix_not_allowed", 403)
        assert refused.value.extra == {"reason": audience}
    check_may_remix(viewer=author, clip_id=clip.pk)


def test_a_blocked_authors_name_shows_nowhere_in_a_remix_of_their_clip(
    people, make_user, client_of
):
    author, viewer = people
    third = make_user("third")
    parent, child = make_clip(author), make_draft(third)
    add_edge(child_id=child.pk, parent_id=parent.pk, kind="remix")
    publish_clip(clip_id=child.pk, by=third)
    block(blocker=viewer, username="author")
    client = client_of(viewer)
    tombstone = {"id": str(parent.pk), "author": None, "available": False}
    card = client.get(f"/api/v1/clips/{child.pk}").json()
    assert card["remix"]["parent"] == card["remix"]["root"] == tombstone
    lineage = client.get(f"/api/v1/clips/{child.pk}/lineage")
    assert lineage.json()["ancestors"][0]["clip"] == tombstone
    credentials = client.get(f"/api/v1/clips/{child.pk}/credentials")
    assert credentials.json()["made_from"] == tombstone
    for answer in (lineage, credentials):
        assert b':"author"' not in answer.content  # their username
