"""The gates on a clip's way: each asks every owner's terms of that moment, and writes it down.

Locks: `ensure_still_permitted` holds the cameos FOR SHARE; what changes a cameo's terms or lists
takes them FOR NO KEY UPDATE, what ends it FOR UPDATE (and goes on to jobs and clips). So call
`ensure_still_permitted` first in a transaction, before it locks a job or a clip.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Now

from cameos.errors import CameosStopped
from cameos.models import Cameo, CameoUse, Cosign, CosignState, Gate, WithdrawnUse
from cameos.policy.mentions import mentions, plain_handle
from cameos.policy.permission import Outcome, Reason, Terms, decide
from cameos.policy.restrictions import Violation, find_violation
from cameos.selectors import lapsed, relations_to, visible_cameos
from cameos.services.use.judgements import Judgement, refusal, refusal_of
from core.switches import CAMEOS, is_thrown
from notifications.services import publish

if TYPE_CHECKING:
    from accounts.models import User

USED_EVENT = "cameo.used"
_log = logging.getLogger(__name__)
_RULE_CHARACTERS_MAX = 200
# At these gates an owner is told; asking again for the same clip at another gate is no new use.
_BEGINNINGS = frozenset({Gate.SUBMIT, Gate.REMIX})


@dataclass(frozen=True, slots=True)
class CastCameo:
    """A cameo that a request names."""

    id: UUID
    handle: str
    kind: str


def resolve_cast(
    *, by: User, handles: Sequence[str], texts: Mapping[str, str]
) -> tuple[CastCameo, ...]:
    """Return the cameos that a request lists, then those that its texts mention as "@handle".

    A mention that is nobody's cameo is only text; so is one of a cameo that `by` may not know of.

    Args:
        by: whose request it is.
        handles: as listed, with or without "@".
        texts: by field.

    Raises:
        CameoNotPermitted: a listed handle is none that `by` may know of; reason "unknown".
    """
    listed = [plain_handle(handle) for handle in handles]
    mentioned = mentions(texts.values())
    wanted = {*listed, *(reading for readings in mentioned for reading in readings)}
    found = {cameo.handle: cameo for cameo in visible_cameos(by).filter(handle__in=wanted)}
    cast: dict[UUID, CastCameo] = {}
    for handle in listed:
        if handle not in found:
            refused = refusal(handle, Reason.UNKNOWN)
            raise refused
    for readings in [*((handle,) for handle in listed), *mentioned]:
        cameo = next((found[reading] for reading in readings if reading in found), None)
        if cameo is not None:
            cast[cameo.pk] = CastCameo(cameo.pk, cameo.handle or "", cameo.kind)
    return tuple(cast.values())


def judge(
    *,
    by: UUID,
    cameo_ids: Sequence[UUID],
    texts: Mapping[str, str],
    clip_id: UUID | None = None,
    nudity: float | None = None,
) -> tuple[Judgement, ...]:
    """Return what the terms of each cameo say now; writes and locks nothing.

    Args:
        by: who uses them.
        cameo_ids: in any order; the answers have the same.
        texts: what was written or is spoken, by field.
        clip_id: the clip in the making, for its co-signs and withdrawals; None: not yet one.
        nudity: the highest nudity score of its frames, 0 to 1; None: not drawn yet.
    """
    cameos = Cameo.objects.in_bulk(cameo_ids)
    relations = relations_to(cameos.values(), by=by)
    cosigns = _cosigns(by, clip_id, cameo_ids)
    withdrawn = _withdrawn(clip_id, cameo_ids)
    lapsed_ids = lapsed(cameos.values())
    handles = [cameo.handle for cameo in cameos.values() if cameo.handle]
    made = []
    for cameo_id in dict.fromkeys(cameo_ids):
        cameo = cameos.get(cameo_id)
        if cameo is None:  # its owner's account is deleted, and the row with it
            made.append(Judgement(cameo_id, "", Outcome.DENIED, Reason.REVOKED))
            continue
        violation = _violation(cameo, texts, nudity, handles)
        verdict = decide(
            _terms(cameo, is_lapsed=cameo_id in lapsed_ids),
            relations[cameo_id],
            broken_rule=violation.rule if violation else None,
            cosign=cosigns.get(cameo_id),
            is_withdrawn=cameo_id in withdrawn,
        )
        at = violation if verdict.reason == Reason.RESTRICTED else None
        made.append(
            Judgement(
                cameo_id=cameo_id,
                # Who is blocked may not learn of whom: a remix inherits faces that nobody named.
                handle="" if verdict.reason == Reason.UNKNOWN else cameo.handle or "",
                outcome=verdict.outcome,
                reason=verdict.reason,
                rule=verdict.rule,
                field=at.field if at else None,
                span=at.span if at else None,
            )
        )
    return tuple(made)


def pass_gate(
    *,
    by: UUID,
    cameo_ids: Sequence[UUID],
    gate: str,
    clip_id: UUID | None,
    texts: Mapping[str, str] | None = None,
) -> tuple[Judgement, ...]:
    """Ask every cameo's terms at one gate, write a `CameoUse` row for each, and tell the owners.

    The rows are there whatever becomes of the clip. Outside of a transaction they are committed
    before this returns or raises. Inside of a request's transaction a refusal undoes them with all
    else, and they are written again when the refusal is answered; where all may pass they are part
    of that transaction. An owner hears (`cameo.used`) of a use that begins or is published, not of
    refused attempts, which their desk lists: anybody could make any number of those.

    Args:
        by: who uses the likenesses.
        cameo_ids: all of the clip's, inherited ones too.
        gate: of `cameos.models.Gate`.
        clip_id: the clip, also one in the making; None: the request made none.
        texts: by field.

    Returns:
        A judgement each; where one is "asked", its owner has to be asked before the clip goes on.

    Raises:
        CameoNotPermitted: for the first that is denied; every one of several is needed.
        CameosStopped: an operator lets nobody begin anything with a cameo for now.
    """
    if cameo_ids and gate in _BEGINNINGS and is_thrown(CAMEOS):
        raise CameosStopped
    judged = judge(by=by, cameo_ids=cameo_ids, texts=texts or {}, clip_id=clip_id)
    _write(by, judged, gate=gate, clip_id=clip_id)
    return judged


def ensure_still_permitted(*, by: UUID, cameo_ids: Sequence[UUID], clip_id: UUID) -> None:
    """Hold the cameos as they are until the caller's transaction ends, and decide once more.

    A change of terms or a revocation either came before and is obeyed here, or waits for the
    caller's commit and then finds what it committed. Writes no row. Call it first in the
    transaction. The texts are not judged again.

    Args:
        by: who uses the likenesses.
        cameo_ids: all of the clip's.
        clip_id: the clip.

    Raises:
        CameoNotPermitted: one is denied, or its owner has not agreed to what now asks for it.
        django.db.transaction.TransactionManagementError: there is no transaction.
    """
    if not cameo_ids:
        return
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("The locks need the caller's transaction.")
    with connection.cursor() as cursor:
        # In the order of ids, so that two of these never wait for each other crosswise.
        cursor.execute(
            "SELECT 1 FROM cameos_cameo WHERE id = ANY(%s) ORDER BY id FOR SHARE",
            [list(cameo_ids)],
        )
    for judgement in judge(by=by, cameo_ids=cameo_ids, texts={}, clip_id=clip_id):
        if judgement.outcome != Outcome.ALLOWED:
            refused = refusal_of(judgement)
            raise refused


def check_film(
    *, by: UUID, cameo_ids: Sequence[UUID], clip_id: UUID, transcript: str, nudity: float
) -> None:
    """Hold what was drawn and is spoken against every cameo's restrictions.

    A violation writes a denied row, as `pass_gate` does; nothing else does.

    Args:
        by: who uses the likenesses.
        cameo_ids: all of the clip's.
        clip_id: the clip.
        transcript: all that is spoken in it; empty: nothing is.
        nudity: the highest nudity score of its frames, 0 to 1.

    Raises:
        CameoNotPermitted: a restriction is broken; `rule` names it.
    """
    judged = judge(
        by=by,
        cameo_ids=cameo_ids,
        texts={"transcript": transcript},
        clip_id=clip_id,
        nudity=nudity,
    )
    broken = tuple(each for each in judged if each.reason == Reason.RESTRICTED)
    _write(by, broken, gate=Gate.FILM, clip_id=clip_id)


def _write(by: UUID, judged: Sequence[Judgement], *, gate: str, clip_id: UUID | None) -> None:
    """Write the rows, tell the owners, and refuse for the first that is denied.

    Raises:
        CameoNotPermitted: for the first that is denied.
    """
    denied = next((each for each in judged if each.outcome == Outcome.DENIED), None)
    cameos = Cameo.objects.in_bulk([each.cameo_id for each in judged])
    rows = [
        _row(by, each, cameos[each.cameo_id], gate, clip_id)
        for each in judged
        if each.cameo_id in cameos
    ]
    with transaction.atomic():
        told = [] if denied else [row for row in rows if _is_news(row, cameos[row.cameo_id])]
        CameoUse.objects.bulk_create(rows)
        _tell_owners(told, cameos)
    if denied is not None:
        refused = refusal_of(denied)
        refused.after_rollback = partial(_write_again, rows)
        raise refused


def _write_again(rows: Sequence[CameoUse]) -> None:
    """Write what a rolled back request wrote; where it was not rolled back the rows are there."""
    try:
        with transaction.atomic():
            CameoUse.objects.bulk_create(rows, ignore_conflicts=True)
    except IntegrityError:
        _log.info("a refused use is not kept: the cameo or the account is deleted")


def _row(by: UUID, judgement: Judgement, cameo: Cameo, gate: str, clip_id: UUID | None) -> CameoUse:
    return CameoUse(
        cameo_id=cameo.pk,
        user_id=by,
        clip_id=clip_id,
        gate=gate,
        outcome=judgement.outcome,
        reason=judgement.reason,
        rule=judgement.rule[:_RULE_CHARACTERS_MAX],
        terms_version=cameo.terms_version,
    )


def _is_news(row: CameoUse, cameo: Cameo) -> bool:
    """Tell whether the owner hears of this row, which is not written yet."""
    if row.outcome != Outcome.ALLOWED or cameo.owner_id in {None, row.user_id}:
        return False
    if row.gate not in _BEGINNINGS or row.clip_id is None:
        return row.gate == Gate.PUBLISH
    return not CameoUse.objects.filter(
        cameo_id=row.cameo_id, clip_id=row.clip_id, outcome=Outcome.ALLOWED, gate__in=_BEGINNINGS
    ).exists()


def _tell_owners(rows: Sequence[CameoUse], cameos: Mapping[UUID, Cameo]) -> None:
    told = [(owner_id, row) for row in rows if (owner_id := cameos[row.cameo_id].owner_id)]
    # In one order, so that two gates never wait for each other's counters crosswise.
    for owner_id, row in sorted(told, key=lambda pair: str(pair[0])):
        data = {
            "cameo": cameos[row.cameo_id].handle,
            "use": str(row.clip_id),
            "clip": str(row.clip_id),
            "gate": row.gate,
        }
        publish(owner_id, USED_EVENT, data, durable=True)


def _terms(cameo: Cameo, *, is_lapsed: bool) -> Terms:
    """Return the terms; a minor's face whose guardian takes the grant back counts as paused."""
    return Terms(
        kind=cameo.kind,
        state=cameo.state,
        audience=cameo.audience,
        ask_me=cameo.ask_me,
        is_paused=cameo.is_paused or is_lapsed,
    )


def _violation(
    cameo: Cameo, texts: Mapping[str, str], nudity: float | None, handles: Sequence[str]
) -> Violation | None:
    if not (cameo.restriction_tags or cameo.restriction_text):
        return None
    return find_violation(
        tags=cameo.restriction_tags,
        own_words=cameo.restriction_text,
        texts=texts,
        nudity=nudity,
        handles=handles,
    )


def _cosigns(by: UUID, clip_id: UUID | None, cameo_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return where the owners' answers stand; a question past its time counts as expired."""
    if clip_id is None:
        return {}
    over = When(state=CosignState.ASKED, expires_at__lte=Now(), then=Value(CosignState.EXPIRED))
    return dict(
        Cosign.objects.filter(clip_id=clip_id, cameo_id__in=cameo_ids, user_id=by)
        .annotate(stands=Case(over, default=F("state")))
        .values_list("cameo_id", "stands")
    )


def _withdrawn(clip_id: UUID | None, cameo_ids: Sequence[UUID]) -> set[UUID]:
    if clip_id is None:
        return set()
    rows = WithdrawnUse.objects.filter(clip_id=clip_id, cameo_id__in=cameo_ids)
    return set(rows.values_list("cameo_id", flat=True))
