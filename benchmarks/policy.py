"""What a prompt's check costs, beside one bare embedding call of the same prompt.

python -m benchmarks.policy
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

from moderation.policy.check import check_text
from perception.text import embed

ROUNDS = 60
PROMPTS = {
    "8 words": "a red ball bounces down a wooden staircase",
    "30 words": (
        "wide shot of a quiet harbour at dawn, gulls circle over the boats, an old fisherman mends "
        "his net on the pier while his dog sleeps beside him in the sun"
    ),
    "300 words": "a paper boat drifts down a stream past ferns and stones. " * 27,
    "refused, 30 words": (
        "wide shot of a quiet harbour at dawn, gulls circle above the boats, an old fisherman is "
        "brutally stabbed on the pier and blood runs over the planks into the sea"
    ),
}


def median_ms(call: Callable[[], object]) -> float:
    """Return the median time of one call in milliseconds."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def main() -> None:
    """Print one line per kind of prompt."""
    started = time.perf_counter()
    check_text("warm up")
    sys.stdout.write(f"first check in a process: {time.perf_counter() - started:.2f} s\n")
    for name, prompt in PROMPTS.items():
        bare = median_ms(lambda text=prompt: embed([text]))  # type: ignore[misc]
        checked = median_ms(lambda text=prompt: check_text(text))  # type: ignore[misc]
        sys.stdout.write(
            f"{name:18} bare embedding {bare:6.2f} ms  check {checked:7.2f} ms  "
            f"ratio {checked / bare:5.1f}\n"
        )


if __name__ == "__main__":
    main()
