"""What can go wrong with credits."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.utils import timezone

from core.errors import DomainError, InvalidField, NotFound


class InsufficientCredits(DomainError):
    """`need` credits are asked for, and the account has `have`; nothing was taken."""

    code = "insufficient_credits"
    status = HTTPStatus.PAYMENT_REQUIRED
    title = "You do not have enough credits for this."


class BudgetSpent(DomainError):
    """What the instance may spend in a day or a month is spent; `renews_at` says when it goes on.

    Nothing was taken from the account.
    """

    code = "budget_spent"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "This instance has spent its budget; it goes on when the budget renews."
    retryable = True

    def __init__(self, *, renews_at: datetime) -> None:
        """Keep when the budget renews, and how many seconds that is from now."""
        super().__init__(renews_at=renews_at)
        self.wait = max(1.0, (renews_at - timezone.now()).total_seconds())


class PlanUnknown(InvalidField):
    """The plans file has no plan of that name."""

    title = "There is no such plan."


class ProductUnknown(DomainError):
    """Something was paid for that the plans file does not know; the provider tells it again."""

    code = "product_unknown"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "What was bought is not sold here."


class PurchaserUnknown(DomainError):
    """A notice tells of no account that is here (yet); the provider tells it again."""

    code = "purchaser_unknown"
    status = HTTPStatus.CONFLICT
    title = "Nobody here is known to have made this purchase."
    retryable = True


class PurchaseTaken(DomainError):
    """A receipt counts once and for one account."""

    code = "purchase_taken"
    status = HTTPStatus.CONFLICT
    title = "This purchase was credited to another account."


class ProviderOff(NotFound):
    """The instance does not sell by this provider."""

    title = "This provider is not switched on."


class ReceiptRefused(DomainError):
    """A receipt or a provider's notice is not to be believed; `reason` names why."""

    code = "receipt_invalid"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The receipt is not valid."
