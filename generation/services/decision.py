"""Whether a request becomes a job: one decision, for the preflight and for the real call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings

from cameos.errors import CameoNotPermitted
from cameos.selectors import names_listed_in
from cameos.services import Judgement, refusal_of
from core.errors import DomainError, GenerationStopped, ReadOnly
from core.switches import GENERATION, READ_ONLY, engine_switch, is_thrown
from credits.errors import BudgetSpent, InsufficientCredits
from credits.policy import Plan, price
from credits.selectors import balance_of
from credits.services import check_budget
from engine.contracts import EngineCapabilities
from generation.engines.fit import engine_for
from generation.errors import (
    PromptRefused,
    QueueFull,
    TooManyGenerations,
    UploadNotReady,
    UploadRefused,
)
from generation.selectors import jobs_of, wait_of_next, waived_rules, work_before
from generation.selectors.pace import Paces
from generation.services.casting import ASKED, DENIED, Cast, cast_of_request, judge_cast
from generation.services.request import GenerationRequest
from generation.services.uploads import usable_upload
from generation.states import DEADLINES, State
from moderation.policy.verdict import PromptVerdict
from moderation.services import check_prompt, reasons_of
from remix.errors import RemixNotAllowed
from remix.services import check_author_allows

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True, slots=True)
class Decision:
    """What would come of a request at this moment."""

    engine: str
    capabilities: EngineCapabilities
    size: str
    plan: Plan
    price: int  # credits
    balance: int  # credits that may be spent
    verdicts: dict[str, PromptVerdict]
    # Rules of policy that an upheld appeal has set aside: for the texts, and for what this recipe
    # draws. The first never lets a frame pass: nobody has seen it.
    waived: frozenset[str]
    waived_drawn: frozenset[str]
    reasons: list[dict[str, Any]]  # of policy, but for those
    cast: Cast
    judged: tuple[Judgement, ...]  # what the terms of each likeness say
    refusals: list[DomainError] = field(default_factory=list)  # the first is what is raised
    eta_seconds: int | None = None

    @property
    def asked(self) -> list[str]:
        """Return the "@handle" of each cameo whose owner would have to be asked."""
        return [f"@{each.handle}" for each in self.judged if each.outcome == ASKED]

    @property
    def may_ask_terms(self) -> bool:
        """Say whether nothing but the terms of likenesses may speak against the request."""
        first = self.refusals[0] if self.refusals else None
        return bool(self.cast.everybody) and (first is None or isinstance(first, CameoNotPermitted))

    def check(self) -> None:
        """Pass when the request may become a job.

        Raises:
            DomainError: the first reason why it may not.
        """
        if self.refusals:
            raise self.refusals[0]


def decide(*, by: User, request: GenerationRequest, is_free: bool = False) -> Decision:
    """Find everything that speaks against a request; nothing is stored or spent.

    Args:
        by: who asks.
        request: for what.
        is_free: whether it costs nothing.

    Raises:
        UnknownEngine, SizeNotOffered, SecondsOutOfRange, TooManyShots, CameosNotOffered,
            TooManyCameos, InputReferenceNotOffered: a field cannot be had.
        UploadNotFound: the picture to begin from is none of theirs.
        EngineNotReady: the engine has not said yet what it can do.
        feed.errors.ClipNotFound: the clip to remix is not visible to them.
    """
    pictured, faults = _picture(by, request)
    cast, unknown = _cast(by, request, pictured)
    faults.extend(unknown)
    engine, capabilities = engine_for(
        request.engine or settings.ENGINE_DEFAULT, request.measures(has_cast=bool(cast.named))
    )
    size = request.size or capabilities.sizes[0]
    verdicts = {name: check_prompt(text=text) for name, text in request.texts().items()}
    waived, waived_drawn = waived_rules(by.pk, request.fingerprint, request.recipe_fingerprint)
    mine = balance_of(by.pk)
    found = Decision(
        engine=engine,
        capabilities=capabilities,
        size=size,
        plan=mine.plan,
        price=0 if is_free else _price(request, engine, size),
        balance=mine.balance,
        verdicts=verdicts,
        waived=waived,
        waived_drawn=waived_drawn,
        reasons=[
            one
            for one in (*reasons_of(verdicts), *names_listed_in(request.shown_texts()))
            if one["rule"] not in waived
        ],
        cast=cast,
        judged=judge_cast(by=by.pk, request=request, cast=cast),
    )
    found.refusals.extend(_refusals(by, request, found, faults))
    return found


def waits_too_long(found: Decision, by: User) -> bool:
    """Say whether a job would not be started before its deadline."""
    limit = DEADLINES[State.QUEUED].total_seconds()
    if work_before(found.engine) < limit:
        return False  # even one slot is through in time
    wait = wait_of_next(found.engine, Paces(), user_id=by.pk, plan=found.plan.name)
    return wait is not None and wait > limit


def eta_of(found: Decision, by: User, seconds: int) -> int | None:
    """Return in how many seconds a job that is queued now would be ready; None: unknown."""
    paces = Paces()
    drawing = paces.rendering(found.engine, found.size, seconds)
    finishing = paces.finishing(found.engine, found.size, seconds)
    wait = wait_of_next(found.engine, paces, user_id=by.pk, plan=found.plan.name)
    if drawing is None or finishing is None or wait is None:
        return None
    return max(1, round(wait + drawing + finishing))


def _picture(by: User, request: GenerationRequest) -> tuple[list[UUID], list[DomainError]]:
    """Return whose faces are in the picture to begin from, or none and why it cannot be used.

    Raises:
        UploadNotFound: it is none of theirs.
    """
    if request.input_reference is None:
        return [], []
    try:
        return usable_upload(upload_id=request.input_reference, by=by.pk).cast, []
    except (UploadNotReady, UploadRefused) as error:
        return [], [error]


def _cast(
    by: User, request: GenerationRequest, pictured: list[UUID]
) -> tuple[Cast, list[DomainError]]:
    """Return the cast of a request, or none and the refusal of a name that is nobody's."""
    try:
        return cast_of_request(by=by, request=request, pictured=pictured), []
    except CameoNotPermitted as error:
        return Cast(), [error]


