"""Faces that are kept out of clips, over HTTP."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import user_of
from cameos.policy.consent import PROTECTED
from cameos.selectors import protected_faces_of
from cameos.selectors.enrolments import enrolment_answer
from cameos.serializers.enrolments import EnrolmentSerializer
from cameos.serializers.protection import (
    ProtectedFacesSerializer,
    ProtectionRequestSerializer,
)
from cameos.services import end_protection
from cameos.services.enrolment.enrolments import begin_enrolment
from core.api import ApiView, parsed
from core.idempotency import idempotent


class ProtectedFacesView(ApiView):
    """My face, kept out of clips."""

    @property
    def rate(self) -> str | None:  # type: ignore[override]  # by the method
        """It begins an enrolment, and those have a rate of their own."""
        return "enrolment" if self.request.method == "POST" else None

    @extend_schema(
        operation_id="list_protected_faces", tags=["cameos"], responses=ProtectedFacesSerializer
    )
    def get(self, request: Request) -> Response:
        """Return the faces that I keep out of clips: mine, or none."""
        rows = protected_faces_of(user_of(request).pk)
        items = [{"id": str(row.pk), "created_at": row.created_at} for row in rows]
        return Response({"items": items})

    @extend_schema(
        operation_id="protect_face",
        tags=["cameos"],
        request=ProtectionRequestSerializer,
        responses={201: EnrolmentSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Begin to register my face to be kept out of clips; it goes on as an enrolment.

        Only the template is kept. From then on no clip that shows the face is published here;
        event `likeness.found` tells me of each that tried.
        """
        given = parsed(ProtectionRequestSerializer, request)
        enrolment = begin_enrolment(by=user_of(request), kind=PROTECTED, **given)
        return Response(enrolment_answer(enrolment), status=HTTPStatus.CREATED)


class ProtectedFaceView(ApiView):
    """One of them; who is suspended may end it too."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="end_protection", tags=["cameos"], responses={204: None})
    def delete(self, request: Request, protected_id: UUID) -> Response:
        """End it: the template is destroyed, and the face is compared with nothing any more."""
        end_protection(protected_id=protected_id, by=user_of(request).pk)
        return Response(status=HTTPStatus.NO_CONTENT)
