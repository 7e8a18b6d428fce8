"""The owner's desk: every use of a likeness, drafts and refused attempts too; and the questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from accounts.selectors import Viewer, hidden_user_ids
from cameos.models import Cameo, CameoAccess, CameoUse, Cosign, CosignState, Receipt, WithdrawnUse


@dataclass(frozen=True, slots=True)
class Use:
    """What became of one clip, or of one attempt that led to none, as the owner reads it.

    Attributes:
        id: the clip's; where there is none, the row's.
        clip: None: the attempt was refused before there was to be one.
        by: username of who did it; None: their account is deleted.
        outcome, reason, rule: what the last gate answered.
        gates: those that were asked, in order, each once.
        created_at: when the first of them was.
    """

    id: UUID
    clip: UUID | None
    by: str | None
    outcome: str
    reason: str
    rule: str
    gates: tuple[str, ...]
    is_withdrawn: bool
    created_at: datetime


def uses_of(cameo: Cameo) -> QuerySet[CameoUse]:
    """Return the first row of each use of the cameo, unordered; `as_uses` tells the rest.

    The first and not the last: a list that is paged by it stays as it is while gates go on.
    """
    earlier = CameoUse.objects.filter(
        cameo_id=OuterRef("cameo_id"), clip_id=OuterRef("clip_id"), pk__lt=OuterRef("pk")
    )
    return CameoUse.objects.filter(~Exists(earlier), cameo=cameo)


def as_uses(firsts: Sequence[CameoUse]) -> list[Use]:
    """Return the uses that begin with these rows of one cameo, in three queries for any number."""
    if not firsts:
        return []
    cameo_id = firsts[0].cameo_id
    clip_ids = [row.clip_id for row in firsts if row.clip_id is not None]
    of_clip: dict[UUID | None, list[CameoUse]] = defaultdict(list)
    rows = CameoUse.objects.filter(cameo_id=cameo_id, clip_id__in=clip_ids).order_by("pk")
    for row in rows:
        of_clip[row.clip_id].append(row)
    withdrawn = set(
        WithdrawnUse.objects.filter(cameo_id=cameo_id, clip_id__in=clip_ids).values_list(
            "clip_id", flat=True
        )
    )
    return [_use(first, of_clip[first.clip_id] or [first], withdrawn) for first in firsts]


def cosigns_for(owner: Viewer, *, state: str | None = None) -> QuerySet[Cosign]:
    """Return the questions to the owner of cameos, unordered, with cameo and who asks.

    Nobody whom a block stands to is among those who ask.

    Args:
        owner: whose cameos.
        state: of `CosignState`; None: any. A question that is too late is expired.
    """
    match state:
        case None:
            asked = Cosign.objects.all()
        case CosignState.ASKED:
            asked = Cosign.objects.open()
        case CosignState.EXPIRED:
            asked = Cosign.objects.expired()
        case _:
            asked = Cosign.objects.filter(state=state)
    mine = asked.filter(cameo__owner_id=owner.pk).exclude(user_id__in=hidden_user_ids(owner))
    return mine.select_related("cameo", "user")


def accesses_of(cameo: Cameo) -> QuerySet[CameoAccess]:
    """Return who is on the cameo's lists, unordered, with the people whose account is there."""
    return CameoAccess.objects.filter(cameo=cameo, user__is_active=True).select_related("user")


def receipts_of(cameo: Cameo) -> QuerySet[Receipt]:
    """Return the receipts of the cameo, unordered."""
    return Receipt.objects.filter(cameo=cameo).select_related("cameo")


def gates_of(rows: Iterable[CameoUse]) -> tuple[str, ...]:
    """Return the gates of rows in their order, each once."""
    return tuple(dict.fromkeys(row.gate for row in rows))


def _use(first: CameoUse, rows: Sequence[CameoUse], withdrawn: set[UUID]) -> Use:
    last = rows[-1]
    return Use(
        id=first.clip_id or first.pk,
        clip=first.clip_id,
        by=first.user.username if first.user is not None else None,
        outcome=last.outcome,
        reason=last.reason,
        rule=last.rule,
        gates=gates_of(rows),
        is_withdrawn=first.clip_id in withdrawn,
        created_at=first.created_at,
    )
