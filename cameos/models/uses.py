"""Who used a likeness, who was asked, and how a revocation goes on."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from core.ids import new_id


class Gate(models.TextChoices):
    """Where permission is asked on the way of a clip."""

    SUBMIT = "submit"  # the request
    START = "start"  # before the engine gets the picture
    FILM = "film"  # what was drawn and is spoken; a row only where that breaks a restriction
    PUBLISH = "publish"
    REMIX = "remix"  # of a clip that shows the likeness; never inherited from it


class Outcome(models.TextChoices):
    """What a gate answered."""

    ALLOWED = "allowed"
    ASKED = "asked"  # the owner, who has not answered yet
    DENIED = "denied"


class CameoUse(models.Model):
    """One answer of one gate about one cameo. The clip may still be in the making, or never be."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    cameo = models.ForeignKey("cameos.Cameo", models.CASCADE, related_name="uses")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )  # who uses it
    clip_id = models.UUIDField(null=True)  # None: refused before there was to be one
    gate = models.CharField(max_length=10, choices=Gate)
    outcome = models.CharField(max_length=10, choices=Outcome)
    reason = models.CharField(max_length=40, blank=True)  # a code of `cameos.policy.permission`
    rule = models.CharField(max_length=200, blank=True)  # the restriction that was violated
    terms_version = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["cameo", "-created_at", "-id"], name="use_of_cameo"),
            models.Index(fields=["clip_id"], name="use_in_clip"),
        ]

    def __str__(self) -> str:
        return f"{self.gate} of {self.cameo_id}: {self.outcome}"


class WithdrawnUse(models.Model):
    """That the owner took their likeness out of one clip: no gate lets it through again."""

    cameo = models.ForeignKey("cameos.Cameo", models.CASCADE, related_name="withdrawn_uses")
    clip_id = models.UUIDField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cameo", "clip_id"], name="withdrawn_use_once")
        ]

    def __str__(self) -> str:
        return f"{self.cameo_id} left {self.clip_id}"


class CosignState(models.TextChoices):
    """Where a question to an owner stands."""

    ASKED = "asked"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    DROPPED = "dropped"  # the job ended before an answer


class CosignQuerySet(models.QuerySet["Cosign"]):
    """Filters that are rules of the questions."""

    def open(self) -> CosignQuerySet:
        """Keep those that can still be answered; by the database's clock."""
        return self.filter(state=CosignState.ASKED, expires_at__gt=Now())

    def expired(self) -> CosignQuerySet:
        """Keep those that nobody answered in time, whether a sweep has said so or not."""
        late = models.Q(state=CosignState.ASKED, expires_at__lte=Now())
        return self.filter(late | models.Q(state=CosignState.EXPIRED))


class Cosign(models.Model):
    """A question to a cameo's owner: may this person make this clip with you?"""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    cameo = models.ForeignKey("cameos.Cameo", models.CASCADE, related_name="cosigns")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")  # who asks
    clip_id = models.UUIDField()  # that the job would make
    preview = models.JSONField()  # what was asked for, in its author's words; emptied at the end
    state = models.CharField(max_length=10, choices=CosignState, default=CosignState.ASKED)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CosignQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "expires_at"], name="cosign_due")]
        constraints = [models.UniqueConstraint(fields=["cameo", "clip_id"], name="cosign_once")]

    def __str__(self) -> str:
        return f"cosign {self.pk} ({self.state})"


class Revocation(models.Model):
    """How far the end of a cameo is carried out; a sweep takes up what a crash left."""

    cameo = models.OneToOneField("cameos.Cameo", models.CASCADE, related_name="revocation")
    reach = models.JSONField(default=dict)  # counts, as the owner was shown them
    finished_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"revocation of {self.cameo_id}"
