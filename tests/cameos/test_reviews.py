"""Look-alikes at the moderators' desk: two portraits, one decision, one reason."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from cameos.errors import (
    ReviewDecided,
    ReviewNotFound,
    ReviewNotYours,
    ReviewReasonRequired,
)
from cameos.models import Cameo, DataKey, Enrolment, Likeness, LikenessReview
from cameos.selectors import faces_waiting
from cameos.services.enrolment.reviews import decide_review, look_at_portrait
from cameos.services.likeness import open_templates
from cameos.services.sweep import sweep
from core.ids import new_id
from notifications.models import Event
from tests.cameos.conftest import PACK
from tests.fakes.liveness import portrait_of, template_of
from tests.racing import race

DESK = "/admin/cameos/likenessreview/"


@pytest.fixture
def review(ada, bob):
    """Bob enrols a face much like Ada's."""
    ada.enrol(face=1)
    bob.enrol(face=2, near=1, similarity=0.97)
    return LikenessReview.objects.select_related("enrolment").get()


@pytest.fixture
def moderator(make_moderator):
    return make_moderator()


@pytest.fixture
def desk(moderator):
    browser = Client()
    browser.force_login(moderator, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser


def page_of(review):
    return f"{DESK}{review.pk}/change/"


def portrait(review, which):
    return f"{DESK}{review.pk}/portrait/{which}/"


def kept_files(settings):
    return [file.name for file in Path(settings.MEDIA_ROOT).rglob("*") if file.is_file()]


def test_a_moderator_sees_both_faces_and_each_look_is_written_down(desk, review):
    assert str(review.pk) in desk.get(DESK).content.decode()
    shown = desk.get(page_of(review)).content.decode()
    assert "@bob" in shown
    assert "@ada" in shown
    assert "@example.org" not in shown
    for which, face in (("candidate", 2), ("enrolled", 1)):
        assert portrait(review, which) in shown
        answer = desk.get(portrait(review, which))
        assert answer.content == portrait_of(face)
        assert answer["Content-Type"] == "image/jpeg"
        assert {"no-store", "private"} <= set(answer["Cache-Control"].split(", "))
        assert LogEntry.objects.first().change_message == f"looked at the {which} portrait"
    assert desk.get(portrait(review, "other")).status_code == 404
    assert LogEntry.objects.count() == 2


def test_approved_it_is_a_cameo(desk, review, bob, settings, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = desk.post(page_of(review), {"decision": "approve", "reason": "They are twins."})
    assert (answer.status_code, answer["Location"]) == (302, DESK)
    cameo = Cameo.objects.get(owner=bob.user)
    assert (cameo.handle, cameo.state) == ("bob", "active")
    templates = {found[0]: found[3] for found in open_templates()}
    assert np.array_equal(templates[cameo.pk], template_of(2, near=1, similarity=0.97))
    assert Likeness.objects.get(cameo=cameo).pack_sha256 == PACK
    assert kept_files(settings) == []
    assert DataKey.objects.count() == 2  # of two cameos
    assert bob.shown(review.enrolment)["cameo"] == "bob"
    assert Event.objects.get(user_id=bob.user.pk).data["state"] == "verified"
    assert "approve: They are twins." in LogEntry.objects.first().change_message
    assert str(review.pk) not in desk.get(DESK).content.decode()


def test_refused_the_person_reads_why_and_nothing_is_kept(
    desk, review, bob, settings, django_capture_on_commit_callbacks
):
    assert faces_waiting() == {"review": 1, "doubt": 0}
    with django_capture_on_commit_callbacks(execute=True):
        desk.post(page_of(review), {"decision": "refuse", "reason": "This is somebody else."})
    assert faces_waiting() == {"review": 0, "doubt": 0}
    told = bob.shown(review.enrolment)
    assert told["state"] == "refused"
    assert told["reasons"] == [{"code": "review_refused", "message": "This is somebody else."}]
    assert Event.objects.get(user_id=bob.user.pk).data["reasons"] == told["reasons"]
    assert kept_files(settings) == []
    assert DataKey.objects.count() == 1
    assert not Cameo.objects.filter(owner=bob.user).exists()
    assert desk.get(portrait(review, "candidate")).status_code == 404


def test_an_incomplete_decision_changes_nothing(desk, review):
    for form in (
        {"decision": "approve", "reason": ""},
        {"decision": "approve", "reason": "   "},
        {"decision": "approve", "reason": "x" * 501},
        {"decision": "perhaps", "reason": "Why not."},
        {"reason": "No decision."},
    ):
        answer = desk.post(page_of(review), form)
        assert answer.status_code == 200
        assert "errorlist" in answer.content.decode()
    review.refresh_from_db()
    assert review.is_approved is None


def test_the_desk_is_closed_to_who_is_no_moderator(review, bob, make_user):
    people = [None, make_user("somebody"), bob.user, make_user("clerk", is_staff=True)]
    for user in people:
        browser = Client()
        if user is not None:
            browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
            with pytest.raises(ReviewNotYours):
                decide_review(review_id=review.pk, by=user, is_approved=True, reason="Me.")
            with pytest.raises(ReviewNotYours):
                look_at_portrait(review_id=review.pk, by=user, which="candidate")
        for url in (
            DESK,
            page_of(review),
            *(portrait(review, n) for n in ("candidate", "enrolled")),
        ):
            for answer in (browser.get(url), browser.post(url, {"decision": "approve"})):
                assert answer.status_code in {302, 403, 404}, (user, url)
                assert portrait_of(1) not in answer.content
    review.refresh_from_db()
    assert review.is_approved is None


def test_nobody_decides_on_their_own_face(review, moderator):
    for changed in (review.enrolment, review.cameo):
        field = "user" if isinstance(changed, Enrolment) else "owner"
        before = getattr(changed, field)
        setattr(changed, field, moderator)
        changed.save()
        with pytest.raises(ReviewNotYours):
            decide_review(review_id=review.pk, by=moderator, is_approved=True, reason="Me.")
        setattr(changed, field, before)
        changed.save()


def test_what_a_decision_needs(review, moderator):
    with pytest.raises(ReviewReasonRequired):
        decide_review(review_id=review.pk, by=moderator, is_approved=True, reason=" ")
    with pytest.raises(ReviewNotFound):
        decide_review(review_id=new_id(), by=moderator, is_approved=True, reason="So.")


@pytest.mark.django_db(transaction=True)
def test_of_moderators_who_decide_at_once_one_does(review, moderator):
    def decide(n):
        try:
            decide_review(review_id=review.pk, by=moderator, is_approved=n % 2 == 0, reason="So.")
        except ReviewDecided:
            return "late"
        return "decided"

    assert sorted(race(decide, times=4)) == ["decided"] + ["late"] * 3
    review.refresh_from_db()
    assert Cameo.objects.count() == 1 + review.is_approved


def test_cancelled_meanwhile_there_is_nothing_to_decide(review, bob, moderator, settings):
    bob.cancel(review.enrolment)
    with pytest.raises(ReviewDecided):
        decide_review(review_id=review.pk, by=moderator, is_approved=True, reason="So.")
    with pytest.raises(ReviewDecided):
        look_at_portrait(review_id=review.pk, by=moderator, which="candidate")
    assert kept_files(settings) == []


def test_after_seven_days_it_is_over_and_nothing_is_kept(
    review, bob, settings, django_capture_on_commit_callbacks
):
    lasts = review.enrolment.deadline_at - review.enrolment.state_since
    assert lasts == timedelta(days=7)
    Enrolment.objects.filter(pk=review.enrolment_id).update(
        deadline_at=timezone.now() - timedelta(seconds=1)
    )
    with django_capture_on_commit_callbacks(execute=True):
        sweep()
    told = bob.shown(review.enrolment)
    assert (told["state"], told["reasons"][0]["code"]) == ("expired", "review_expired")
    assert kept_files(settings) == []
    assert DataKey.objects.count() == 1


def test_whoever_became_too_young_meanwhile_is_refused_for_that(review, bob, moderator):
    bob.user.birth_date = date(timezone.now().year - 15, 1, 1)
    bob.user.save()
    decide_review(review_id=review.pk, by=moderator, is_approved=True, reason="Twins.")
    review.enrolment.refresh_from_db()
    assert review.enrolment.reasons == ["guardian_needed"]
    assert not Cameo.objects.filter(owner=bob.user).exists()


def test_a_protected_face_has_no_portrait_to_show(ada, bob, desk):
    ada.enrol(face=1, kind="protected")
    bob.enrol(face=1)
    review = LikenessReview.objects.get()
    assert desk.get(page_of(review)).status_code == 200
    assert desk.get(portrait(review, "candidate")).content == portrait_of(1)
    assert desk.get(portrait(review, "enrolled")).status_code == 404
