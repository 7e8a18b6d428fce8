"""The clip: what is seen in the feed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from core.ids import new_id, new_mark_id

# What the finished folder of every clip holds; further files are named by the playlist.
MP4_NAME = "clip.mp4"
POSTER_NAME = "poster.jpg"
HLS_NAME = "hls/master.m3u8"
CAPTIONS_NAME = "captions.vtt"  # only where somebody speaks
CAPTION_CHARACTERS_MAX = 300


class ClipState(models.TextChoices):
    """Where a clip is in its life."""

    DRAFT = "draft"  # seen by its author alone
    PUBLISHED = "published"
    HIDDEN = "hidden"  # by moderation: its author sees it with the reason; or for good: ClipEnd
    DELETED = "deleted"  # a tombstone: credit in a lineage, no media


class ClipEnd(models.TextChoices):
    """Why a clip is hidden for good: a likeness in it may not be shown any more."""

    CAMEO_REVOKED = "cameo_revoked"  # its owner ended the cameo
    USE_WITHDRAWN = "use_withdrawn"  # its owner took it out of this clip


class RemixAllowed(models.TextChoices):
    """Who may remix a clip."""

    OFF = "off"
    FOLLOWERS = "followers"
    MUTUALS = "mutuals"
    EVERYONE = "everyone"


class Clip(models.Model):
    """A marked, signed short video of one author."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # Protected: an account goes only after `delete_clip` of each of its clips, media and all.
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="clips")
    state = models.CharField(max_length=10, choices=ClipState, default=ClipState.DRAFT)
    state_before_hidden = models.CharField(max_length=10, choices=ClipState, blank=True)
    # Empty: not ended. Set once, in the transaction that ends the consent; then nobody sees the
    # clip, not even its author, and no decision brings it back.
    ended_reason = models.CharField(
        max_length=20, choices=ClipEnd, blank=True, default="", db_default=""
    )
    end_told_at = models.DateTimeField(null=True)  # when its author was told of the end
    mark_id = models.BigIntegerField(
        unique=True, default=new_mark_id
    )  # the invisible mark's payload
    caption = models.CharField(max_length=CAPTION_CHARACTERS_MAX, blank=True)
    seconds = models.FloatField()
    width_px = models.PositiveSmallIntegerField()
    height_px = models.PositiveSmallIntegerField()
    has_captions = models.BooleanField(default=False, db_default=False)
    engine = models.CharField(max_length=40)
    engine_is_procedural = models.BooleanField()
    media_prefix = models.CharField(max_length=120)  # folder in the object store, ends with "/"
    remix_allowed = models.CharField(
        max_length=10, choices=RemixAllowed, default=RemixAllowed.EVERYONE
    )
    # Written by remix, which keeps the typed edges; here for cards, which come a page at a time.
    remix_parent = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    remix_root = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    like_count = models.PositiveIntegerField(default=0)
    remix_count = models.PositiveIntegerField(default=0)  # published remixes
    created_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["-published_at", "-id"],
                condition=models.Q(state=ClipState.PUBLISHED),
                name="clip_latest",
            ),
            models.Index(
                fields=["author", "-published_at", "-id"],
                condition=models.Q(state=ClipState.PUBLISHED),
                name="clip_by_author",
            ),
            models.Index(fields=["author", "-created_at", "-id"], name="clip_drafts"),
            models.Index(
                fields=["id"],
                condition=~models.Q(ended_reason="") & models.Q(end_told_at__isnull=True),
                name="clip_end_untold",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state=ClipState.PUBLISHED)
                | models.Q(published_at__isnull=False),
                name="clip_published_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_reason="")
                | models.Q(state__in=[ClipState.HIDDEN, ClipState.DELETED]),
                name="clip_ended_is_not_shown",
            ),
        ]

    def __str__(self) -> str:
        return f"clip {self.pk} ({self.state})"

    @property
    def mp4(self) -> str:
        """Media name of the marked, signed MP4."""
        return f"{self.media_prefix}{MP4_NAME}"

    @property
    def poster(self) -> str:
        """Media name of the still picture."""
        return f"{self.media_prefix}{POSTER_NAME}"

    @property
    def hls(self) -> str:
        """Media name of the HLS master playlist."""
        return f"{self.media_prefix}{HLS_NAME}"

    @property
    def captions(self) -> str | None:
        """Media name of what is spoken, as WebVTT; None: nobody speaks."""
        return f"{self.media_prefix}{CAPTIONS_NAME}" if self.has_captions else None
