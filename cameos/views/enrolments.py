"""Enrolling a face over HTTP: the consent, the challenge, the upload, the outcome."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import BinaryIO, cast
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import user_of
from cameos.errors import CaptureTypeRefused, LengthRequired, UnknownTusVersion
from cameos.policy.captures import TYPES, media_type
from cameos.policy.consent import PURPOSES, current_text
from cameos.selectors.enrolments import enrolment_answer, enrolment_of, enrolments_of
from cameos.serializers.enrolments import (
    ConsentSerializer,
    EnrolmentPageSerializer,
    EnrolmentRequestSerializer,
    EnrolmentSerializer,
)
from cameos.services.enrolment.enrolments import begin_enrolment, cancel_enrolment, submit_enrolment
from cameos.services.enrolment.uploads import Incoming, receive
from core.api import ApiView, parsed
from core.cursors import PAGE_PARAMETERS, page_of
from core.errors import InvalidField
from core.idempotency import idempotent

TUS_VERSION = "1.0.0"
TUS_TYPE = "application/offset+octet-stream"
_NUMBER = re.compile(r"[0-9]{1,18}")


class ConsentView(ApiView):
    """What one agrees to; for anybody."""

    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="cameo_consent", tags=["cameos"], auth=[], responses=ConsentSerializer
    )
    def get(self, request: Request) -> Response:
        """Return the current consent text and its purposes; each is agreed to by itself."""
        text = current_text()
        purposes = [
            {
                "name": each.name,
                "text": each.text,
                "required": each.required,
                "kinds": list(each.kinds),
            }
            for each in PURPOSES
        ]
        body = {"version": text.version, "sha256": text.sha256, "text": text.text}
        return Response({**body, "purposes": purposes})


class EnrolmentsView(ApiView):
    """My enrolments."""

    @property
    def rate(self) -> str | None:  # type: ignore[override]  # by the method
        """Let nobody collect challenges; reading is as free as elsewhere."""
        return "enrolment" if self.request.method == "POST" else None

    @extend_schema(
        operation_id="list_enrolments",
        tags=["cameos"],
        parameters=PAGE_PARAMETERS,
        responses=EnrolmentPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return my enrolments, the newest first."""
        user = user_of(request)
        page = page_of(
            enrolments_of(user.pk),
            request=request,
            keys=("created_at", "id"),
            context=f"enrolments:{user.pk}",
        )
        return Response(page.answer(lambda rows: [enrolment_answer(row) for row in rows]))

    @extend_schema(
        operation_id="begin_enrolment",
        tags=["cameos"],
        request=EnrolmentRequestSerializer,
        responses={201: EnrolmentSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Give my consent and get a challenge, good for one capture.

        The capture shows one face, mine, says the three digits in English and turns in the order
        given. Its upload must have begun when the challenge expires, 120 seconds later, with the
        length of the whole file said; it may go on until `deadline_at`. One enrolment at a time,
        five begun in a day and ten in a week. Where I have enrolled this kind before, the new
        likeness takes the place of the old one, if the face is the same.
        """
        given = parsed(EnrolmentRequestSerializer, request)
        enrolment = begin_enrolment(
            by=user_of(request),
            consent_version=given["consent_version"],
            purposes=given["purposes"],
            kind=given["kind"],
        )
        return Response(enrolment_answer(enrolment), status=HTTPStatus.CREATED)


class EnrolmentView(ApiView):
    """One of my enrolments."""

    etag = True

    @extend_schema(operation_id="get_enrolment", tags=["cameos"], responses=EnrolmentSerializer)
    def get(self, request: Request, enrolment_id: UUID) -> Response:
        """Return where my enrolment is, and why it did not become a cameo if it did not."""
        return Response(enrolment_answer(enrolment_of(user_of(request).pk, enrolment_id)))

    @extend_schema(operation_id="cancel_enrolment", tags=["cameos"], responses={204: None})
    def delete(self, request: Request, enrolment_id: UUID) -> Response:
        """End my enrolment and destroy what was uploaded; one that has ended stays as it is."""
        cancel_enrolment(by=user_of(request), enrolment_id=enrolment_id)
        return Response(status=HTTPStatus.NO_CONTENT)


class SubmitEnrolmentView(ApiView):
    """Handing in a capture."""

    rate = "enrolment"

    @extend_schema(
        operation_id="submit_enrolment",
        tags=["cameos"],
        request=None,
        responses={202: EnrolmentSerializer},
    )
    @idempotent
    def post(self, request: Request, enrolment_id: UUID) -> Response:
        """Have the uploaded capture checked; event `enrolment.finished` tells the outcome."""
        enrolment = submit_enrolment(by=user_of(request), enrolment_id=enrolment_id)
        return Response(enrolment_answer(enrolment), status=HTTPStatus.ACCEPTED)


_TUS = OpenApiParameter("Tus-Resumable", str, OpenApiParameter.HEADER, description="1.0.0")
_AT = OpenApiParameter(
    "Upload-Offset",
    int,
    OpenApiParameter.HEADER,
    required=True,
    description="At which byte of the capture the body begins: where the server is.",
)
_WHOLE = OpenApiParameter(
    "Upload-Length",
    int,
    OpenApiParameter.HEADER,
    description="How many bytes the whole capture has; with the first part.",
)
_STORED = OpenApiResponse(description="Stored; Upload-Offset says up to which byte.")


class CaptureView(ApiView):
    """The upload of a capture: the core of tus 1.0, or one PUT."""

    rate = "upload"
    http_method_names = ["head", "patch", "put", "options"]

    def head(self, request: Request, enrolment_id: UUID) -> Response:
        """Return in Upload-Offset at which byte the server is, and in Upload-Length of how many."""
        _check_version(request)
        enrolment = enrolment_of(user_of(request).pk, enrolment_id)
        headers = {"Upload-Offset": str(enrolment.received_bytes)}
        if enrolment.upload_bytes is not None:
            headers["Upload-Length"] = str(enrolment.upload_bytes)
        return _answer(HTTPStatus.OK, headers)

    @extend_schema(
        operation_id="upload_capture_part",
        tags=["cameos"],
        parameters=[_TUS, _AT, _WHOLE],
        request={TUS_TYPE: OpenApiTypes.BINARY},
        responses={204: _STORED},
    )
    def patch(self, request: Request, enrolment_id: UUID) -> Response:
        """Send the next bytes of the capture, as tus 1.0 does.

        The first part must come while the challenge is good, and says the length of the whole. HEAD
        tells where the server is, after a lost connection too. Of two parts for the same byte one
        is stored; the other gets 409 `offset_mismatch`.
        """
        enrolment_of(user_of(request).pk, enrolment_id)
        _check_version(request)
        _check_type(request, (TUS_TYPE,))
        incoming = Incoming(
            body=_body(request),
            length=_length(request),
            offset=_offset(request),
            total=_number(request, "Upload-Length"),
        )
        return _stored(request, enrolment_id, incoming)

    @extend_schema(
        operation_id="upload_capture",
        tags=["cameos"],
        request=dict.fromkeys(TYPES, OpenApiTypes.BINARY),
        responses={204: _STORED},
    )
    def put(self, request: Request, enrolment_id: UUID) -> Response:
        """Send the whole capture at once; should the connection break, go on by PATCH."""
        enrolment_of(user_of(request).pk, enrolment_id)
        kind = _check_type(request, tuple(TYPES))
        length = _length(request)
        incoming = Incoming(
            body=_body(request), length=length, offset=0, total=length, media_type=kind
        )
        return _stored(request, enrolment_id, incoming)


def _stored(request: Request, enrolment_id: UUID, incoming: Incoming) -> Response:
    at = receive(user_id=user_of(request).pk, enrolment_id=enrolment_id, incoming=incoming)
    return _answer(HTTPStatus.NO_CONTENT, {"Upload-Offset": str(at)})


def _answer(status: HTTPStatus, headers: dict[str, str]) -> Response:
    told = {"Tus-Resumable": TUS_VERSION, "Cache-Control": "no-store", **headers}
    return Response(status=status, headers=told)


def _check_version(request: Request) -> None:
    if request.headers.get("Tus-Resumable", TUS_VERSION) != TUS_VERSION:
        raise UnknownTusVersion(version=TUS_VERSION)


def _check_type(request: Request, types: tuple[str, ...]) -> str:
    """Return the body's type.

    Raises:
        CaptureTypeRefused: it is none of these.
    """
    found = media_type(request.content_type or "")
    if found not in types:
        raise CaptureTypeRefused(f"The Content-Type is one of {', '.join(types)}.", types=types)
    return found


def _offset(request: Request) -> int:
    """Return at which byte the body begins.

    Raises:
        InvalidField: it is not said.
    """
    offset = _number(request, "Upload-Offset")
    if offset is None:
        raise InvalidField("Say at which byte the part begins.", field="Upload-Offset")
    return offset


def _number(request: Request, header: str) -> int | None:
    text = request.headers.get(header)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise InvalidField("A whole number of bytes.", field=header)
    return int(text)


def _length(request: Request) -> int:
    """Return how long the body says it is.

    Raises:
        LengthRequired: it does not say.
    """
    length = _number(request, "Content-Length")
    if length is None or "Transfer-Encoding" in request.headers:
        raise LengthRequired
    return length


def _body(request: Request) -> BinaryIO:
    return cast("BinaryIO", request._request)  # the stream itself: no parser reads it
