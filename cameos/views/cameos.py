"""Cameos and their terms: mine, and those of others that I may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import user_of
from cameos import selectors, services
from cameos.errors import CameoNotFound
from cameos.models import RESTRICTION_CHARACTERS_MAX
from cameos.policy.restrictions import rules
from cameos.serializers.cameos import (
    AccessPageSerializer,
    AccessRequestSerializer,
    AccessSerializer,
    CameoCardPageSerializer,
    CameoCardSerializer,
    CameoChangesSerializer,
    CameoListSerializer,
    CameoSerializer,
    RestrictionsSerializer,
    RevokedSerializer,
)
from core.api import ApiView, parsed
from core.cursors import PAGE_PARAMETERS, page_of
from core.idempotency import idempotent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.models import User
    from cameos.models import Cameo

_USABLE = {"allowed": "yes", "asked": "ask", "denied": "no"}
_DRY_RUN = OpenApiParameter("dry_run", bool, description="1: tell what it would touch, do nothing.")


class CameosView(ApiView):
    """My cameos."""

    @extend_schema(operation_id="cameos", tags=["cameos"], responses=CameoListSerializer)
    def get(self, request: Request) -> Response:
        """Return my cameos, protected faces and characters too, the newest first."""
        mine = selectors.with_portraits(selectors.cameos_of(user_of(request).pk))
        items = mine.select_related("owner").order_by("-created_at", "-pk")
        return Response({"items": CameoSerializer(items, many=True).data})


class SearchView(ApiView):
    """Cameos to put into a clip."""

    @extend_schema(
        operation_id="cameos_search",
        tags=["cameos"],
        parameters=[
            OpenApiParameter("q", str, description="Part of a handle or name; empty: all."),
            *PAGE_PARAMETERS,
        ],
        responses=CameoCardPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return the cameos that I may use or ask for, the newest first."""
        user, q = user_of(request), request.query_params.get("q", "").strip().removeprefix("@")[:60]
        found = selectors.usable_cameos(user)
        if q:
            found = found.filter(Q(handle__icontains=q) | Q(name__icontains=q))
        page = page_of(
            found,
            request=request,
            keys=("created_at", "id"),
            context=f"cameos:{user.pk}:{q}",
        )
        return Response(page.answer(lambda rows: cards(rows, viewer=user)))


class RestrictionsView(ApiView):
    """The restrictions that an owner can tick."""

    permission_classes = (AllowAny,)
    etag = True

    @extend_schema(
        operation_id="cameo_restrictions", tags=["cameos"], responses=RestrictionsSerializer
    )
    def get(self, request: Request) -> Response:
        """Return each tag and what it means; beside them owners write their own words."""
        items = [
            {"name": tag.name, "title": tag.title, "binds_picture": tag.nudity is not None}
            for tag in rules().tags.values()
        ]
        return Response(
            {
                "version": rules().version,
                "items": items,
                "text_max_characters": RESTRICTION_CHARACTERS_MAX,
            }
        )


