"""What cameos do when an app below tells something."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from accounts.signals import guardian_grant_changed
from cameos.services.use.terms import pause_ward


@receiver(guardian_grant_changed)
def pause_without_grant(*, ward_id: UUID, may_enrol_cameo: bool, **_: Any) -> None:
    """Pause a minor's face when no guardian allows it any more; going on is the minor's own act."""
    if not may_enrol_cameo:
        pause_ward(ward_id=ward_id)
