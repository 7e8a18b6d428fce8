"""What there is to know about jobs: whose they are, whose turn it is, and what clients see."""

from generation.selectors.jobs import (
    answers,
    appeals_of,
    dead_letters,
    engine_list,
    jobs_of,
    waived_rules,
)
from generation.selectors.queue import (
    Forecast,
    forecast_of,
    queue_of,
    startable,
    wait_of_next,
    work_before,
)

__all__ = [
    "Forecast",
    "answers",
    "appeals_of",
    "dead_letters",
    "engine_list",
    "forecast_of",
    "jobs_of",
    "queue_of",
    "startable",
    "wait_of_next",
    "waived_rules",
    "work_before",
]
