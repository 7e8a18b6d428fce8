"""Who a request comes from: the bearer access token that allauth's JWT strategy issued."""

from __future__ import annotations

from typing import Any

from allauth.headless.contrib.rest_framework.authentication import JWTTokenAuthentication
from allauth.headless.tokens.strategies.jwt.internal import decode_token, session_key_from_sid
from django.contrib.sessions.models import Session
from django.db.models import Exists
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.exceptions import AuthenticationFailed

from accounts.models import User


class BearerAuthentication(JWTTokenAuthentication):  # type: ignore[misc]
    """Authenticates `Authorization: Bearer <access token>`."""

    def authenticate_credentials(self, key: str) -> tuple[User, dict[str, Any]]:
        """Return the user and the token's claims, by one query.

        Raises:
            AuthenticationFailed: forged or expired, its session was ended, or its account is gone
            or inactive.
        """
        user = user_of_token(key)
        if user is None:
            raise AuthenticationFailed("The access token is not valid.")
        return user


def user_of_token(token: str) -> tuple[User, dict[str, Any]] | None:
    """Return the user of an access token and its claims; None when it lets nobody in (any more)."""
    claims = decode_token(token, "access")
    if claims is None:
        return None
    session = Session.objects.filter(
        pk=session_key_from_sid(claims["sid"]), expire_date__gt=timezone.now()
    )
    user = User.objects.filter(Exists(session), pk=claims["sub"], is_active=True).first()
    return None if user is None else (user, claims)


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Names the scheme in the OpenAPI document."""

    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the OpenAPI security scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
