"""Who may use the API at all; what exactly may be done is decided by the services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request

from accounts.errors import AccountSuspended
from accounts.models import User

if TYPE_CHECKING:  # DRF's views read their default permissions, this module, while they load
    from rest_framework.views import APIView


def user_of(request: Request) -> User:
    """Return who is signed in, for views behind the default permission.

    Raises:
        NotAuthenticated: nobody is.
    """
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


class IsInGoodStanding(IsAuthenticated):
    """Signed in, and not suspended where something is written: the API's default."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether the request may reach the view.

        Raises:
            AccountSuspended: a suspended account writes.
        """
        if not super().has_permission(request, view):
            return False
        user = user_of(request)
        if request.method not in SAFE_METHODS and user.is_suspended:
            raise AccountSuspended(until=user.suspended_until)
        return True
