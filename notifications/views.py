"""The inbox: durable events as a list."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import user_of
from core.api import ApiView
from core.cursors import PAGE_PARAMETERS, page_of
from notifications.selectors import as_message, events_of
from notifications.serializers import NotificationPageSerializer


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
