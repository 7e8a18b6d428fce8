"""What moderation does when the feed tells something."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from feed.signals import caption_changing
from moderation.services import refuse_forbidden_caption


@receiver(caption_changing)
def check_caption(*, caption: str, **_: Any) -> None:
    """Stop a caption that policy refuses: the exception undoes the change."""
    refuse_forbidden_caption(caption=caption)
