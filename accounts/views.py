"""People and invites over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors, services
from accounts.errors import UserNotFound
from accounts.models import User
from accounts.permissions import user_of
from accounts.serializers import (
    AnswerSerializer,
    GrantsSerializer,
    GuardianListSerializer,
    GuardianRequestSerializer,
    GuardianSerializer,
    InviteListSerializer,
    InviteRequestSerializer,
    InviteSerializer,
    MeSerializer,
    NewInviteSerializer,
    ProfileChangesSerializer,
    UserSerializer,
    WaitlistRequestSerializer,
    WaitlistSerializer,
    WardListSerializer,
    WardSerializer,
)
from core.api import ApiView, parsed
from core.cursors import PAGE_PARAMETERS, page_of
from core.idempotency import idempotent


class MeView(ApiView):
    """Who I am."""

    etag = True

    @extend_schema(operation_id="me", tags=["accounts"], responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Return my profile."""
        return Response(_me(user_of(request)))

    @extend_schema(
        operation_id="me_update",
        tags=["accounts"],
        request=ProfileChangesSerializer,
        responses=MeSerializer,
    )
    def patch(self, request: Request) -> Response:
        """Change my display name or bio."""
        services.update_profile(
            user_id=user_of(request).pk, **parsed(ProfileChangesSerializer, request)
        )
        return Response(_me(user_of(request)))


