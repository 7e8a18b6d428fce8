"""The end of a likeness: all in one transaction, finished after any crash, never half."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, transaction

from cameos.custody import make_key, unseal
from cameos.errors import CameoNotFound, CameoNotPermitted, KeyShredded, UseNotFound
from cameos.models import (
    Cameo,
    CameoAccess,
    ConsentEntry,
    Cosign,
    DataKey,
    Likeness,
    Receipt,
    Revocation,
    WithdrawnUse,
)
from cameos.services import (
    carry_on_revocations,
    end_likenesses_of,
    end_ownerless,
    ensure_still_permitted,
    issue_receipts,
    judge,
    open_portrait,
    pass_gate,
    revoke,
    revoke_cameo,
    store_likeness,
    verify_chain,
    withdraw_use,
)
from cameos.services.sweep import sweep
from cameos.signals import cameo_revoked, use_withdrawn
from core.ids import new_id
from notifications.selectors import events_of
from tests.cameos.terms import heard, make_cameo, make_cosign, put_on_list, use
from tests.clips import make_draft
from tests.racing import race


@pytest.fixture
def ada(make_user):
    return make_user("ada")


@pytest.fixture
def cameo(ada):
    """An active cameo with a sealed likeness."""
    cameo = make_cameo(ada)
    store_likeness(cameo_id=cameo.pk, template=None, portrait=b"face", pack_sha256="")
    return cameo


class Boom(Exception):
    """A receiver's fault, or a process that dies there: the transaction is undone either way."""


def failing(**_):
    raise Boom


# --- the blast radius


def test_a_dry_run_tells_the_reach_and_changes_nothing(ada, cameo, make_user, client_of):
    ben = make_user("ben")
    clip = make_draft(ben, cast=[cameo.pk])
    me, key = client_of(ada), {"Idempotency-Key": "once"}
    url = "/api/v1/cameos/ada/revoke"
    dry = me.post(f"{url}?dry_run=1", headers=key)
    assert dry.status_code == 200
    assert dry.json() == {
        "reach": {
            "clips": 1,
            "published": 0,
            "unpublished": 1,
            "in_making": 0,
            "remixes": 0,
            "people": 1,
            "cosigns": 0,
        },
        "clips": [{"clip": str(clip.pk), "by": "ben", "stage": "unpublished", "is_remix": False}],
    }
    assert not Revocation.objects.exists()
    # The key of the dry run is not mistaken for a revocation that happened.
    assert me.post(url, headers=key).json()["code"] == "idempotency_mismatch"
    real = me.post(url, headers={"Idempotency-Key": "twice"})
    assert real.json() == dry.json()
    again = me.post(url, headers={"Idempotency-Key": "twice"})
    assert (again.status_code, again.json()) == (200, real.json())
    assert me.post(url).status_code == 404
    assert me.get("/api/v1/cameos/ada").status_code == 404


# --- revoking


def test_revoking_ends_everything_in_one_transaction(
    ada, cameo, make_user, django_capture_on_commit_callbacks
):
    ben = make_user("ben")
    cosign = make_cosign(cameo, ben, clip_id=new_id())
    put_on_list(cameo, ben, is_allowed=True)
    with heard(cameo_revoked) as told:
        reach = revoke(handle="@ADA", by=ada)
    assert told == [{"cameo_id": cameo.pk}]
    assert reach.cosigns == 1
    cameo.refresh_from_db()
    assert cameo.state == "revoked"
    assert not DataKey.objects.exists()
    assert open_portrait(cameo.pk) is None
    cosign.refresh_from_db()
    assert (cosign.state, cosign.preview) == ("dropped", {})
    events = ConsentEntry.objects.filter(subject_id=cameo.pk).order_by("sequence")
    assert [entry.event for entry in events] == ["key_shredded", "revoked"]
    assert verify_chain() is None
    for user in (ada, ben):
        (judged,) = judge(by=user.pk, cameo_ids=[cameo.pk], texts={})
        assert judged.reason == "revoked"
    with pytest.raises(CameoNotFound):
        revoke(handle="ada", by=ada)


def test_what_is_sealed_is_deleted_once_the_revocation_is_carried_out(ada, cameo, make_user):
    put_on_list(cameo, make_user("ben"), is_allowed=True)
    revoke(handle="ada", by=ada)
    assert carry_on_revocations() == 1
    assert not Likeness.objects.exists()
    assert not CameoAccess.objects.exists()
    assert Revocation.objects.get().finished_at is not None
    assert carry_on_revocations() == 0


