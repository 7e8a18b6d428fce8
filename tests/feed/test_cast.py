"""Clips that show likenesses: who sees them, who publishes them, and how they end."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.services import block, follow
from cameos.errors import CameoNotPermitted
from cameos.models import Cameo, Cosign
from cameos.selectors import reach_of
from cameos.services import revoke, withdraw_use
from cameos.signals import cameo_revoked
from core.models import WithheldMedia
from core.storage import local_path, signed_url
from feed.errors import ClipEnded, ClipNotFound, CosignAwaited
from feed.models import Clip, ClipCast
from feed.selectors import review_media, visible_clips
from feed.services import (
    collect_deleted_media,
    create_draft,
    delete_clip,
    end_clips_with,
    hide_clip,
    publish_clip,
    restore_clip,
    tell_of_ends,
    update_clip,
)
from feed.services import ends as ends_module
from notifications.models import Event
from remix.services import add_edge
from tests.cameos.terms import make_cameo, uses
from tests.clips import make_draft
from tests.racing import race

pytestmark = pytest.mark.django_db
FILES = ("clip.mp4", "poster.jpg", "hls/master.m3u8", "hls/0.m3u8", "hls/0.m4s")


@pytest.fixture
def ada(make_user):
    return make_user("ada")


@pytest.fixture
def bob(make_user):
    return make_user("bob")


@pytest.fixture
def face(make_user) -> Cameo:
    """Cleo's likeness, which everybody may use."""
    return make_cameo(make_user("cleo"))


def published(author, *cameos, parents=()):
    """Make a published clip with these likenesses and parents."""
    clip = make_draft(author, cast=[each.pk for each in cameos])
    for parent in parents:
        add_edge(child_id=clip.pk, parent_id=parent.pk, kind="remix")
    publish_clip(clip_id=clip.pk, by=author)
    clip.refresh_from_db()
    return clip


def end(cameo) -> None:
    """Revoke through the service, as its owner."""
    revoke(handle=cameo.handle, by=cameo.owner)


def statuses(client, clip, urls=()) -> set[int]:
    """Return how every address of a clip and its media answers."""
    of = f"/api/v1/clips/{clip.pk}"
    answers = [client.get(of + tail) for tail in ("", "/download", "/credentials", "/lineage")]
    return {each.status_code for each in (*answers, *(Client().head(url) for url in urls))}


def listed(client, path) -> list[str]:
    return [item["id"] for item in client.get(f"/api/v1/{path}").json()["items"]]


def told(user) -> list[dict]:
    return [one.data for one in Event.objects.filter(user=user, type="clip.hidden")]


# --- who sees it


def test_the_owner_of_a_likeness_sees_the_clip_in_every_state_but_deleted(
    ada, bob, face, client_of
):
    clip = make_draft(ada, cast=[face.pk])
    owner, other = client_of(face.owner), client_of(bob)
    path = f"/api/v1/clips/{clip.pk}"
    assert (owner.get(path).status_code, other.get(path).status_code) == (200, 404)
    assert Client().head(owner.get(path).json()["mp4_url"]).status_code == 200
    block(blocker=ada, username="cleo")
    assert owner.get(path).status_code == 200
    assert owner.post(f"{path}/publish").json()["code"] == "not_your_clip"
    assert owner.delete(path).json()["code"] == "not_your_clip"
    assert listed(owner, "drafts") == []  # those are one's own
    hide_clip(clip_id=clip.pk)
    assert owner.get(path).json()["mp4_url"] is None
    delete_clip(clip_id=clip.pk, by=ada)
    assert owner.get(path).status_code == 404


