"""Which plan somebody has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from credits.models import Subscription
from credits.policy import Plan, plans


def plan_of(user_id: UUID) -> Plan:
    """Return the user's plan: the one of highest weight that is theirs now, else the free one."""
    return plans_of([user_id])[user_id]


def plans_of(user_ids: Iterable[UUID]) -> dict[UUID, Plan]:
    """Return each user's plan, in one query for any number of users."""
    ids, named = set(user_ids), defaultdict(list)
    for user_id, plan in _active(ids).values_list("user_id", "plan"):
        named[user_id].append(plan)
    return {user_id: plans().best(named[user_id]) for user_id in ids}


def _active(user_ids: set[UUID]) -> QuerySet[Subscription]:
    lasts = Q(until__isnull=True) | Q(until__gt=timezone.now())
    return Subscription.objects.filter(lasts, user_id__in=user_ids)
