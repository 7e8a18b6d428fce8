"""Run one function many times at once against PostgreSQL, and collect what came of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

THREADS_MAX = 20  # under the connection pool's 24


def race(function: Callable[[int], Any], *, times: int) -> list[Any]:
    """Return `function(i)` for each i below `times`, run by threads that start together."""
    threads = min(times, THREADS_MAX)
    barrier = Barrier(threads)

    def run(index: int) -> Any:
        if index < threads:
            barrier.wait(timeout=10)
        try:
            return function(index)
        finally:
            connection.close()  # hands it back to the pool: the test database is dropped later

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(times)))