def test_cards_name_whom_the_request_put_in_but_nobody_across_a_block(ada, bob, face, client_of):
    rex = make_cameo(ada, kind="character", handle="ada-rex")
    parent = published(ada, face, rex)
    child = published(bob, parents=[parent])
    assert list(ClipCast.objects.filter(clip=child).values_list("is_inherited", flat=True)) == [
        True,
        True,
    ]
    card = client_of(bob).get(f"/api/v1/clips/{parent.pk}").json()
    assert card["cameos"] == ["@ada-rex", "@cleo"]
    assert client_of(bob).get(f"/api/v1/clips/{child.pk}").json()["cameos"] == []
    block(blocker=face.owner, username="bob")
    feed = client_of(bob).get("/api/v1/feed").json()["items"]
    assert {item["id"]: item["cameos"] for item in feed} == {
        str(parent.pk): ["@ada-rex"],
        str(child.pk): [],
    }


def test_a_draft_made_twice_keeps_the_first_cast(ada, face):
    clip = make_draft(ada, cast=[face.pk])
    create_draft(
        clip_id=clip.pk,
        author_id=ada.pk,
        mark_id=5,
        caption="again",
        seconds=1,
        width_px=2,
        height_px=2,
        engine="other",
        engine_is_procedural=False,
        media_prefix="clips/x/2/",
        cast=[make_cameo(ada).pk],
    )
    assert list(ClipCast.objects.values_list("cameo_id", flat=True)) == [face.pk]


# --- the publish gate


def test_each_publication_asks_todays_terms_and_keeps_a_refusal(ada, face, client_of):
    clip = make_draft(ada, cast=[face.pk])
    Cameo.objects.update(is_paused=True)
    path = f"/api/v1/clips/{clip.pk}/publish"
    for headers in ({}, {"Idempotency-Key": "one"}):
        refused = client_of(ada).post(path, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "cameo_not_permitted")
        assert refused.json()["reason"] == "paused"
    assert uses(clip_id=clip.pk) == [("publish", "denied", "paused")] * 2
    clip.refresh_from_db()
    assert (clip.state, clip.published_at) == ("draft", None)
    Cameo.objects.update(is_paused=False)
    assert client_of(ada).post(path).status_code == 200
    Cameo.objects.update(is_paused=True)
    assert client_of(ada).post(path).status_code == 200  # it is published already
    assert uses(clip_id=clip.pk)[2:] == [("publish", "allowed", "")]


def test_an_inherited_face_is_asked_for_as_well(ada, bob, face):
    parent = published(ada, face)
    child = make_draft(bob)
    add_edge(child_id=child.pk, parent_id=parent.pk, kind="remix")
    Cameo.objects.update(audience="only_me")
    with pytest.raises(CameoNotPermitted) as refused:
        publish_clip(clip_id=child.pk, by=bob)
    assert refused.value.extra["reason"] == "not_in_audience"
    Clip.objects.filter(pk=child.pk).get(state="draft")


def test_an_owner_who_wants_to_be_asked_is_asked_and_the_clip_waits(ada, face, client_of):
    clip = make_draft(ada, cast=[face.pk])
    Cameo.objects.update(ask_me=True)
    with pytest.raises(CosignAwaited):
        publish_clip(clip_id=clip.pk, by=ada)
    path = f"/api/v1/clips/{clip.pk}/publish"
    again = client_of(ada).post(path, headers={"Idempotency-Key": "one"})
    assert (again.status_code, again.json()["code"]) == (409, "cosign_awaited")
    assert again.json()["cameos"] == ["@cleo"]
    (question,) = Cosign.objects.all()
    assert (question.state, question.clip_id, question.user) == ("asked", clip.pk, ada)
    Cosign.objects.update(state="approved")
    publish_clip(clip_id=clip.pk, by=ada)
    assert Clip.objects.get().state == "published"


# --- the end of a cameo


@pytest.fixture
def lineage(ada, bob, make_user, face):
    """A clip with the face, remixed three deep, stitched with one without it, and two others."""
    dora = make_user("dora")
    first = published(ada, face)
    second = published(bob, parents=[first])
    third = published(dora, parents=[second])
    plain, other = published(ada), published(bob, make_cameo(ada))
    stitched = published(dora, parents=[third, plain])
    draft = make_draft(bob, cast=[face.pk])
    gone = [first, second, third, stitched, draft]
    return {"gone": gone, "kept": [plain, other], "plain": plain}


