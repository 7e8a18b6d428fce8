from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, transaction

from accounts.services import block
from feed.errors import ClipNotFound
from feed.selectors import feed_clips, visible_clips
from feed.services import delete_clip
from moderation.errors import (
    CaseNotFound,
    DecisionNotPossible,
    NotAModerator,
    OwnClip,
    ReasonRequired,
)
from moderation.models import Case, CaseState, Decision, Report
from moderation.selectors import queue, statements_to
from moderation.services import decide, report
from notifications.models import Event
from tests.clips import make_clip, make_draft
from tests.racing import race


@pytest.fixture
def author(make_user):
    return make_user("author")


@pytest.fixture
def reporter(make_user):
    return make_user("reporter")


@pytest.fixture
def moderator(make_moderator):
    return make_moderator()


@pytest.fixture
def clip(author):
    return make_clip(author)


@pytest.fixture
def case(clip, reporter):
    return report(clip_id=clip.pk, by=reporter, reason="violence").case


def sees(user, clip):
    return feed_clips(user, mode="latest").filter(pk=clip.pk).exists()


def test_a_report_hides_the_clip_from_the_reporter_alone_and_opens_a_case(
    clip, author, reporter, make_user
):
    other = make_user("other")
    made = report(clip_id=clip.pk, by=reporter, reason="hate", text="rude words")
    assert not sees(reporter, clip)
    assert sees(other, clip)
    assert sees(author, clip)
    assert (made.reason, made.text, made.reporter) == ("hate", "rude words", reporter)
    assert (made.case.clip_id, made.case.state) == (clip.pk, CaseState.OPEN)


def test_reporting_again_is_the_same_report(clip, reporter):
    first = report(clip_id=clip.pk, by=reporter, reason="hate")
    again = report(clip_id=clip.pk, by=reporter, reason="spam", text="more")
    assert again == first
    assert Report.objects.get().reason == "hate"


def test_ten_people_who_report_at_once_make_one_case(transactional_db, make_user):
    clip = make_clip(make_user("maker"))
    people = [make_user(f"person{n}") for n in range(10)]
    race(lambda n: report(clip_id=clip.pk, by=people[n], reason="other"), times=10)
    (case,) = queue()
    assert case.report_count == 10
    assert [sees(person, clip) for person in people] == [False] * 10


def test_one_person_who_reports_ten_times_at_once_makes_one_report(transactional_db, make_user):
    clip = make_clip(make_user("maker"))
    person = make_user("person")
    made = race(lambda _: _report_or_gone(clip, person), times=10)
    assert Report.objects.count() == Case.objects.count() == 1
    assert {m.pk for m in made if m} == {Report.objects.get().pk}


def _report_or_gone(clip, person):
    try:
        return report(clip_id=clip.pk, by=person, reason="other")
    except ClipNotFound:  # hidden for them between the two looks
        return None


def test_reports_that_race_a_decision_are_never_lost_in_a_decided_case(
    transactional_db, make_user, make_moderator
):
    clip = make_clip(make_user("maker"))
    moderator = make_moderator()
    people = [make_user(f"person{n}") for n in range(8)]
    first = report(clip_id=clip.pk, by=people[0], reason="other").case

    def act(n):
        if n == 4:
            decide(case_id=first.pk, by=moderator, action="dismiss", reason="Fine.")
        elif n:
            report(clip_id=clip.pk, by=people[n], reason="other")

    race(act, times=8)
    decision = Decision.objects.get()
    late = Report.objects.filter(created_at__gt=decision.created_at, case=first)
    assert not late.exists()
    assert Report.objects.count() == 7
    assert Case.objects.filter(state=CaseState.OPEN).count() <= 1


@pytest.mark.parametrize("hidden", ["draft", "unknown", "blocked"])
def test_what_one_may_not_see_cannot_be_reported(hidden, author, reporter, make_user):
    if hidden == "unknown":
        clip_id = uuid4()
    else:
        clip_id = (make_draft if hidden == "draft" else make_clip)(author).pk
        if hidden == "blocked":
            block(blocker=author, username=reporter.username)
    with pytest.raises(ClipNotFound):
        report(clip_id=clip_id, by=reporter, reason="spam")
    assert not Case.objects.exists()
    assert not Report.objects.exists()


def test_nobody_reports_their_own_clip(clip, author):
    with pytest.raises(OwnClip):
        report(clip_id=clip.pk, by=author, reason="spam")
    assert not Case.objects.exists()


def test_hiding_takes_the_clip_from_everybody_and_tells_the_author(
    case, clip, author, moderator, make_user
):
    other = make_user("other")
    made = decide(case_id=case.pk, by=moderator, action="hide", reason="  Shows a fight.  ")
    clip.refresh_from_db()
    case.refresh_from_db()
    assert (clip.state, case.state) == ("hidden", CaseState.HIDDEN)
    assert not sees(other, clip)
    assert (made.reason, made.decided_by) == ("Shows a fight.", moderator)
    assert list(statements_to(author.pk)) == [made]
    event = Event.objects.get(user=author)
    assert event.type == "moderation.decision"
    assert event.data == {
        "decision": str(made.pk),
        "clip": str(clip.pk),
        "action": "hide",
        "reason": "Shows a fight.",
    }


@pytest.mark.parametrize("published", [True, False])
def test_restoring_gives_back_the_exact_state(published, author, reporter, moderator):
    clip = make_clip(author)
    case = report(clip_id=clip.pk, by=reporter, reason="other").case
    if not published:
        type(clip).objects.filter(pk=clip.pk).update(state="draft")
    before = type(clip).objects.values().get(pk=clip.pk)
    decide(case_id=case.pk, by=moderator, action="hide", reason="No.")
    decide(case_id=case.pk, by=moderator, action="restore", reason="Yes.")
    assert type(clip).objects.values().get(pk=clip.pk) == before
    assert not sees(reporter, clip)  # a report is between the reporter and the clip
    assert [d.action for d in statements_to(author.pk).order_by("created_at")] == [
        "hide",
        "restore",
    ]


