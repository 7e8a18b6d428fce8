"""From the consent to the submitted capture: who may begin, and what ends it before a worker."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.services import answer_ward, ask_guardian, set_grant
from cameos.models import ConsentEntry, DataKey, Enrolment
from cameos.policy.consent import consent_text, current_text, missing_purposes, versions
from cameos.policy.reasons import SENTENCES
from cameos.services.sweep import sweep
from core.switches import release_switch, throw_switch
from notifications.models import Event
from perception.liveness import REASONS, Challenge
from tests.cameos.conftest import ENROLMENTS
from tests.fakes.liveness import mp4
from tests.racing import race

YEARS = timedelta(days=366)
TODAY = timezone.now().date()
VIDEO = mp4(bytes(2000))


def code_of(answer):
    return answer.status_code, answer.json()["code"]


def test_anybody_reads_what_is_agreed_to(api):
    told = api.get("/api/v1/cameos/consent").json()
    assert told["sha256"] == hashlib.sha256(told["text"].encode()).hexdigest()
    assert {p["name"]: (p["required"], p["kinds"]) for p in told["purposes"]} == {
        "likeness": (True, ["person"]),
        "voice": (False, ["person"]),
        "protect": (True, ["protected"]),
    }
    for word in ("template", "portrait", "digits", "deleted", "9(2)(a)", "Illinois", "AI Act"):
        assert word in told["text"], word


def test_a_text_that_was_agreed_to_stays():
    """A changed text is another version: this one's hash is in consents that people gave."""
    assert versions()[0] == "2026-11"
    assert consent_text("2026-11").sha256 == (
        "0e9029842663aaf16a0322eb4aaf10d494f8e268255e8f080d47f363eaf92125"
    )


def test_a_challenge_is_one_that_the_worker_can_read(ada):
    enrolment = ada.begun()
    told = {"digits": map(int, enrolment.digits), "turns": enrolment.turns.split(",")}
    challenge = Challenge.of_json(told).as_json()
    assert (challenge["digits"], challenge["turns"]) == (
        [int(digit) for digit in enrolment.digits],
        told["turns"],
    )


def test_every_reason_has_its_sentence():
    assert set(REASONS) <= set(SENTENCES)


def test_the_consent_is_written_down_before_anything_is_captured(ada):
    told = ada.begin(purposes=["voice", "likeness", "protect"]).json()
    enrolment, text = Enrolment.objects.get(), current_text()
    assert (enrolment.consent_version, enrolment.consent_sha256) == (text.version, text.sha256)
    assert enrolment.purposes == ["likeness", "voice"]  # those of its kind
    line = ConsentEntry.objects.get()
    assert (line.event, line.subject_id) == ("given", enrolment.pk)
    assert line.data == {
        "version": text.version,
        "sha256": text.sha256,
        "purposes": ["likeness", "voice"],
        "kind": "person",
    }
    assert told["state"] == "challenged"
    assert told["challenge"]["digits"] == [int(digit) for digit in enrolment.digits]
    assert told["challenge"]["turns"] == enrolment.turns.split(",")
    lasts = enrolment.challenge_expires_at - enrolment.state_since
    assert lasts.total_seconds() == pytest.approx(120, abs=1)
    assert told["upload"] == {
        "url": f"{ENROLMENTS}/{enrolment.pk}/capture",
        "received_bytes": 0,
        "max_bytes": 25_000_000,
        "min_seconds": 3,
        "max_seconds": 20,
        "types": ["video/mp4", "video/quicktime", "video/webm"],
    }
    assert (told["reasons"], told["cameo"]) == ([], None)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"consent_version": "2020-01"}, (409, "consent_outdated")),
        ({"purposes": ["voice"]}, (422, "consent_missing")),
        ({"purposes": []}, (422, "consent_missing")),
        ({"kind": "protected"}, (422, "consent_missing")),
        ({"purposes": ["likeness", "advertising"]}, (422, "invalid")),
        ({"kind": "character"}, (422, "invalid")),
    ],
)
def test_without_consent_there_is_no_challenge(ada, change, found):
    given = {"purposes": ["likeness"]} | change
    assert code_of(ada.begin(**{"kind": "person"} | given) if "kind" not in change
                   else ada.client.post(ENROLMENTS, {"consent_version": current_text().version}
                                        | given, format="json")) == found  # fmt: skip
    assert not Enrolment.objects.exists()
    assert not ConsentEntry.objects.exists()