def test_a_handle_is_free_again_after_a_revocation_and_the_old_cameo_stays_ended(ada, cameo):
    revoke(handle="ada", by=ada)
    fresh = make_cameo(ada)
    assert {each.state for each in Cameo.objects.all()} == {"revoked", "active"}
    judged = judge(by=ada.pk, cameo_ids=[cameo.pk, fresh.pk], texts={})
    assert [each.reason for each in judged] == ["revoked", "owner"]


@pytest.mark.django_db(transaction=True)
def test_killed_before_the_commit_nothing_has_happened(make_user):
    ada = make_user("ada")
    cameo = make_cameo(ada)
    make_key(cameo.pk)
    cameo_revoked.connect(failing)
    try:
        with pytest.raises(Boom):
            revoke(handle="ada", by=ada)
    finally:
        cameo_revoked.disconnect(failing)
    cameo.refresh_from_db()
    assert cameo.state == "active"
    assert DataKey.objects.count() == 1
    assert not Revocation.objects.exists()
    assert not ConsentEntry.objects.exists()
    assert judge(by=ada.pk, cameo_ids=[cameo.pk], texts={})[0].outcome == "allowed"


@pytest.mark.django_db(transaction=True)
def test_killed_after_the_commit_the_sweep_finishes(make_user):
    ada, ben = make_user("ada"), make_user("ben")
    cameo, other = make_cameo(ada), make_cameo(ben)
    for each in (cameo, other):
        store_likeness(cameo_id=each.pk, template=None, portrait=b"face", pack_sha256="")
    calls = []

    def fail_after_first(*, cameo_id, **_):
        calls.append(cameo_id)
        if calls.count(cameo_id) > 1 and cameo_id == cameo.pk:
            raise Boom

    cameo_revoked.connect(fail_after_first)
    try:
        revoke(handle="ada", by=ada)  # the second transaction dies
        assert Revocation.objects.get(cameo=cameo).finished_at is None
        assert not DataKey.objects.filter(subject_id=cameo.pk).exists()  # it is ended all the same
        revoke(handle="ben", by=ben)
        assert carry_on_revocations() == 0  # still broken; nobody else waits for it
        assert Revocation.objects.get(cameo=other).finished_at is not None
    finally:
        cameo_revoked.disconnect(fail_after_first)
    with heard(cameo_revoked) as told:
        sweep()
        sweep()
    assert told == [{"cameo_id": cameo.pk}]
    assert Revocation.objects.filter(finished_at__isnull=True).count() == 0
    assert not Likeness.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_revocations_and_sweeps_at_once_end_it_once(make_user):
    ada = make_user("ada")
    cameo = make_cameo(ada)
    store_likeness(cameo_id=cameo.pk, template=None, portrait=b"face", pack_sha256="")

    def act(n):
        if n % 2:
            return carry_on_revocations()
        try:
            return revoke(handle="ada", by=ada)
        except CameoNotFound:
            return None

    ends = race(act, times=8)
    assert sum(each is not None for each in ends[::2]) == 1
    carry_on_revocations()
    assert Revocation.objects.count() == 1
    assert [entry.event for entry in ConsentEntry.objects.order_by("sequence")] == [
        "key_shredded",
        "revoked",
    ]


@pytest.mark.django_db(transaction=True)
def test_a_revocation_waits_for_a_clip_that_is_finishing_and_then_sees_it(make_user):
    ada, ben = make_user("ada"), make_user("ben")
    cameo = make_cameo(ada)
    is_permitted, has_hidden, finished, hidden = threading.Event(), threading.Event(), set(), []

    def hide(**_):
        hidden.append(set(finished))
        has_hidden.set()

    def is_waited_for():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return cursor.fetchone()[0] > 0

    def finish():
        with transaction.atomic():
            ensure_still_permitted(by=ben.pk, cameo_ids=[cameo.pk], clip_id=new_id())
            is_permitted.set()
            until = time.monotonic() + 10
            while not (is_waited_for() or has_hidden.wait(0.02)) and time.monotonic() < until:
                pass
            finished.add("clip")

    def act(n):
        if n == 0:
            return finish()
        assert is_permitted.wait(timeout=10)
        return revoke(handle="ada", by=ada)

    cameo_revoked.connect(hide)
    try:
        race(act, times=2)
    finally:
        cameo_revoked.disconnect(hide)
    assert hidden[0] == {"clip"}
    with pytest.raises(CameoNotPermitted), transaction.atomic():
        ensure_still_permitted(by=ben.pk, cameo_ids=[cameo.pk], clip_id=new_id())


