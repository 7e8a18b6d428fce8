"""Verification in a child process that can do little and does not live long.

Demuxers and decoders are large programs in C that read bytes of strangers. The child that runs
them inherits no environment, no open file and no standard input; it may use so much memory and
time, and write no file; where the kernel lets it, it has no network. It hands back a report of
bounded size, which is read as if it were hostile too. Whatever happens to it, its whole process
group is ended and the caller gets a report.
"""

from __future__ import annotations

import json
import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, NamedTuple

from perception.liveness.challenge import Challenge
from perception.liveness.report import MAX_ANSWER_BYTES, BadAnswer, CaptureReport, failed, of_bytes

log = logging.getLogger(__name__)

ROOT: Final = Path(__file__).resolve().parents[2]  # the child imports our packages from there
CHILD: Final = ("-s", "-E", "-B", "-m", "perception.liveness")
_LAST_WORDS_BYTES = 4096
# All that Python and the libraries need of an environment. One thread each: they work in turns.
_ENVIRONMENT: Final = {
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What a child may use; what it does beyond them ends it."""

    seconds: float = 90.0  # wall time
    cpu_seconds: int = 90
    memory_bytes: int = 3 * 1024**3  # of address space, libraries included
    written_bytes: int = 0  # size of any file that it writes
    open_files: int = 64


class _Ended(NamedTuple):
    answer: bytes
    last_words: str
    why: str  # empty: the child wrote what it had to say and left


def verify_sandboxed(
    path: Path, challenge: Challenge, *, pack: Path, limits: SandboxLimits | None = None
) -> CaptureReport:
    """Verify a capture as `verify_capture` does, in a child process that is ended afterwards.

    A crash of the child, too much memory or time, or an answer that makes no sense are reported as
    "verification_failed"; the log says what happened. Takes 2 s longer, for the models are loaded
    each time. Safe from several threads and processes at once.

    Args:
        path: the capture.
        challenge: what its maker was asked to do.
        pack: the folder of face models.
        limits: of the child.
    """
    limits = limits or SandboxLimits()
    request = json.dumps(
        {
            "path": str(path.resolve()),
            "pack": str(pack.resolve()),
            "challenge": challenge.as_json(),
            "limits": asdict(limits),
            "parent": os.getpid(),
        }
    )
    try:
        ended = _run([*CHILD, request], limits)
    except OSError as error:  # no process or pipe to be had just now
        log.exception("the verification could not be started")
        return failed(f"not started: {error}")
    if not ended.why:
        try:
            return of_bytes(ended.answer)
        except BadAnswer as error:
            ended = ended._replace(why=str(error))
    log.error("verification failed: %s; last words: %s", ended.why, ended.last_words)
    return failed(ended.why)


def _run(arguments: list[str], limits: SandboxLimits) -> _Ended:
    process = subprocess.Popen(  # noqa: S603 no shell; the arguments are made here
        [sys.executable, *arguments],
        cwd=ROOT,
        env=_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        close_fds=True,
        start_new_session=True,
    )
    try:
        answer, last_words, why = _listen(process, time.monotonic() + limits.seconds)
    finally:
        # Not reaped yet, so that the number is still this group's and nobody else's.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    if not why and not answer:
        why = f"the child ended with {process.returncode} and said nothing"
    return _Ended(answer, last_words, why)


def _listen(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, str, str]:
    """Read both pipes to their end, the deadline, or the most that an answer may be."""
    answer, words = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for pipe, kept in ((process.stdout, answer), (process.stderr, words)):
            if pipe is not None:
                selector.register(pipe, selectors.EVENT_READ, kept)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                return b"", _tail(words), "out of time"
            for key, _ in selector.select(left):
                if not (chunk := os.read(key.fd, 65536)):
                    selector.unregister(key.fileobj)
                key.data.extend(chunk)
            if len(answer) > MAX_ANSWER_BYTES:
                return b"", _tail(words), "an answer without end"
            del words[:-_LAST_WORDS_BYTES]
    return bytes(answer), _tail(words), ""


def _tail(words: bytearray) -> str:
    return words[-_LAST_WORDS_BYTES:].decode(errors="replace").strip()
