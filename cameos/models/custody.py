"""Likeness data: ciphertext, and apart from it the wrapped keys; the log of consents."""

from __future__ import annotations

from django.db import models

from core.ids import new_id


class DataKey(models.Model):
    """The key of one subject's likeness data, wrapped under a key-encryption key.

    The subject is a cameo or an enrolment. Without this row the subject's ciphertext is noise
    wherever a copy of it is left: deleting the row is how likeness data ends.
    """

    subject_id = models.UUIDField(primary_key=True)
    wrapped = models.BinaryField()
    kek_id = models.CharField(max_length=32, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"data key of {self.subject_id} under {self.kek_id}"


class Likeness(models.Model):
    """What is kept of a face, each part sealed with its cameo's data key."""

    cameo = models.OneToOneField(
        "cameos.Cameo", models.CASCADE, primary_key=True, related_name="likeness"
    )
    template = models.BinaryField(null=True)  # float32 [D]; None for a character
    portrait = models.BinaryField(null=True)  # JPEG that engines get; None for protected faces
    pack_sha256 = models.CharField(max_length=64, blank=True)  # which pack made the template
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    def __str__(self) -> str:
        return f"likeness of {self.cameo_id}"


class ConsentEvent(models.TextChoices):
    """What the consent log tells."""

    GIVEN = "given"
    ENROLLED = "enrolled"
    REFUSED = "refused"
    TERMS_CHANGED = "terms_changed"
    CAPTURE_DELETED = "capture_deleted"
    COSIGNED = "cosigned"
    USE_WITHDRAWN = "use_withdrawn"
    FROZEN = "frozen"
    UNFROZEN = "unfrozen"
    REVOKED = "revoked"
    KEY_SHREDDED = "key_shredded"


class ConsentEntry(models.Model):
    """One line of the consent log; each names the hash of the one before it.

    Append-only: a trigger in the database refuses every UPDATE and DELETE of these rows. They name
    cameos and enrolments by random ids and hold no likeness data, so a person can be forgotten
    without breaking the chain.
    """

    sequence = models.BigIntegerField(primary_key=True)
    event = models.CharField(max_length=20, choices=ConsentEvent)
    subject_id = models.UUIDField(db_index=True)  # of a cameo or an enrolment
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return f"{self.sequence} {self.event}"


class Receipt(models.Model):
    """A signed statement that one clip's use of one likeness was permitted, and by what.

    It outlives the cameo: then its status says so.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    cameo = models.ForeignKey("cameos.Cameo", models.SET_NULL, null=True, related_name="receipts")
    clip_id = models.UUIDField(db_index=True)
    token = models.TextField()  # a JSON Web Signature
    withdrawn_at = models.DateTimeField(null=True)  # this use alone; the cameo's end is its own
    issued_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cameo", "clip_id"], name="receipt_once_a_clip")
        ]

    def __str__(self) -> str:
        return f"receipt {self.pk}"
