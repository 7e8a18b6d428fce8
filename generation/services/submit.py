"""Take a request for a clip: check it as a whole, then queue it; or only check it."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from engine.contracts import EngineCapabilities, Shot
from generation.engines.fit import Measures, engine_for
from generation.errors import PromptRefused, TooManyGenerations
from generation.models import Job
from generation.selectors import eta_of_next, jobs_of
from generation.services.lease import lock_user_jobs
from generation.states import DEADLINES, State
from generation.wake import wake_on_commit
from moderation.policy.verdict import PromptVerdict
from moderation.services import check_prompt, reasons_of
from remix.services import check_may_remix

if TYPE_CHECKING:
    from accounts.models import User

SEED_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class RemixOf:
    """The clip that a new one is made from, and the kind of the edge."""

    clip_id: UUID
    kind: str


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """What a person asks for. With shots, `prompt` is empty and `seconds` is their sum."""

    prompt: str
    seconds: int
    size: str | None = None  # None: the engine's first
    engine: str | None = None  # None: the instance's default
    shots: tuple[Shot, ...] = ()
    seed: int | None = None  # None: chosen now and kept in the recipe
    style: str = ""
    negative_prompt: str = ""
    audio: bool = True
    caption: str = ""
    publish: bool = False
    remix_of: RemixOf | None = None

    def texts(self) -> dict[str, str]:
        """Return every text that policy looks at, by the name of its field."""
        texts = {
            "prompt": self.prompt,
            "caption": self.caption,
            "style": self.style,
            "negative_prompt": self.negative_prompt,
        }
        texts |= {f"shots.{i}.prompt": shot.prompt for i, shot in enumerate(self.shots)}
        texts |= {f"shots.{i}.camera": shot.camera or "" for i, shot in enumerate(self.shots)}
        return {field: text for field, text in texts.items() if text}


@dataclass(frozen=True, slots=True)
class Preflight:
    """What the real call would decide, and how long the clip would take."""

    allowed: bool
    reasons: list[dict[str, Any]]
    eta_seconds: int | None


def submit(*, by: User, request: GenerationRequest) -> Job:
    """Queue a job for the request and wake a worker on commit; a refused request stores nothing.

    Raises:
        UnknownEngine, SizeNotOffered, SecondsOutOfRange, TooManyShots: a field cannot be had.
        EngineNotReady: the engine has not said yet what it can do.
        PromptRefused: policy refuses a text; `reasons` say why.
        TooManyGenerations: they have GENERATIONS_ACTIVE_MAX unfinished jobs.
        feed.errors.ClipNotFound: the clip to remix is not visible to them.
        remix.errors.RemixNotAllowed: its author does not allow it.
    """
    engine, capabilities = _check(by, request)
    verdicts = policy_verdicts(request)
    if reasons := reasons_of(verdicts):
        raise PromptRefused(reasons=reasons)
    with transaction.atomic():
        lock_user_jobs(by.pk)
        _check_active(by)
        job = Job.objects.create(
            user_id=by.pk,
            engine=engine,
            model=capabilities.name,
            engine_is_procedural=capabilities.procedural,
            prompt=request.prompt,
            shots=[asdict(shot) for shot in request.shots],
            seconds=request.seconds,
            size=request.size or capabilities.sizes[0],
            fps=capabilities.fps[0],
            seed=secrets.randbelow(SEED_MAX + 1) if request.seed is None else request.seed,
            style=request.style,
            negative_prompt=request.negative_prompt,
            audio=request.audio,
            caption=request.caption,
            publish=request.publish,
            parent_id=request.remix_of.clip_id if request.remix_of else None,
            remix_kind=request.remix_of.kind if request.remix_of else "",
            deadline_at=Now() + DEADLINES[State.QUEUED],
        )
        for field, verdict in verdicts.items():
            if verdict.to_review:  # allowed, but a person should look at such prompts
                check_prompt(text=request.texts()[field], record_for=by.pk)
        wake_on_commit(job.pk)
    return job


def preflight(*, by: User, request: GenerationRequest) -> Preflight:
    """Decide as `submit` would, without storing or spending anything.

    Raises:
        DomainError: as `submit`, but for PromptRefused, whose reasons are returned.
    """
    engine, _ = _check(by, request)
    _check_active(by)
    reasons = reasons_of(policy_verdicts(request))
    eta_seconds = eta_of_next(engine)
    return Preflight(allowed=not reasons, reasons=reasons, eta_seconds=eta_seconds)


def policy_verdicts(request: GenerationRequest) -> dict[str, PromptVerdict]:
    """Return what policy says of each text of the request, by field."""
    return {field: check_prompt(text=text) for field, text in request.texts().items()}


def _check(by: User, request: GenerationRequest) -> tuple[str, EngineCapabilities]:
    shots = tuple(shot.seconds for shot in request.shots)
    wanted = Measures(request.size, request.seconds, shots)
    engine, capabilities = engine_for(request.engine or settings.ENGINE_DEFAULT, wanted)
    if request.remix_of is not None:
        check_may_remix(viewer=by, clip_id=request.remix_of.clip_id)
    return engine, capabilities


def _check_active(by: User) -> None:
    if jobs_of(by.pk).active().count() >= settings.GENERATIONS_ACTIVE_MAX:
        raise TooManyGenerations(limit=settings.GENERATIONS_ACTIVE_MAX)
