"""The generation API: engines, preflight, and my jobs."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import user_of
from core.api import ApiView, parsed
from core.cursors import PAGE_PARAMETERS, page_of
from core.errors import NotFound
from core.idempotency import idempotent
from core.parsers import PictureParser
from core.pictures import read_picture
from generation.engines.reports import vocabulary_of
from generation.errors import UploadNotFound
from generation.selectors import answers, appeals_of, engine_list, jobs_of
from generation.serializers import (
    AppealPageSerializer,
    AppealRequestSerializer,
    AppealSerializer,
    AppealTextSerializer,
    EngineListSerializer,
    GenerationPageSerializer,
    GenerationRequestSerializer,
    GenerationSerializer,
    GenerationsQuerySerializer,
    PictureRequestSerializer,
    PictureUploadSerializer,
    PreflightSerializer,
)
from generation.services.appeals import appeal_job, appeal_request
from generation.services.cancel import cancel
from generation.services.request import GenerationRequest
from generation.services.submit import preflight, submit
from generation.services.uploads import delete_upload, take_upload, uploads_of


class EnginesView(ApiView):
    """What can be asked for."""

    @extend_schema(operation_id="engines_list", tags=["generation"], responses=EngineListSerializer)
    def get(self, request: Request) -> Response:
        """Return every engine with its limits; one that does not answer says so."""
        return Response({"items": engine_list()})


class VocabularyView(ApiView):
    """What can be named in a prompt."""

    etag = True

    @extend_schema(
        operation_id="engines_vocabulary", tags=["generation"], responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request, name: str) -> Response:
        """Return an engine's own list of words, for suggestions; its form is the engine's."""
        return Response(vocabulary_of(name))


class PreflightView(ApiView):
    """The decision without the clip."""

    @extend_schema(
        operation_id="generations_preflight",
        tags=["generation"],
        request=GenerationRequestSerializer,
        responses=PreflightSerializer,
    )
    def post(self, request: Request) -> Response:
        """Decide as a real request would, at no cost."""
        found = preflight(by=user_of(request), request=_parsed(request))
        return Response(
            {
                "allowed": found.allowed,
                "reasons": found.reasons,
                "price": found.price,
                "balance": found.balance,
                "eta_seconds": found.eta_seconds,
                "needs_consent_of": found.needs_consent_of,
            }
        )


class GenerationsView(ApiView):
    """My jobs."""

    @property
    def rate(self) -> str | None:  # type: ignore[override]
        """Making clips has a rate of its own."""
        return "generate" if self.request.method == "POST" else None

    @extend_schema(
        operation_id="generations_list",
        tags=["generation"],
        parameters=[GenerationsQuerySerializer, *PAGE_PARAMETERS],
        responses=GenerationPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return my jobs, newest first."""
        query = GenerationsQuerySerializer(
            data={"state": s} if (s := request.query_params.get("state")) else {}
        )
        query.is_valid(raise_exception=True)
        page = page_of(
            jobs_of(user_of(request).pk).filter(**query.validated_data),
            request=request,
            keys=("created_at", "id"),
            context=f"generations:{user_of(request).pk}",
        )
        return Response(page.answer(answers))

    @extend_schema(
        operation_id="generations_create",
        tags=["generation"],
        request=GenerationRequestSerializer,
        responses={202: GenerationSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Queue a clip; progress and end arrive on the event stream."""
        job = submit(by=user_of(request), request=_parsed(request))
        return Response(answers([job])[0], status=202)


class GenerationView(ApiView):
    """One of my jobs."""

    etag = True

    @extend_schema(
        operation_id="generations_read", tags=["generation"], responses=GenerationSerializer
    )
    def get(self, request: Request, job_id: UUID) -> Response:
        """Return the job, its place in the queue and its clip once there is one.

        Raises:
            NotFound: I have no such job.
        """
        job = jobs_of(user_of(request).pk).filter(pk=job_id).first()
        if job is None:
            raise NotFound
        return Response(answers([job])[0])

    @extend_schema(
        operation_id="generations_cancel", tags=["generation"], responses=GenerationSerializer
    )
    def delete(self, request: Request, job_id: UUID) -> Response:
        """Cancel the job; one that has ended stays as it ended."""
        return Response(answers([cancel(job_id=job_id, by=user_of(request).pk)])[0])


class AppealsView(ApiView):
    """Refusals that I do not accept."""

    @property
    def rate(self) -> str | None:  # type: ignore[override]
        """A person reads each."""
        return "appeal" if self.request.method == "POST" else None

    @extend_schema(
        operation_id="generation_appeals_list",
        tags=["generation"],
        parameters=PAGE_PARAMETERS,
        responses=AppealPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return my appeals, newest first."""
        page = page_of(
            appeals_of(user_of(request).pk),
            request=request,
            keys=("created_at", "id"),
            context=f"appeals:{user_of(request).pk}",
        )
        return Response(page.answer(lambda rows: AppealSerializer(rows, many=True).data))

    @extend_schema(
        operation_id="generation_appeals_create",
        tags=["generation"],
        request=AppealRequestSerializer,
        responses={202: AppealSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Have a moderator look at a request that was refused; upheld, the clip is made."""
        body = AppealRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = appeal_request(
            by=user_of(request),
            request=GenerationRequestSerializer.request_of(body.validated_data["request"]),
            text=body.validated_data["text"],
        )
        return Response(AppealSerializer(made).data, status=202)


class GenerationAppealView(ApiView):
    """A clip of mine that was refused once it was drawn."""

    rate = "appeal"

    @extend_schema(
        operation_id="generations_appeal",
        tags=["generation"],
        request=AppealTextSerializer,
        responses={202: AppealSerializer},
    )
    @idempotent
    def post(self, request: Request, job_id: UUID) -> Response:
        """Have a moderator look at it; upheld, it is made again as a draft."""
        body = AppealTextSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = appeal_job(by=user_of(request), job_id=job_id, text=body.validated_data["text"])
        return Response(AppealSerializer(made).data, status=202)


class UploadsView(ApiView):
    """Pictures that my clips may begin from."""

    rate = "picture"
    parser_classes = (PictureParser,)

    @extend_schema(
        operation_id="uploads_create",
        tags=["generation"],
        request={"multipart/form-data": PictureRequestSerializer},
        responses={202: PictureUploadSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Send a picture; a worker looks whose faces are in it before a clip may begin from it."""
        upload = parsed(PictureRequestSerializer, request)["file"]
        picture = read_picture(upload.file, field="file")
        made = take_upload(by=user_of(request), picture=picture)
        return Response(PictureUploadSerializer(made).data, status=202)


class UploadView(ApiView):
    """One of my pictures; who is suspended may delete it too."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="uploads_read", tags=["generation"], responses=PictureUploadSerializer
    )
    def get(self, request: Request, upload_id: UUID) -> Response:
        """Return what was found of it; the picture itself is shown to nobody.

        Raises:
            UploadNotFound: I have no such upload.
        """
        upload = uploads_of(user_of(request).pk).filter(pk=upload_id).first()
        if upload is None:
            raise UploadNotFound
        return Response(PictureUploadSerializer(upload).data)

    @extend_schema(operation_id="uploads_delete", tags=["generation"], responses={204: None})
    def delete(self, request: Request, upload_id: UUID) -> Response:
        """Forget it; a job that has not begun from it yet ends."""
        delete_upload(upload_id=upload_id, by=user_of(request).pk)
        return Response(status=204)


def _parsed(request: Request) -> GenerationRequest:
    body = GenerationRequestSerializer(data=request.data)
    body.is_valid(raise_exception=True)
    return body.to_request()
