"""Access and refresh tokens: JWTs of a database session, the family of its refresh tokens.

RFC 9700 section 4.14.2: a refresh token works once; replaying one means that it was stolen or its
successor was, so the whole family is revoked.
"""

from __future__ import annotations

from allauth.headless.tokens.strategies.jwt import JWTTokenStrategy
from allauth.headless.tokens.strategies.jwt.internal import (
    decode_token,
    get_refresh_token_state,
    session_key_from_sid,
)
from django.contrib.sessions.models import Session
from django.db import transaction


class TokenStrategy(JWTTokenStrategy):  # type: ignore[misc]
    """Rotates refresh tokens one at a time and detects reuse."""

    def refresh_token(self, refresh_token: str) -> tuple[str, str] | None:
        """Return a new access and refresh token for an unused refresh token; None for any other.

        Calling twice with one token ends its session: both its successor and the access tokens
        stop working.
        """
        claims = decode_token(refresh_token, "refresh")
        if claims is None:
            return None
        key = session_key_from_sid(claims["sid"])
        with transaction.atomic():
            # The row lock makes one of two simultaneous refreshes the replay.
            if not key or not Session.objects.select_for_update().filter(pk=key).exists():
                return None
            session = self.lookup_session(key)
            if session is None:
                return None
            if claims["jti"] not in get_refresh_token_state(session):
                session.delete()
                return None
            pair: tuple[str, str] | None = super().refresh_token(refresh_token)
        return pair
