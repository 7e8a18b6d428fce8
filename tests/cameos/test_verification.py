"""What comes of a capture: a cameo, reasons why not, a question to a moderator; and crashes."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.utils import timezone

from cameos.errors import SealBroken
from cameos.models import Cameo, ConsentEntry, DataKey, Enrolment, Likeness, LikenessReview
from cameos.policy.reasons import SENTENCES
from cameos.services.enrolment.verification import CLAIMS_MAX, verify_enrolment
from cameos.services.likeness import open_portraits, open_templates
from cameos.services.sweep import sweep
from core.switches import release_switch, throw_switch
from notifications.models import Event
from tests.cameos.conftest import PACK
from tests.fakes import liveness
from tests.fakes.liveness import FakeReport, portrait_of, template_of
from tests.racing import race


def events(subject):
    return list(
        ConsentEntry.objects.filter(subject_id=subject)
        .order_by("sequence")
        .values_list("event", flat=True)
    )


def codes(enrolment):
    return enrolment.state, enrolment.reasons


def test_a_genuine_capture_becomes_a_cameo_for_oneself(ada):
    enrolment = ada.enrol(face=1)
    cameo = Cameo.objects.get()
    assert codes(enrolment) == ("verified", [])
    assert (cameo.owner_id, cameo.kind, cameo.state) == (ada.user.pk, "person", "active")
    assert (cameo.handle, cameo.audience, cameo.voice_allowed) == ("ada", "only_me", False)
    assert enrolment.cameo_id == cameo.pk
    assert enrolment.facts["seconds"] == 6.2
    ((found, _, _, template),) = open_templates()
    assert found == cameo.pk
    assert np.array_equal(template, template_of(1))
    assert open_portraits([cameo.pk]) == {"ada": portrait_of(1)}
    assert Likeness.objects.get().pack_sha256 == PACK
    assert events(enrolment.pk) == ["given", "key_shredded", "capture_deleted"]
    assert events(cameo.pk) == ["enrolled"]
    told = ada.shown(enrolment)
    assert (told["state"], told["cameo"], told["challenge"]) == ("verified", "ada", None)
    event = Event.objects.get()
    assert (event.type, event.user_id) == ("enrolment.finished", ada.user.pk)
    assert event.data == {
        "id": str(enrolment.pk),
        "kind": "person",
        "state": "verified",
        "reasons": [],
        "cameo": "ada",
    }


def test_nothing_of_the_capture_is_left(ada, settings):
    enrolment = ada.enrol(face=1)
    assert [file for file in Path(settings.MEDIA_ROOT).rglob("*") if file.is_file()] == []
    assert list(Path(settings.WORK_DIR).rglob("*")) == [Path(settings.WORK_DIR) / "captures"]
    assert list(DataKey.objects.values_list("subject_id", flat=True)) == [enrolment.cameo_id]
    assert (enrolment.parts, enrolment.capture_deleted_at is None) == ([], False)


def test_the_open_copy_is_its_owners_alone(ada, monkeypatch):
    seen = []

    def look(path, enrolment):
        seen.append((path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777))
        return liveness.look(path, enrolment)

    monkeypatch.setattr("cameos.services.enrolment.verification.look", look)
    ada.enrol(face=1)
    assert seen == [(0o600, 0o700)]


def test_a_protected_face_has_no_handle_and_no_portrait(ada):
    enrolment = ada.enrol(face=1, kind="protected")
    cameo = Cameo.objects.get()
    assert (enrolment.state, cameo.kind, cameo.handle) == ("verified", "protected", None)
    kept = Likeness.objects.get()
    assert (kept.template is None, kept.portrait) == (False, None)


def test_the_voice_is_agreed_to_by_itself(ada):
    ada.enrol(face=1, begin={"purposes": ["likeness", "voice"]})
    assert Cameo.objects.get().voice_allowed
    ada.enrol(face=1)
    cameo = Cameo.objects.get()
    assert (cameo.voice_allowed, cameo.terms_version) == (False, 2)


@pytest.mark.parametrize(
    ("what", "reasons"),
    [
        ({"digits": "999"}, ["wrong_digits"]),
        ({"turns": "left"}, ["wrong_turns"]),
        ({"reasons": ("two_faces",)}, ["two_faces"]),
        ({"reasons": ("flat_face", "silent")}, ["flat_face", "silent"]),
        ({"reasons": ("verification_failed",)}, ["verification_failed"]),
    ],
)
def test_what_is_not_genuine_is_refused_with_its_code_and_a_sentence(ada, what, reasons):
    enrolment = ada.enrol(face=1, **what)
    assert codes(enrolment) == ("refused", reasons)
    assert not Cameo.objects.exists()
    assert not DataKey.objects.exists()
    assert events(enrolment.pk) == ["given", "refused", "key_shredded", "capture_deleted"]
    assert ConsentEntry.objects.get(event="refused").data == {"reasons": reasons}
    told = ada.shown(enrolment)["reasons"]
    assert told == [{"code": code, "message": SENTENCES[code]} for code in reasons]
    assert Event.objects.get().data["reasons"] == told


def test_a_retry_has_a_fresh_challenge_and_can_succeed(ada):
    ada.enrol(face=1, reasons=("silent",))
    assert ada.enrol(face=1).state == "verified"


def test_a_capture_is_good_once_whoever_hands_it_in(ada, bob, settings):
    fields = {"digits": "123", "turns": "left,right", "salt": "the same"}
    first = ada.enrol(face=1, **fields)
    assert "replayed_capture" not in first.reasons
    for again in (ada.enrol(face=1, **fields), bob.enrol(face=1, **fields)):
        assert codes(again) == ("refused", ["replayed_capture"])
    other = ada.submitted(face=1, **fields)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "x" * 50, [settings.SECRET_KEY]
    ada.verify(other)
    other.refresh_from_db()
    assert other.reasons == ["replayed_capture"]
    assert len(Enrolment.objects.exclude(capture_sha256="").values()) == 1


def test_enrolled_anew_the_likeness_takes_the_old_ones_place(ada):
    first = ada.enrol(face=1)
    Cameo.objects.update(audience="everyone", terms_version=7)
    second = ada.enrol(face=2, near=1, similarity=0.97)
    cameo = Cameo.objects.get()
    assert (cameo.audience, cameo.terms_version) == ("everyone", 7)
    first.refresh_from_db()
    assert first.cameo_id == second.cameo_id == cameo.pk
    ((_, _, _, template),) = open_templates()
    assert np.array_equal(template, template_of(2, near=1, similarity=0.97))
    assert open_portraits([cameo.pk]) == {"ada": portrait_of(2)}


@pytest.mark.parametrize("kind", ["person", "protected"])
def test_another_person_does_not_take_an_accounts_face(ada, kind):
    ada.enrol(face=1, kind=kind)
    enrolment = ada.enrol(face=2, kind=kind)
    assert codes(enrolment) == ("refused", ["other_person"])
    ((_, _, _, template),) = open_templates()
    assert np.array_equal(template, template_of(1))


def test_after_the_cameo_ended_the_account_may_enrol_another_face(ada):
    ada.enrol(face=1)
    Cameo.objects.update(state="revoked", revoked_at=timezone.now())
    assert ada.enrol(face=2).state == "verified"


@pytest.mark.parametrize("kind", ["person", "protected"])
@pytest.mark.parametrize(
    ("similarity", "state"), [(0.99, "review"), (0.945, "review"), (0.93, "verified")]
)
def test_a_face_like_anothers_goes_to_a_moderator(ada, bob, kind, similarity, state):
    ada.enrol(face=1, kind=kind)
    enrolment = bob.enrol(face=2, near=1, similarity=similarity)
    assert enrolment.state == state
    if state == "review":
        review = LikenessReview.objects.get()
        assert review.similarity == pytest.approx(similarity, abs=1e-3)
        assert review.cameo_id == Cameo.objects.get().pk
        told = bob.shown(enrolment)
        assert [reason["code"] for reason in told["reasons"]] == ["likeness_under_review"]
        assert not Event.objects.filter(user_id=bob.user.pk).exists()  # it is not over


def test_a_listed_face_is_compared_as_well(ada, bob):
    ada.enrol(face=1)
    Cameo.objects.update(kind="listed", owner=None, handle=None)
    assert bob.enrol(face=1).state == "review"


def test_while_a_moderator_is_asked_the_video_is_gone(ada, bob, settings):
    ada.enrol(face=1)
    enrolment = bob.enrol(face=1)
    names = sorted(file.name for file in Path(settings.MEDIA_ROOT).rglob("*") if file.is_file())
    assert names == ["portrait", "template"]
    assert events(enrolment.pk) == ["given", "capture_deleted"]
    for file in Path(settings.MEDIA_ROOT).rglob("*"):
        if file.is_file():
            assert template_of(1).tobytes()[:64] not in file.read_bytes()
            assert portrait_of(1)[:64] not in file.read_bytes()


def test_a_template_of_another_pack_is_never_compared_with(ada, bob):
    """It matches nobody, and its owner's re-enrolment is a person's to decide."""
    ada.enrol(face=1)
    Likeness.objects.update(pack_sha256="0" * 64)
    assert bob.enrol(face=1).state == "verified"
    Cameo.objects.filter(owner=bob.user).delete()
    enrolment = ada.enrol(face=1)
    assert enrolment.state == "review"
    assert LikenessReview.objects.get().cameo.owner_id == ada.user.pk


def test_the_age_is_asked_again_at_the_end(ada):
    enrolment = ada.submitted(face=1)
    ada.user.birth_date = timezone.now().date() - timedelta(days=16 * 366)
    ada.user.save()
    ada.verify(enrolment)
    enrolment.refresh_from_db()
    assert codes(enrolment) == ("refused", ["guardian_needed"])


def test_while_cameos_are_stopped_no_worker_looks(ada):
    enrolment = ada.submitted(face=1)
    throw_switch(name="cameos", reason="A by-pass is being looked at.", by="test")
    ada.verify(enrolment)
    enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.fence) == ("verifying", 0)
    release_switch(name="cameos", by="test")
    ada.verify(enrolment)
    enrolment.refresh_from_db()
    assert enrolment.state == "verified"


@pytest.mark.django_db(transaction=True)
def test_of_workers_called_at_once_one_looks(ada, monkeypatch):
    looks = []

    def look(path, enrolment):
        looks.append(enrolment.pk)
        return liveness.look(path, enrolment)

    monkeypatch.setattr("cameos.services.enrolment.verification.look", look)
    enrolment = ada.submitted(face=1)
    race(lambda n: verify_enrolment(enrolment_id=enrolment.pk), times=5)
    assert looks == [enrolment.pk]
    assert Cameo.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_accounts_that_enrol_one_face_at_once_one_goes_through(person):
    people = [person(f"person{n}") for n in range(2)]
    enrolments = [each.submitted(face=1) for each in people]
    race(lambda n: verify_enrolment(enrolment_id=enrolments[n].pk), times=2)
    states = sorted(Enrolment.objects.values_list("state", flat=True))
    assert states == ["review", "verified"]


@pytest.mark.django_db(transaction=True)
def test_a_capture_handed_in_by_two_at_once_is_good_once(person):
    people = [person(f"person{n}") for n in range(2)]
    fields = {"digits": "123", "turns": "left,right", "salt": "the same"}
    enrolments = [each.submitted(face=1, **fields) for each in people]
    Enrolment.objects.update(digits="123", turns="left,right")
    race(lambda n: verify_enrolment(enrolment_id=enrolments[n].pk), times=2)
    assert sorted(Enrolment.objects.values_list("state", "reasons")) == [
        ("refused", ["replayed_capture"]),
        ("verified", []),
    ]


def test_a_worker_that_comes_late_changes_nothing(ada, monkeypatch):
    """It was thought dead, another took over and was done first."""
    enrolment = ada.submitted(face=1)

    def look(path, held):
        if held.fence == 1:
            Enrolment.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
            verify_enrolment(enrolment_id=enrolment.pk)
            return FakeReport(reasons=("silent",))
        return liveness.look(path, held)

    monkeypatch.setattr("cameos.services.enrolment.verification.look", look)
    ada.verify(enrolment)
    enrolment.refresh_from_db()
    assert codes(enrolment) == ("verified", [])
    assert Event.objects.count() == 1


def test_cancelled_while_a_worker_looks_it_stays_cancelled(ada, monkeypatch):
    enrolment = ada.submitted(face=1)

    def look(path, held):
        ada.cancel(enrolment)
        return liveness.look(path, held)

    monkeypatch.setattr("cameos.services.enrolment.verification.look", look)
    ada.verify(enrolment)
    enrolment.refresh_from_db()
    assert enrolment.state == "cancelled"
    assert not Cameo.objects.exists()
    assert not DataKey.objects.exists()


class Killed(BaseException):
    """What a killed worker does: nothing more."""


def kill(*args, **kwargs):
    raise Killed


@pytest.mark.parametrize(
    "at",
    [
        "cameos.services.enrolment.verification.look",
        "cameos.services.enrolment.verification.settle",
        "cameos.services.enrolment.outcome.store_likeness",
        "cameos.services.enrolment.outcome.record",
        "cameos.services.enrolment.outcome.move",
        "cameos.services.enrolment.moves.shred_key",
        "cameos.services.enrolment.moves.publish",
    ],
)
def test_killed_at_any_step_the_next_worker_finishes_it(
    ada, at, monkeypatch, django_capture_on_commit_callbacks
):
    woken = []
    monkeypatch.setattr("core.wake._call", lambda task, row_id: woken.append(row_id))
    enrolment = ada.submitted(face=1)
    with monkeypatch.context() as dying:
        dying.setattr(at, kill)
        with pytest.raises(Killed):
            verify_enrolment(enrolment_id=enrolment.pk)
    assert not Cameo.objects.exists()
    enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.fence) == ("verifying", 1)
    ada.verify(enrolment)  # the lease holds: nobody else takes it
    enrolment.refresh_from_db()
    assert enrolment.fence == 1
    Enrolment.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    woken.clear()
    with django_capture_on_commit_callbacks(execute=True):
        sweep()
    assert woken == [str(enrolment.pk)]
    ada.verify(enrolment)
    enrolment.refresh_from_db()
    assert codes(enrolment) == ("verified", [])
    assert Cameo.objects.count() == Event.objects.count() == 1


def test_killed_before_the_files_went_the_sweep_deletes_them(ada, monkeypatch, settings):
    enrolment = ada.submitted(face=1)
    with monkeypatch.context() as dying:
        dying.setattr("cameos.services.enrolment.captures.delete_prefix", kill)
        with pytest.raises(Killed):
            ada.verify(enrolment)
    files = [file for file in Path(settings.MEDIA_ROOT).rglob("*") if file.is_file()]
    assert len(files) == 1
    sweep()
    assert not any(file.is_file() for file in Path(settings.MEDIA_ROOT).rglob("*"))
    assert events(enrolment.pk) == ["given", "key_shredded", "capture_deleted"]


def test_what_a_killed_worker_left_open_is_swept(ada, settings, monkeypatch):
    enrolment = ada.submitted(face=1)
    folder = Path(settings.WORK_DIR) / "captures" / f"{enrolment.pk}.1"

    def look(path, held):
        assert path.parent == folder
        sweep()
        assert path.exists()  # its lease lives
        (folder / "more").write_bytes(b"x")
        raise Killed

    monkeypatch.setattr("cameos.services.enrolment.verification.look", look)
    monkeypatch.setattr("cameos.services.enrolment.captures.shutil.rmtree", lambda *a, **k: None)
    with pytest.raises(Killed):
        ada.verify(enrolment)
    monkeypatch.undo()
    settings.WORK_DIR = folder.parent.parent
    assert (folder / "capture").exists()
    Enrolment.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    sweep()
    assert not folder.exists()


def test_a_capture_that_brings_workers_down_is_given_up(ada, monkeypatch):
    monkeypatch.setattr("cameos.services.enrolment.verification.look", kill)
    enrolment = ada.submitted(face=1)
    for _ in range(CLAIMS_MAX):
        with pytest.raises(Killed):
            verify_enrolment(enrolment_id=enrolment.pk)
        Enrolment.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    ada.verify(enrolment)
    enrolment.refresh_from_db()
    assert codes(enrolment) == ("refused", ["verification_failed"])


@pytest.mark.parametrize("how", ["lost", "altered", "swapped", "short"])
def test_a_capture_that_is_not_what_was_stored_is_refused(ada, settings, monkeypatch, how):
    monkeypatch.setattr("cameos.services.enrolment.uploads.PIECE_BYTES_MAX", 1500)
    enrolment = ada.submitted(face=1)
    enrolment.refresh_from_db()
    files = sorted(file for file in Path(settings.MEDIA_ROOT).rglob("*") if file.is_file())
    if how == "lost":
        files[1].unlink()
    elif how == "altered":
        data = bytearray(files[0].read_bytes())
        data[99] ^= 1
        files[0].write_bytes(bytes(data))
    elif how == "swapped":
        one, other = files[0].read_bytes(), files[1].read_bytes()
        files[0].write_bytes(other)
        files[1].write_bytes(one)
    else:
        Enrolment.objects.update(parts=enrolment.parts[:-1])
    ada.verify(enrolment)
    enrolment.refresh_from_db()
    assert codes(enrolment) == ("refused", ["verification_failed"])


def test_a_damaged_likeness_of_another_stops_the_comparison_and_not_the_person(ada, bob):
    """Nobody is enrolled uncompared: the worker fails, and the enrolment waits."""
    ada.enrol(face=1)
    Likeness.objects.update(template=b"\x01" + bytes(80))
    enrolment = bob.submitted(face=2)
    with pytest.raises(SealBroken):
        bob.verify(enrolment)
    enrolment.refresh_from_db()
    assert enrolment.state == "verifying"


def test_so_many_are_looked_at_at_a_time_and_the_next_is_called(person, monkeypatch):
    woken = []
    monkeypatch.setattr("core.wake._call", lambda task, row_id: woken.append(row_id))
    first, second, third = (person(f"p{n}").submitted(face=n) for n in range(3))
    later = timezone.now() + timedelta(seconds=60)
    Enrolment.objects.exclude(pk=third.pk).update(lease_until=later, fence=1)
    verify_enrolment(enrolment_id=third.pk)
    third.refresh_from_db()
    assert third.fence == 0
    Enrolment.objects.filter(pk=first.pk).update(lease_until=None, fence=0)
    woken.clear()
    person("last").verify(first)
    assert woken == [str(third.pk)]
    third.refresh_from_db()
    assert json.loads(json.dumps(third.facts)) == {}
    second.refresh_from_db()
    assert second.fence == 1
