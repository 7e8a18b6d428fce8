"""The gates: what they answer, what they write down, and whom they tell."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from rest_framework.test import APIRequestFactory

from accounts.services import block, follow
from cameos.errors import CameoNotPermitted, CameosStopped
from cameos.models import Cameo, CameoUse, WithdrawnUse
from cameos.services import (
    check_film,
    end_ownerless,
    ensure_still_permitted,
    judge,
    pass_gate,
    resolve_cast,
)
from core.api import ApiView
from core.idempotency import idempotent
from core.ids import new_id
from core.switches import CAMEOS, throw_switch
from notifications.selectors import events_of
from tests.cameos.terms import (
    birthday,
    make_cameo,
    make_cosign,
    make_mutuals,
    put_on_list,
    uses,
)
from tests.racing import race

GATES = ("submit", "start", "publish", "remix")


@pytest.fixture
def ada(make_user):
    return make_user("ada")


@pytest.fixture
def ben(make_user):
    return make_user("ben")


def told(user, kind="cameo.used"):
    return [event.data for event in events_of(user.pk).filter(type=kind).order_by("sequence")]


# --- what a request names


def test_the_cast_is_what_is_listed_then_what_the_texts_mention_each_once(ada, ben, make_user):
    cleo = make_cameo(make_user("cleo"))
    mine, rex = make_cameo(ada), make_cameo(ada, kind="character", handle="ada-rex")
    cast = resolve_cast(
        by=ben,
        handles=["@CLEO", "cleo"],
        texts={"prompt": "@Ada-Rex runs to @ada. @cleo's hat, mail me@ada.example, @nobody"},
    )
    assert [(each.id, each.handle, each.kind) for each in cast] == [
        (cleo.pk, "cleo", "person"),
        (rex.pk, "ada-rex", "character"),
        (mine.pk, "ada", "person"),
    ]


def test_a_listed_handle_that_is_nobodys_is_refused_and_a_mention_of_it_is_text(ben):
    with pytest.raises(CameoNotPermitted) as refused:
        resolve_cast(by=ben, handles=["@ada"], texts={})
    assert refused.value.extra["reason"] == "unknown"
    assert (refused.value.extra["cameo"], refused.value.field) == ("ada", "cameos")
    assert resolve_cast(by=ben, handles=[], texts={"prompt": "@ada walks"}) == ()


@pytest.mark.parametrize("direction", ["ada blocks ben", "ben blocks ada"])
def test_a_block_in_either_direction_makes_both_sides_cameos_unknown(ada, ben, direction):
    cameos = {ada: make_cameo(ada), ben: make_cameo(ben)}
    blocker, blocked = (ada, ben) if direction == "ada blocks ben" else (ben, ada)
    block(blocker=blocker, username=blocked.username)
    for viewer, other in ((ada, ben), (ben, ada)):
        with pytest.raises(CameoNotPermitted) as refused:
            resolve_cast(by=viewer, handles=[other.username], texts={})
        with pytest.raises(CameoNotPermitted) as nobody:
            resolve_cast(by=viewer, handles=["x1"], texts={})
        assert refused.value.extra == {**nobody.value.extra, "cameo": other.username}
        (judged,) = judge(by=viewer.pk, cameo_ids=[cameos[other].pk], texts={})
        assert (judged.outcome, judged.reason, judged.handle) == ("denied", "unknown", "")


def test_protected_faces_and_unchecked_characters_cannot_be_named(ada, ben):
    make_cameo(ada, kind="protected", handle=None)
    make_cameo(ada, kind="character", handle="ada-rex", state="checking")
    with pytest.raises(CameoNotPermitted):
        resolve_cast(by=ben, handles=["ada-rex"], texts={})
    (own,) = resolve_cast(by=ada, handles=["ada-rex"], texts={})
    assert own.handle == "ada-rex"


# --- the table through the rows, at every gate

SITUATIONS = [
    # audience, relation, paused, ask_me, co-sign -> outcome, reason
    ("everyone", "stranger", False, False, None, "allowed", ""),
    ("everyone", "owner", True, True, None, "allowed", "owner"),
    ("everyone", "deny", False, False, None, "denied", "not_in_audience"),
    ("everyone", "blocked", False, False, None, "denied", "unknown"),
    ("everyone", "stranger", True, False, None, "denied", "paused"),
    ("everyone", "stranger", False, True, None, "asked", "needs_cosign"),
    ("everyone", "stranger", False, True, "asked", "asked", "needs_cosign"),
    ("everyone", "stranger", False, True, "late", "denied", "cosign_expired"),
    ("everyone", "stranger", False, True, "approved", "allowed", "cosigned"),
    ("everyone", "stranger", False, True, "denied", "denied", "cosign_denied"),
    ("everyone", "stranger", False, True, "expired", "denied", "cosign_expired"),
    ("everyone", "withdrawn", False, False, None, "denied", "withdrawn"),
    ("mutuals", "stranger", False, False, None, "denied", "not_in_audience"),
    ("mutuals", "follower", False, False, None, "denied", "not_in_audience"),
    ("mutuals", "mutual", False, False, None, "allowed", ""),
    ("mutuals", "allow", False, False, None, "allowed", ""),
    ("approved", "mutual", False, False, None, "denied", "not_in_audience"),
    ("approved", "allow", False, False, None, "allowed", ""),
    ("only_me", "allow", False, False, None, "denied", "not_in_audience"),
    ("only_me", "owner", False, False, None, "allowed", "owner"),
]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: " ".join(map(str, each)))
def test_every_gate_decides_by_the_rows_of_that_moment(ada, ben, situation):
    audience, relation, paused, ask_me, cosign, outcome, reason = situation
    cameo = make_cameo(ada, audience=audience, is_paused=paused, ask_me=ask_me)
    clip_id = new_id()
    relate(cameo, ada, ben, relation, clip_id)
    by = ada if relation == "owner" else ben
    if cosign is not None:
        late = {"state": "asked", "lasts": timedelta(seconds=-1)}
        make_cosign(cameo, by, clip_id=clip_id, **(late if cosign == "late" else {"state": cosign}))
    for gate in GATES:
        if outcome == "denied":
            with pytest.raises(CameoNotPermitted) as refused:
                pass_gate(by=by.pk, cameo_ids=[cameo.pk], gate=gate, clip_id=clip_id)
            assert refused.value.extra["reason"] == reason
        else:
            (judged,) = pass_gate(by=by.pk, cameo_ids=[cameo.pk], gate=gate, clip_id=clip_id)
            assert (judged.outcome, judged.reason) == (outcome, reason)
    assert uses(cameo=cameo, clip_id=clip_id, user=by) == [
        (gate, outcome, reason) for gate in GATES
    ]
    permitted = pytest.raises(CameoNotPermitted) if outcome != "allowed" else transaction.atomic()
    with permitted:
        ensure_still_permitted(by=by.pk, cameo_ids=[cameo.pk], clip_id=clip_id)


def relate(cameo, owner, user, relation, clip_id):
    if relation == "mutual":
        make_mutuals(owner, user)
    elif relation == "follower":
        follow(follower=user, username=owner.username)
    elif relation in {"allow", "deny"}:
        put_on_list(cameo, user, is_allowed=relation == "allow")
    elif relation == "blocked":
        block(blocker=owner, username=user.username)
    elif relation == "withdrawn":
        WithdrawnUse.objects.create(cameo=cameo, clip_id=clip_id)


@pytest.mark.parametrize(
    ("state", "reason"),
    [("frozen", "frozen"), ("checking", "not_active"), ("refused", "not_active")],
)
def test_what_is_not_active_binds_its_owner_too(ada, state, reason):
    cameo = make_cameo(ada, state=state)
    with pytest.raises(CameoNotPermitted) as refused:
        pass_gate(by=ada.pk, cameo_ids=[cameo.pk], gate="submit", clip_id=new_id())
    assert refused.value.extra["reason"] == reason


# --- several, and what is written down


def test_several_cameos_need_every_owner_and_each_gets_a_row(ada, ben, make_user):
    open_one = make_cameo(ada)
    closed = make_cameo(make_user("cleo"), audience="only_me")
    asking = make_cameo(make_user("dora"), ask_me=True)
    clip_id = new_id()
    with pytest.raises(CameoNotPermitted) as refused:
        pass_gate(
            by=ben.pk,
            cameo_ids=[open_one.pk, closed.pk, asking.pk],
            gate="submit",
            clip_id=clip_id,
        )
    assert refused.value.extra["cameo"] == "cleo"
    rows = CameoUse.objects.filter(clip_id=clip_id)
    assert {(row.cameo_id, row.outcome) for row in rows} == {
        (open_one.pk, "allowed"),
        (closed.pk, "denied"),
        (asking.pk, "asked"),
    }
    assert told(ada) == []  # nothing is made with her


def test_an_owner_hears_of_a_beginning_and_of_publishing_but_not_of_their_own_uses(ada, ben):
    cameo, clip_id = make_cameo(ada), new_id()
    for gate in ("submit", "remix", "start", "publish"):
        pass_gate(by=ben.pk, cameo_ids=[cameo.pk], gate=gate, clip_id=clip_id)
    assert [data["gate"] for data in told(ada)] == ["submit", "publish"]
    assert told(ada)[0] == {
        "cameo": "ada",
        "clip": str(clip_id),
        "use": str(clip_id),
        "gate": "submit",
    }
    pass_gate(by=ada.pk, cameo_ids=[cameo.pk], gate="submit", clip_id=new_id())
    assert len(told(ada)) == 2


def test_a_row_remembers_the_version_of_the_terms(ada, ben):
    cameo = make_cameo(ada, terms_version=7)
    pass_gate(by=ben.pk, cameo_ids=[cameo.pk], gate="submit", clip_id=new_id())
    assert CameoUse.objects.get().terms_version == 7


def test_a_cameo_whose_owner_is_deleted_is_refused_at_once_and_ended_by_the_sweep(ada, ben):
    cameo = make_cameo(ada)
    ada.delete()
    for reason in ("unknown", "revoked"):
        with pytest.raises(CameoNotPermitted) as refused:
            pass_gate(by=ben.pk, cameo_ids=[cameo.pk], gate="start", clip_id=new_id())
        assert refused.value.extra["reason"] == reason
        end_ownerless()
    cameo.refresh_from_db()
    assert (cameo.handle, cameo.name) == (None, "")


def test_a_switch_stops_what_begins_and_lets_finish_what_has_begun(ada, ben):
    cameo = make_cameo(ada)
    throw_switch(name=CAMEOS, reason="A test.", by="ops")
    for gate in ("submit", "remix"):
        with pytest.raises(CameosStopped):
            pass_gate(by=ben.pk, cameo_ids=[cameo.pk], gate=gate, clip_id=new_id())
    for gate in ("start", "publish"):
        pass_gate(by=ben.pk, cameo_ids=[cameo.pk], gate=gate, clip_id=new_id())
    assert pass_gate(by=ben.pk, cameo_ids=[], gate="submit", clip_id=new_id()) == ()


class _Refusing(ApiView):
    """A request that fails at a gate inside of its idempotent transaction."""

    cameo_id = clip_id = None

    @idempotent
    def post(self, request):
        pass_gate(
            by=request.user.pk, cameo_ids=[self.cameo_id], gate="submit", clip_id=self.clip_id
        )


@pytest.mark.parametrize("key", [None, "one"])
@pytest.mark.django_db(transaction=True)
def test_a_refused_attempt_stays_written_when_its_request_is_rolled_back(make_user, key, settings):
    settings.RATE_LIMITS = False
    ada, ben = make_user("ada"), make_user("ben")
    cameo = make_cameo(ada, is_paused=True)
    clip_id = new_id()
    request = APIRequestFactory().post("/", {}, format="json")
    if key:
        request.META["HTTP_IDEMPOTENCY_KEY"] = key
    request._force_auth_user = ben
    view = _Refusing.as_view(cameo_id=cameo.pk, clip_id=clip_id, authentication_classes=[])
    request.user = ben
    answer = view(request)
    assert answer.status_code == 403
    assert answer.data["reason"] == "paused"
    assert uses(cameo=cameo, clip_id=clip_id) == [("submit", "denied", "paused")]


# --- the locks


@pytest.mark.django_db(transaction=True)
def test_a_finishing_clip_and_a_change_of_terms_do_not_pass_each_other(make_user):
    """Whichever is first, no clip is finished after the pause was committed."""
    ada, ben = make_user("ada"), make_user("ben")
    cameo = make_cameo(ada)
    order = []
    seen = threading.Lock()

    def act(index):
        if index == 0:
            with transaction.atomic():
                Cameo.objects.select_for_update(no_key=True).get(pk=cameo.pk)
                Cameo.objects.filter(pk=cameo.pk).update(is_paused=True)
                with seen:
                    order.append("paused")
            return "paused"
        try:
            with transaction.atomic():
                ensure_still_permitted(by=ben.pk, cameo_ids=[cameo.pk], clip_id=new_id())
                with seen:
                    order.append("finished")
        except CameoNotPermitted:
            return "refused"
        return "finished"

    ends = race(act, times=6)
    assert order == ["finished"] * ends.count("finished") + ["paused"]
    assert ends.count("refused") == 5 - ends.count("finished")


@pytest.mark.django_db(transaction=True)
def test_the_locks_are_held_until_the_callers_transaction_ends(make_user):
    ada, ben = make_user("ada"), make_user("ben")
    cameo = make_cameo(ada)

    def can_change():
        def attempt(_):
            with transaction.atomic():
                rows = Cameo.objects.select_for_update(no_key=True, skip_locked=True)
                return rows.filter(pk=cameo.pk).exists()

        return race(attempt, times=1)[0]

    with transaction.atomic():
        ensure_still_permitted(by=ben.pk, cameo_ids=[cameo.pk], clip_id=new_id())
        assert not can_change()
    assert can_change()


@pytest.mark.django_db(transaction=True)
def test_without_a_transaction_there_is_nothing_to_hold(make_user):
    cameo = make_cameo(make_user("ada"))
    assert not connection.in_atomic_block
    with pytest.raises(transaction.TransactionManagementError):
        ensure_still_permitted(by=new_id(), cameo_ids=[cameo.pk], clip_id=new_id())


def test_a_film_without_restrictions_passes_and_leaves_no_row(ada, ben):
    cameo = make_cameo(ada)
    check_film(
        by=ben.pk, cameo_ids=[cameo.pk], clip_id=new_id(), transcript="Vote for me.", nudity=0.7
    )
    assert uses(cameo=cameo) == []


def test_what_is_spoken_and_seen_binds_and_the_row_names_the_rule(ada, ben):
    cameo = make_cameo(
        ada,
        restriction_tags=["no_politics", "no_swimwear"],
        restriction_text="no clowns",
    )
    cases = [
        ("Vote for me.", 0.0, "no_politics", "transcript"),
        ("A clown!", 0.0, "no clowns", "transcript"),
        ("Good morning.", 0.4, "no_swimwear", "picture"),
    ]
    for transcript, nudity, rule, field in cases:
        clip_id = new_id()
        with pytest.raises(CameoNotPermitted) as refused:
            check_film(
                by=ben.pk,
                cameo_ids=[cameo.pk],
                clip_id=clip_id,
                transcript=transcript,
                nudity=nudity,
            )
        assert (refused.value.extra["rule"], refused.value.field) == (rule, field)
        row = CameoUse.objects.get(clip_id=clip_id)
        assert (row.gate, row.outcome, row.reason, row.rule) == (
            "film",
            "denied",
            "restricted",
            rule,
        )
    film = {"clip_id": new_id(), "transcript": "Vote for me.", "nudity": 0.4}
    check_film(by=ada.pk, cameo_ids=[cameo.pk], **film)  # terms do not bind their owner
    assert CameoUse.objects.count() == len(cases)


def test_a_prompt_that_breaks_a_restriction_is_refused_with_rule_field_and_span(ada, ben):
    cameo = make_cameo(ada, restriction_tags=["no_alcohol_or_drugs"], ask_me=True)
    texts = {"prompt": "Hello.", "shots.1.prompt": "@ada drinks a b33r"}
    with pytest.raises(CameoNotPermitted) as refused:
        pass_gate(by=ben.pk, cameo_ids=[cameo.pk], gate="submit", clip_id=new_id(), texts=texts)
    assert refused.value.field == "shots.1.prompt"
    assert refused.value.extra == {
        "cameo": "ada",
        "reason": "restricted",
        "rule": "no_alcohol_or_drugs",
        "span": [14, 18],
    }
    assert "no_alcohol_or_drugs" in refused.value.detail


def test_a_minors_face_is_paused_while_no_guardian_allows_it(make_user, ben):
    teen = make_user("teen", birth_date=birthday(years=15))
    cameo = make_cameo(teen)
    pet = make_cameo(teen, kind="character", handle="teen-rex")
    (face, rex) = judge(by=ben.pk, cameo_ids=[cameo.pk, pet.pk], texts={})
    assert (face.outcome, face.reason) == ("denied", "paused")
    assert rex.outcome == "allowed"
