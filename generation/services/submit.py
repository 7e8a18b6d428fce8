"""Take a request for a clip: check it as a whole, then queue it; or only check it."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models.functions import Now

from core.errors import DomainError
from credits.services import hold
from generation.errors import PromptRefused, TooManyGenerations
from generation.models import Job
from generation.scheduling.fair import Priority
from generation.selectors import jobs_of
from generation.selectors.pace import Paces
from generation.services.decision import Decision, decide, eta_of
from generation.services.lease import lock_user_jobs
from generation.services.request import SEED_MAX, GenerationRequest
from generation.states import DEADLINES, State
from generation.wake import wake_on_commit
from moderation.services import check_prompt

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True, slots=True)
class Favour:
    """What the instance grants a job that it owes somebody."""

    priority: Priority = Priority.NORMAL
    is_free: bool = False
    replay_of: Job | None = None


@dataclass(frozen=True, slots=True)
class Preflight:
    """What the real call would decide, what the clip costs and how long it would take."""

    allowed: bool
    reasons: list[dict[str, Any]]
    price: int
    balance: int
    eta_seconds: int | None


def submit(*, by: User, request: GenerationRequest, favour: Favour | None = None) -> Job:
    """Queue a job for the request, hold its price, and wake a worker on commit.

    A refused request stores nothing and holds nothing.

    Raises:
        UnknownEngine, SizeNotOffered, SecondsOutOfRange, TooManyShots: a field cannot be had.
        EngineNotReady: the engine has not said yet what it can do.
        PromptRefused: policy refuses a text; `reasons` say why.
        TooManyGenerations: they have as many unfinished jobs as their plan allows.
        core.errors.GenerationStopped, core.errors.ReadOnly: a switch is thrown.
        QueueFull: the job would not be started in time.
        credits.errors.InsufficientCredits: it costs more than they have.
        credits.errors.BudgetSpent: the instance has spent what it may.
        feed.errors.ClipNotFound: the clip to remix is not visible to them.
        remix.errors.RemixNotAllowed: its author does not allow it.
    """
    favour = favour or Favour()
    found = decide(by=by, request=request, is_free=favour.is_free)
    found.check()
    with transaction.atomic():
        lock_user_jobs(by.pk)
        if jobs_of(by.pk).active().count() >= found.plan.waiting_max:
            raise TooManyGenerations(limit=found.plan.waiting_max)
        job = _make_job(by, request, found, favour)
        hold(user_id=by.pk, reference=job.reference, amount=found.price)
        for name, verdict in found.verdicts.items():
            if verdict.to_review:  # allowed, but a person should look at such prompts
                check_prompt(text=request.texts()[name], record_for=by.pk)
        wake_on_commit(job.pk)
    return job


def preflight(*, by: User, request: GenerationRequest) -> Preflight:
    """Decide as `submit` would, without storing or spending anything.

    Raises:
        UnknownEngine, SizeNotOffered, SecondsOutOfRange, TooManyShots: a field cannot be had.
        EngineNotReady: the engine has not said yet what it can do.
        feed.errors.ClipNotFound: the clip to remix is not visible to them.
    """
    found = decide(by=by, request=request)
    reasons = [one for error in found.refusals for one in _reasons(error)]
    return Preflight(
        allowed=not found.refusals,
        reasons=reasons,
        price=found.price,
        balance=found.balance,
        eta_seconds=eta_of(found, by, request.seconds),
    )


def _reasons(error: DomainError) -> list[dict[str, Any]]:
    """Return why a request is refused in the form of policy's reasons; a rule is a code then."""
    if isinstance(error, PromptRefused):
        return list(error.extra["reasons"])
    return [
        {
            "field": error.field,
            "rule": error.code,
            "span": None,
            "message": error.title,
            "suggestion": error.detail if error.detail != error.title else None,
        }
    ]


def _make_job(by: User, request: GenerationRequest, found: Decision, favour: Favour) -> Job:
    return Job.objects.create(
        user_id=by.pk,
        engine=found.engine,
        model=found.capabilities.name,
        engine_is_procedural=found.capabilities.procedural,
        prompt=request.prompt,
        shots=[asdict(shot) for shot in request.shots],
        seconds=request.seconds,
        size=found.size,
        fps=found.capabilities.fps[0],
        seed=secrets.randbelow(SEED_MAX + 1) if request.seed is None else request.seed,
        style=request.style,
        negative_prompt=request.negative_prompt,
        audio=request.audio,
        caption=request.caption,
        # What was refused once is a draft at first.
        publish=request.publish and not (found.waived or found.waived_drawn),
        parent_id=request.remix_of.clip_id if request.remix_of else None,
        remix_kind=request.remix_of.kind if request.remix_of else "",
        price=found.price,
        plan=found.plan.name,
        priority=favour.priority,
        cost_seconds=Paces().cost(found.engine, found.size, request.seconds),
        waived_rules=sorted(found.waived_drawn),
        replay_of=favour.replay_of,
        deadline_at=Now() + DEADLINES[State.QUEUED],
    )
