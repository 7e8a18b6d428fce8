"""An ASGI app on loopback, in a thread of its own."""

import threading
import time
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from config.local.sockets import free_port

DEADLINE_SECONDS = 10.0


class AppThread:
    """Serves what `make_app` makes, anew at every start; the port outlives a restart."""

    def __init__(self, make_app: Callable[[], ASGIApp]) -> None:
        self.port = free_port()
        self._make_app = make_app
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve, on the same port as before."""
        app = self._make_app()
        config = uvicorn.Config(app, port=self.port, log_config=None, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not self._server.started:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def stop(self) -> None:
        """Go away, as in a crash; connections are refused from now on. Twice is harmless."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(DEADLINE_SECONDS)
            assert not self._thread.is_alive()