def test_nothing_with_the_face_is_served_once_it_is_revoked(
    ada, bob, face, lineage, client_of, make_user
):
    gone, kept = lineage["gone"], lineage["kept"]
    for author in ("ada", "bob", "dora"):
        follow(follower=face.owner, username=author)
    clients = [client_of(user) for user in (bob, face.owner, make_user("eve"))]
    urls = [signed_url(f"{clip.media_prefix}{name}") for clip in gone for name in FILES]
    assert {Client().head(url).status_code for url in urls} == {200}
    assert Clip.objects.get(pk=lineage["plain"].pk).remix_count == 1
    end(face)
    for client in clients:
        assert {status for clip in gone for status in statuses(client, clip)} == {404}
        seen = [
            *listed(client, "feed"),
            *listed(client, "feed?mode=following"),
            *listed(client, "drafts"),
            *(
                each
                for name in ("ada", "bob", "dora")
                for each in listed(client, f"users/{name}/clips")
            ),
            *listed(client, f"clips/{lineage['plain'].pk}/remixes"),
        ]
        assert set(seen) <= {str(clip.pk) for clip in kept}
        assert str(lineage["plain"].pk) in seen
    assert {Client().head(url).status_code for url in urls} == {404}
    assert collect_deleted_media() == len(gone)
    for clip in (*gone, *kept):
        assert local_path(clip.media_prefix).exists() == (clip in kept)
    assert Clip.objects.get(pk=lineage["plain"].pk).remix_count == 0
    for clip in gone:
        with pytest.raises(ClipNotFound):
            review_media(clip.pk)
    for clip in kept:
        assert statuses(clients[2], clip) == {200, 302}
    below = clients[0].get(f"/api/v1/clips/{lineage['plain'].pk}/lineage").json()
    assert (below["children"], below["count"]) == ([], 0)


def test_the_reach_counts_what_shows_the_face_now(ada, bob, face, lineage):
    hidden, deleted = published(ada, face), published(ada, face)
    hide_clip(clip_id=hidden.pk)
    delete_clip(clip_id=deleted.pk, by=ada)
    withdrawn = published(bob, face)
    withdraw_use(handle="cleo", clip_id=withdrawn.pk, by=face.owner)
    published(face.owner, face)
    reach = reach_of(face)
    assert reach.counts() == {
        "clips": len(lineage["gone"]) + 2,
        "published": 5,
        "unpublished": 2,
        "in_making": 0,
        "remixes": 3,
        "people": 3,
        "cosigns": 0,
    }
    gone = {each.clip_id for each in reach.shown}
    assert end_clips_with(cameo_id=face.pk) == len(gone)
    ended = Clip.objects.filter(ended_reason="cameo_revoked")
    assert set(ended.values_list("pk", flat=True)) == gone
    assert reach_of(face).shown == ()


def test_a_remix_of_what_ended_shows_a_tombstone(ada, bob, face, client_of):
    first = published(ada, face)
    second = make_draft(bob)
    add_edge(child_id=second.pk, parent_id=first.pk, kind="remix")
    withdraw_use(handle="cleo", clip_id=first.pk, by=face.owner)  # of this one clip alone
    answer = client_of(bob).get(f"/api/v1/clips/{second.pk}/lineage").json()
    tombstone = {"id": str(first.pk), "author": None, "available": False}
    assert answer["ancestors"][0]["clip"] == answer["root"] == tombstone


