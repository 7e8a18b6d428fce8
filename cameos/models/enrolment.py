"""The enrolment: from a consent and a challenge to a cameo, or to reasons why not."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from cameos.models.cameo import CameoKind
from cameos.states import ENDED, EnrolmentState
from core.ids import new_id

STATES = [(state.value, state.value) for state in EnrolmentState]
_OPEN = sorted(state.value for state in EnrolmentState if state not in ENDED)
_KINDS = [(kind.value, kind.value) for kind in (CameoKind.PERSON, CameoKind.PROTECTED)]


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    """Filters that are rules of the state machine."""

    def open(self) -> EnrolmentQuerySet:
        """Keep enrolments that are not at their end."""
        return self.exclude(state__in=ENDED)

    def past_deadline(self) -> EnrolmentQuerySet:
        """Keep enrolments that stayed in one state for too long; by the database's clock."""
        return self.open().filter(deadline_at__lt=Now())

    def late(self) -> EnrolmentQuerySet:
        """Keep those past their deadline, and those whose challenge ran out before any upload."""
        never_begun = self.filter(
            state=EnrolmentState.CHALLENGED.value,
            upload_bytes__isnull=True,
            challenge_expires_at__lt=Now(),
        )
        return self.past_deadline() | never_begun


class Enrolment(models.Model):
    """One attempt of one person to enrol their face; a retry is another row."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="enrolments")
    kind = models.CharField(max_length=10, choices=_KINDS, default=CameoKind.PERSON)
    state = models.CharField(max_length=12, choices=STATES, default=EnrolmentState.CHALLENGED.value)
    state_since = models.DateTimeField(db_default=Now())
    deadline_at = models.DateTimeField()

    # What was consented to, in which words; written before anything is captured.
    consent_version = models.CharField(max_length=20)
    consent_sha256 = models.CharField(max_length=64)
    purposes = models.JSONField()  # names of `cameos.policy.consent`
    consented_at = models.DateTimeField(db_default=Now())

    # The challenge, good for one capture.
    digits = models.CharField(max_length=8)  # "413"
    turns = models.CharField(max_length=40)  # "left,right"
    challenge_expires_at = models.DateTimeField()

    # The upload: sealed parts in the object store under `capture_prefix`, until the capture is
    # deleted.
    upload_bytes = models.PositiveIntegerField(null=True)  # as declared; None: not begun
    received_bytes = models.PositiveIntegerField(default=0)
    capture_prefix = models.CharField(max_length=120, blank=True)
    parts = models.JSONField(default=list)  # names of the sealed parts, in order
    capture_sha256 = models.CharField(max_length=64, blank=True)  # keyed: finds a replay, no more
    capture_deleted_at = models.DateTimeField(null=True)

    # How it went.
    reasons = models.JSONField(default=list)  # codes; empty: nothing speaks against it
    facts = models.JSONField(default=dict)  # what was measured; no likeness data
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    # Enrolled anew, one cameo has several.
    cameo = models.ForeignKey("cameos.Cameo", models.SET_NULL, null=True, related_name="+")

    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at"], name="enrolment_of_user"),
            models.Index(fields=["state", "deadline_at"], name="enrolment_due"),
            models.Index(fields=["capture_sha256"], name="enrolment_capture"),
        ]
        constraints = [
            # A new challenge cannot be collected beside an open one.
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(state__in=_OPEN), name="enrolment_open_once"
            )
        ]

    def __str__(self) -> str:
        return f"enrolment {self.pk} ({self.state})"


class LikenessReview(models.Model):
    """A question to a moderator: is this the same person as the owner of another cameo?"""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    enrolment = models.OneToOneField(Enrolment, models.CASCADE, related_name="review")
    cameo = models.ForeignKey("cameos.Cameo", models.SET_NULL, null=True, related_name="+")
    similarity = models.FloatField()
    is_approved = models.BooleanField(null=True)  # None: open
    reason = models.CharField(max_length=500, blank=True)  # the person reads it
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"review of {self.enrolment_id}"
