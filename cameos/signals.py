"""What cameos tell the apps above, inside the transaction that does it."""

from __future__ import annotations

from django.dispatch import Signal

# A likeness may be shown no more, by anybody: cameo_id (UUID).
cameo_revoked = Signal()

# The owner takes their likeness out of one clip, or of the job that makes it: cameo_id (UUID),
# clip_id (UUID, also of a clip that is still being made).
use_withdrawn = Signal()

# Which clips show a likeness or are to show it, made or in the making: cameo_id (UUID). It changes
# nothing; each receiver returns an iterable of `cameos.selectors.Shown`.
likeness_traced = Signal()

# Every owner who was asked for this clip has agreed, or one has not: clip_id (UUID),
# is_approved (bool), code (str, empty when approved: why not).
cosign_settled = Signal()
