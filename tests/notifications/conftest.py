"""Fixtures of the event streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from accounts.models import User
from tests.fixtures import tokens_of
from tests.notifications.live import SseClient, asgi_server


@pytest.fixture
def address(transactional_db: None) -> Iterator[str]:
    """Where the event streams answer."""
    with asgi_server() as host_port:
        yield host_port


@pytest.fixture
def sse(address: str) -> Iterator[Callable[[User], SseClient]]:
    """Return a function that makes stream clients of a user."""
    made: list[SseClient] = []

    def client(user: User) -> SseClient:
        made.append(SseClient(address, tokens_of(user)["access_token"]))
        return made[-1]

    yield client
    for one in made:
        one.cut()
