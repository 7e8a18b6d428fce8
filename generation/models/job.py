"""The job: one prompt on its way to one clip. The row is the truth, a queue message only a hint."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from core.ids import new_id, new_mark_id
from generation.scheduling.fair import Priority
from generation.states import ACTIVE, HELD, TERMINAL, State

STATES = [(state.value, state.value) for state in State]
_ACTIVE = sorted(state.value for state in ACTIVE)
_TERMINAL = sorted(state.value for state in TERMINAL)

_FAULTS = [State.FAILED.value, State.EXPIRED.value]


class JobQuerySet(models.QuerySet["Job"]):
    """Filters that are rules of the queue."""

    def active(self) -> JobQuerySet:
        """Keep jobs that are not at their end."""
        return self.filter(state__in=ACTIVE)

    def waiting(self) -> JobQuerySet:
        """Keep jobs that wait for a slot, oldest first."""
        return self.filter(state=State.QUEUED).order_by("created_at", "id")

    def may_start(self) -> JobQuerySet:
        """Leave out jobs that pause before they are tried again; by the database's clock."""
        return self.exclude(not_before__gt=Now())

    def dead_letters(self) -> JobQuerySet:
        """Keep jobs that ended by a fault of ours that no operator has seen to yet."""
        return self.filter(state__in=_FAULTS, is_retryable=True, seen_to_at__isnull=True)

    def lease_ran_out(self) -> JobQuerySet:
        """Keep jobs whose worker stopped renewing its lease; by the database's clock."""
        return self.filter(state__in=HELD, lease_until__lt=Now())

    def with_cameo(self, cameo_id: UUID) -> JobQuerySet:
        """Keep jobs whose clip would show a likeness, inherited or not."""
        return self.filter(cast__contains=[cameo_id])

    def past_deadline(self) -> JobQuerySet:
        """Keep jobs that stayed in one state for too long; by the database's clock."""
        return self.active().filter(deadline_at__lt=Now())

    def untidy(self, *, ended_for: timedelta) -> JobQuerySet:
        """Keep jobs that ended at least that long ago and may have left something behind."""
        return self.filter(
            state__in=TERMINAL, tidied_at__isnull=True, finished_at__lt=Now() - ended_for
        )


