"""What an operator does from the page: each calls one service of the app it concerns.

That, and the line in the trail of Django's admin, are one transaction: both happen, or neither.
Only where the service itself goes job by job, so that none waits for the others' locks, the line
comes after it. Every function returns the sentence that the trail has and the operator is told.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction

from accounts.policy import is_operator
from core.switches import engine_switch, release_switch, throw_switch
from credits.services import reconcile
from generation.errors import NoDeadLetter
from generation.services.dead_letters import dismiss, replay, replay_all
from generation.services.engines import drain_engine, resume_engine
from ops.errors import NotAnOperator, UnknownAction
from ops.selectors import forget_figures
from ops.selectors.page import BOOKS, TRAIL

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

DISCREPANCIES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Act:
    """What is to be done: to which engine, job or switch, by whom, and why."""

    by: str  # a name, for the app's own trail
    on: str
    reason: str


def perform(*, action: str, by: User | AnonymousUser, on: str = "", reason: str = "") -> str:
    """Do what a button says, write it into the trail, and return what came of it.

    Args:
        action: one of `ACTIONS`.
        by: the operator.
        on: the engine, job or switch; empty where there is only one thing.
        reason: for throwing a switch.

    Raises:
        NotAnOperator: `by` does not run this instance.
        UnknownAction: there is no such action.
        DomainError: as the service that is called says; nothing was done.
    """
    if not is_operator(by):
        raise NotAnOperator
    found = ACTIONS.get(action)
    if found is None:
        raise UnknownAction(field="action")
    subject = found.subject.format(on=on)
    try:
        with nullcontext() if found.in_parts else transaction.atomic():
            sentence = found.do(Act(str(by), on, reason.strip()))
            _note(by, subject, sentence)
    finally:
        forget_figures()
    return sentence


def _note(by: User | AnonymousUser, subject: str, sentence: str) -> None:
    LogEntry.objects.create(
        user_id=cast(UUID, by.pk),  # nobody is an operator without an account
        content_type=None,
        object_id=TRAIL,
        object_repr=subject[:200],
        action_flag=CHANGE,
        change_message=sentence,
    )


def _drain(act: Act) -> str:
    drain_engine(name=act.on)
    return f"{act.on} gets no more jobs; what it draws now it may finish."


def _resume(act: Act) -> str:
    resume_engine(name=act.on)
    return f"{act.on} gets jobs again."


def _throw(act: Act) -> str:
    throw_switch(name=act.on, reason=act.reason, by=act.by)
    return f"The switch {act.on} is thrown: {act.reason}"


def _release(act: Act) -> str:
    was_thrown = release_switch(name=act.on, by=act.by)
    return f"The switch {act.on} {'is released' if was_thrown else 'was released already'}."


def _freeze(act: Act) -> str:
    throw_switch(name=engine_switch(act.on), reason=act.reason, by=act.by)
    return f"{act.on} is frozen: {act.reason}"


def _unfreeze(act: Act) -> str:
    was_frozen = release_switch(name=engine_switch(act.on), by=act.by)
    return f"{act.on} {'is frozen no more' if was_frozen else 'was not frozen'}."


def _replay(act: Act) -> str:
    return f"Queued again as {replay(job_id=_job(act.on)).pk}."


def _replay_all(act: Act) -> str:
    done = replay_all()
    jobs = f"{done.queued} {'job is' if done.queued == 1 else 'jobs are'} queued again."
    refused = (f"{count} cannot be queued now: {why}" for why, count in done.refused.items())
    return " ".join((jobs, *refused))


def _dismiss(act: Act) -> str:
    dismiss(job_id=_job(act.on))
    return "Put aside."


def _reconcile(act: Act) -> str:
    wrong = reconcile()
    if not wrong:
        return "The books add up."
    shown = "; ".join(str(each) for each in wrong[:DISCREPANCIES_SHOWN])
    more = len(wrong) - DISCREPANCIES_SHOWN
    return f"The books do not add up: {shown}{f'; and {more} more' if more > 0 else ''}."


def _job(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NoDeadLetter from None


@dataclass(frozen=True, slots=True)
class Action:
    """What a button does, to what as the trail names it, and the section of the page it is in."""

    do: Callable[[Act], str]
    subject: str
    section: str
    in_parts: bool = False  # the service commits job by job


ACTIONS = {
    "drain": Action(_drain, "engine {on}", "engines"),
    "resume": Action(_resume, "engine {on}", "engines"),
    "freeze": Action(_freeze, "engine {on}", "engines"),
    "unfreeze": Action(_unfreeze, "engine {on}", "engines"),
    "throw": Action(_throw, "switch {on}", "switches"),
    "release": Action(_release, "switch {on}", "switches"),
    "replay": Action(_replay, "job {on}", "failures"),
    "replay-all": Action(_replay_all, "failed jobs", "failures", in_parts=True),
    "dismiss": Action(_dismiss, "job {on}", "failures"),
    "reconcile": Action(_reconcile, BOOKS, "credits"),
}
