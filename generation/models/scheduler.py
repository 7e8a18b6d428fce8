"""What all processes know of the engines: who works, how fast, and who has had how much."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class EngineState(models.Model):
    """What all processes know of an engine; without a row it works (`engines.breaker`)."""

    name = models.CharField(max_length=40, primary_key=True)  # as ENGINES has it
    failures = models.PositiveIntegerField(default=0)  # in a row
    failing_since = models.DateTimeField(null=True)
    open_until = models.DateTimeField(null=True)  # past: half open
    drained_at = models.DateTimeField(null=True)  # by the operator
    clock = models.FloatField(default=0.0)  # `scheduling.fair.Shares.clock`

    def __str__(self) -> str:
        return f"engine {self.name}"


class Share(models.Model):
    """What a user has had of an engine (`scheduling.fair.Shares`); no row: nothing lately."""

    engine = models.CharField(max_length=40)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    served = models.FloatField()  # weighted engine seconds

    class Meta:
        constraints = [models.UniqueConstraint(fields=["engine", "user"], name="share_once")]

    def __str__(self) -> str:
        return f"{self.user_id} of {self.engine}: {self.served:.1f}"


class WorkPace(models.Model):
    """How long clips of a size take lately (`scheduling.pace`)."""

    engine = models.CharField(max_length=40)
    size = models.CharField(max_length=12)
    work = models.CharField(max_length=12)  # the state it is done in: rendering or finishing
    jobs = models.JSONField(default=list)  # [[seconds of clip, seconds of work]], oldest first

    class Meta:
        constraints = [models.UniqueConstraint(fields=["engine", "size", "work"], name="pace_once")]

    def __str__(self) -> str:
        return f"{self.work} of {self.size} on {self.engine}"
