"""What remix does when the feed tells something."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from feed.signals import clip_publication_changed
from remix.services import count_publication


@receiver(clip_publication_changed)
def count_remix(*, clip_ids: list[UUID], is_published: bool, **_: Any) -> None:
    """Keep the parents' number of published remixes."""
    count_publication(clip_ids=clip_ids, is_published=is_published)
