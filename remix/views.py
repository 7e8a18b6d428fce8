"""The lineage over HTTP."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ApiView
from core.cursors import PAGE_PARAMETERS, page_of
from feed.schema import ClipPageSerializer
from feed.selectors import clip_cards, for_cards
from remix.selectors import lineage, remixes_of
from remix.serializers import LineageSerializer


class LineageView(ApiView):
    """Where a clip came from."""

    etag = True

    @extend_schema(operation_id="clip_lineage", tags=["remix"], responses=LineageSerializer)
    def get(self, request: Request, clip_id: UUID) -> Response:
        """Return the clip's ancestors and newest remixes, with the kind of each step."""
        return Response(lineage(clip_id, viewer=request.user))


class RemixesView(ApiView):
    """What was made from a clip."""

    @extend_schema(
        operation_id="clip_remixes",
        tags=["remix"],
        parameters=PAGE_PARAMETERS,
        responses=ClipPageSerializer,
    )
    def get(self, request: Request, clip_id: UUID) -> Response:
        """Return the published remixes made directly from the clip, newest first."""
        viewer = request.user
        page = page_of(
            for_cards(remixes_of(clip_id, viewer=viewer), viewer=viewer),
            request=request,
            keys=("published_at", "id"),
            context=f"remixes:{clip_id}:{viewer.pk}",
        )
        return Response(page.answer(lambda rows: clip_cards(rows, viewer=viewer)))