def test_a_dismissal_is_not_told_to_the_author(case, clip, author, moderator):
    decide(case_id=case.pk, by=moderator, action="dismiss", reason="Nothing wrong.")
    clip.refresh_from_db()
    assert clip.state == "published"
    assert not statements_to(author.pk).exists()
    assert not Event.objects.exists()


def test_a_report_after_a_dismissal_opens_a_new_case(case, clip, moderator, make_user):
    decide(case_id=case.pk, by=moderator, action="dismiss", reason="Nothing wrong.")
    again = report(clip_id=clip.pk, by=make_user("late"), reason="hate").case
    assert again != case
    assert Case.objects.count() == 2


def test_what_another_case_hides_stays_hidden(case, clip, moderator, make_user):
    decide(case_id=case.pk, by=moderator, action="dismiss", reason="Fine.")
    second = report(clip_id=clip.pk, by=make_user("late"), reason="hate").case
    decide(case_id=case.pk, by=moderator, action="hide", reason="Not fine.")
    decide(case_id=second.pk, by=moderator, action="hide", reason="Hateful.")
    decide(case_id=case.pk, by=moderator, action="restore", reason="Fine after all.")
    clip.refresh_from_db()
    assert clip.state == "hidden"
    decide(case_id=second.pk, by=moderator, action="restore", reason="This too.")
    clip.refresh_from_db()
    assert clip.state == "published"


@pytest.mark.parametrize(
    ("before", "action"),
    [([], "restore"), (["hide"], "hide"), (["hide"], "dismiss"), (["dismiss"], "restore"),
     (["dismiss"], "dismiss"), ([], "delete"), (["hide", "restore"], "dismiss")],
)  # fmt: skip
def test_actions_that_lead_nowhere_change_nothing(before, action, case, clip, moderator):
    for step in before:
        decide(case_id=case.pk, by=moderator, action=step, reason="So.")
    case.refresh_from_db()
    clip.refresh_from_db()
    state, clip_state, events = case.state, clip.state, Event.objects.count()
    with pytest.raises(DecisionNotPossible):
        decide(case_id=case.pk, by=moderator, action=action, reason="Again.")
    case.refresh_from_db()
    clip.refresh_from_db()
    assert (case.state, clip.state, Event.objects.count()) == (state, clip_state, events)
    assert Decision.objects.count() == len(before)


def test_of_two_moderators_at_once_one_decides(transactional_db, make_user, make_moderator):
    clip = make_clip(make_user("maker"))
    case = report(clip_id=clip.pk, by=make_user("reporter"), reason="other").case
    moderators = [make_moderator(f"moderator{n}") for n in range(6)]

    def act(n):
        try:
            decide(case_id=case.pk, by=moderators[n], action="hide", reason=f"Reason {n}")
        except DecisionNotPossible:
            return False
        return True

    assert sum(race(act, times=6)) == 1
    assert Decision.objects.count() == 1
    assert Event.objects.count() == 1


@pytest.mark.parametrize("role", ["stranger", "user", "author", "staff", "inactive"])
def test_who_is_no_moderator_decides_nothing(role, case, clip, author, make_user, make_moderator):
    by = {
        "stranger": AnonymousUser,
        "user": lambda: make_user("somebody"),
        "author": lambda: author,
        "staff": lambda: make_user("clerk", is_staff=True),
        "inactive": lambda: _switched_off(make_moderator("gone")),
    }[role]()
    with pytest.raises(NotAModerator):
        decide(case_id=case.pk, by=by, action="hide", reason="Because.")
    _untouched(case, clip)


def _switched_off(user):
    user.is_active = False
    user.save(update_fields=["is_active"])
    return user


def _untouched(case, clip):
    case.refresh_from_db()
    clip.refresh_from_db()
    assert (case.state, clip.state) == (CaseState.OPEN, "published")
    assert not Decision.objects.exists()


def test_a_moderator_does_not_decide_on_their_own_clip(moderator, reporter):
    clip = make_clip(moderator)
    case = report(clip_id=clip.pk, by=reporter, reason="other").case
    with pytest.raises(OwnClip):
        decide(case_id=case.pk, by=moderator, action="dismiss", reason="I am nice.")
    _untouched(case, clip)


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 2001])
def test_a_decision_needs_a_reason(reason, case, clip, moderator):
    with pytest.raises(ReasonRequired):
        decide(case_id=case.pk, by=moderator, action="hide", reason=reason)
    _untouched(case, clip)


def test_an_unknown_case_is_said_so(moderator):
    with pytest.raises(CaseNotFound):
        decide(case_id=uuid4(), by=moderator, action="hide", reason="Because.")


def test_a_clip_deleted_meanwhile_stays_deleted(case, clip, author, moderator):
    delete_clip(clip_id=clip.pk, by=author)
    decide(case_id=case.pk, by=moderator, action="hide", reason="Too late.")
    clip.refresh_from_db()
    assert clip.state == "deleted"
    assert not visible_clips(author).filter(pk=clip.pk).exists()


@pytest.mark.parametrize(
    "change", [lambda rows: rows.update(reason="other"), lambda rows: rows.delete()]
)
def test_the_database_keeps_decisions_as_they_were_made(change, case, moderator):
    decide(case_id=case.pk, by=moderator, action="hide", reason="Because.")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change(Decision.objects.all())
    assert Decision.objects.get().reason == "Because."
