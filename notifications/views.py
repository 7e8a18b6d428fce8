"""The inbox: durable events as a list; and the webhooks that are told of them."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import user_of
from core.api import ApiView, parsed
from core.cursors import PAGE_PARAMETERS, page_of
from core.idempotency import idempotent
from notifications import services
from notifications.selectors import (
    as_message,
    deliveries_of,
    events_of,
    webhook_of,
    webhooks_of,
)
from notifications.serializers import (
    DeliveryPageSerializer,
    DeliverySerializer,
    NewSecretSerializer,
    NotificationPageSerializer,
    WebhookChangeSerializer,
    WebhookListSerializer,
    WebhookRequestSerializer,
    WebhookSerializer,
)


class NotificationsView(ApiView):
    """My durable events."""

    @extend_schema(
        operation_id="notifications_list",
        tags=["notifications"],
        parameters=PAGE_PARAMETERS,
        responses=NotificationPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return my durable events of the last 30 days, newest first."""
        page = page_of(
            events_of(user_of(request).pk),
            request=request,
            keys=("sequence",),
            context=f"notifications:{user_of(request).pk}",
        )
        return Response(page.answer(lambda rows: [as_message(event) for event in rows]))


class WebhooksView(ApiView):
    """My webhooks."""

    @extend_schema(operation_id="webhooks", tags=["webhooks"], responses=WebhookListSerializer)
    def get(self, request: Request) -> Response:
        """Return my webhooks, the oldest first; five at most."""
        mine = webhooks_of(user_of(request).pk).order_by("created_at", "pk")
        return Response({"items": WebhookSerializer(list(mine), many=True).data})

    @extend_schema(
        operation_id="webhook_create",
        tags=["webhooks"],
        request=WebhookRequestSerializer,
        responses={201: NewSecretSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Make a webhook; its secret is told this once."""
        webhook, secret = services.create_webhook(
            by=user_of(request).pk, **parsed(WebhookRequestSerializer, request)
        )
        body = {**WebhookSerializer(webhook).data, "secret": secret}
        return Response(body, status=status.HTTP_201_CREATED)


class WebhookView(ApiView):
    """One of my webhooks."""

    etag = True

    @extend_schema(operation_id="webhook", tags=["webhooks"], responses=WebhookSerializer)
    def get(self, request: Request, webhook_id: UUID) -> Response:
        """Return it, without its secret."""
        return Response(WebhookSerializer(webhook_of(user_of(request).pk, webhook_id)).data)

    @extend_schema(
        operation_id="webhook_change",
        tags=["webhooks"],
        request=WebhookChangeSerializer,
        responses=WebhookSerializer,
    )
    def patch(self, request: Request, webhook_id: UUID) -> Response:
        """Change its address or events, or disable or enable it; disabling drops what is due."""
        webhook = services.change_webhook(
            webhook_id=webhook_id,
            by=user_of(request).pk,
            **parsed(WebhookChangeSerializer, request),
        )
        return Response(WebhookSerializer(webhook).data)

    @extend_schema(operation_id="webhook_delete", tags=["webhooks"], responses={204: None})
    def delete(self, request: Request, webhook_id: UUID) -> Response:
        """Forget it and its deliveries."""
        services.delete_webhook(webhook_id=webhook_id, by=user_of(request).pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class TestView(ApiView):
    """A test of my webhook."""

    rate = "webhook_test"

    @extend_schema(
        operation_id="webhook_test",
        tags=["webhooks"],
        request=None,
        responses={202: DeliverySerializer},
    )
    @idempotent
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """Send it an event of type `webhook.test`; its deliveries tell what came of it."""
        delivery = services.send_test(webhook_id=webhook_id, by=user_of(request).pk)
        return Response(DeliverySerializer(delivery).data, status=status.HTTP_202_ACCEPTED)


class SecretView(ApiView):
    """The secret of my webhook."""

    @extend_schema(
        operation_id="webhook_rotate",
        tags=["webhooks"],
        request=None,
        responses=NewSecretSerializer,
    )
    @idempotent
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """Make a new secret, told this once; the old one signs along for 24 hours."""
        webhook, secret = services.rotate_secret(webhook_id=webhook_id, by=user_of(request).pk)
        return Response({**WebhookSerializer(webhook).data, "secret": secret})


class DeliveriesView(ApiView):
    """What was and is on its way to my webhook."""

    @extend_schema(
        operation_id="webhook_deliveries",
        tags=["webhooks"],
        parameters=PAGE_PARAMETERS,
        responses=DeliveryPageSerializer,
    )
    def get(self, request: Request, webhook_id: UUID) -> Response:
        """Return the deliveries of the last 30 days, newest first."""
        page = page_of(
            deliveries_of(webhook_of(user_of(request).pk, webhook_id)),
            request=request,
            keys=("created_at", "id"),
            context=f"deliveries:{webhook_id}",
        )
        return Response(page.answer(lambda rows: DeliverySerializer(rows, many=True).data))