def test_no_key_can_be_made_for_what_is_revoked(ada, cameo):
    revoke(handle="ada", by=ada)
    make_key(cameo.pk)  # a process that had not seen the end
    assert carry_on_revocations() == 1
    assert not DataKey.objects.exists()


def test_protected_faces_have_no_handle_and_end_by_their_id(ada):
    face = make_cameo(ada, kind="protected", handle=None)
    assert revoke_cameo(cameo_id=face.pk).shown == ()
    with pytest.raises(CameoNotFound):
        revoke_cameo(cameo_id=face.pk)


# --- deleted accounts


def test_deleting_an_account_ends_its_likenesses_first(ada, cameo):
    make_cameo(ada, kind="character", handle="ada-rex")
    with heard(cameo_revoked) as told:
        assert end_likenesses_of(user_id=ada.pk) == 2
    assert len(told) == 2
    ada.delete()
    assert end_ownerless() == 0
    assert set(Cameo.objects.values_list("state", "handle", "name")) == {("revoked", None, "")}


def test_an_account_that_is_deleted_past_the_service_is_ended_by_the_sweep(ada, cameo, make_user):
    listed = Cameo.objects.create(kind="listed")
    ada.delete()
    (judged,) = judge(by=make_user("ben").pk, cameo_ids=[cameo.pk], texts={})
    assert judged.outcome == "denied"
    with heard(cameo_revoked) as told:
        sweep()
    assert told[0] == {"cameo_id": cameo.pk}
    assert not DataKey.objects.exists()
    assert not Likeness.objects.exists()
    listed.refresh_from_db()
    assert listed.state == "active"  # nobody's face from the start


# --- one clip


def test_a_withdrawn_use_passes_no_gate_again_and_its_author_is_told(ada, cameo, make_user):
    ben, clip_id = make_user("ben"), new_id()
    pass_gate(by=ben.pk, cameo_ids=[cameo.pk], gate="submit", clip_id=clip_id)
    issue_receipts(clip_id=clip_id, cameo_ids=[cameo.pk])
    with heard(use_withdrawn) as told:
        for _ in range(2):
            withdraw_use(handle="ada", clip_id=clip_id, by=ada)
    assert told == [{"cameo_id": cameo.pk, "clip_id": clip_id}]
    for user in (ada, ben):
        with pytest.raises(CameoNotPermitted) as refused:
            pass_gate(by=user.pk, cameo_ids=[cameo.pk], gate="publish", clip_id=clip_id)
        assert refused.value.extra["reason"] == "withdrawn"
    pass_gate(by=ben.pk, cameo_ids=[cameo.pk], gate="submit", clip_id=new_id())  # others may be
    assert Receipt.objects.get().withdrawn_at is not None
    (event,) = events_of(ben.pk).filter(type="cameo.withdrawn")
    assert event.data == {"cameo": "ada", "clip": str(clip_id)}
    entries = ConsentEntry.objects.filter(event="use_withdrawn")
    assert [entry.data for entry in entries] == [{"clip": str(clip_id)}]


def test_what_was_never_used_cannot_be_withdrawn(ada, cameo, make_user):
    ben = make_user("ben")
    other = new_id()
    use(make_cameo(ben), ben, clip_id=other)
    for clip_id in (new_id(), other):
        with pytest.raises(UseNotFound):
            withdraw_use(handle="ada", clip_id=clip_id, by=ada)
    with pytest.raises(CameoNotFound):
        withdraw_use(handle="ada", clip_id=other, by=ben)
    assert not WithdrawnUse.objects.exists()


def test_the_desk_deletes_a_use(ada, cameo, make_user, client_of):
    clip_id = new_id()
    use(cameo, make_user("ben"), clip_id=clip_id)
    url = f"/api/v1/cameos/ada/uses/{clip_id}"
    assert [client_of(ada).delete(url).status_code for _ in range(2)] == [204, 204]
    assert client_of(ada).delete(f"/api/v1/cameos/ada/uses/{new_id()}").status_code == 404


def test_deleting_the_cameo_is_revoking_it(ada, cameo, client_of):
    assert client_of(ada).delete("/api/v1/cameos/ada").status_code == 204
    assert Cosign.objects.count() == 0
    assert Revocation.objects.count() == 1
    with pytest.raises(KeyShredded):
        unseal(b"\x01" + b"0" * 40, subject_id=cameo.pk, part="portrait")
