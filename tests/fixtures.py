"""People and API clients for the tests of every app; `tests/conftest.py` loads this as a plugin."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django
import pytest

django.setup()  # `tests/conftest.py` has set the addresses that the settings read

from allauth.headless import app_settings  # noqa: E402
from allauth.usersessions.models import UserSession  # noqa: E402
from django.contrib.auth import login  # noqa: E402
from django.contrib.auth.models import AnonymousUser  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.test import RequestFactory  # noqa: E402
from django.utils import timezone  # noqa: E402
from rest_framework.test import APIClient  # noqa: E402

from accounts.models import User  # noqa: E402
from accounts.services import grant_role  # noqa: E402
from core import switches  # noqa: E402

PASSWORD = "correct-horse-battery-9"


@pytest.fixture(autouse=True)
def _cheap_people(request: pytest.FixtureRequest) -> None:
    """Hash passwords fast, which takes .3 s of a core, and list no static files for each client."""
    if "django_db_setup" in request.fixturenames:
        settings = request.getfixturevalue("settings")
        settings.WHITENOISE_AUTOREFRESH = True  # they are looked up when they are asked for
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _no_switch_is_thrown() -> None:
    """Start each test knowing that none is: its queries are its own. A change is read at once."""
    switches._known.hold(frozenset(), seconds=math.inf)


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    """Return a function that makes users: `make_user("ada")`, `make_user(is_staff=True)`."""
    count = 0

    def make(username: str = "", *, password: str | None = None, **fields: Any) -> User:
        nonlocal count
        count += 1
        name = username or f"user{count}"
        return User.objects.create_user(name, f"{name}@example.org", password, **fields)

    return make


@pytest.fixture
def make_moderator(make_user: Callable[..., User]) -> Callable[..., User]:
    """Return a function that makes moderators, as `manage.py staff` does."""

    def make(username: str = "moderator") -> User:
        return grant_role(username=make_user(username).username, role="moderator")

    return make


@pytest.fixture
def suspended_user(make_user: Callable[..., User]) -> User:
    """A user who may read but not write for a day."""
    return make_user("suspended", suspended_until=timezone.now() + timedelta(days=1))


@pytest.fixture
def api(db: None) -> APIClient:
    """A stranger's API client."""
    return APIClient(raise_request_exception=False)


@pytest.fixture
def client_of(db: None) -> Callable[[User], APIClient]:
    """Return a function that makes an API client with a real access token of the user."""

    def client(user: User) -> APIClient:
        signed_in = APIClient(raise_request_exception=False)
        signed_in.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens_of(user)['access_token']}")
        return signed_in

    return client


def tokens_of(user: User) -> dict[str, str]:
    """Log the user in as the login view does, and return the access and refresh token."""
    request = RequestFactory().post("/")
    request.session, request.user = SessionStore(), AnonymousUser()
    login(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
    UserSession.objects.create_from_request(request)
    payload: dict[str, str] = app_settings.TOKEN_STRATEGY.create_access_token_payload(request)
    request.session.save()
    return payload
