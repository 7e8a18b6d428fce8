"""Who looks after whom: a user under 18 and an adult who agreed to it."""

from __future__ import annotations

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models.graph import Block
from accounts.policy import ADULT_YEARS, latest_birth_of
from core.ids import new_id


class GuardianshipState(models.TextChoices):
    """Where a link stands: `asked` → `active` → `ended`, or `asked` → `ended`."""

    ASKED = "asked"
    ACTIVE = "active"
    ENDED = "ended"


OPEN_STATES = [GuardianshipState.ASKED, GuardianshipState.ACTIVE]


class GuardianshipQuerySet(models.QuerySet["Guardianship"]):
    """Links by what they mean today."""

    def open(self) -> Self:
        """Keep what is asked or active; a link whose ward has turned 18 means nothing any more."""
        return self.filter(state__in=OPEN_STATES, ward__birth_date__gt=_latest_adult_birth())

    def granting(self) -> Self:
        """Keep the links by which a ward may enrol their likeness now.

        The guardian still has to be what they had to be when they agreed: an adult in good
        standing, with no block between the two.
        """
        ward, guardian = models.OuterRef("ward"), models.OuterRef("guardian")
        blocks = Block.objects.filter(
            models.Q(blocker=ward, blocked=guardian) | models.Q(blocker=guardian, blocked=ward)
        )
        return (
            self.open()
            .filter(
                ~models.Exists(blocks),
                state=GuardianshipState.ACTIVE,
                may_enrol_cameo=True,
                guardian__is_active=True,
                guardian__birth_date__lte=_latest_adult_birth(),
            )
            .exclude(guardian__suspended_until__gt=timezone.now())
        )


class Guardianship(models.Model):
    """A ward asked a guardian, who answers and then says what the ward may do."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ward = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="guardian_links"
    )
    guardian = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="ward_links"
    )
    state = models.CharField(
        max_length=6, choices=GuardianshipState.choices, default=GuardianshipState.ASKED
    )
    may_enrol_cameo = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True)  # null when ended before an answer
    ended_at = models.DateTimeField(null=True)

    objects = GuardianshipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ward", "guardian"],
                condition=models.Q(state__in=["asked", "active"]),
                name="guardianship_open_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(ward=models.F("guardian")), name="guardianship_not_self"
            ),
            models.CheckConstraint(
                condition=models.Q(state="active") | models.Q(may_enrol_cameo=False),
                name="guardianship_grant_is_active",
            ),
            models.CheckConstraint(
                condition=models.Q(state="asked", answered_at=None, ended_at=None)
                | models.Q(state="active", answered_at__isnull=False, ended_at=None)
                | models.Q(state="ended", ended_at__isnull=False),
                name="guardianship_times",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.guardian_id} for {self.ward_id}: {self.state}"


def _latest_adult_birth() -> date:
    return latest_birth_of(years=ADULT_YEARS, today=timezone.now().date())
