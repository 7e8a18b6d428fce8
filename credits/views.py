"""Credits, plans and prices over HTTP."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import user_of
from core.api import ApiView, parsed
from core.cursors import PAGE_PARAMETERS, page_of
from core.idempotency import idempotent
from credits.policy import plans, prices
from credits.selectors import balance_of, history_of
from credits.serializers import (
    CreditsSerializer,
    HistoryEntrySerializer,
    HistoryPageSerializer,
    PlansSerializer,
    ReceiptSerializer,
)
from credits.services import redeem_receipt, take_notice


class CreditsView(ApiView):
    """What I have."""

    etag = True

    @extend_schema(operation_id="credits", tags=["credits"], responses=CreditsSerializer)
    def get(self, request: Request) -> Response:
        """Return what I can spend now, what is set aside, and what of it expires when."""
        return Response(CreditsSerializer(balance_of(user_of(request).pk)).data)


class HistoryView(ApiView):
    """What happened to my credits."""

    @extend_schema(
        operation_id="credits_history",
        tags=["credits"],
        parameters=PAGE_PARAMETERS,
        responses=HistoryPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return every change of what I can spend, newest first."""
        user = user_of(request)
        page = page_of(
            history_of(user.pk), request=request, keys=("id",), context=f"credits:{user.pk}"
        )
        return Response(page.answer(lambda rows: HistoryEntrySerializer(rows, many=True).data))


class PurchasesView(ApiView):
    """What I bought."""

    rate = "purchase"

    @extend_schema(
        operation_id="credits_purchase",
        tags=["credits"],
        request=ReceiptSerializer,
        responses=CreditsSerializer,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Credit what a receipt of mine says, once, and return what I have."""
        user = user_of(request)
        redeem_receipt(user_id=user.pk, **parsed(ReceiptSerializer, request))
        return Response(CreditsSerializer(balance_of(user.pk)).data)


class WebhookView(ApiView):
    """Where a payment provider tells what happened; believed by its signature alone."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    rate = "webhook"

    @extend_schema(
        operation_id="credits_webhook",
        tags=["credits"],
        request=OpenApiTypes.OBJECT,
        responses={204: None},
    )
    def post(self, request: Request, provider: str) -> Response:
        """Take a provider's signed notice; any other answer than 204 asks to send it again."""
        take_notice(provider=provider, headers=request.headers, body=request.body)
        return Response(status=status.HTTP_204_NO_CONTENT)


class PlansView(ApiView):
    """What can be had here."""

    permission_classes = (AllowAny,)
    etag = True

    @extend_schema(operation_id="plans", tags=["credits"], auth=[], responses=PlansSerializer)
    def get(self, request: Request) -> Response:
        """Return the plans, what can be bought, and what clips cost in credits."""
        table, costs = plans(), prices()
        body = {
            "plans": [plan for plan in table.plans.values() if plan.is_offered],
            "packs": table.packs,
            "subscriptions": table.subscriptions,
            "prices": {
                "credits_per_second": {
                    name: price.credits_per_second for name, price in costs.engines.items()
                },
                "sizes": costs.sizes,
                "without_audio": costs.without_audio,
            },
        }
        return Response(PlansSerializer(body).data)
