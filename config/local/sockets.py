"""Where the parts of an instance listen: short unix socket folders, TCP ports, URLs."""

from __future__ import annotations

import errno
import os
import re
import shutil
import socket
import tempfile
from pathlib import Path

from config.local.state import LocalServiceError

PATH_BYTES_MAX = 103  # of a unix socket: 107 on Linux, 103 on macOS and the BSDs
LONGEST_NAME = "/valkey/valkey.sock"
PREFIX = "vignette-"


def make_socket_base(state_dir: Path) -> Path:
    """Return a folder for socket folders: run/ of the state folder if that works, else a new one.

    It does not work where the path is too long for a unix socket or would need quoting in a URL,
    nor for root, whose PostgreSQL is another user that may be unable to enter the state folder.
    """
    base = state_dir / "run"
    is_short = len(os.fsencode(base)) + len(LONGEST_NAME) <= PATH_BYTES_MAX
    if is_short and os.getuid() != 0 and re.fullmatch(r"[\w/.-]+", str(base), re.ASCII):
        return base
    folder = "/tmp" if os.access("/tmp", os.W_OK | os.X_OK) else None  # noqa: S108 - short, then private
    base = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
    base.chmod(0o711)
    return base


def forget_sockets(base: Path) -> None:
    """Remove a folder that `make_socket_base` made; the state folder's own stays."""
    is_made = base.name.startswith(PREFIX) and base.is_dir() and not base.is_symlink()
    if is_made and base.stat().st_uid == os.getuid():
        shutil.rmtree(base, ignore_errors=True)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens for visitors.

    The supervisor holds it, so a restart of the web process delays visitors and refuses none.

    Raises:
        LocalServiceError: the address is not ours to take; the text says what to change.
    """
    if not 0 < port < 65536:
        raise LocalServiceError(f"--port {port} is no port; choose one from 1 to 65535")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise LocalServiceError(f"--host {host} is no address of this machine") from error
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        reason = {
            errno.EADDRINUSE: f"port {port} is in use; choose another with --port",
            errno.EACCES: f"port {port} needs more rights than we have; choose one above 1023",
            errno.EADDRNOTAVAIL: f"--host {host} is no address of this machine",
        }.get(error.errno or 0, f"cannot listen on {host} port {port}: {error.strerror}")
        raise LocalServiceError(reason) from error
    listener.listen(2048)
    return listener


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def url_of(host: str, port: int) -> str:
    """Return the address that a visitor on this machine types."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - a name, no bind
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
