"""Two hundred clips of twenty people while the parts of the instance are killed, and without that.

    python -m benchmarks.chaos [--users 20] [--jobs 10] [--minutes 5] [--calm]

Every part is real: PostgreSQL, Valkey, the worker and the scene engine, each killed with SIGKILL
at random. At the end the jobs, the ledger, the events and the files are held against each other; a
difference ends the run with its assertion. `--calm` kills nothing and tells how good the estimates
were that people saw.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from tests.flows import chaos
from tests.instances import start_instance

HOUR_SECONDS = 3600.0


def main() -> None:
    """Run, check, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=10, help="of each")
    parser.add_argument("--minutes", type=float, default=5.0, help="during which parts are killed")
    parser.add_argument("--calm", action="store_true", help="kill nothing")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        Path(name).chmod(0o755)  # root's PostgreSQL is another user, who has to pass through
        instance = start_instance(Path(name) / "state")
        try:
            outcome = chaos.run(
                instance,
                users=options.users,
                jobs_each=options.jobs,
                kill_seconds=0.0 if options.calm else options.minutes * 60,
                limit_seconds=HOUR_SECONDS,
                seed=options.seed,
            )
            states = chaos.check(instance, outcome)
        finally:
            instance.stop()
    jobs = sum(states.values())
    print(f"{jobs} jobs of {options.users} people in {outcome.seconds:.0f} s: {states}")
    print(f"killed: {dict(outcome.killed) or 'nothing'}")
    print("each ended once, no clip twice, books right, holds closed, files and rows agree")
    errors = chaos.eta_errors(outcome)
    if errors:
        ninth = statistics.quantiles(errors, n=10)[-1]
        print(
            f"{len(errors)} estimates: off by {statistics.median(errors):.0%} at the median, "
            f"{ninth:.0%} at p90"
        )


if __name__ == "__main__":
    main()
