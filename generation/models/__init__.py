"""Jobs, what the scheduler remembers of engines and users, and appeals."""

from generation.models.appeal import (
    REASON_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
    Appeal,
    AppealState,
)
from generation.models.job import STATES, Job, JobQuerySet
from generation.models.scheduler import EngineState, Share, WorkPace

__all__ = [
    "REASON_CHARACTERS_MAX",
    "STATES",
    "TEXT_CHARACTERS_MAX",
    "Appeal",
    "AppealState",
    "EngineState",
    "Job",
    "JobQuerySet",
    "Share",
    "WorkPace",
]
