"""The state folder: who runs there, and where the parts of the running instance answer.

Pure and light: `config.settings` reads it at every start of every command.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

LOCK_SECONDS_MAX = 1.0  # a command that looks whether we run holds the lock for microseconds


class LocalServiceError(RuntimeError):
    """An embedded service or the state folder is not usable; the text is for the operator."""


@dataclass(frozen=True, slots=True)
class Instance:
    """Where a running instance answers. URLs are as the environment variables of the same name."""

    pid: int
    base_url: str
    database_url: str
    redis_url: str
    engine_url: str
    socket_dir: str
    pids: Mapping[str, int] = field(default_factory=dict)


def running_instance(state_dir: Path) -> Instance | None:
    """Return the instance that runs on this state folder now, or None when nothing runs there.

    The supervisor's lock is the truth, so a record left by a killed supervisor is never believed.
    """
    try:
        lock = os.open(_lock_path(state_dir), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return read_record(state_dir)
    finally:
        os.close(lock)
    return None


def read_record(state_dir: Path) -> Instance | None:
    """Return the last written record, whether its supervisor lives or not."""
    try:
        return Instance(**json.loads(_record_path(state_dir).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_record(state_dir: Path, instance: Instance) -> None:
    """Replace the record in one step; a reader sees the old one or the new one."""
    draft = _record_path(state_dir).with_suffix(".new")
    draft.touch(mode=0o600)  # the address of an external database carries its password
    draft.write_text(json.dumps(asdict(instance), indent=1), encoding="utf-8")
    draft.replace(_record_path(state_dir))


def forget_record(state_dir: Path) -> None:
    """Remove the record; fine when there is none."""
    with suppress(FileNotFoundError):
        _record_path(state_dir).unlink()


@contextmanager
def exclusive(state_dir: Path) -> Iterator[None]:
    """Hold the state folder for this process; the lock goes when the process does, kill -9 too.

    Raises:
        LocalServiceError: another process holds it, or the folder cannot be made or written.
    """
    try:
        _lock_path(state_dir).parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(_lock_path(state_dir), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LocalServiceError(f"cannot use {state_dir}: {error.strerror}") from error
    try:
        _lock(lock, state_dir)
        yield
    finally:
        os.close(lock)


def _lock(lock: int, state_dir: Path) -> None:
    deadline = time.monotonic() + LOCK_SECONDS_MAX
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < deadline:
                time.sleep(0.02)
                continue
            other = read_record(state_dir)
            where = f" at {other.base_url} (process {other.pid})" if other else ""
            raise LocalServiceError(
                f"an instance already runs in {state_dir}{where}; stop it first, "
                "or choose another folder with --state"
            ) from None
        return


def _lock_path(state_dir: Path) -> Path:
    return state_dir / "run" / "lock"


def _record_path(state_dir: Path) -> Path:
    return state_dir / "run" / "instance.json"
