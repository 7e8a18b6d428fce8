"""Where clips come from: typed edges, counts and tombstones."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from accounts.services import block
from core.ids import new_id
from feed.services import delete_clip, hide_clip, publish_clip, restore_clip, update_clip
from remix.errors import RemixNotAllowed
from remix.models import Edge
from remix.services import add_edge, check_may_remix
from tests.clips import make_clip, make_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(make_user):
    return make_user("ada")


@pytest.fixture
def bob(make_user):
    return make_user("bob")


def remix(author, parent, kind="remix", *, publish=True):
    child = make_draft(author)
    add_edge(child_id=child.pk, parent_id=parent.pk, kind=kind)
    if publish:
        publish_clip(clip_id=child.pk, by=author)
    return child


def parents_of(clip_id):
    edges = Edge.objects.filter(child_id=clip_id).order_by("id")
    return list(edges.values_list("parent_id", "kind"))


def node(clip, author, *, available=True):
    return {"id": str(clip.pk), "author": author, "available": available}


def count(clip):
    clip.refresh_from_db()
    return clip.remix_count


def test_a_child_names_parent_and_root_with_typed_edges(ada, bob, client_of):
    root = make_clip(ada)
    middle = remix(bob, root, "restyle")
    leaf = remix(ada, middle, "extend")
    client = client_of(bob)
    card = client.get(f"/api/v1/clips/{leaf.pk}").json()
    assert card["remix"] == {
        "root": node(root, "ada"),
        "parent": node(middle, "bob"),
        "count": 0,
        "allowed": True,
    }
    assert card["ai_disclosure"]["text"].startswith("Made from another clip and from a prompt")
    assert client.get(f"/api/v1/clips/{leaf.pk}/lineage").json() == {
        "clip": str(leaf.pk),
        "root": node(root, "ada"),
        "ancestors": [
            {"clip": node(middle, "bob"), "child": str(leaf.pk), "kind": "extend", "depth": 1},
            {"clip": node(root, "ada"), "child": str(middle.pk), "kind": "restyle", "depth": 2},
        ],
        "children": [],
        "count": 0,
    }
    assert client.get(f"/api/v1/clips/{root.pk}/lineage").json() == {
        "clip": str(root.pk),
        "root": None,
        "ancestors": [],
        "children": [{"clip": node(middle, "bob"), "kind": "restyle"}],
        "count": 1,
    }
    assert parents_of(leaf.pk) == [(middle.pk, "extend")]


def test_two_parents_make_a_graph_with_each_edge_once(ada, client_of):
    root = make_clip(ada)
    left, right = remix(ada, root), remix(ada, root)
    child = make_draft(ada)
    for parent in (left, right, left):
        add_edge(child_id=child.pk, parent_id=parent.pk, kind="remix")
    publish_clip(clip_id=child.pk, by=ada)
    body = client_of(ada).get(f"/api/v1/clips/{child.pk}/lineage").json()
    assert [(edge["clip"]["id"], edge["depth"]) for edge in body["ancestors"]] == [
        (str(left.pk), 1),
        (str(right.pk), 1),
        (str(root.pk), 2),
        (str(root.pk), 2),
    ]
    assert {edge["child"] for edge in body["ancestors"]} == {
        str(clip.pk) for clip in (child, left, right)
    }
    assert body["root"]["id"] == str(root.pk)
    assert (count(left), count(right), count(root)) == (1, 1, 2)


def test_remixes_are_paged_newest_first_and_published_ones_alone(ada, bob, client_of):
    parent = make_clip(ada)
    children = [remix(bob, parent) for _ in range(3)]
    remix(bob, parent, publish=False)
    make_clip(bob)
    client = client_of(bob)
    first = client.get(f"/api/v1/clips/{parent.pk}/remixes?limit=2").json()
    second = client.get(
        f"/api/v1/clips/{parent.pk}/remixes", {"limit": 2, "cursor": first["next"]}
    ).json()
    assert second["next"] is None
    assert [card["id"] for card in first["items"] + second["items"]] == [
        str(child.pk) for child in reversed(children)
    ]
    assert first["items"][0]["remix"]["parent"] == node(parent, "ada")


def test_the_count_follows_publication(ada, bob):
    parent = make_clip(ada)
    child = remix(bob, parent, publish=False)
    assert count(parent) == 0
    for _ in range(2):
        publish_clip(clip_id=child.pk, by=bob)
        assert count(parent) == 1
    for _ in range(2):
        hide_clip(clip_id=child.pk)
        assert count(parent) == 0
    restore_clip(clip_id=child.pk)
    assert count(parent) == 1
    delete_clip(clip_id=child.pk, by=bob)
    assert count(parent) == 0


def test_a_deleted_parent_keeps_its_credit_and_no_media(ada, bob, client_of):
    parent = make_clip(ada, caption="gone soon")
    child = remix(bob, parent)
    delete_clip(clip_id=parent.pk, by=ada)
    client = client_of(bob)
    tombstone = node(parent, "ada", available=False)
    lineage = client.get(f"/api/v1/clips/{child.pk}/lineage")
    assert lineage.json()["ancestors"][0]["clip"] == lineage.json()["root"] == tombstone
    assert b"gone soon" not in lineage.content
    assert client.get(f"/api/v1/clips/{child.pk}").json()["remix"]["parent"] == tombstone
    assert client.get(f"/api/v1/clips/{parent.pk}").status_code == 404
    assert client.get(f"/api/v1/clips/{parent.pk}/remixes").status_code == 404


def test_a_parent_hidden_by_moderation_is_nameless_until_restored(ada, bob, client_of):
    parent = make_clip(ada)
    child = remix(bob, parent)
    hide_clip(clip_id=parent.pk)
    path = f"/api/v1/clips/{child.pk}"
    hidden = node(parent, None, available=False)
    assert client_of(bob).get(path).json()["remix"]["parent"] == hidden
    assert client_of(ada).get(path).json()["remix"]["parent"] == node(
        parent, "ada", available=False
    )
    restore_clip(clip_id=parent.pk)
    assert client_of(bob).get(path).json()["remix"]["parent"] == node(parent, "ada")


def test_remixes_across_a_block_are_neither_listed_nor_named(ada, bob, make_user, client_of):
    eve = make_user("eve")
    parent = make_clip(ada)
    blocked, open_one = remix(eve, parent), remix(bob, parent)
    block(blocker=eve, username="bob")
    client = client_of(bob)
    lineage = client.get(f"/api/v1/clips/{parent.pk}/lineage").json()
    assert [edge["clip"] for edge in lineage["children"]] == [node(open_one, "bob")]
    remixes = client.get(f"/api/v1/clips/{parent.pk}/remixes").json()["items"]
    assert [card["id"] for card in remixes] == [str(open_one.pk)]
    assert str(blocked.pk) not in str(lineage) + str(remixes)


def test_tightening_blocks_new_remixes_and_leaves_old_ones(ada, bob, client_of):
    parent = make_clip(ada)
    child = remix(bob, parent)
    check_may_remix(viewer=bob, clip_id=parent.pk)
    update_clip(clip_id=parent.pk, by=ada, remix_allowed="off")
    with pytest.raises(RemixNotAllowed):
        check_may_remix(viewer=bob, clip_id=parent.pk)
    assert client_of(bob).get(f"/api/v1/clips/{child.pk}").json()["remix"]["parent"] == node(
        parent, "ada"
    )


def test_work_asked_for_before_the_parent_was_deleted_keeps_the_credit(ada, bob):
    parent = make_clip(ada)
    delete_clip(clip_id=parent.pk, by=ada)
    child = remix(bob, parent)
    assert parents_of(child.pk) == [(parent.pk, "remix")]


def test_a_published_clip_gets_no_parent_so_there_is_no_cycle(ada):
    first = make_clip(ada)
    second = remix(ada, first)
    for child, parent in ((first, second), (second, make_clip(ada)), (first, first)):
        with pytest.raises(ValueError, match="Only a draft"):
            add_edge(child_id=child.pk, parent_id=parent.pk, kind="remix")
    assert list(Edge.objects.values_list("child_id", "parent_id")) == [(second.pk, first.pk)]
    draft = make_draft(ada)
    with pytest.raises(ValueError, match="Only a draft"):
        add_edge(child_id=draft.pk, parent_id=draft.pk, kind="remix")
    with pytest.raises(ValueError, match="stolen"):
        add_edge(child_id=draft.pk, parent_id=first.pk, kind="stolen")
    assert parents_of(draft.pk) == []


def test_the_database_itself_refuses_an_edge_to_oneself(ada):
    clip = make_clip(ada)
    with pytest.raises(IntegrityError), transaction.atomic():
        Edge.objects.create(child=clip, parent=clip, kind="remix")


def test_lineage_of_a_clip_that_is_not_there(ada, client_of, api):
    for tail in ("lineage", "remixes"):
        path = f"/api/v1/clips/{new_id()}/{tail}"
        assert client_of(ada).get(path).json()["code"] == "clip_not_found"
        assert api.get(path).status_code == 401
