"""The cameo: a likeness that others may put into clips, under its owner's terms."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from core.ids import new_id

HANDLE_CHARACTERS_MAX = 30
RESTRICTION_CHARACTERS_MAX = 1_000


class CameoKind(models.TextChoices):
    """What is shown, or kept from being shown."""

    PERSON = "person"  # its owner, enrolled with a liveness check
    CHARACTER = "character"  # a pet, an object, a drawing: no human face
    PROTECTED = "protected"  # its owner's face, registered to be kept out of clips
    LISTED = "listed"  # a face that the operator keeps out of clips; nobody's account


class CameoState(models.TextChoices):
    """Where a cameo is in its life; each state but the first two is its end or a moderator's."""

    CHECKING = "checking"  # a character whose picture no worker has looked at yet
    ACTIVE = "active"
    FROZEN = "frozen"  # by a moderator: no new use, and the owner is told why
    REFUSED = "refused"  # a character with a human face
    REVOKED = "revoked"  # by its owner: no use, old or new


class Audience(models.TextChoices):
    """Who may use a cameo, before the lists and the other terms are asked."""

    ONLY_ME = "only_me"
    APPROVED = "approved"  # whom the owner's allow list names
    MUTUALS = "mutuals"  # who follow the owner and are followed back; and the allow list
    EVERYONE = "everyone"


class Cameo(models.Model):
    """One likeness and the terms under which it may be used."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # None: listed, or the account is deleted. The row outlives it: clips that show the likeness are
    # kept hidden by it, and a sweep ends it as its owner would have.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="cameos"
    )
    kind = models.CharField(max_length=10, choices=CameoKind)
    state = models.CharField(max_length=10, choices=CameoState, default=CameoState.ACTIVE)
    # Without the "@". A person's is their username; a character's begins with its owner's and a
    # dash, which no username has. None: nobody can name it.
    handle = models.CharField(max_length=HANDLE_CHARACTERS_MAX, null=True)  # noqa: DJ001 - unique
    name = models.CharField(max_length=60, blank=True)  # as people read it
    refused_reason = models.CharField(max_length=60, blank=True)  # a code
    frozen_reason = models.CharField(max_length=500, blank=True)

    # The terms; whoever changes one raises the version, which receipts name.
    audience = models.CharField(max_length=10, choices=Audience, default=Audience.ONLY_ME)
    ask_me = models.BooleanField(default=False)  # each use of others waits for the owner's co-sign
    is_paused = models.BooleanField(default=False)
    voice_allowed = models.BooleanField(default=False)
    restriction_tags = models.JSONField(default=list)  # names of `cameos.policy.restrictions`
    restriction_text = models.CharField(max_length=RESTRICTION_CHARACTERS_MAX, blank=True)
    terms_version = models.PositiveIntegerField(default=1)

    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-created_at", "-id"], name="cameo_of_owner"),
            # The operator's entries, read at every request for a clip; characters to look at.
            models.Index(
                fields=["kind", "state"],
                condition=models.Q(kind="listed") | models.Q(state="checking"),
                name="cameo_of_operator",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["handle"],
                condition=models.Q(revoked_at__isnull=True),
                name="cameo_handle_once",
            ),
            # One living likeness of each kind of their own face.
            models.UniqueConstraint(
                fields=["owner", "kind"],
                condition=models.Q(revoked_at__isnull=True, kind__in=["person", "protected"]),
                name="cameo_face_once",
            ),
            models.CheckConstraint(
                condition=models.Q(state="revoked", revoked_at__isnull=False)
                | (~models.Q(state="revoked") & models.Q(revoked_at__isnull=True)),
                name="cameo_revoked_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"@{self.handle}" if self.handle else f"{self.kind} {self.pk}"


class CameoAccess(models.Model):
    """That the owner lets one person use a cameo, or does not, whatever its audience."""

    cameo = models.ForeignKey(Cameo, models.CASCADE, related_name="accesses")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    is_allowed = models.BooleanField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cameo", "user"], name="cameo_access_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {'may' if self.is_allowed else 'may not'} use {self.cameo_id}"
