"""What the feed tells the apps above it, inside the transaction that does it."""

from __future__ import annotations

from django.dispatch import Signal

# Clips entered or left the published state: clip_ids (list of UUID), is_published (bool).
clip_publication_changed = Signal()

# A caption is about to change: clip_id (UUID), caption (str). A receiver that raises refuses it.
caption_changing = Signal()
