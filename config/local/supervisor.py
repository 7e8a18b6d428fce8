"""Run a whole instance from one process: services, web, engine, worker, beat.

One thread, one loop. Every child dies with this process (see `child.py`), every dead child is
started again, and all of them stop within five seconds.
"""

from __future__ import annotations

import http.client
import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import TextIO

from config.local import processes
from config.local.keeper import Kept, Role
from config.local.postgres import EmbeddedPostgres
from config.local.sockets import forget_sockets, free_port, listen, make_socket_base, url_of
from config.local.state import (
    Instance,
    LocalServiceError,
    exclusive,
    forget_record,
    read_record,
    write_record,
)
from config.local.valkey import EmbeddedValkey

CODE = Path(__file__).resolve().parents[2]
READY_SECONDS_MAX = 600.0  # a first start on a slow disk, or a long migration
QUICK_FAILURES_MAX = 8
QUICK_FAILURES_MAX_AT_START = 3  # nobody depends on us yet: say soon what is wrong
WORKER_THREADS = 4  # they wait for the engine and for ffmpeg; the work is done in those
LOG_BYTES_MAX = 20_000_000
LOG_LOOK_SECONDS = 10.0
# Who asks goes before who answers. The longest waits of the four steps add up to 4.2 s.
STOP_ORDER = (("web", "worker", "beat"), ("engine",), ("valkey",), ("postgres",))


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator asked for. An empty URL and no engines mean: the embedded ones."""

    state_dir: Path
    host: str
    port: int
    database_url: str = ""
    redis_url: str = ""
    has_engines: bool = False
    with_examples: bool = True


class Supervisor:
    """One instance on one state folder."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.state_dir = options.state_dir
        self.is_stopping = False
        self._kept: dict[str, Kept] = {}
        self._examples: subprocess.Popen[bytes] | None = None
        self._wake_reader, self._wake_writer = os.pipe()
        self._logs_looked_at = time.monotonic()
        self._invite_file = self.state_dir / "run" / "invite"

    def run(self) -> None:
        """Run until a signal asks us to stop, then stop everything.

        Raises:
            LocalServiceError: the instance cannot start, or a part of it cannot be kept running.
        """
        options = self.options
        with exclusive(self.state_dir), listen(options.host, options.port) as listener:
            self._handle_signals()
            self._forget_killed()
            self._instance = self._plan()
            try:
                self._start(listener)
                self._wait_until_ready()
                self._keep()
            except LocalServiceError:
                if not self.is_stopping:
                    raise
            finally:
                listener.close()  # refuse new visitors at once
                self._stop()

    # --- start

    def _forget_killed(self) -> None:
        """Remove what a killed supervisor of this state folder could not."""
        left = read_record(self.state_dir)
        if left is not None:
            forget_sockets(Path(left.socket_dir))
        self._invite_file.unlink(missing_ok=True)

    def _plan(self) -> Instance:
        """Choose the addresses; those of the embedded services follow when they run."""
        options = self.options
        return Instance(
            pid=os.getpid(),
            base_url=url_of(options.host, options.port),
            database_url=options.database_url,
            redis_url=options.redis_url,
            engine_url="" if options.has_engines else f"http://127.0.0.1:{free_port()}",
            socket_dir=str(make_socket_base(self.state_dir)),
        )

    def _start(self, listener: socket.socket) -> None:
        self._record()
        if not self.options.database_url:
            self._start_postgres()
        if not self.options.redis_url:
            self._start_valkey()
        self._record()  # the children read the addresses there
        say("starting the web process")
        fd = listener.fileno()
        arguments = ["-m", "config.local.web", str(fd), str(self._invite_file)]
        self._keep_python("web", arguments, stop_seconds=1.6, pass_fds=(fd,))
        if self._instance.engine_url:
            port = self._instance.engine_url.rpartition(":")[2]
            arguments = ["-m", "engine", "--engine", "scene", "--host", "127.0.0.1"]
            arguments += ["--port", port, "--state", str(self.state_dir / "engine")]
            self._keep_python("engine", arguments, stop_seconds=0.8)
        self._record()

    def _start_postgres(self) -> None:
        say("starting PostgreSQL")
        postgres = EmbeddedPostgres(
            cluster=self.state_dir / "postgres",
            socket_dir=Path(self._instance.socket_dir) / "pg",
            log=self._log("postgres"),
        )
        process = postgres.start(gives_up=lambda: self.is_stopping)
        self._kept["postgres"] = Kept(Role("postgres", postgres.spawn, signal.SIGINT, 1.2), process)
        self._instance = replace(self._instance, database_url=postgres.url)

    def _start_valkey(self) -> None:
        say("starting Valkey")
        valkey = EmbeddedValkey(
            data=self.state_dir / "valkey",
            socket_dir=Path(self._instance.socket_dir) / "valkey",
            log=self._log("valkey"),
        )
        process = valkey.start(gives_up=lambda: self.is_stopping)
        self._kept["valkey"] = Kept(Role("valkey", valkey.spawn, signal.SIGTERM, 0.6), process)
        self._instance = replace(self._instance, redis_url=valkey.url)

    def _start_queue(self) -> None:
        """Start worker and beat, which need the migrated tables."""
        celery = ["-m", "celery", "-A", "config"]
        worker = [*celery, "worker", "-P", "threads", "-c", str(WORKER_THREADS)]
        # One worker has nobody to gossip with.
        worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        self._keep_python("worker", worker, stop_seconds=1.6)
        schedule = str(self.state_dir / "run" / "beat-schedule")
        beat = [*celery, "beat", "--schedule", schedule, "--pidfile="]
        self._keep_python("beat", beat, stop_seconds=1.0)
        self._record()

    def _wait_until_ready(self) -> None:
        """Wait until the web process answers, start the queue, print the ready line.

        Raises:
            LocalServiceError: it does not answer within READY_SECONDS_MAX.
        """
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not answers(self.options.host, self.options.port):
            self._look(QUICK_FAILURES_MAX_AT_START)
            if self.is_stopping:
                return
            self._wait(0.02)
            if time.monotonic() > deadline:
                raise LocalServiceError(
                    f"no answer after {READY_SECONDS_MAX:.0f} s; see {self._log('web')}"
                )
        self._start_queue()
        invite = self._invite_file.read_text(encoding="ascii").strip()
        say(f"ready {self._instance.base_url}  invite: {invite}", file=sys.stdout)
        if self.options.with_examples:
            self._examples = self._spawn_python("examples", [str(CODE / "manage.py"), "examples"])

    # --- keep

    def _keep(self) -> None:
        while not self.is_stopping:
            self._look(QUICK_FAILURES_MAX)
            self._look_at_examples()
            self._cap_logs()
            is_one_down = any(kept.process is None for kept in self._kept.values())
            self._wait(0.02 if is_one_down else 1.0)

    def _look(self, quick_failures_max: int) -> None:
        """Start what died again.

        Raises:
            LocalServiceError: a part died so often right after its start that going on is no use.
        """
        for kept in self._kept.values():
            before = kept.process
            line = kept.look()
            if line is not None:
                say(line)
            if kept.process is not None and kept.process is not before:
                self._record()
            if kept.quick_failures >= quick_failures_max:
                log = self._log(kept.role.name)
                raise LocalServiceError(
                    f"{kept.role.name} does not stay up; giving up. The end of {log}:\n"
                    f"{processes.tail(log, lines=20)}"
                )

    def _look_at_examples(self) -> None:
        if self._examples is not None and self._examples.poll() is not None:
            if self._examples.returncode != 0:
                say(f"the example clips were not all made; see {self._log('examples')}")
            self._examples = None

    def _cap_logs(self) -> None:
        if time.monotonic() - self._logs_looked_at > LOG_LOOK_SECONDS:
            self._logs_looked_at = time.monotonic()
            for log in (self.state_dir / "logs").glob("*.log"):
                processes.cap_log(log, bytes_max=LOG_BYTES_MAX)

    def _wait(self, seconds: float) -> None:
        """Sleep until a signal comes, a child's end included, or `seconds` are over."""
        if select.select([self._wake_reader], [], [], seconds)[0]:
            os.read(self._wake_reader, 1024)

    # --- stop

    def _stop(self) -> None:
        """Stop everything in order; what does not stop in its time is killed."""
        say("stopping")
        if self._examples is not None:
            processes.kill_group(self._examples)
        for names in STOP_ORDER:
            group = [self._kept[name] for name in names if name in self._kept]
            for kept in group:
                kept.ask_to_stop()
            asked_at = time.monotonic()
            for kept in group:
                kept.wait_or_kill(deadline=asked_at + kept.role.stop_seconds)
        forget_sockets(Path(self._instance.socket_dir))
        forget_record(self.state_dir)

    def _handle_signals(self) -> None:
        os.set_blocking(self._wake_writer, False)
        signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_stop_signal)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)  # only to wake the loop

    def _on_stop_signal(self, number: int, frame: FrameType | None) -> None:
        self.is_stopping = True

    # --- helpers

    def _keep_python(
        self,
        name: str,
        arguments: list[str],
        *,
        stop_seconds: float,
        pass_fds: tuple[int, ...] = (),
    ) -> None:
        def spawn() -> subprocess.Popen[bytes]:
            return self._spawn_python(name, arguments, pass_fds=pass_fds)

        self._kept[name] = Kept(Role(name, spawn, signal.SIGTERM, stop_seconds), spawn())

    def _spawn_python(
        self, name: str, arguments: list[str], *, pass_fds: tuple[int, ...] = ()
    ) -> subprocess.Popen[bytes]:
        return processes.spawn(
            [sys.executable, *arguments],
            log=self._log(name),
            # The addresses are not in it: children find them in the instance's record, as every
            # other command does, and an embedded default stays visible as one.
            env=os.environ | {"VIGNETTE_STATE": str(self.state_dir), "PYTHONUNBUFFERED": "1"},
            cwd=CODE,
            pass_fds=pass_fds,
        )

    def _log(self, name: str) -> Path:
        return self.state_dir / "logs" / f"{name}.log"

    def _record(self) -> None:
        pids = {name: kept.process.pid for name, kept in self._kept.items() if kept.process}
        write_record(self.state_dir, replace(self._instance, pids=pids))


def answers(host: str, port: int) -> bool:
    """Tell whether the instance answers a real request that needs its database and broker.

    A redirect to HTTPS or a refusal of our host name is an answer too; that is the operator's will.
    The supervisor's own socket takes the connection long before the web process does, so this
    waits a moment for the answer instead of asking again and again.
    """
    address = url_of(host, port).removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=0.25)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def say(line: str, *, file: TextIO | None = None) -> None:
    """Print a line for the operator at once; a closed terminal does not stop an instance."""
    with suppress(OSError):
        print(line, file=file or sys.stderr, flush=True)
