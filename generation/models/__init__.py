"""Jobs, what the scheduler remembers of engines and users, appeals, and pictures to begin from."""

from generation.models.appeal import (
    REASON_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
    Appeal,
    AppealState,
)
from generation.models.job import STATES, Job, JobQuerySet
from generation.models.scheduler import EngineState, Share, WorkPace
from generation.models.upload import Upload, UploadState

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
    "Upload",
    "UploadState",
    "WorkPace",
]