def test_every_kind_has_what_it_cannot_do_without():
    assert missing_purposes("person", ["voice"]) == ("likeness",)
    assert missing_purposes("protected", ["likeness"]) == ("protect",)
    assert missing_purposes("protected", ["protect"]) == ()


@pytest.mark.parametrize(
    ("born", "found"),
    [(17 * YEARS, "guardian_needed"), (12 * YEARS, "under_age"), (None, "age_unknown")],
)
def test_who_is_not_18_does_not_enrol(person, born, found):
    teen = person("teen", birth_date=None if born is None else TODAY - born)
    assert code_of(teen.begin()) == (403, found)
    assert not Enrolment.objects.exists()


def test_a_teen_whose_guardian_allows_it_does(person):
    teen = person("teen", birth_date=TODAY - 15 * YEARS)
    parent = person("parent")
    ask_guardian(ward=teen.user, username="parent")
    answer_ward(guardian=parent.user, username="teen", accept=True)
    set_grant(guardian=parent.user, username="teen", may_enrol_cameo=True)
    assert teen.begin().status_code == 201


def test_one_enrolment_at_a_time(ada):
    first = ada.begun()
    answer = ada.begin()
    assert code_of(answer) == (409, "enrolment_open")
    assert answer.json()["enrolment"] == str(first.pk)
    assert ada.cancel(first).status_code == 204
    assert ada.begin().status_code == 201


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_begins(ada):
    answers = race(lambda n: ada.begin(), times=6)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert ConsentEntry.objects.count() == 1


def test_the_same_request_again_has_one_effect(ada):
    body = {"consent_version": current_text().version, "purposes": ["likeness"]}
    first, second = (
        ada.client.post(ENROLMENTS, body, format="json", HTTP_IDEMPOTENCY_KEY="once")
        for _ in range(2)
    )
    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "1"
    assert Enrolment.objects.count() == 1


def test_a_challenge_nobody_used_does_not_stand_in_the_way(ada):
    first = ada.begun()
    late = timezone.now() - timedelta(seconds=1)
    Enrolment.objects.update(challenge_expires_at=late)
    assert ada.begin().status_code == 201
    told = ada.shown(first)
    assert (told["state"], told["challenge"]) == ("expired", None)
    assert [reason["code"] for reason in told["reasons"]] == ["challenge_expired"]


def ended(user, created_at):
    """Add an enrolment that was begun then and cancelled."""
    row = Enrolment.objects.create(
        user=user,
        state="cancelled",
        deadline_at=created_at,
        challenge_expires_at=created_at,
        purposes=[],
    )
    Enrolment.objects.filter(pk=row.pk).update(created_at=created_at)


@pytest.mark.parametrize(("days", "limit"), [(1, 5), (7, 10)])
def test_there_are_so_many_tries(ada, days, limit):
    for n in range(limit):
        ago = timedelta(hours=1) if days == 1 else timedelta(hours=25 + n)
        ended(ada.user, timezone.now() - ago)
    answer = ada.begin()
    assert code_of(answer) == (429, "too_many_enrolments")
    assert (answer.json()["limit"], answer.json()["days"]) == (limit, days)
    waits = timedelta(hours=23) if days == 1 else timedelta(days=7) - timedelta(hours=34)
    assert int(answer["Retry-After"]) == pytest.approx(waits.total_seconds(), abs=60)
    Enrolment.objects.update(created_at=timezone.now() - timedelta(days=8))
    assert ada.begin().status_code == 201


