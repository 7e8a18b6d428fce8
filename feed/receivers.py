"""What the feed does when the owner of a likeness decides, inside their transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from cameos.selectors import Shown
from cameos.signals import cameo_revoked, likeness_traced, use_withdrawn
from feed.selectors import shown_in_clips
from feed.services import end_clip, end_clips_with


@receiver(likeness_traced)
def trace_clips(*, cameo_id: UUID, **_: Any) -> list[Shown]:
    """Tell which clips show the likeness."""
    return shown_in_clips(cameo_id)


@receiver(cameo_revoked)
def end_clips_of_cameo(*, cameo_id: UUID, **_: Any) -> None:
    """Hide all that shows the likeness, for good."""
    end_clips_with(cameo_id=cameo_id)


@receiver(use_withdrawn)
def end_clip_of_use(*, cameo_id: UUID, clip_id: UUID, **_: Any) -> None:
    """Take the one clip down; one that is still being made is not there yet."""
    end_clip(clip_id=clip_id, cameo_id=cameo_id)
