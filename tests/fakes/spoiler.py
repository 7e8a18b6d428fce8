"""A proxy that spoils what a server takes or answers: for tests of what should notice."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.fakes.serving import AppThread

METHODS = ["GET", "POST", "DELETE"]
HOP = {"content-length", "transfer-encoding", "connection", "host"}


@dataclass
class Exchange:
    """One request and, once it was passed on, its answer; both may be changed."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    status: int = 0
    answer: bytes = b""
    answer_headers: dict[str, str] = field(default_factory=dict)

    def edit(self, **changes: Any) -> None:
        """Change fields of a JSON answer."""
        self.answer = json.dumps({**json.loads(self.answer), **changes}).encode()

    def replace(self, status: int, body: Any) -> None:
        """Answer something else."""
        self.status, self.answer = status, json.dumps(body).encode()
        self.answer_headers = {"content-type": "application/json"}

    @property
    def fields(self) -> dict[str, Any]:
        """The request's JSON object; nothing of a form."""
        is_json = self.headers.get("content-type") == "application/json"
        fields: dict[str, Any] = json.loads(self.body) if is_json else {}
        return fields


Hook = Callable[[Exchange], None]


class Spoiler(AppThread):
    """The proxy; `before` sees a request, `after` an answer.

    A request that `before` gives a status is answered with it, and not passed on.
    """

    def __init__(self, url: str, before: Hook | None = None, after: Hook | None = None) -> None:
        super().__init__(self._app)
        self._before, self._after = before, after
        self._url = url

    def _app(self) -> Starlette:
        routes = [Route("/{path:path}", self._pass_on, methods=METHODS)]
        return Starlette(routes=routes, lifespan=self._connected)

    @asynccontextmanager
    async def _connected(self, _: Starlette) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=self._url, timeout=20) as self._http:
            yield

    async def _pass_on(self, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name not in HOP}
        exchange = Exchange(
            request.method,
            request.url.path,
            dict(request.query_params),
            headers,
            await request.body(),
        )
        if self._before:
            self._before(exchange)
        if not exchange.status:
            answer = await self._http.request(
                exchange.method,
                exchange.path,
                params=exchange.query,
                headers=exchange.headers,
                content=exchange.body,
            )
            exchange.status, exchange.answer = answer.status_code, answer.content
            exchange.answer_headers = {
                name: value for name, value in answer.headers.items() if name not in HOP
            }
        if self._after:
            self._after(exchange)
        return Response(exchange.answer, exchange.status, exchange.answer_headers)
