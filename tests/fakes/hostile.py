"""A server that is broken or hostile in one way: raw HTTP/1.1, so that nothing tidies it up."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Answer = Callable[[socket.socket], None]


@dataclass
class Hostile:
    """Answers each path by its own function, and keeps the request lines that it read."""

    answers: dict[str, Answer]  # by "METHOD /path", or by its beginning
    asked: list[str] = field(default_factory=list)
    sent_bytes: int = 0
    _listener: socket.socket = field(
        default_factory=lambda: socket.create_server(("127.0.0.1", 0), backlog=32)
    )

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        """Accept until the listener is closed."""
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def close(self) -> None:
        """Accept no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536)
            line = head.split(b"\r\n", 1)[0].decode().rsplit(" ", 1)[0]
            self.asked.append(line)
            found = max((p for p in self.answers if line.startswith(p)), key=len, default=None)
            if found is None:
                body(b"", status="404 Not Found")(connection)
            else:
                self.answers[found](connection)
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def hostile(**answers: Answer) -> Iterator[Hostile]:
    """Serve while the block runs: `POST`, `GET` and `content` are what is done wrongly."""
    paths = {"POST": "POST /v1/videos", "GET": "GET /v1/videos/", "DELETE": "DELETE /v1/videos/"}
    paths |= {"content": "GET /v1/videos/v1/content", "engines": "GET /v1/engines"}
    server = Hostile({paths[name]: answer for name, answer in answers.items()})
    threading.Thread(target=server.serve, daemon=True).start()
    try:
        yield server
    finally:
        server.close()


def said(document: object, *, status: str = "200 OK", headers: str = "") -> Answer:
    """Answer with a JSON document."""
    return body(json.dumps(document).encode(), status=status, headers=headers)


def body(data: bytes, *, status: str = "200 OK", headers: str = "") -> Answer:
    """Answer with bytes."""
    headers = f"Content-Length: {len(data)}\r\nConnection: close\r\n{headers}"
    head = f"HTTP/1.1 {status}\r\n{headers}\r\n".encode()
    return lambda connection: connection.sendall(head + data)


def video(status: str = "completed", **more: object) -> dict[str, object]:
    """A video object."""
    return {"id": "v1", "object": "video", "status": status, "progress": 50, **more}


def endless(start: bytes = b"", *, length: int | None = None) -> Answer:
    """Answer with a body that goes on for as long as somebody reads; says a length or none."""

    def answer(connection: socket.socket) -> None:
        said_length = f"Content-Length: {length}\r\n" if length else ""
        connection.sendall(f"HTTP/1.1 200 OK\r\n{said_length}\r\n".encode() + start)
        while True:
            connection.sendall(b"\0" * 65536)

    return answer


def dripping(start: bytes, *, pause_seconds: float = 0.05) -> Answer:
    """Answer with this beginning and then a byte at a time."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(start)
        for _ in range(int(120 / pause_seconds)):
            connection.sendall(b"a")
            time.sleep(pause_seconds)

    return answer


def redirect(to: str) -> Answer:
    """Answer that what was asked for is elsewhere."""
    return body(b"", status="302 Found", headers=f"Location: {to}\r\n")