class SessionsView(ApiView):
    """My sessions on every device; `/_allauth/app/v1/auth/sessions` lists them."""

    permission_classes = (IsAuthenticated,)  # a suspended person may log out too

    @extend_schema(operation_id="sessions_end", tags=["accounts"], responses={204: None})
    def delete(self, request: Request) -> Response:
        """Log me out everywhere."""
        services.end_sessions(user_id=user_of(request).pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class GuardiansView(ApiView):
    """Who looks after me, while I am under 18."""

    @property
    def rate(self) -> str | None:  # type: ignore[override]
        """Asking has a rate of its own."""
        return "guardian" if self.request.method == "POST" else None

    @extend_schema(
        operation_id="guardians",
        tags=["accounts"],
        parameters=PAGE_PARAMETERS,
        responses=GuardianListSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return my guardians, those I asked, and whether I may enrol my likeness."""
        me = user_of(request)
        page = page_of(
            selectors.guardians_of(me.pk),
            request=request,
            keys=("created_at", "id"),
            context=f"guardians:{me.pk}",
        )
        answer = page.answer(lambda rows: GuardianSerializer(rows, many=True).data)
        return Response({"likeness_standing": selectors.likeness_standing(me.pk), **answer})

    @extend_schema(
        operation_id="guardian_ask",
        tags=["accounts"],
        request=GuardianRequestSerializer,
        responses={201: GuardianSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Ask an adult to be my guardian; asking again while it is open changes nothing."""
        link = services.ask_guardian(
            ward=user_of(request), **parsed(GuardianRequestSerializer, request)
        )
        return Response(GuardianSerializer(link).data, status=status.HTTP_201_CREATED)


class GuardianView(ApiView):
    """One of my guardians."""

    permission_classes = (IsAuthenticated,)  # a suspended person may leave too

    @extend_schema(operation_id="guardian_end", tags=["accounts"], responses={204: None})
    def delete(self, request: Request, username: str) -> Response:
        """End it, and what they allowed."""
        services.leave_guardian(ward=user_of(request), username=username)
        return Response(status=status.HTTP_204_NO_CONTENT)


class WardsView(ApiView):
    """Whom I look after."""

    @extend_schema(
        operation_id="wards",
        tags=["accounts"],
        parameters=PAGE_PARAMETERS,
        responses=WardListSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return who asks me to be their guardian and whose guardian I am, newest first."""
        page = page_of(
            selectors.wards_of(user_of(request).pk),
            request=request,
            keys=("created_at", "id"),
            context=f"wards:{user_of(request).pk}",
        )
        return Response(page.answer(lambda rows: WardSerializer(rows, many=True).data))


class WardView(ApiView):
    """One who asks me, or whose guardian I am."""

    def get_permissions(self) -> list[Any]:
        """Let a suspended person leave, as they may log out."""
        if self.request.method == "DELETE":
            return [IsAuthenticated()]
        return [*super().get_permissions()]

    @extend_schema(
        operation_id="ward_answer",
        tags=["accounts"],
        request=AnswerSerializer,
        responses=WardSerializer,
    )
    def post(self, request: Request, username: str) -> Response:
        """Accept or decline; accepting allows nothing yet."""
        link = services.answer_ward(
            guardian=user_of(request), username=username, **parsed(AnswerSerializer, request)
        )
        return Response(WardSerializer(link).data)

    @extend_schema(
        operation_id="ward_grants",
        tags=["accounts"],
        request=GrantsSerializer,
        responses=WardSerializer,
    )
    def patch(self, request: Request, username: str) -> Response:
        """Say what they may do; taking it back pauses what was made by it."""
        link = services.set_grant(
            guardian=user_of(request), username=username, **parsed(GrantsSerializer, request)
        )
        return Response(WardSerializer(link).data)

    @extend_schema(operation_id="ward_end", tags=["accounts"], responses={204: None})
    def delete(self, request: Request, username: str) -> Response:
        """End it, and what I allowed."""
        services.leave_ward(guardian=user_of(request), username=username)
        return Response(status=status.HTTP_204_NO_CONTENT)


class InvitesView(ApiView):
    """My invites."""

    @extend_schema(
        operation_id="invites",
        tags=["accounts"],
        parameters=PAGE_PARAMETERS,
        responses=InviteListSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return my invites and who came by them, newest first; a code is never shown again."""
        page = page_of(
            selectors.invites_of(user_of(request).pk),
            request=request,
            keys=("created_at", "id"),
            context=f"invites:{user_of(request).pk}",
        )
        return Response(page.answer(lambda rows: InviteSerializer(rows, many=True).data))

    @extend_schema(
        operation_id="invite_create",
        tags=["accounts"],
        request=InviteRequestSerializer,
        responses={201: NewInviteSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Make an invite within my quota; its code is shown this once."""
        invite, code = services.create_invite(
            by=user_of(request).pk, **parsed(InviteRequestSerializer, request)
        )
        body = {**InviteSerializer(invite).data, "code": code}
        return Response(body, status=status.HTTP_201_CREATED)


class InviteView(ApiView):
    """One of my invites."""

    @extend_schema(operation_id="invite_revoke", tags=["accounts"], responses={204: None})
    def delete(self, request: Request, invite_id: UUID) -> Response:
        """Revoke it; who came by it stays."""
        services.revoke_invite(invite_id=invite_id, by=user_of(request).pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class WaitlistView(ApiView):
    """The queue of those without an invite."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    rate = "waitlist"

    @extend_schema(
        operation_id="waitlist_join",
        tags=["accounts"],
        request=WaitlistRequestSerializer,
        responses={202: WaitlistSerializer},
    )
    def post(self, request: Request) -> Response:
        """Join the waitlist; joining twice keeps the place."""
        position = services.join_waitlist(**parsed(WaitlistRequestSerializer, request))
        return Response({"position": position}, status=status.HTTP_202_ACCEPTED)


class UserView(ApiView):
    """Somebody's public profile."""

    etag = True

    @extend_schema(operation_id="user", tags=["accounts"], responses=UserSerializer)
    def get(self, request: Request, username: str) -> Response:
        """Return the profile and how it stands to me.

        Raises:
            UserNotFound: no such user, or one of us blocks the other.
        """
        visible = selectors.visible_users(request.user).filter(username=username.lower())
        user = selectors.profiles(visible).first()
        if user is None:
            raise UserNotFound
        relation = selectors.relation_of(request.user, [user.pk])[user.pk]
        return Response(UserSerializer(user, context={"relation": relation}).data)


class FollowView(ApiView):
    """My following somebody."""

    @extend_schema(operation_id="follow", tags=["accounts"], request=None, responses={204: None})
    def put(self, request: Request, username: str) -> Response:
        """Follow."""
        services.follow(follower=user_of(request), username=username)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="unfollow", tags=["accounts"], responses={204: None})
    def delete(self, request: Request, username: str) -> Response:
        """Stop following."""
        services.unfollow(follower=user_of(request), username=username)
        return Response(status=status.HTTP_204_NO_CONTENT)


class BlockView(ApiView):
    """My blocking somebody: we do not see each other anywhere."""

    @extend_schema(operation_id="block", tags=["accounts"], request=None, responses={204: None})
    def put(self, request: Request, username: str) -> Response:
        """Block."""
        services.block(blocker=user_of(request), username=username)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="unblock", tags=["accounts"], responses={204: None})
    def delete(self, request: Request, username: str) -> Response:
        """Lift my block."""
        services.unblock(blocker=user_of(request), username=username)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MuteView(ApiView):
    """My muting somebody: they stay out of my feeds and are not told."""

    @extend_schema(operation_id="mute", tags=["accounts"], request=None, responses={204: None})
    def put(self, request: Request, username: str) -> Response:
        """Mute."""
        services.mute(muter=user_of(request), username=username)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="unmute", tags=["accounts"], responses={204: None})
    def delete(self, request: Request, username: str) -> Response:
        """Lift my mute."""
        services.unmute(muter=user_of(request), username=username)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _me(user: User) -> dict[str, Any]:
    me = selectors.profiles(selectors.visible_users(user)).get(pk=user.pk)
    return dict(MeSerializer(me).data)
