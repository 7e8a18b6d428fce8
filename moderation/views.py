"""Reports, statements of reasons and verification over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ApiView, parsed
from core.cursors import PAGE_PARAMETERS, page_of
from core.idempotency import idempotent
from core.parsers import JsonParser
from moderation import selectors, services
from moderation.errors import UploadTooLarge
from moderation.serializers import (
    ReportRequestSerializer,
    ReportSerializer,
    StatementPageSerializer,
    VerificationSerializer,
    VerifyUploadSerializer,
    VerifyUrlSerializer,
)
from moderation.services.verification import UPLOAD_BYTES_MAX

if TYPE_CHECKING:
    from accounts.models import User

_MULTIPART_OVERHEAD_BYTES = 64 * 1024


class ReportsView(ApiView):
    """Telling a moderator that something is wrong."""

    @extend_schema(
        operation_id="report",
        tags=["moderation"],
        request=ReportRequestSerializer,
        responses={202: ReportSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Report a clip; it leaves my feed at once, and a moderator looks at it."""
        given = parsed(ReportRequestSerializer, request)
        made = services.report(
            clip_id=given["subject"]["id"],
            by=cast("User", request.user),
            reason=given["reason"],
            text=given["text"],
        )
        body = {
            "id": str(made.pk),
            "subject": {"kind": "clip", "id": str(given["subject"]["id"])},
            "reason": made.reason,
            "created_at": made.created_at,
        }
        return Response(body, status=status.HTTP_202_ACCEPTED)


class MyModerationView(ApiView):
    """What moderators decided about my clips."""

    @extend_schema(
        operation_id="my_moderation",
        tags=["moderation"],
        parameters=PAGE_PARAMETERS,
        responses=StatementPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return the statements of reasons written to me, newest first."""
        page = page_of(
            selectors.statements_to(cast(UUID, request.user.pk)),
            request=request,
            keys=("created_at", "id"),
            context=f"statements:{request.user.pk}",
        )
        return Response(page.answer(lambda rows: [selectors.statement(row) for row in rows]))


class UploadParser(MultiPartParser):
    """Multipart bodies, refused by their stated size before a byte of them is stored."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Return the parts of the body.

        Raises:
            UploadTooLarge: the body is larger than one file may be.
        """
        length = (parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0
        if int(length) > UPLOAD_BYTES_MAX + _MULTIPART_OVERHEAD_BYTES:
            raise UploadTooLarge(limit_bytes=UPLOAD_BYTES_MAX)
        return super().parse(stream, media_type, parser_context)


class VerifyView(ApiView):
    """Checking where a file comes from; for anybody."""

    permission_classes = (AllowAny,)
    parser_classes = (UploadParser, JsonParser)
    rate = "verify"

    @extend_schema(
        operation_id="verify",
        tags=["moderation"],
        request={
            "multipart/form-data": VerifyUploadSerializer,
            "application/json": VerifyUrlSerializer,
        },
        responses=VerificationSerializer,
    )
    def post(self, request: Request) -> Response:
        """Say whether a file was made here: its manifest, its invisible mark, and its clip."""
        if (request.content_type or "").startswith("multipart/"):
            upload = parsed(VerifyUploadSerializer, request)["file"]
            found = services.verify_upload(
                upload=upload.file, size_bytes=upload.size, viewer=request.user
            )
        else:
            found = services.verify_url(
                url=parsed(VerifyUrlSerializer, request)["url"],
                hosts=frozenset({request.get_host(), urlsplit(settings.PUBLIC_URL).netloc}),
                viewer=request.user,
            )
        return Response(_answer(found))


def _answer(found: services.Finding) -> dict[str, Any]:
    seen = found.verification
    clip = None
    if found.clip_id is not None:
        clip = {
            "id": str(found.clip_id),
            "credentials": found.credentials,
            "consents": found.consents,
        }
    return {
        "made_here": clip is not None,
        "media_kind": seen.media_kind,
        "manifest": {
            "state": seen.manifest,
            "problems": list(seen.problems),
            "ingredients": seen.ingredients,
        },
        "mark": {
            "found": seen.mark_id is not None,
            "id": None if seen.mark_id is None else str(seen.mark_id),
            "confidence": seen.mark_confidence,
        },
        "clip": clip,
    }
