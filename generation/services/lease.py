"""Who works on a job: one worker at a time, for as long as it shows that it lives."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from django.db import Error, connection, transaction
from django.db.models.functions import Coalesce, Now

from core.locks import hold
from core.switches import GENERATION, READ_ONLY, engine_switch, is_thrown
from credits.selectors import budget_is_spent
from generation.errors import GenerationHalted, LeaseLost, WorkerStopping
from generation.models import Job
from generation.selectors.queue import load_queue
from generation.services.moves import move
from generation.services.shares import count_start
from generation.states import HELD, State
from generation.wake import wake_on_commit

LEASE = timedelta(seconds=30)
RENEW_SECONDS = 5.0
LOOK_SECONDS = 1.0  # between two looks at the switches
CLAIMS_MAX = 8  # a job that brought down this many workers is not given to another
_log = logging.getLogger(__name__)

_stopping = threading.Event()
_kept: set[Lease] = set()  # of this process


class Lease:
    """This worker's hold on one job, renewed by a thread of its own."""

    def __init__(self, job: Job) -> None:
        self._held = Job.objects.filter(pk=job.pk, fence=job.fence, state__in=HELD)
        self._engine = job.engine
        self.ended = threading.Event()  # lost, halted, or this process ends: stop what takes long
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{job.pk}", daemon=True)

    def check(self) -> None:
        """Go on only while the job is ours.

        Raises:
            LeaseLost: another has it, or it has ended.
            WorkerStopping: this process is ending.
            GenerationHalted: a switch is thrown.
        """
        if _stopping.is_set():
            raise WorkerStopping
        if is_halted(self._engine):
            raise GenerationHalted
        if self.ended.is_set():
            raise LeaseLost

    def wait(self, seconds: float) -> None:
        """Pause, but end the pause with the hold.

        Raises:
            LeaseLost: another has it, or it has ended.
            WorkerStopping: this process is ending.
            GenerationHalted: a switch is thrown.
        """
        self.ended.wait(seconds)
        self.check()

    def start(self) -> None:
        """Begin to renew."""
        _kept.add(self)
        self._thread.start()
        if _stopping.is_set():
            self.ended.set()

    def stop(self) -> None:
        """Renew no more; the row keeps its last lease."""
        _kept.discard(self)
        self._done.set()
        self._thread.join()

    def _keep(self) -> None:
        renewed = time.monotonic()
        try:
            while not self._done.wait(LOOK_SECONDS):
                if is_halted(self._engine):
                    self.ended.set()
                if time.monotonic() - renewed < RENEW_SECONDS:
                    continue
                try:
                    if not self._held.update(lease_until=Now() + LEASE):
                        self.ended.set()
                        return
                    renewed = time.monotonic()
                except Error as error:  # PostgreSQL restarts: the lease holds until its time is up
                    _log.warning("a lease is not renewed: %s", error)
                    connection.close()
                    if time.monotonic() - renewed > LEASE.total_seconds():
                        self.ended.set()
                        return
        finally:
            connection.close()


def is_halted(engine: str) -> bool:
    """Say whether a switch stops what an engine draws: all of it, or this engine's."""
    return is_thrown(GENERATION) or is_thrown(engine_switch(engine))


def stop_working() -> None:
    """Let every job of this process go back to the queue; it takes no other. For its end."""
    _stopping.set()
    for lease in tuple(_kept):
        lease.ended.set()


@contextmanager
def lease_kept(job: Job) -> Iterator[Lease]:
    """Renew the job's lease inside the block."""
    lease = Lease(job)
    lease.start()
    try:
        yield lease
    finally:
        lease.stop()


def claim(*, job_id: UUID) -> Job | None:
    """Take a waiting job for this worker, with a lease of 30 s and a new fence.

    Returns:
        The job in `rendering`; None when it is done, cancelled or held by another, or when the free
        slots of its engine belong to jobs before it.
    """
    with transaction.atomic():
        job = Job.objects.filter(pk=job_id, state=State.QUEUED).first()
        if job is None or _stopping.is_set():
            return None
        hold(f"generation.slots:{job.engine}")
        queue = load_queue(job.engine, waiting=Job.objects.may_start())
        turn = next((t for t in queue.startable() if t.waiting.job == job.pk), None)
        if turn is None or is_halted(job.engine) or is_thrown(READ_ONLY) or budget_is_spent():
            return None
        try:
            move(
                job,
                State.RENDERING,
                fence=job.fence + 1,
                lease_until=Now() + LEASE,
                worker=f"{_host()}{os.getpid()}",
                started_at=Coalesce("started_at", Now()),
            )
        except LeaseLost:  # cancelled in this moment
            return None
        count_start(queue, turn, engine=job.engine)
        return job


def give_back(job: Job, *, wake: bool) -> bool:
    """Put a held job back into the queue, keeping what is finished of it.

    Args:
        job: as this worker knows it.
        wake: whether to call a worker now rather than to wait for the sweep.

    Returns:
        False when the job is no longer this worker's, which is fine.
    """
    with transaction.atomic():
        current = Job.objects.filter(pk=job.pk, fence=job.fence, state__in=HELD).first()
        if current is None:
            return False
        try:
            move(current, State.QUEUED, lease_until=None)
        except LeaseLost:
            return False
        if wake:
            wake_on_commit(current.pk)
    return True


def end_leases_of_the_dead() -> int:
    """End the leases of this machine's processes that are gone, and return how many.

    For a worker that starts: its predecessor's jobs need not wait for their leases to run out.
    Should a process id be somebody else's by now, the job waits for its lease as it would anyway.
    """
    ended = 0
    for job in Job.objects.filter(state__in=HELD, worker__startswith=_host()):
        if not _is_alive(int(job.worker.removeprefix(_host()))):
            held = Job.objects.filter(pk=job.pk, fence=job.fence, state__in=HELD)
            ended += held.update(lease_until=Now())
    return ended


def lock_user_jobs(user_id: UUID) -> None:
    """Let one request of a user at a time count and add jobs, until the transaction ends."""
    hold(f"generation.user:{user_id}")


def _host() -> str:
    return f"{socket.gethostname()}:"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
