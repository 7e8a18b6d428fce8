"""Questions to owners: asked once, answered once, settled for the clip when the last one is."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from accounts.services import block
from cameos.errors import CosignClosed, CosignNotFound
from cameos.models import ConsentEntry, Cosign
from cameos.services import (
    answer_cosign,
    ask_owners,
    drop_cosigns,
    expire_cosigns,
    judge,
    verify_chain,
)
from cameos.signals import cosign_settled
from core.ids import new_id
from notifications.selectors import events_of
from tests.cameos.terms import heard, make_cameo, make_cosign
from tests.racing import race

PREVIEW = {"prompt": "@ada and @cleo walk.", "seconds": 5}


@pytest.fixture
def people(make_user):
    return make_user("ada"), make_user("ben"), make_user("cleo")


@pytest.fixture
def asked(people):
    """A clip of @ben with @ada and @cleo, whom he asked: clip id and the two questions."""
    ada, ben, cleo = people
    cameos = [make_cameo(ada, ask_me=True), make_cameo(cleo, ask_me=True)]
    clip_id = new_id()
    ask_owners(by=ben, clip_id=clip_id, cameo_ids=[each.pk for each in cameos], preview=PREVIEW)
    return clip_id, *(Cosign.objects.get(cameo=each) for each in cameos)


def events(user, kind):
    return [event.data for event in events_of(user.pk).filter(type=kind).order_by("sequence")]


def test_owners_are_asked_once_with_a_preview_and_a_deadline(people, asked, settings):
    ada, ben, _ = people
    clip_id, first, second = asked
    ask_owners(
        by=ben, clip_id=clip_id, cameo_ids=[first.cameo_id, second.cameo_id], preview={"x": 1}
    )
    assert Cosign.objects.count() == 2
    first.refresh_from_db()
    assert (first.preview, first.state, first.user) == (PREVIEW, "asked", ben)
    wait = first.expires_at - timezone.now()
    assert timedelta(hours=settings.COSIGN_HOURS) - wait < timedelta(minutes=1)
    (told,) = events(ada, "cosign.requested")
    assert (told["cosign"], told["cameo"], told["by"]) == (str(first.pk), "ada", "ben")
    assert "prompt" not in told  # the preview is emptied one day; events are kept


def test_the_clip_goes_on_when_the_last_owner_agrees(people, asked):
    ada, ben, cleo = people
    clip_id, first, second = asked
    with heard(cosign_settled) as settled:
        answer_cosign(cosign_id=first.pk, by=ada, is_approved=True)
        assert settled == []
        answer_cosign(cosign_id=second.pk, by=cleo, is_approved=True)
        answer_cosign(cosign_id=second.pk, by=cleo, is_approved=True)  # again: nothing new
    assert settled == [{"clip_id": clip_id, "is_approved": True, "code": ""}]
    assert {row.preview == {} for row in Cosign.objects.all()} == {True}
    assert [told["state"] for told in events(ben, "cosign.answered")] == ["approved", "approved"]
    judged = judge(
        by=ben.pk, cameo_ids=[first.cameo_id, second.cameo_id], texts={}, clip_id=clip_id
    )
    assert {each.reason for each in judged} == {"cosigned"}


def test_the_log_keeps_each_answer_with_a_hash_of_what_was_asked(people, asked):
    ada = people[0]
    _, first, _ = asked
    answer_cosign(cosign_id=first.pk, by=ada, is_approved=True)
    entry = ConsentEntry.objects.get(event="cosigned")
    assert entry.subject_id == first.cameo_id
    assert entry.data["is_approved"] is True
    assert len(entry.data["preview_sha256"]) == 64
    assert "walk" not in str(entry.data)
    assert verify_chain() is None


def test_the_first_refusal_ends_it_for_all(people, asked):
    ada, ben, cleo = people
    clip_id, first, second = asked
    with heard(cosign_settled) as settled:
        answer_cosign(cosign_id=first.pk, by=ada, is_approved=False)
        with pytest.raises(CosignClosed) as closed:
            answer_cosign(cosign_id=second.pk, by=cleo, is_approved=True)
    assert closed.value.extra == {"state": "dropped"}
    assert settled == [{"clip_id": clip_id, "is_approved": False, "code": "cosign_denied"}]
    assert {row.state: row.preview for row in Cosign.objects.all()} == {"denied": {}, "dropped": {}}
    (judged,) = judge(by=ben.pk, cameo_ids=[first.cameo_id], texts={}, clip_id=clip_id)
    assert judged.reason == "cosign_denied"


def test_nobody_answers_for_somebody_else_and_no_answer_is_changed(people, asked):
    ada, ben, cleo = people
    _, first, _ = asked
    for other in (ben, cleo):
        with pytest.raises(CosignNotFound):
            answer_cosign(cosign_id=first.pk, by=other, is_approved=True)
    with pytest.raises(CosignNotFound):
        answer_cosign(cosign_id=new_id(), by=ada, is_approved=True)
    answer_cosign(cosign_id=first.pk, by=ada, is_approved=True)
    with pytest.raises(CosignClosed):
        answer_cosign(cosign_id=first.pk, by=ada, is_approved=False)


def test_a_question_that_is_too_late_cannot_be_answered_and_the_sweep_settles_it(people, asked):
    ada, ben, _ = people
    clip_id, first, second = asked
    Cosign.objects.filter(pk=first.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(CosignClosed) as closed:
        answer_cosign(cosign_id=first.pk, by=ada, is_approved=True)
    assert closed.value.extra == {"state": "expired"}
    with heard(cosign_settled) as settled:
        assert expire_cosigns() == 1
        assert expire_cosigns() == 0
    assert settled == [{"clip_id": clip_id, "is_approved": False, "code": "cosign_expired"}]
    states = dict(Cosign.objects.values_list("pk", "state"))
    assert states == {first.pk: "expired", second.pk: "dropped"}
    assert [told["state"] for told in events(ben, "cosign.answered")] == ["expired"]


def test_a_job_that_ends_takes_its_open_questions_back(people, asked):
    ada, _, cleo = people
    clip_id, first, second = asked
    answer_cosign(cosign_id=first.pk, by=ada, is_approved=True)
    with heard(cosign_settled) as settled:
        drop_cosigns(clip_id=clip_id)
    assert settled == []
    assert dict(Cosign.objects.values_list("pk", "state")) == {
        first.pk: "approved",
        second.pk: "dropped",
    }
    with pytest.raises(CosignClosed):
        answer_cosign(cosign_id=second.pk, by=cleo, is_approved=True)


@pytest.mark.django_db(transaction=True)
def test_of_owners_who_agree_at_once_exactly_one_settles_the_clip(make_user):
    owners = [make_user(f"owner{n}") for n in range(4)]
    ben, clip_id = make_user("ben"), new_id()
    cosigns = [
        make_cosign(make_cameo(owner, ask_me=True), ben, clip_id=clip_id) for owner in owners
    ]
    with heard(cosign_settled) as settled:
        race(
            lambda n: answer_cosign(cosign_id=cosigns[n].pk, by=owners[n], is_approved=True).state,
            times=4,
        )
    assert settled == [{"clip_id": clip_id, "is_approved": True, "code": ""}]


@pytest.mark.django_db(transaction=True)
def test_yes_no_and_the_sweep_at_once_settle_a_clip_once(make_user):
    ada, ben, clip_id = make_user("ada"), make_user("ben"), new_id()
    cosign = make_cosign(make_cameo(ada, ask_me=True), ben, clip_id=clip_id)

    def act(n):
        if n == 2:
            return expire_cosigns()
        try:
            return answer_cosign(cosign_id=cosign.pk, by=ada, is_approved=n == 0).state
        except CosignClosed:
            return "closed"

    with heard(cosign_settled) as settled:
        ends = race(act, times=3)
    cosign.refresh_from_db()
    assert len(settled) == 1
    assert cosign.state in ends[:2]
    assert "closed" in ends[:2]
    assert settled[0]["is_approved"] == (cosign.state == "approved")


@pytest.mark.django_db(transaction=True)
def test_a_job_that_ends_while_an_owner_answers_waits_for_no_answer(make_user):
    """The answer goes from its question to the job, the end from the job to its questions."""
    ada, ben, clip_id = make_user("ada"), make_user("ben"), new_id()
    cosign = make_cosign(make_cameo(ada, ask_me=True), ben, clip_id=clip_id)
    job_is_held, answer_is_in = threading.Event(), threading.Event()

    def lock_job():  # @ben's row stands for the job's
        get_user_model().objects.select_for_update().get(pk=ben.pk)

    def settle(**_):
        answer_is_in.set()
        assert job_is_held.wait(timeout=10)
        lock_job()

    def act(n):
        if n == 0:
            return answer_cosign(cosign_id=cosign.pk, by=ada, is_approved=True).state
        with transaction.atomic():
            lock_job()
            job_is_held.set()
            assert answer_is_in.wait(timeout=10)
            drop_cosigns(clip_id=clip_id)
        return "ended"

    cosign_settled.connect(settle)
    try:
        assert race(act, times=2) == ["approved", "ended"]
    finally:
        cosign_settled.disconnect(settle)


# --- over HTTP


def test_the_inbox_lists_what_is_asked_and_takes_the_answer(people, asked, client_of):
    ada, ben, _ = people
    clip_id, first, _ = asked
    inbox = client_of(ada).get("/api/v1/cosigns?state=asked").json()
    assert inbox["next"] is None
    (item,) = inbox["items"]
    assert item["preview"] == PREVIEW
    assert (item["id"], item["by"], item["cameo"]) == (str(first.pk), "ben", "ada")
    assert (item["clip"], item["state"]) == (str(clip_id), "asked")
    assert client_of(ben).get("/api/v1/cosigns").json()["items"] == []

    url, me = f"/api/v1/cosigns/{first.pk}", client_of(ada)
    body, key = {"answer": "approve"}, {"Idempotency-Key": "a"}
    answers = [me.post(url, body, format="json", headers=key) for _ in range(2)]
    assert [(each.status_code, each.json()["state"]) for each in answers] == [(200, "approved")] * 2
    assert answers[0].json() == answers[1].json()
    assert me.post(url, {"answer": "deny"}, format="json").json()["code"] == "cosign_closed"
    assert me.post(url, {"answer": "perhaps"}, format="json").status_code == 422
    assert me.get("/api/v1/cosigns?state=asked").json()["items"] == []
    assert len(me.get("/api/v1/cosigns?state=approved").json()["items"]) == 1
    assert me.get("/api/v1/cosigns?state=perhaps").status_code == 422


def test_a_late_question_is_shown_as_expired_before_any_sweep_and_a_block_hides_who_asks(
    people, client_of
):
    ada, ben, cleo = people
    cameo, me = make_cameo(ada, ask_me=True), client_of(ada)
    make_cosign(cameo, ben, clip_id=new_id(), lasts=timedelta(seconds=-1))
    make_cosign(cameo, cleo, clip_id=new_id())
    late = me.get("/api/v1/cosigns?state=expired").json()["items"]
    assert [(item["by"], item["state"]) for item in late] == [("ben", "expired")]
    assert [i["by"] for i in me.get("/api/v1/cosigns?state=asked").json()["items"]] == ["cleo"]
    block(blocker=ada, username="cleo")
    assert me.get("/api/v1/cosigns?state=asked").json()["items"] == []
