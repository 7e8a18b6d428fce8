"""The child of `verify_sandboxed`: one request as an argument, one report on standard output."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from perception.liveness.challenge import Challenge
from perception.liveness.confine import confine
from perception.liveness.report import failed, to_bytes
from perception.liveness.verify import verify_capture


def main(request: str) -> None:
    """Verify what the request names and write the report."""
    asked = json.loads(request)
    isolated = confine(asked["limits"], parent=asked["parent"])
    # Libraries print as they please: only the report goes where the parent reads it.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        report = verify_capture(
            Path(asked["path"]),
            Challenge.of_json(asked["challenge"]),
            pack=Path(asked["pack"]),
        )
        report.facts["network"] = "none" if isolated else "open"
    except MemoryError:
        report = failed("out of memory")
    answer.write(to_bytes(report))
    answer.flush()
    os._exit(0)  # nothing is left to tidy up, and native threads may hang at exit


if __name__ == "__main__":
    main(sys.argv[1])
