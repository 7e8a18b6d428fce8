"""What people are told when an app below tells something."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from accounts.signals import guardianship_changed
from notifications.services import publish


@receiver(guardianship_changed)
def tell_of_guardianship(
    *, user_id: UUID, what: str, other: str, state: str, may_enrol_cameo: bool, **_: Any
) -> None:
    """Tell one side of a guardian link what the other did."""
    data = {"username": other, "state": state, "may_enrol_cameo": may_enrol_cameo}
    publish(user_id, f"guardian.{what}", data, durable=True)
