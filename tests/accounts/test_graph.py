"""Follow, block and mute, and who sees whom."""

from __future__ import annotations

from contextlib import suppress

import pytest

from accounts import selectors, services
from accounts.models import Block, Follow, Mute, User
from core.errors import NotFound
from tests.racing import race


@pytest.fixture
def ada(make_user):
    return make_user("ada")


@pytest.fixture
def bob(make_user):
    return make_user("bob")


@pytest.mark.parametrize(("what", "edges"), [("follow", Follow), ("block", Block), ("mute", Mute)])
def test_put_and_delete_are_idempotent(client_of, ada, bob, what, edges):
    client = client_of(ada)
    for _ in "twice":
        assert client.put(f"/api/v1/users/BOB/{what}").status_code == 204
        assert edges.objects.count() == 1
    for _ in "twice":
        assert client.delete(f"/api/v1/users/bob/{what}").status_code == 204
        assert edges.objects.count() == 0


@pytest.mark.parametrize("what", ["follow", "block", "mute"])
def test_nobody_follows_blocks_or_mutes_oneself(client_of, ada, what):
    answer = client_of(ada).put(f"/api/v1/users/ada/{what}")
    assert (answer.status_code, answer.json()["code"]) == (422, "not_to_yourself")


@pytest.mark.parametrize("what", ["follow", "block", "mute"])
@pytest.mark.parametrize("name", ["nobody", "a%00b", "%F0%9F%8E%88", "x" * 500, "ada%27--"])
def test_an_unknown_user_is_404(client_of, ada, what, name):
    answer = client_of(ada).put(f"/api/v1/users/{name}/{what}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_block_ends_following_both_ways_and_does_not_bring_it_back(ada, bob):
    services.follow(follower=ada, username="bob")
    services.follow(follower=bob, username="ada")
    services.block(blocker=ada, username="bob")
    assert not Follow.objects.exists()
    services.unblock(blocker=ada, username="bob")
    assert not Follow.objects.exists()


def test_who_is_blocked_neither_sees_nor_follows_nor_lifts_it(client_of, ada, bob):
    services.block(blocker=ada, username="bob")
    for viewer, other in ((ada, "bob"), (bob, "ada")):
        client = client_of(viewer)
        assert client.get(f"/api/v1/users/{other}").status_code == 404
        assert client.put(f"/api/v1/users/{other}/follow").status_code == 404
        assert client.put(f"/api/v1/users/{other}/mute").status_code == 404
    assert client_of(bob).delete("/api/v1/users/ada/block").status_code == 404
    assert client_of(bob).put("/api/v1/users/ada/block").status_code == 404
    assert list(Block.objects.values_list("blocker_id", "blocked_id")) == [(ada.pk, bob.pk)]
    assert not Follow.objects.exists()
    assert client_of(ada).delete("/api/v1/users/bob/block").status_code == 204
    assert client_of(bob).get("/api/v1/users/ada").status_code == 200


def test_hidden_users_are_those_on_either_side_of_a_block(ada, bob, make_user):
    cyd, dan = make_user("cyd"), make_user("dan")
    services.block(blocker=ada, username="bob")
    services.block(blocker=cyd, username="ada")
    assert set(selectors.hidden_user_ids(ada)) == {bob.pk, cyd.pk}
    assert set(selectors.hidden_user_ids(bob)) == {ada.pk}
    visible = User.objects.exclude(pk__in=selectors.hidden_user_ids(ada))
    assert set(visible) == {ada, dan}
    assert set(selectors.visible_users(ada)) == {ada, dan}
    dan.is_active = False
    dan.save()
    assert set(selectors.visible_users(ada)) == {ada}


def test_relations(ada, bob, make_user):
    cyd, dan = make_user("cyd"), make_user("dan")
    services.follow(follower=ada, username="bob")
    services.follow(follower=bob, username="ada")
    services.follow(follower=cyd, username="ada")
    services.mute(muter=ada, username="dan")
    relations = selectors.relation_of(ada, [bob.pk, cyd.pk, dan.pk])
    assert relations[bob.pk] == selectors.Relation(follows=True, followed_by=True)
    assert relations[cyd.pk] == selectors.Relation(followed_by=True)
    assert relations[dan.pk] == selectors.Relation(mutes=True)
    assert list(selectors.following_ids(ada.pk)) == [bob.pk]
    assert list(selectors.muted_user_ids(ada)) == [dan.pk]


def test_a_profile_counts_and_says_how_it_stands_to_me(client_of, ada, bob, make_user):
    services.follow(follower=ada, username="bob")
    services.follow(follower=make_user("cyd"), username="bob")
    services.follow(follower=make_user("gone", is_active=False), username="bob")
    profile = client_of(ada).get("/api/v1/users/Bob").json()
    assert (profile["username"], profile["followers"], profile["following"]) == ("bob", 2, 0)
    assert profile["viewer"] == {"following": True, "followed_by": False, "muting": False}
    assert not {"email", "birth_date"} & set(profile)


def test_muting_is_not_told_to_who_is_muted(client_of, ada, bob):
    before = client_of(bob).get("/api/v1/users/ada").content
    services.mute(muter=ada, username="bob")
    assert client_of(bob).get("/api/v1/users/ada").content == before


@pytest.mark.django_db(transaction=True)
def test_following_while_being_blocked_leaves_no_follow(make_user):
    for attempt in range(10):
        one, other = make_user(f"one{attempt}"), make_user(f"other{attempt}")

        def act(index, one=one, other=other):
            if index:
                services.block(blocker=other, username=one.username)
                return
            with suppress(NotFound):
                services.follow(follower=one, username=other.username)

        race(act, times=2)
        assert not Follow.objects.exists()
    assert Block.objects.count() == 10
