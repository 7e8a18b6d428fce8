"""The owner's desk: uses, questions, receipts; and what anybody may ask of a receipt."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import user_of
from cameos import selectors, services
from cameos.custody.signing import public_keys
from cameos.models import CosignState
from cameos.serializers.desk import (
    CosignAnswerSerializer,
    CosignPageSerializer,
    CosignSerializer,
    ReceiptKeysSerializer,
    ReceiptPageSerializer,
    ReceiptSerializer,
    ReceiptStatusSerializer,
    UsePageSerializer,
    UseSerializer,
)
from core.api import ApiView, parsed
from core.cursors import PAGE_PARAMETERS, page_of
from core.errors import InvalidField
from core.idempotency import idempotent


class UsesView(ApiView):
    """All uses of my cameo."""

    @extend_schema(
        operation_id="cameo_uses",
        tags=["cameos"],
        parameters=PAGE_PARAMETERS,
        responses=UsePageSerializer,
    )
    def get(self, request: Request, handle: str) -> Response:
        """Return every use, drafts and refused attempts too, the newest first."""
        cameo = selectors.own_cameo(handle, owner_id=user_of(request).pk)
        page = page_of(
            selectors.uses_of(cameo).select_related("user"),
            request=request,
            keys=("created_at", "id"),
            context=f"uses:{cameo.pk}",
        )
        return Response(
            page.answer(lambda rows: UseSerializer(selectors.as_uses(rows), many=True).data)
        )


class UseView(ApiView):
    """One use of my cameo; a suspended account may withdraw it too."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="cameo_use_withdraw", tags=["cameos"], responses={204: None})
    def delete(self, request: Request, handle: str, clip_id: UUID) -> Response:
        """Take my likeness out of this clip: it is hidden or not made, whoever made it."""
        services.withdraw_use(handle=handle, clip_id=clip_id, by=user_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ReceiptsView(ApiView):
    """The receipts of my cameo."""

    @extend_schema(
        operation_id="cameo_receipts",
        tags=["cameos"],
        parameters=PAGE_PARAMETERS,
        responses=ReceiptPageSerializer,
    )
    def get(self, request: Request, handle: str) -> Response:
        """Return what was signed about my likeness, to keep; the newest first."""
        cameo = selectors.own_cameo(handle, owner_id=user_of(request).pk)
        page = page_of(
            selectors.receipts_of(cameo),
            request=request,
            keys=("issued_at", "id"),
            context=f"receipts:{cameo.pk}",
        )
        return Response(page.answer(lambda rows: ReceiptSerializer(rows, many=True).data))


class CosignsView(ApiView):
    """Questions to me."""

    @extend_schema(
        operation_id="cosigns",
        tags=["cameos"],
        parameters=[
            OpenApiParameter("state", str, enum=CosignState.values, description="Empty: all."),
            *PAGE_PARAMETERS,
        ],
        responses=CosignPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return who asks or asked to make a clip with me, the newest first.

        Raises:
            InvalidField: there is no such state.
        """
        user, state = user_of(request), request.query_params.get("state") or None
        if state is not None and state not in CosignState.values:
            raise InvalidField(f"One of {', '.join(CosignState.values)}.", field="state")
        page = page_of(
            selectors.cosigns_for(user, state=state),
            request=request,
            keys=("created_at", "id"),
            context=f"cosigns:{user.pk}:{state}",
        )
        return Response(page.answer(lambda rows: CosignSerializer(rows, many=True).data))


class CosignView(ApiView):
    """One question to me."""

    @extend_schema(
        operation_id="cosign_answer",
        tags=["cameos"],
        request=CosignAnswerSerializer,
        responses=CosignSerializer,
    )
    @idempotent
    def post(self, request: Request, cosign_id: UUID) -> Response:
        """Say yes or no to this clip; it is made when every owner has said yes."""
        answer = parsed(CosignAnswerSerializer, request)["answer"]
        cosign = services.answer_cosign(
            cosign_id=cosign_id, by=user_of(request), is_approved=answer == "approve"
        )
        return Response(CosignSerializer(cosign).data)


class ConsentView(ApiView):
    """A consent receipt, for anybody who holds a clip."""

    permission_classes = (AllowAny,)

    @extend_schema(operation_id="consent", tags=["consents"], responses=ReceiptStatusSerializer)
    def get(self, request: Request, receipt_id: UUID) -> Response:
        """Return the receipt and whether it still holds at this moment."""
        return Response(ReceiptStatusSerializer(services.receipt_status(receipt_id)).data)


class ConsentKeysView(ApiView):
    """The keys that verify receipts, for anybody."""

    permission_classes = (AllowAny,)
    etag = True

    @extend_schema(operation_id="consent_keys", tags=["consents"], responses=ReceiptKeysSerializer)
    def get(self, request: Request) -> Response:
        """Return the public keys as a JSON Web Key Set; keep them to verify offline."""
        return Response(public_keys())