class CameoView(ApiView):
    """One cameo."""

    etag = True

    def get_permissions(self) -> Sequence[Any]:
        """Let a suspended account take its consent back: that is nobody's favour."""
        return [IsAuthenticated()] if self.request.method == "DELETE" else super().get_permissions()

    @extend_schema(
        operation_id="cameo",
        tags=["cameos"],
        responses={
            200: OpenApiResponse(
                CameoSerializer, description="To its owner; others get what search gives them."
            )
        },
    )
    def get(self, request: Request, handle: str) -> Response:
        """Return my cameo with its terms, or somebody's with whether I may use it."""
        return _shown(handle, user_of(request))

    @extend_schema(
        operation_id="cameo_change",
        tags=["cameos"],
        request=CameoChangesSerializer,
        responses=CameoSerializer,
    )
    def patch(self, request: Request, handle: str) -> Response:
        """Change its name or terms; they bind every gate from this moment on."""
        changes = parsed(CameoChangesSerializer, request)
        services.change_terms(handle=handle, by=user_of(request), **changes)
        return _shown(handle, user_of(request))

    @extend_schema(operation_id="cameo_delete", tags=["cameos"], responses={204: None})
    def delete(self, request: Request, handle: str) -> Response:
        """Revoke it, as `POST …/revoke` does."""
        services.revoke(handle=handle, by=user_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class PortraitView(ApiView):
    """The picture that engines get."""

    @extend_schema(
        operation_id="cameo_portrait",
        tags=["cameos"],
        responses={(200, "image/jpeg"): bytes},
    )
    def get(self, request: Request, handle: str) -> HttpResponse:
        """Return my portrait as JPEG; nobody else gets it.

        Raises:
            CameoNotFound: I have no such cameo, or it has no portrait.
        """
        cameo = selectors.own_cameo(handle, owner_id=user_of(request).pk)
        portrait = services.open_portrait(cameo.pk)
        if portrait is None:
            raise CameoNotFound("This cameo has no portrait.")
        return HttpResponse(
            portrait, content_type="image/jpeg", headers={"Cache-Control": "private, no-store"}
        )


class RevokeView(ApiView):
    """The end of my cameo; a suspended account may take its consent back too."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="cameo_revoke",
        tags=["cameos"],
        parameters=[_DRY_RUN],
        request=None,
        responses=RevokedSerializer,
    )
    @idempotent
    def post(self, request: Request, handle: str) -> Response:
        """End it for good: clips with it are hidden, jobs cancelled, its key destroyed."""
        user = user_of(request)
        if request.query_params.get("dry_run", "").lower() in {"1", "true"}:
            reach = selectors.reach_of(selectors.own_cameo(handle, owner_id=user.pk))
        else:
            reach = services.revoke(handle=handle, by=user)
        told = {"reach": reach.counts(), "clips": selectors.listed(reach)}
        return Response(RevokedSerializer(told).data)


class AccessesView(ApiView):
    """The allow list and deny list of my cameo."""

    @extend_schema(
        operation_id="cameo_access_list",
        tags=["cameos"],
        parameters=PAGE_PARAMETERS,
        responses=AccessPageSerializer,
    )
    def get(self, request: Request, handle: str) -> Response:
        """Return who is on either list, the newest first."""
        cameo = selectors.own_cameo(handle, owner_id=user_of(request).pk)
        page = page_of(
            selectors.accesses_of(cameo),
            request=request,
            keys=("created_at", "id"),
            context=f"access:{cameo.pk}",
        )
        return Response(page.answer(lambda rows: AccessSerializer(rows, many=True).data))


class AccessView(ApiView):
    """One person on the lists of my cameo."""

    @extend_schema(
        operation_id="cameo_access_set",
        tags=["cameos"],
        request=AccessRequestSerializer,
        responses={204: None},
    )
    def put(self, request: Request, handle: str, username: str) -> Response:
        """Put them on the allow list or the deny list."""
        given = parsed(AccessRequestSerializer, request)
        services.set_access(handle=handle, by=user_of(request), username=username, **given)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="cameo_access_remove", tags=["cameos"], responses={204: None})
    def delete(self, request: Request, handle: str, username: str) -> Response:
        """Take them off both lists."""
        services.remove_access(handle=handle, by=user_of(request), username=username)
        return Response(status=status.HTTP_204_NO_CONTENT)


def cards(cameos: Sequence[Cameo], *, viewer: User) -> list[dict[str, Any]]:
    """Return cameos as others see them, each with whether the viewer may use it."""
    judged = services.judge(by=viewer.pk, cameo_ids=[cameo.pk for cameo in cameos], texts={})
    answers = {each.cameo_id: each for each in judged}
    return [
        dict(
            CameoCardSerializer(
                {
                    "handle": cameo.handle,
                    "kind": cameo.kind,
                    "name": cameo.name,
                    "owner": cameo.owner.username if cameo.owner else "",
                    "usable": _USABLE[answers[cameo.pk].outcome],
                    "reason": answers[cameo.pk].reason or None,
                }
            ).data
        )
        for cameo in cameos
    ]


def _shown(handle: str, viewer: User) -> Response:
    cameo = selectors.visible_cameo(handle, viewer=viewer)
    if cameo.owner_id != viewer.pk:
        return Response(cards([cameo], viewer=viewer)[0])
    return Response(CameoSerializer(selectors.with_portraits(selectors.same(cameo)).get()).data)
