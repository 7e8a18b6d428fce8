"""The table of moves, and the one function that makes them."""

from __future__ import annotations

import itertools

import pytest
from django.utils import timezone

from generation.errors import IllegalMove, LeaseLost
from generation.models import Job
from generation.services.lease import claim
from generation.services.moves import move, note_progress
from generation.states import ACTIVE, DEADLINES, MOVES, TERMINAL, State
from notifications.models import Event
from notifications.selectors import events_after

LEGAL = {
    ("awaiting_consent", "queued"),
    ("rendering", "awaiting_consent"),
    ("queued", "rendering"),
    ("queued", "queued"),  # of another engine
    ("rendering", "finishing"),
    ("rendering", "queued"),
    ("finishing", "ready"),
    ("finishing", "queued"),
    *itertools.product(
        ("awaiting_consent", "queued", "rendering", "finishing"),
        ("refused", "failed", "cancelled", "expired"),
    ),
}


def test_the_table_allows_exactly_these_moves():
    assert {(a.value, b.value) for a, targets in MOVES.items() for b in targets} == LEGAL


def test_every_state_is_in_the_table_and_only_active_ones_have_a_deadline():
    assert set(MOVES) == set(State)
    assert set(DEADLINES) == ACTIVE
    assert {state for state in State if not MOVES[state]} == TERMINAL


@pytest.mark.parametrize(
    ("start", "to"),
    sorted(set(itertools.product(State, State)) - {(State(a), State(b)) for a, b in LEGAL}),
)
def test_an_illegal_move_is_refused_before_the_database_is_asked(start, to):
    with pytest.raises(IllegalMove):
        move(Job(state=start), to)


def test_a_move_by_stale_knowledge_changes_nothing(make_job):
    job = make_job()
    stale = Job.objects.get(pk=job.pk)
    claim(job_id=job.pk)
    before = Job.objects.values().get(pk=job.pk)
    with pytest.raises(LeaseLost):
        move(stale, State.CANCELLED)
    with pytest.raises(LeaseLost):
        note_progress(stale, 50, "rendering")
    assert Job.objects.values().get(pk=job.pk) == before
    assert not Event.objects.exists()


@pytest.mark.parametrize("state", sorted(set(State) - {State.RENDERING, State.FINISHING}))
def test_progress_is_of_held_jobs_only(make_job, state):
    job = claim(job_id=make_job().pk)
    Job.objects.update(state=state, finished_at=timezone.now())
    job.refresh_from_db()
    with pytest.raises(LeaseLost):
        note_progress(job, 50, "rendering")
    job.refresh_from_db()
    assert (job.state, job.progress) == (state, 0)
    assert not Event.objects.exists()


def test_progress_never_falls(make_job):
    job = claim(job_id=make_job().pk)
    note_progress(job, 60, "rendering")
    note_progress(job, 20, "rendering")
    assert job.progress == 60


@pytest.mark.parametrize(
    ("end", "event"),
    [
        (State.FAILED, "generation.failed"),
        (State.REFUSED, "generation.refused"),
        (State.EXPIRED, "generation.failed"),
        (State.CANCELLED, "generation.cancelled"),
    ],
)
def test_the_end_of_a_job_is_told_once_and_durably(make_job, end, event):
    job = claim(job_id=make_job().pk)
    twin = Job.objects.get(pk=job.pk)
    move(job, end, error_code="why", error_message="Because.", is_retryable=True)
    with pytest.raises(LeaseLost):
        move(twin, end)
    (told,) = events_after(job.user_id, 0)
    assert told["type"] == event
    assert told["data"] == {
        "id": str(job.pk),
        "state": end.value,
        "stage": end.value,
        "progress": 0,
        "clip": None,
        "error": {"code": "why", "message": "Because.", "retryable": True},
        "not_drawn": [],
    }
    assert job.finished_at is not None
    assert job.lease_until is None
