"""Reports about clips, the cases they open, and the decisions that close them."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from core.ids import new_id

REASON_CHARACTERS_MAX = 2_000
REPORT_CHARACTERS_MAX = 1_000


class CaseState(models.TextChoices):
    """Where a case stands; `MOVES` says how it goes on."""

    OPEN = "open"
    HIDDEN = "hidden"
    DISMISSED = "dismissed"
    RESTORED = "restored"


class Action(models.TextChoices):
    """What a moderator can do."""

    HIDE = "hide"
    DISMISS = "dismiss"
    RESTORE = "restore"


# From each state: what may be done, and where it leads.
MOVES: dict[str, dict[str, CaseState]] = {
    CaseState.OPEN: {Action.HIDE: CaseState.HIDDEN, Action.DISMISS: CaseState.DISMISSED},
    CaseState.HIDDEN: {Action.RESTORE: CaseState.RESTORED},
    CaseState.DISMISSED: {Action.HIDE: CaseState.HIDDEN},
    CaseState.RESTORED: {Action.HIDE: CaseState.HIDDEN},
}


class ReportReason(models.TextChoices):
    """What a reporter can say is wrong."""

    SEXUAL = "sexual", "Nudity or sexual content"
    VIOLENCE = "violence", "Violence or gore"
    HATE = "hate", "Hate or harassment"
    LIKENESS = "likeness", "A real person without consent"
    MINOR_SAFETY = "minor_safety", "A child in danger"
    SELF_HARM = "self_harm", "Self-harm or suicide"
    COPYRIGHT = "copyright", "A copy of someone's work"
    SPAM = "spam", "Spam or a scam"
    OTHER = "other", "Something else"


class Case(models.Model):
    """One question to a moderator: may this clip stay? Ten reports of a clip are one open case."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clip = models.ForeignKey("feed.Clip", models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=CaseState, default=CaseState.OPEN)
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clip"], condition=models.Q(state=CaseState.OPEN), name="case_open_once"
            )
        ]
        indexes = [models.Index(fields=["state", "opened_at"], name="case_queue")]

    def __str__(self) -> str:
        return f"case {self.pk} ({self.state})"


class Report(models.Model):
    """What one person says is wrong with a clip."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="reports")
    # The report outlives the account: the case it opened may still be open.
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    reason = models.CharField(max_length=20, choices=ReportReason)
    text = models.CharField(max_length=REPORT_CHARACTERS_MAX, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "reporter"], name="report_once_a_case")
        ]

    def __str__(self) -> str:
        return f"report {self.pk} ({self.reason})"


class Decision(models.Model):
    """What a moderator did and why: the statement of reasons (Regulation (EU) 2022/2065, Art. 17).

    Append-only: a trigger in the database refuses every UPDATE and DELETE of these rows.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="decisions")
    action = models.CharField(max_length=10, choices=Action)
    reason = models.CharField(max_length=REASON_CHARACTERS_MAX)  # the author reads it
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["-created_at", "-id"], name="decision_latest")]

    def __str__(self) -> str:
        return f"{self.action} ({self.case_id})"


class CheckOutcome(models.TextChoices):
    """What a check of a prompt led to, where it led to anything."""

    REFUSED = "refused"
    REVIEW = "review"  # let through with a doubt


class PromptCheck(models.Model):
    """That a rule stopped or doubted somebody's prompt; the prompt itself is not kept here."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    outcome = models.CharField(max_length=10, choices=CheckOutcome)
    rule = models.CharField(max_length=40)
    score = models.FloatField()
    policy_version = models.CharField(max_length=20)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.outcome} by {self.rule}"
