"""What payment providers tell, kept as facts; credits and plans follow from them.

Facts come twice and in any order: a refund before its purchase, an end before its beginning. Each
is written once, and what follows is worked out from all that is known, so the order makes no
difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from core.locks import hold
from credits.errors import ProductUnknown, PurchaserUnknown, PurchaseTaken
from credits.models import LotSource, Purchase, PurchaseKind, Subscription
from credits.policy import Pack, plans
from credits.policy.periods import months_later
from credits.services.books import lock_wallet, wallet_of
from credits.services.lots import add_lot, revoke
from credits.services.plans import set_plan
from notifications.services import publish

if TYPE_CHECKING:
    from credits.providers.events import PurchaseEvent


def credit_purchase(event: PurchaseEvent) -> None:
    """Take note of what a provider signed for, and give or take what follows; twice is harmless.

    A purchase is credited once and to one account. A refund takes back what is left of it, never
    more: what is gone is written down as `unrecovered`, and what is held is taken when it comes
    back. A subscription gives its plan until the end of its latest period that was not refunded. A
    refund or an end of something unknown is remembered.

    Raises:
        PurchaserUnknown: something was bought by nobody who is known here; to be told again.
        ProductUnknown: something was bought that the plans file does not sell as that.
        PurchaseTaken: it was credited to another account.
    """
    with transaction.atomic():
        _lock(event)
        match event.kind:
            case "purchased":
                _purchased(event)
            case "subscribed":
                _subscribed(event)
            case "refunded":
                _refunded(event)
            case "subscription_ended":
                _note(event, user_id=_buyer_or_none(event))
                _recount(event.provider, event.original_id)


def _purchased(event: PurchaseEvent) -> None:
    buyer = _buyer(event)
    if _is_noted(event, buyer):
        return
    pack = plans().pack_sold_as(event.provider, event.product_id)
    if pack is None:
        raise ProductUnknown(product=event.product_id)
    fact = _note(event, user_id=buyer)
    if not _refunds(event.provider, [event.transaction_id]).exists():
        _give(fact, pack, buyer)


def _give(fact: Purchase, pack: Pack, buyer: UUID) -> None:
    expires_at = months_later(timezone.now(), pack.months_valid)
    amount = pack.credits * fact.quantity
    fact.lot = add_lot(
        wallet_of(buyer),
        amount=amount,
        source=LotSource.PURCHASE,
        key=f"purchase:{fact.pk}",
        expires_at=expires_at,
        note=f"Bought: {pack.id}",
    )
    fact.save(update_fields=["lot"])
    told = {
        "amount": amount,
        "source": LotSource.PURCHASE.value,
        "expires_at": expires_at.isoformat().replace("+00:00", "Z"),
    }
    publish(buyer, "credits.granted", told, durable=True)


def _refunded(event: PurchaseEvent) -> None:
    bought = Purchase.objects.filter(
        provider=event.provider,
        transaction_id=event.transaction_id,
        kind__in=[PurchaseKind.PURCHASED, PurchaseKind.SUBSCRIBED],
    )
    if not _facts(event).exists():
        _note(event, user_id=_buyer_or_none(event))
        for fact in bought.filter(lot__isnull=False).select_related("lot"):
            _take_back(fact)
    for fact in bought.filter(kind=PurchaseKind.SUBSCRIBED):
        _recount(fact.provider, fact.original_id)


def _take_back(fact: Purchase) -> None:
    if fact.lot is None:
        return
    wallet = lock_wallet(fact.lot.wallet_id)
    fact.lot.refresh_from_db()  # as it is under the lock
    taken = revoke(wallet, fact.lot, now=timezone.now())
    fact.unrecovered = fact.lot.amount - taken
    fact.save(update_fields=["unrecovered"])


def _subscribed(event: PurchaseEvent) -> None:
    buyer = _buyer(event)
    if _is_noted(event, buyer):
        later = Q(expires_at__isnull=True) | Q(expires_at__lt=event.expires_at)
        if event.expires_at is not None:
            _facts(event).filter(later).update(expires_at=event.expires_at)
    else:
        _note(event, user_id=buyer, product_id=_subscribed_product(event))
    _recount(event.provider, event.original_id)


def _recount(provider: str, original_id: str) -> None:
    """Give each user of a subscription the plan of their latest period that was not refunded."""
    facts = Purchase.objects.filter(provider=provider, original_id=original_id)
    periods = list(
        facts.filter(kind=PurchaseKind.SUBSCRIBED, user__isnull=False).order_by("occurred_at", "id")
    )
    ends = list(facts.filter(kind=PurchaseKind.SUBSCRIPTION_ENDED))
    refunded = set(
        _refunds(provider, [period.transaction_id for period in periods]).values_list(
            "transaction_id", flat=True
        )
    )
    source = f"{provider}:{original_id}"
    for user_id in {period.user_id for period in periods if period.user_id is not None}:
        paid = [
            period
            for period in periods
            if period.user_id == user_id and period.transaction_id not in refunded
        ]
        if paid:
            _give_plan(paid[-1], _end_of(paid[-1], ends, periods), source=source)
        else:
            lasting = Subscription.objects.filter(user_id=user_id, source=source)
            lasting.filter(until__gt=timezone.now()).update(until=timezone.now())


def _give_plan(period: Purchase, cut_at: datetime | None, *, source: str) -> None:
    product = plans().subscription_sold_as(period.provider, period.product_id)
    if product is None or period.user_id is None:
        return  # sold no more: what was given stays as it was
    until = period.expires_at or period.occurred_at + timedelta(days=product.days)
    if cut_at is not None:
        until = min(until, cut_at)
    set_plan(user_id=period.user_id, plan=product.plan, until=until, source=source)


def _end_of(
    period: Purchase, ends: Iterable[Purchase], periods: Iterable[Purchase]
) -> datetime | None:
    """Return when the subscription ended that the period belongs to; None: it goes on.

    An end that names a period ends what was bought up to then: told late, it must not take what
    was subscribed to anew since.
    """
    bought = {each.transaction_id: each.occurred_at for each in periods}
    found = [
        end.occurred_at
        for end in ends
        if period.occurred_at <= bought.get(end.transaction_id, end.occurred_at)
    ]
    return min(found, default=None)


def _buyer(event: PurchaseEvent) -> UUID:
    """Return whose purchase it is.

    Raises:
        PurchaserUnknown: nobody's who is here.
    """
    user_id = _buyer_or_none(event)
    if user_id is None:
        raise PurchaserUnknown
    return user_id


def _buyer_or_none(event: PurchaseEvent) -> UUID | None:
    if event.user_id is not None:
        people = get_user_model().objects.filter(pk=event.user_id)
        return event.user_id if people.exists() else None
    earlier = Purchase.objects.filter(provider=event.provider, user__isnull=False)
    for same in ({"transaction_id": event.transaction_id}, {"original_id": event.original_id}):
        found = earlier.filter(**same).order_by("-occurred_at", "-id").first()
        if found is not None:
            return found.user_id
    return None


def _is_noted(event: PurchaseEvent, buyer: UUID) -> bool:
    """Tell whether the purchase is known already.

    Raises:
        PurchaseTaken: as another account's.
    """
    fact = _facts(event).first()
    if fact is not None and fact.user_id != buyer:
        raise PurchaseTaken
    return fact is not None


def _subscribed_product(event: PurchaseEvent) -> str:
    """Return the product that a period is of: its own, or where that is none, the one before's.

    A renewal's notice may carry no product, or the name of its price.

    Raises:
        ProductUnknown: neither is sold as a subscription.
    """
    earlier = Purchase.objects.filter(
        provider=event.provider, original_id=event.original_id, kind=PurchaseKind.SUBSCRIBED
    ).order_by("-occurred_at", "-id")
    for product_id in (event.product_id, *earlier.values_list("product_id", flat=True)[:1]):
        if plans().subscription_sold_as(event.provider, product_id) is not None:
            return product_id
    raise ProductUnknown(product=event.product_id)


def _note(event: PurchaseEvent, *, user_id: UUID | None, product_id: str = "") -> Purchase:
    """Write the fact, or return it as it was written first."""
    fact, _ = Purchase.objects.get_or_create(
        provider=event.provider,
        kind=event.kind,
        transaction_id=event.transaction_id,
        defaults={
            "original_id": event.original_id,
            "user_id": user_id,
            "product_id": product_id or event.product_id,
            "quantity": event.quantity,
            "expires_at": event.expires_at,
            "occurred_at": event.occurred_at,
        },
    )
    return fact


def _facts(event: PurchaseEvent) -> QuerySet[Purchase]:
    return Purchase.objects.filter(
        provider=event.provider, kind=event.kind, transaction_id=event.transaction_id
    )


def _refunds(provider: str, transaction_ids: list[str]) -> QuerySet[Purchase]:
    return Purchase.objects.filter(
        provider=provider, kind=PurchaseKind.REFUNDED, transaction_id__in=transaction_ids
    )


def _lock(event: PurchaseEvent) -> None:
    """Let facts about one payment or one subscription be taken one after the other.

    Their rows may not be there yet, so the lock is on their names, in one order for everybody.
    """
    names = {f"{event.provider}:{each}" for each in (event.transaction_id, event.original_id)}
    for name in sorted(names):
        hold(f"credits.purchase:{name}")
