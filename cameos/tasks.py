"""What workers are called for; each calls one service and may be called twice."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from cameos.services.enrolment.verification import verify_enrolment
from cameos.services.enrolment.wake import VERIFY
from cameos.services.faces.characters import CHECK_CHARACTER, check_character
from cameos.services.sweep import purge, sweep


@shared_task(name=VERIFY)
def verify_task(enrolment_id: str) -> None:
    """Look at a submitted capture, unless another worker does."""
    verify_enrolment(enrolment_id=UUID(enrolment_id))


@shared_task(name=CHECK_CHARACTER)
def check_character_task(cameo_id: str) -> None:
    """Look at a character's picture."""
    check_character(cameo_id=UUID(cameo_id))


@shared_task(name="cameos.sweep")
def sweep_task() -> None:
    """Bring on what nobody carries on."""
    sweep()


@shared_task(name="cameos.purge")
def purge_task() -> None:
    """Destroy what is past its time."""
    purge()
