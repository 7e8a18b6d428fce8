"""A small HTTP server that webhooks are sent to, and that misbehaves as it is told."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)


class Receiver:
    """Keeps what came in `received`; answers with `answers`, one after the other, then 204.

    An answer is a status; "drop": the connection is closed; "hang": nothing comes until
    `may_answer` is set; "flood": 200 and a body without end; "redirect": 307 to another path.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: list[int | str] = []
        self.may_answer = threading.Event()
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._answer(self)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook?team=7"

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["content-length"]))
        headers = {name.lower(): value for name, value in request.headers.items()}
        with self._lock:
            self.received.append(Received(request.path, headers, body))
            answer = self.answers.pop(0) if self.answers else 204
        if answer == "drop":
            request.close_connection = True
            return
        if answer == "hang":
            self.may_answer.wait(20)
        request.send_response({"redirect": 307, "flood": 200, "hang": 204}.get(answer, answer))
        if answer == "redirect":
            request.send_header("location", "/elsewhere")
        request.end_headers()
        with suppress(OSError):  # nobody listens to the end
            while answer == "flood":
                request.wfile.write(b"x" * 65536)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Receive while the block runs."""
    receiver = Receiver()
    thread = threading.Thread(target=receiver._server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.may_answer.set()
        receiver._server.shutdown()
        receiver._server.server_close()
        thread.join()
