"""The clips that a new instance starts with, made like everybody's."""

from __future__ import annotations

import secrets
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from credits.services import set_plan
from generation.models import Job
from generation.scheduling.fair import Priority
from generation.selectors import jobs_of
from generation.services.request import GenerationRequest
from generation.services.submit import Favour, submit
from generation.states import ACTIVE, State

if TYPE_CHECKING:
    from accounts.models import User

EXAMPLES = Path(__file__).parent.parent / "examples.toml"
OWNER_EMAIL = "examples@vignette.invalid"  # RFC 2606: an address that nobody can have
HOUSE_PLAN = "house"
OWNER_NAMES = ("vignette", "vignette.examples")


@dataclass(frozen=True, slots=True)
class Example:
    """One clip to begin with."""

    caption: str
    prompt: str
    seconds: int
    seed: int


def examples() -> list[Example]:
    """Return the examples of the repository."""
    table = tomllib.loads(EXAMPLES.read_text(encoding="utf-8"))
    return [Example(**entry) for entry in table["example"]]


def missing_examples() -> Iterator[Example]:
    """Yield the examples that are neither made nor being made; deleted ones count as made."""
    states = [*ACTIVE, State.READY]
    made = set(
        Job.objects.filter(user__email=OWNER_EMAIL, state__in=states).values_list(
            "caption", flat=True
        )
    )
    return (example for example in examples() if example.caption not in made)


def submit_example(example: Example) -> Job:
    """Queue an example under the instance's own account, which nobody can sign in to.

    Raises:
        DomainError: as `submit`.
    """
    request = GenerationRequest(
        prompt=example.prompt,
        seconds=example.seconds,
        seed=example.seed,
        caption=example.caption,
        publish=True,
    )
    owner = _owner()
    set_plan(user_id=owner.pk, plan=HOUSE_PLAN, until=None, source="examples")
    return submit(by=owner, request=request, favour=Favour(Priority.BACKGROUND, is_free=True))


def example_job(job: Job) -> Job | None:
    """Return how far an example's job is; None when it is gone."""
    return jobs_of(job.user_id).filter(pk=job.pk).first()


def _owner() -> User:
    """Return the account of the examples, made when there is none yet."""
    users = get_user_model().objects
    for name in (*OWNER_NAMES, f"vignette_{secrets.token_hex(4)}"):
        found = users.filter(email=OWNER_EMAIL).first()
        if found is not None:
            return found
        try:
            with transaction.atomic():
                return users.create_user(name, OWNER_EMAIL, display_name="Vignette")
        except IntegrityError:  # the name is a person's, or another process was first
            continue
    return users.get(email=OWNER_EMAIL)