def _refusals(
    by: User, request: GenerationRequest, found: Decision, faults: list[DomainError]
) -> Iterator[DomainError]:
    if found.reasons:
        yield PromptRefused(reasons=found.reasons)
    if request.remix_of is not None:
        try:
            check_author_allows(viewer=by, clip_id=request.remix_of.clip_id)
        except RemixNotAllowed as error:
            yield error
    yield from faults
    yield from (refusal_of(each) for each in found.judged if each.outcome == DENIED)
    yield from _of_the_instance(found, by)
    if jobs_of(by.pk).active().count() >= found.plan.waiting_max:
        yield TooManyGenerations(limit=found.plan.waiting_max)
    if found.balance < found.price:
        yield InsufficientCredits(_what_fits(request, found), need=found.price, have=found.balance)


def _of_the_instance(found: Decision, by: User) -> Iterator[DomainError]:
    if is_thrown(READ_ONLY):
        yield ReadOnly()
    if is_thrown(GENERATION) or is_thrown(engine_switch(found.engine)):
        yield GenerationStopped()
    try:
        check_budget()
    except BudgetSpent as error:
        yield error
    if waits_too_long(found, by):
        yield QueueFull()


def _what_fits(request: GenerationRequest, found: Decision) -> str:
    """Return the longest clip of this kind that they can pay, in a sentence."""
    lengths = range(request.seconds - 1, found.capabilities.min_seconds - 1, -1)
    for seconds in lengths:
        shorter = replace(request, seconds=seconds)
        if _price(shorter, found.engine, found.size) <= found.balance:
            unit = "second" if seconds == 1 else "seconds"
            return f"You have credits for {seconds} {unit} of this."
    return InsufficientCredits.title


def _price(request: GenerationRequest, engine: str, size: str) -> int:
    return price(engine=engine, seconds=request.seconds, size=size, audio=request.audio)
