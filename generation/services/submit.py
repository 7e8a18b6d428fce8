"""Take a request for a clip: check it as a whole, then queue it; or only check it."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from core.errors import DomainError
from core.ids import new_id
from credits.services import hold
from generation.errors import PromptRefused, TooManyGenerations
from generation.models import Job
from generation.scheduling.fair import Priority
from generation.selectors import jobs_of
from generation.selectors.pace import Paces
from generation.services.casting import ask_for, pass_first_gates
from generation.services.decision import Decision, decide, eta_of
from generation.services.lease import lock_user_jobs
from generation.services.request import SEED_MAX, GenerationRequest
from generation.services.uploads import note_use
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
    eta_seconds: int | None  # None: unknown, or owners of likenesses are to answer first
    needs_consent_of: list[str]  # "@handle": who would have to be asked


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may become a job: decided on, and asked of the owners of its likenesses."""

    by: User
    request: GenerationRequest
    favour: Favour
    found: Decision
    clip_id: UUID  # that the job would make; the answers of the owners name it
    to_ask: list[UUID]  # cameos whose owners have to agree first


def submit(*, by: User, request: GenerationRequest, favour: Favour | None = None) -> Job:
    """Queue a job for the request, hold its price, and wake a worker on commit.

    Where an owner of a likeness wants to be asked, they are, and the job waits for them. A refused
    request stores nothing and holds nothing, but for what the owners' terms answered.

    Raises:
        UnknownEngine, SizeNotOffered, SecondsOutOfRange, TooManyShots, CameosNotOffered,
            TooManyCameos, InputReferenceNotOffered: a field cannot be had.
        UploadNotFound: the picture to begin from is none of theirs.
        EngineNotReady: the engine has not said yet what it can do.
        PromptRefused: policy refuses a text; `reasons` say why.
        TooManyGenerations: they have as many unfinished jobs as their plan allows.
        core.errors.GenerationStopped, core.errors.ReadOnly: a switch is thrown.
        QueueFull: the job would not be started in time.
        credits.errors.InsufficientCredits: it costs more than they have.
        credits.errors.BudgetSpent: the instance has spent what it may.
        feed.errors.ClipNotFound: the clip to remix is not visible to them.
        remix.errors.RemixNotAllowed: its author does not allow it.
        UploadNotReady, UploadRefused: the picture cannot be used, or not yet.
        cameos.errors.CameoNotPermitted: an owner's terms do not permit it.
    """
    return enqueue(admit(by=by, request=request, favour=favour))


def admit(*, by: User, request: GenerationRequest, favour: Favour | None = None) -> Admitted:
    """Decide on a request and ask for its likenesses; nothing is queued or held yet.

    Call it before the transaction that `enqueue`s: the answers are kept also when one is no.

    Raises:
        DomainError: as `submit`.
    """
    favour = favour or Favour()
    found = decide(by=by, request=request, is_free=favour.is_free)
    clip_id, to_ask = new_id(), list[UUID]()
    if found.may_ask_terms:
        to_ask = pass_first_gates(by=by.pk, request=request, cast=found.cast, clip_id=clip_id)
    found.check()
    return Admitted(by, request, favour, found, clip_id, to_ask)


@transaction.atomic
def enqueue(admitted: Admitted) -> Job:
    """Queue the job of an admitted request, or let it wait for the owners of its likenesses.

    Raises:
        TooManyGenerations: they have as many unfinished jobs as their plan allows.
        credits.errors.InsufficientCredits: it costs more than they have.
        cameos.errors.CameoNotPermitted: a cameo ended at this moment.
    """
    by, found = admitted.by, admitted.found
    lock_user_jobs(by.pk)
    if jobs_of(by.pk).active().count() >= found.plan.waiting_max:
        raise TooManyGenerations(limit=found.plan.waiting_max)
    job = _make_job(admitted)
    if job.input_reference is not None:
        note_use(job.input_reference)
    hold(user_id=by.pk, reference=job.reference, amount=found.price)
    for name, verdict in found.verdicts.items():
        if verdict.to_review:  # allowed, but a person should look at such prompts
            check_prompt(text=admitted.request.texts()[name], record_for=by.pk)
    if admitted.to_ask:
        ask_for(job, admitted.to_ask)
    else:
        wake_on_commit(job.pk)
    return job


def preflight(*, by: User, request: GenerationRequest) -> Preflight:
    """Decide as `submit` would, without storing or spending anything.

    Raises:
        UnknownEngine, SizeNotOffered, SecondsOutOfRange, TooManyShots, CameosNotOffered,
            TooManyCameos, InputReferenceNotOffered: a field cannot be had.
        UploadNotFound: the picture to begin from is none of theirs.
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
        eta_seconds=None if found.asked else eta_of(found, by, request.seconds),
        needs_consent_of=found.asked,
    )


def _reasons(error: DomainError) -> list[dict[str, Any]]:
    """Return why a request is refused in the form of policy's reasons; a rule is a code then."""
    if isinstance(error, PromptRefused):
        return list(error.extra["reasons"])
    return [
        {
            "field": error.field,
            "rule": error.code,
            "span": error.extra.get("span"),
            "message": error.title,
            "suggestion": error.detail if error.detail != error.title else None,
        }
    ]


def _make_job(admitted: Admitted) -> Job:
    request, found = admitted.request, admitted.found
    state = State.AWAITING_CONSENT if admitted.to_ask else State.QUEUED
    return Job.objects.create(
        user=admitted.by,
        reserved_clip_id=admitted.clip_id,
        state=state,
        stage=state.value,
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
        cast=list(found.cast.everybody),
        cast_inherited=list(found.cast.inherited),
        cast_pictured=list(found.cast.pictured),
        input_reference=request.input_reference,
        price=found.price,
        plan=found.plan.name,
        priority=admitted.favour.priority,
        cost_seconds=Paces().cost(found.engine, found.size, request.seconds),
        waived_rules=sorted(found.waived_drawn),
        replay_of=admitted.favour.replay_of,
        deadline_at=Now() + DEADLINES[state],
    )
