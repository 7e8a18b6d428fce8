"""How far a likeness reaches: what its end would touch, as the apps above know it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any
from uuid import UUID

from accounts.selectors import usernames_of
from cameos.models import Cameo, Cosign
from cameos.signals import likeness_traced

LISTED_MAX = 200


class Stage(StrEnum):
    """How far a clip with the likeness has come."""

    IN_MAKING = "in_making"
    UNPUBLISHED = "unpublished"  # a draft, or hidden by moderators
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Shown:
    """One clip that shows a likeness, or is to show it.

    Attributes:
        user_id: its author.
        is_remix: it shows the likeness only through what it was made from.
    """

    clip_id: UUID
    user_id: UUID
    stage: Stage
    is_remix: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """What the end of a cameo touches.

    Attributes:
        shown: clips that show it or are to show it, remixes included, the newest first.
        people: how many made them, but for the owner.
        cosigns: how many questions to the owner are open.
    """

    shown: tuple[Shown, ...]
    people: int
    cosigns: int

    def counts(self) -> dict[str, int]:
        """Return how many there are of everything, as the owner is told and the log keeps it."""
        stages = Counter(each.stage for each in self.shown)
        return {
            "clips": len(self.shown),
            **{stage.value: stages[stage] for stage in Stage},
            "remixes": sum(each.is_remix for each in self.shown),
            "people": self.people,
            "cosigns": self.cosigns,
        }


def reach_of(cameo: Cameo) -> Reach:
    """Return what revoking the cameo would touch now; changes nothing."""
    answers: Any = likeness_traced.send(sender=Cameo, cameo_id=cameo.pk)
    found = chain.from_iterable(answer for _, answer in answers)
    shown = sorted(found, key=lambda each: each.clip_id, reverse=True)
    return Reach(
        shown=tuple(shown),
        people=len({each.user_id for each in shown} - {cameo.owner_id}),
        cosigns=Cosign.objects.open().filter(cameo=cameo).count(),
    )


def listed(reach: Reach) -> list[dict[str, Any]]:
    """Return the newest of its clips, 200 at most, as the owner reads them."""
    newest = reach.shown[:LISTED_MAX]
    names = usernames_of(each.user_id for each in newest)
    return [
        {
            "clip": each.clip_id,
            "by": names.get(each.user_id),
            "stage": each.stage.value,
            "is_remix": each.is_remix,
        }
        for each in newest
    ]