def test_a_face_is_a_cameo_or_protected_and_not_both(ada, bob):
    ada.enrol(face=1)
    assert code_of(ada.begin(kind="protected")) == (409, "already_enrolled")
    bob.enrol(face=2, kind="protected")
    assert code_of(bob.begin()) == (409, "already_enrolled")


def test_nobody_sees_or_touches_anothers_enrolment(ada, bob):
    enrolment = ada.begun()
    url = f"{ENROLMENTS}/{enrolment.pk}"
    for answer in (
        bob.client.get(url),
        bob.client.delete(url),
        bob.submit(enrolment),
        bob.send(enrolment, b"x" * 2000, total=2000),
        bob.client.head(bob.url(enrolment)),
    ):
        assert answer.status_code == 404
    assert bob.client.get(ENROLMENTS).json()["items"] == []
    assert [each["id"] for each in ada.client.get(ENROLMENTS).json()["items"]] == [
        str(enrolment.pk)
    ]


def test_cancelled_it_is_over_and_its_key_gone(ada):
    enrolment = ada.begun()
    assert ada.cancel(enrolment).status_code == 204
    assert ada.cancel(enrolment).status_code == 204  # again
    assert ada.shown(enrolment)["state"] == "cancelled"
    assert not DataKey.objects.exists()
    told = Event.objects.get()
    assert (told.type, told.data["state"]) == ("enrolment.finished", "cancelled")
    assert code_of(ada.submit(enrolment)) == (409, "enrolment_not_possible")


def test_what_is_not_here_cannot_be_submitted(ada):
    enrolment = ada.begun()
    assert code_of(ada.submit(enrolment)) == (409, "capture_incomplete")
    ada.send(enrolment, VIDEO[:500], total=2000)
    answer = ada.submit(enrolment)
    assert code_of(answer) == (409, "capture_incomplete")
    assert (answer.json()["received_bytes"], answer.json()["upload_bytes"]) == (500, 2000)


@pytest.mark.django_db(transaction=True)
def test_submitted_many_times_at_once_it_is_submitted(ada, monkeypatch):
    woken = []
    monkeypatch.setattr("core.wake._call", lambda task, row_id: woken.append(row_id))
    enrolment = ada.begun()
    ada.put(enrolment, VIDEO)
    answers = race(lambda n: ada.submit(enrolment), times=6)
    assert {answer.status_code for answer in answers} == {202}
    assert woken == [str(enrolment.pk)]


@pytest.mark.django_db(transaction=True)
def test_submitted_and_cancelled_at_once_it_ends_cancelled(ada):
    """Whichever is first: a cancellation wins in the end, and nothing is left half-done."""
    enrolment = ada.begun()
    ada.put(enrolment, VIDEO)
    calls = [ada.submit, ada.cancel] * 3
    statuses = race(lambda n: calls[n](enrolment).status_code, times=6)
    assert set(statuses) <= {202, 204, 409}
    enrolment.refresh_from_db()
    assert enrolment.state == "cancelled"
    assert not DataKey.objects.exists()


def test_while_cameos_are_stopped_nobody_begins_or_submits(ada):
    enrolment = ada.begun()
    throw_switch(name="cameos", reason="A by-pass is being looked at.", by="test")
    assert code_of(ada.begin()) == (503, "cameos_stopped")
    assert code_of(ada.submit(enrolment)) == (503, "cameos_stopped")
    assert ada.cancel(enrolment).status_code == 204  # a person may always end it
    release_switch(name="cameos", by="test")
    assert ada.begin().status_code == 201


def test_what_is_late_expires(ada, django_capture_on_commit_callbacks):
    enrolment = ada.begun()
    ada.send(enrolment, VIDEO[:500], total=2000)
    Enrolment.objects.update(deadline_at=timezone.now() - timedelta(seconds=1))
    with django_capture_on_commit_callbacks(execute=True):
        sweep()
    enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.reasons) == ("expired", ["challenge_expired"])
    assert enrolment.capture_deleted_at is not None
    assert not DataKey.objects.exists()
    sweep()
    assert Event.objects.count() == 1
