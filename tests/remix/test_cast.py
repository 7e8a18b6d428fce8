"""Remixes of clips that show likenesses: permission is asked anew, and the cast is inherited."""

from __future__ import annotations

import pytest

from cameos.errors import CameoNotPermitted
from cameos.models import CameoUse
from core.ids import new_id
from feed.models import ClipCast
from remix.errors import RemixNotAllowed
from remix.services import add_edge, check_author_allows, check_may_remix, pass_remix_gate
from tests.cameos.terms import make_cameo, put_on_list, uses
from tests.clips import make_clip, make_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob(make_user):
    return make_user("bob")


@pytest.fixture
def faces(make_user):
    return [make_cameo(make_user(name)) for name in ("cleo", "dora")]


@pytest.fixture
def parent(make_user, faces):
    return make_clip(make_user("ada"), cast=[face.pk for face in faces])


def test_every_face_is_needed_and_the_author_too(bob, faces, parent):
    check_may_remix(viewer=bob, clip_id=parent.pk)
    put_on_list(faces[1], bob, is_allowed=False)
    with pytest.raises(CameoNotPermitted) as refused:
        check_may_remix(viewer=bob, clip_id=parent.pk)
    assert refused.value.field == "remix_of"
    assert (refused.value.extra["cameo"], refused.value.extra["reason"]) == (
        "dora",
        "not_in_audience",
    )
    check_author_allows(viewer=bob, clip_id=parent.pk)
    parent.remix_allowed = "off"
    parent.save()
    with pytest.raises(RemixNotAllowed):
        check_may_remix(viewer=bob, clip_id=parent.pk)
    assert not CameoUse.objects.filter(gate="remix").exists()  # only looked at


def test_the_gate_keeps_an_answer_of_every_face(bob, faces, parent):
    child_id = new_id()
    put_on_list(faces[1], bob, is_allowed=False)
    with pytest.raises(CameoNotPermitted):
        pass_remix_gate(by=bob.pk, parent_id=parent.pk, child_id=child_id, texts={})
    assert uses(clip_id=child_id, cameo=faces[0]) == [("remix", "allowed", "")]
    assert uses(clip_id=child_id, cameo=faces[1]) == [("remix", "denied", "not_in_audience")]


def test_a_child_inherits_every_face_of_all_its_parents_once(bob, faces, parent, make_user):
    other = make_clip(bob, cast=[make_cameo(bob).pk, faces[0].pk])
    child = make_draft(bob, cast=[faces[0].pk])
    for source in (parent, other, parent):
        add_edge(child_id=child.pk, parent_id=source.pk, kind="remix")
    cast = dict(ClipCast.objects.filter(clip=child).values_list("cameo__handle", "is_inherited"))
    assert cast == {"cleo": False, "dora": True, "bob": True}
