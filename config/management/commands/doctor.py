"""`manage.py doctor`: what is installed, what runs, what is weak, what is missing."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import redis
from django.conf import settings
from django.core import checks
from django.core.management.base import BaseCommand
from django.db import DatabaseError

from config.local.postgres import find_install
from config.local.state import LocalServiceError
from config.local.valkey import find_binary
from core.switches import thrown_rows
from generation.engines.reports import is_healthy
from perception.faces import PackError, read_pack
from transcode.ffmpeg import ffmpeg_executable

PACKAGES = (
    "django",
    "celery",
    "uvicorn",
    "c2pa-python",
    "av",
    "mujoco",
    "numba",
    "onnxruntime",
    "insightface",
)
Finding = tuple[str, str]  # ("ok" | "weak" | "missing" | "idle" | "thrown", text)


class Command(BaseCommand):
    """Prints one finding a line; the exit code is 1 when something is missing."""

    help = "Say what is installed, what runs, what is weak and what is missing."
    requires_system_checks = []

    def handle(self, **options: Any) -> None:
        """Print every finding.

        Raises:
            SystemExit: with code 1, something is missing.
        """
        findings = [*installed(), *running(), *checked()]
        for state, text in findings:
            self.stdout.write(f"{state:8}{text}")
        if any(state == "missing" for state, _ in findings):
            sys.exit(1)


def installed() -> Iterator[Finding]:
    """Say which programs and packages are here."""
    yield "ok", f"Python {platform.python_version()}"
    for name in PACKAGES:
        try:
            yield "ok", f"{name} {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:
            yield "missing", f"{name}: bin/run installs it"
    yield program("ffmpeg", ffmpeg_executable, "-version")
    yield face_pack()
    if not settings.DATABASE_URL or settings.INSTANCE:
        yield program("PostgreSQL", lambda: find_install() / "bin" / "postgres", "--version")
    if not settings.REDIS_URL or settings.INSTANCE:
        yield program("Valkey", find_binary, "--version")


def face_pack() -> Finding:
    """Say which models look at faces; `face_pack check` looks closer."""
    try:
        pack = read_pack(settings.FACE_PACK)
    except PackError as error:
        return "missing", f"face pack: {error}; `manage.py face_pack build` makes the default one"
    measured = "" if pack.thresholds else ", no thresholds"
    return "ok", f"face pack {pack.name} ({pack.licence}{measured}) {pack.sha256[:12]}"


def program(name: str, find: Callable[[], str | Path], option: str) -> Finding:
    """Say which version of a program answers."""
    try:
        argv = [str(find()), option]
        said = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=20)  # noqa: S603
    except (LocalServiceError, OSError, subprocess.SubprocessError) as error:
        return "missing", f"{name}: {error}"
    return "ok", said.stdout.partition("\n")[0]


def running() -> Iterator[Finding]:
    """Say which parts answer; an instance that does not run is no fault."""
    instance = settings.INSTANCE
    if instance is None and not settings.DATABASE_URL:
        yield "idle", f"nothing runs in {settings.STATE_DIR}; start it with bin/run"
        return
    if instance is not None:
        pids = ", ".join(f"{name} {pid}" for name, pid in sorted(instance.pids.items()))
        yield "ok", f"an instance runs at {instance.base_url} (processes: {pids})"
    yield answering("database", ask_database)
    yield from switches()
    yield answering("broker", ask_broker)
    for name in sorted(settings.ENGINES):
        yield answering(f"engine {name}", partial(ask_engine, name))


def switches() -> Iterator[Finding]:
    """Name each thrown crisis switch; a database that is away or not migrated yet has none."""
    try:
        for row in thrown_rows():
            yield "thrown", f"switch {row.name}: {row.reason} (by {row.set_by}, {row.set_at:%F %R})"
    except DatabaseError:
        return


def answering(name: str, ask: Callable[[], str]) -> Finding:
    """Say whether a service answers."""
    try:
        return "ok", f"{name} answers: {ask()}"
    except (OSError, ValueError, psycopg.Error, redis.RedisError) as error:
        return "missing", f"{name} does not answer: {str(error).strip()}"


def ask_database() -> str:
    """Return the server's version and the state of pgvector."""
    with psycopg.connect(settings.DATABASE_URL, connect_timeout=5) as connection:
        query = "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'"
        vector = connection.execute(query).fetchone()
        version = connection.info.server_version // 10_000
    return f"PostgreSQL {version}, pgvector {vector[0] if vector else 'not available'}"


def ask_broker() -> str:
    """Return the server's answer to PING."""
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5) as client:
        client.ping()
    return "PONG"


def ask_engine(name: str) -> str:
    """Return what the engine's health page says.

    Raises:
        OSError: it does not answer, or would not render.
    """
    if not is_healthy(name):
        raise OSError("no success at its health page")
    return "healthy"


def checked() -> Iterator[Finding]:
    """Say what Django's checks and ours find, those for production included."""
    for message in checks.run_checks(include_deployment_checks=True):
        if not message.is_silenced():
            hint = f" {message.hint}" if message.hint else ""
            # Our own checks name weak defaults, which only a production instance may not have.
            is_ours = (message.id or "").startswith("vignette.")
            is_fault = message.level >= checks.ERROR and (settings.PRODUCTION or not is_ours)
            state = "missing" if is_fault else "weak"
            yield state, f"{message.msg}{hint}".replace("\n", " ")
