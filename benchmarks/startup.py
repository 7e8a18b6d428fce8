"""Time to "ready": from nothing and on existing state, beside what the parts cost by themselves.

`python benchmarks/startup.py [--runs N]` prints medians in seconds, and ratios to two references of
the same run: initdb plus a first answer of PostgreSQL, and a bare `django.setup()`.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from config.local.postgres import EmbeddedPostgres  # noqa: E402 - the path comes first
from tests.instances import start_instance  # noqa: E402

SETUP = "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'; import django; "


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="measurements of each kind")
    runs = parser.parse_args().runs
    cold: list[float] = []
    warm: list[float] = []
    stop, database, framework = [], [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="vignette-bench-", dir="/tmp") as name:
            folder = Path(name)
            folder.chmod(0o755)
            for seconds in (cold, warm):
                instance = start_instance(folder / "state")
                seconds.append(instance.seconds_to_ready)
                stop.append(instance.stop())
            database.append(timed(partial(first_answer, folder / "alone")))
            framework.append(timed(django_setup))
    reference = statistics.median(database) + statistics.median(framework)
    print(f"PostgreSQL alone: initdb to first answer  {statistics.median(database):6.2f} s")
    print(f"django.setup() alone                      {statistics.median(framework):6.2f} s")
    for name, seconds in (("from nothing", cold), ("existing state", warm), ("stop", stop)):
        median = statistics.median(seconds)
        print(f"{name:<42}{median:6.2f} s  {median / reference:5.2f} x both references")


def first_answer(folder: Path) -> None:
    """Make a cluster and start it until it answers, then stop it."""
    server = EmbeddedPostgres(
        cluster=folder / "postgres", socket_dir=folder / "s", log=folder / "postgres.log"
    )
    server.start()
    server.stop()


def django_setup() -> None:
    """Load every app in a fresh interpreter."""
    subprocess.run([sys.executable, "-c", f"{SETUP}django.setup()"], cwd=ROOT, check=True)  # noqa: S603


def timed(action: Callable[[], None]) -> float:
    """Return the seconds that an action takes."""
    started_at = time.perf_counter()
    action()
    return time.perf_counter() - started_at


if __name__ == "__main__":
    main()
