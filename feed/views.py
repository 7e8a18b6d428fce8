"""Clips and the feed over HTTP."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponseRedirect
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ApiView, parsed
from core.cursors import PAGE_PARAMETERS, page_of
from core.idempotency import idempotent
from feed import selectors, services
from feed.models import Clip
from feed.schema import ClipCardSerializer, ClipPageSerializer, CredentialsSerializer
from feed.serializers import ClipChangesSerializer

MODES = ("latest", "following")


class FeedView(ApiView):
    """The vertical feed."""

    @extend_schema(
        operation_id="feed",
        tags=["feed"],
        parameters=[OpenApiParameter("mode", str, enum=MODES, default="latest"), *PAGE_PARAMETERS],
        responses=ClipPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return a page of the feed, newest first; a page never repeats or skips a clip."""
        mode = request.query_params.get("mode", "latest")
        clips = selectors.feed_clips(request.user, mode=mode)
        return _page(request, clips, by="published_at", name=f"feed:{mode}")


class DraftsView(ApiView):
    """My clips that were never published."""

    @extend_schema(
        operation_id="drafts",
        tags=["feed"],
        parameters=PAGE_PARAMETERS,
        responses=ClipPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return my drafts, newest first."""
        clips = selectors.drafts_of(request.user)
        return _page(request, clips, by="created_at", name="drafts")


class UserClipsView(ApiView):
    """Somebody's published clips."""

    @extend_schema(
        operation_id="user_clips",
        tags=["feed"],
        parameters=PAGE_PARAMETERS,
        responses=ClipPageSerializer,
    )
    def get(self, request: Request, username: str) -> Response:
        """Return the user's clips, newest first."""
        clips = selectors.clips_by(username, viewer=request.user)
        return _page(request, clips, by="published_at", name=f"clips:{username.lower()}")


class ClipView(ApiView):
    """One clip."""

    etag = True

    @extend_schema(operation_id="clip", tags=["feed"], responses=ClipCardSerializer)
    def get(self, request: Request, clip_id: UUID) -> Response:
        """Return the clip's card."""
        return Response(selectors.clip_card(clip_id, viewer=request.user))

    @extend_schema(
        operation_id="clip_update",
        tags=["feed"],
        request=ClipChangesSerializer,
        responses=ClipCardSerializer,
    )
    def patch(self, request: Request, clip_id: UUID) -> Response:
        """Change my clip's caption, or who may remix it from now on."""
        changes = parsed(ClipChangesSerializer, request)
        services.update_clip(clip_id=clip_id, by=request.user, **changes)
        return Response(selectors.clip_card(clip_id, viewer=request.user))

    @extend_schema(operation_id="clip_delete", tags=["feed"], responses={204: None})
    def delete(self, request: Request, clip_id: UUID) -> Response:
        """Delete my clip with its media; remixes of it keep the credit."""
        services.delete_clip(clip_id=clip_id, by=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class PublishView(ApiView):
    """Publishing a draft."""

    @extend_schema(
        operation_id="clip_publish", tags=["feed"], request=None, responses=ClipCardSerializer
    )
    @idempotent
    def post(self, request: Request, clip_id: UUID) -> Response:
        """Publish my draft; a published clip stays as it is."""
        services.publish_clip(clip_id=clip_id, by=request.user)
        return Response(selectors.clip_card(clip_id, viewer=request.user))


class LikeView(ApiView):
    """My liking a clip."""

    @extend_schema(operation_id="clip_like", tags=["feed"], request=None, responses={204: None})
    def put(self, request: Request, clip_id: UUID) -> Response:
        """Like the clip; twice counts once."""
        services.like_clip(clip_id=clip_id, by=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="clip_unlike", tags=["feed"], responses={204: None})
    def delete(self, request: Request, clip_id: UUID) -> Response:
        """Take my like back."""
        services.unlike_clip(clip_id=clip_id, by=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class DownloadView(ApiView):
    """The clip as a file."""

    @extend_schema(
        operation_id="clip_download",
        tags=["feed"],
        responses={302: OpenApiResponse(description="The signed address of the marked MP4.")},
    )
    def get(self, request: Request, clip_id: UUID) -> HttpResponseRedirect:
        """Redirect to the marked, signed MP4 as an attachment; there is no other file."""
        return HttpResponseRedirect(selectors.download_url(clip_id, viewer=request.user))


class CredentialsView(ApiView):
    """How a clip was made, for anybody who holds it."""

    permission_classes = (AllowAny,)
    etag = True

    @extend_schema(operation_id="clip_credentials", tags=["feed"], responses=CredentialsSerializer)
    def get(self, request: Request, clip_id: UUID) -> Response:
        """Return how, by whom and with what the clip was made, and which marks it carries."""
        return Response(selectors.credentials(clip_id, viewer=request.user))


def _page(request: Request, clips: QuerySet[Clip], *, by: str, name: str) -> Response:
    viewer = request.user
    page = page_of(
        selectors.for_cards(clips, viewer=viewer),
        request=request,
        keys=(by, "id"),
        context=f"{name}:{viewer.pk}",
    )
    return Response(page.answer(lambda rows: selectors.clip_cards(rows, viewer=viewer)))
