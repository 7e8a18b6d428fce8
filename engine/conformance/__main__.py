"""`python -m engine.conformance URL`: put a server of `/v1/videos` through the checks."""

import argparse
import re
import sys
from collections import Counter
from dataclasses import replace

from engine.conformance.habits import HABITS
from engine.conformance.session import Options
from engine.conformance.suite import run


def main() -> None:
    """Print one line for every check; exits with 1 when one failed."""
    options, only = _options()
    pattern = re.compile(only)
    counted: Counter[str] = Counter()
    for outcome in run(options, lambda sentence: pattern.search(sentence) is not None):
        counted[outcome.verdict] += 1
        print(outcome, flush=True)  # noqa: T201
    print(", ".join(f"{count} {verdict}" for verdict, count in counted.items()))  # noqa: T201
    sys.exit(1 if counted["FAILED"] else 0)


def _options() -> tuple[Options, str]:
    parser = argparse.ArgumentParser(prog="python -m engine.conformance", description=main.__doc__)
    parser.add_argument("url", help="where the server listens, with or without /v1")
    parser.add_argument("--key", help="its bearer key")
    parser.add_argument("--dialect", choices=HABITS, default="vignette")
    parser.add_argument("--size", metavar="WxH", help="of the videos that are made")
    parser.add_argument("--seconds", type=int, metavar="N", help="their length")
    parser.add_argument("--model", help="what requests name; by default nothing, or the first")
    parser.add_argument("--silent", action="store_true", help="its model makes no sound")
    parser.add_argument("--wait", type=float, default=900, help="seconds that a video may take")
    parser.add_argument("--only", metavar="PATTERN", default="", help="of the checks' sentences")
    given = parser.parse_args()
    dialect = HABITS[given.dialect]
    if given.silent:
        dialect = replace(dialect, sound=None)
    options = Options(
        url=given.url,
        dialect=dialect,
        size=given.size or dialect.size,
        seconds=given.seconds or dialect.seconds,
        key=given.key,
        model=given.model,
        wait_seconds=given.wait,
    )
    return options, given.only


if __name__ == "__main__":
    main()