def test_what_ended_is_never_shown_again_and_may_be_deleted(ada, face):
    hidden, shown = published(ada, face), published(ada, face)
    hide_clip(clip_id=hidden.pk)
    end(face)
    for clip in (hidden, shown):
        with pytest.raises(ClipEnded):
            restore_clip(clip_id=clip.pk)
        with pytest.raises(ClipNotFound):
            publish_clip(clip_id=clip.pk, by=ada)
        with pytest.raises(ClipNotFound):
            update_clip(clip_id=clip.pk, by=ada, caption="Still here?")
        hide_clip(clip_id=clip.pk)
        assert Clip.objects.get(pk=clip.pk).ended_reason == "cameo_revoked"
        assert WithheldMedia.objects.filter(prefix=clip.media_prefix).exists()
        delete_clip(clip_id=clip.pk, by=ada)
        assert Clip.objects.get(pk=clip.pk).state == "deleted"
    assert not visible_clips(ada).exists()


def test_a_revocation_that_fails_leaves_everything_as_it_was(ada, face):
    clip = published(ada, face)

    def fail(**_):
        raise ValueError("no")

    cameo_revoked.connect(fail)
    try:
        with suppress(ValueError), transaction.atomic():
            end(face)
    finally:
        cameo_revoked.disconnect(fail)
    clip.refresh_from_db()
    assert (clip.state, clip.ended_reason) == ("published", "")
    assert not WithheldMedia.objects.exists()


def test_any_number_of_clips_ends_in_the_same_few_statements(ada, bob, face):
    counts = []
    for number in (1, 4):
        for _ in range(number):
            published(bob, parents=[published(ada, face)])
        with CaptureQueriesContext(connection) as queries:
            assert end_clips_with(cameo_id=face.pk) == 2 * number
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


def test_authors_are_told_once_of_each_clip_by_the_resumable_part(ada, bob, face, monkeypatch):
    clips = [published(ada, face), published(bob, face), published(ada, face)]
    end(face)
    assert told(ada) == told(bob) == []  # as if the process had died with the commit

    def dies(*args, **kwargs):
        raise KeyboardInterrupt

    assert tell_of_ends(most=1) == 1
    with monkeypatch.context() as patched:
        patched.setattr(ends_module, "publish", dies)
        with pytest.raises(KeyboardInterrupt):
            tell_of_ends()
    assert tell_of_ends() == 2
    assert tell_of_ends() == 0
    reason = {"reason": "cameo_revoked"}
    assert told(ada) == [{"clip": str(clip.pk)} | reason for clip in (clips[0], clips[2])]
    assert told(bob) == [{"clip": str(clips[1].pk)} | reason]


@pytest.mark.django_db(transaction=True)
def test_an_owner_takes_their_face_out_of_one_clip(ada, face, client_of):
    clip, other = published(ada, face), published(ada, face)
    url = signed_url(clip.mp4)
    withdraw_use(handle="cleo", clip_id=clip.pk, by=face.owner)
    assert Client().head(url).status_code == 404
    assert statuses(client_of(ada), clip) == {404}
    assert Client().head(signed_url(clip.mp4, for_review=True)).status_code == 404  # it is gone
    assert statuses(client_of(ada), other) == {200, 302}
    tell_of_ends()
    assert told(ada) == [{"clip": str(clip.pk), "reason": "use_withdrawn"}]


@pytest.mark.django_db(transaction=True)
def test_publishing_against_revoking_leaves_nothing_published(ada, bob, face):
    drafts = [make_draft(author, cast=[face.pk]) for author in (ada, bob) for _ in range(4)]
    parents = [published(ada, face) for _ in range(3)]
    for draft in drafts:
        for parent in parents:
            add_edge(child_id=draft.pk, parent_id=parent.pk, kind="remix")
    authors = {each.pk: each for each in (ada, bob)}

    def act(n: int) -> None:
        if n == len(drafts) // 2:
            end(face)
        else:
            draft = drafts[n if n < len(drafts) // 2 else n - 1]
            with suppress(CameoNotPermitted, ClipNotFound):
                publish_clip(clip_id=draft.pk, by=authors[draft.author_id])

    race(act, times=len(drafts) + 1)
    assert set(Clip.objects.values_list("state", "ended_reason")) == {("hidden", "cameo_revoked")}
    assert WithheldMedia.objects.count() == Clip.objects.count()
    assert set(Clip.objects.values_list("remix_count", flat=True)) == {0}