class Job(models.Model):
    """A request to make a clip, and how far it is."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="generation_jobs"
    )

    # What was asked for. Private to the author.
    engine = models.CharField(max_length=40)
    model = models.CharField(max_length=60)  # the engine's own name for what draws
    engine_is_procedural = models.BooleanField()  # as it said when it was asked
    prompt = models.TextField(blank=True)  # empty when there are shots
    shots = models.JSONField(default=list)  # [{prompt, seconds, camera}]
    seconds = models.PositiveSmallIntegerField()
    size = models.CharField(max_length=12)  # "360x640"
    fps = models.PositiveSmallIntegerField(default=24)
    seed = models.BigIntegerField()
    style = models.CharField(max_length=100, blank=True)
    negative_prompt = models.TextField(blank=True)
    audio = models.BooleanField(default=True)
    input_reference = models.UUIDField(null=True)  # the upload that it begins from; it may be gone
    caption = models.CharField(max_length=300, blank=True)
    publish = models.BooleanField(default=False)
    parent = models.ForeignKey("feed.Clip", models.SET_NULL, null=True, related_name="remix_jobs")
    remix_kind = models.CharField(max_length=20, blank=True)  # empty: not a remix
    cast = ArrayField(models.UUIDField(), default=list)  # cameos, with those of its parent
    # Of those, the ones that the request does not name: no engine gets their pictures.
    cast_inherited = ArrayField(models.UUIDField(), default=list)
    cast_pictured = ArrayField(models.UUIDField(), default=list)  # likewise: in its first picture

    # What it costs and when it is its turn.
    price = models.PositiveIntegerField(default=0)  # credits, held until the end
    plan = models.CharField(max_length=40)  # the author's when they asked
    priority = models.PositiveSmallIntegerField(default=Priority.NORMAL.value)
    cost_seconds = models.FloatField()  # of the engine, as predicted
    waived_rules = models.JSONField(default=list)  # for its frames, by an appeal that was upheld
    replay_of = models.OneToOneField("self", models.SET_NULL, null=True, related_name="replayed_by")

    # How far it is.
    state = models.CharField(max_length=20, choices=STATES, default=State.QUEUED.value)
    stage = models.CharField(max_length=20, default="queued")  # finer than the state, for people
    progress = models.PositiveSmallIntegerField(default=0)  # 0 to 100, never falls
    engine_video_id = models.CharField(max_length=500, blank=True)  # empty: it keeps nothing
    engine_step = models.PositiveSmallIntegerField(default=0)  # of `Plan.steps`: whose video it is
    engines_tried = models.JSONField(default=list)  # names: who failed at it, the first one first
    attempt = models.PositiveSmallIntegerField(default=1)  # of rendering; part of the engine's key
    not_drawn = models.JSONField(default=list)  # [{phrase, instead}]
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    is_retryable = models.BooleanField(default=False)
    refused_rule = models.CharField(max_length=60, blank=True)  # of policy, by what was drawn
    tries = models.PositiveSmallIntegerField(default=1)  # of the whole; each after a longer pause
    not_before = models.DateTimeField(null=True)  # the pause
    seen_to_at = models.DateTimeField(null=True)  # by an operator, after it failed

    # Who works on it. The fence grows with every claim: with an older one nothing can be changed.
    fence = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField()

    # Chosen at once, so that every attempt marks and signs for the same clip.
    reserved_clip_id = models.UUIDField(unique=True, default=new_id)
    mark_id = models.BigIntegerField(unique=True, default=new_mark_id)
    clip = models.OneToOneField(
        "feed.Clip", models.SET_NULL, null=True, related_name="generation_job"
    )

    created_at = models.DateTimeField(auto_now_add=True)
    consented_at = models.DateTimeField(null=True)  # when it joined the queue, if not at once
    started_at = models.DateTimeField(null=True)  # first claimed
    state_since = models.DateTimeField(default=timezone.now)
    engine_seconds = models.FloatField(default=0.0)  # that it had a slot, over all tries
    stored_bytes = models.BigIntegerField(default=0)  # of the finished files
    finished_at = models.DateTimeField(null=True)  # reached a terminal state
    tidied_at = models.DateTimeField(null=True)  # the engine's copy and stray files are gone

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="job_of_user"),
            models.Index(
                fields=["engine", "created_at"],
                condition=models.Q(state__in=_ACTIVE),
                name="job_active",
            ),
            models.Index(
                fields=["finished_at"],
                condition=models.Q(state__in=_TERMINAL, tidied_at__isnull=True),
                name="job_untidy",
            ),
            models.Index(fields=["finished_at"], name="job_ended_at"),
            # What ended how, of all times: counted from the index alone.
            models.Index(
                fields=["engine", "state", "error_code"],
                include=["engine_seconds"],
                condition=models.Q(state__in=_TERMINAL),
                name="job_ended",
            ),
            models.Index(
                fields=["finished_at"],
                condition=models.Q(state__in=_FAULTS, is_retryable=True, seen_to_at__isnull=True),
                name="job_dead_letter",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(progress__lte=100), name="job_progress_percent"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=_ACTIVE) | models.Q(finished_at__isnull=False),
                name="job_end_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"job {self.pk} ({self.state})"

    @property
    def named_cast(self) -> list[UUID]:
        """Return the cameos whose pictures an engine gets."""
        others = {*self.cast_inherited, *self.cast_pictured}
        return [cameo_id for cameo_id in self.cast if cameo_id not in others]

    @property
    def reference(self) -> str:
        """Return what the credits know the job by."""
        return f"generation:{self.pk}"

    @property
    def recipe(self) -> dict[str, Any]:
        """Return all that is needed to draw the same frames again; for the author alone."""
        return {
            "engine": self.engine,
            "prompt": self.prompt or None,
            "shots": self.shots or None,
            "seconds": self.seconds,
            "size": self.size,
            "seed": self.seed,
            "style": self.style or None,
            "negative_prompt": self.negative_prompt or None,
            "audio": self.audio,
            "input_reference": str(self.input_reference) if self.input_reference else None,
        }

    @property
    def error(self) -> dict[str, Any] | None:
        """Return why the job ended without a clip; None while it runs and when it is ready."""
        if not self.error_code:
            return None
        return {
            "code": self.error_code,
            "message": self.error_message,
            "retryable": self.is_retryable,
        }
