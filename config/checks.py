"""System checks: a weak default is named at start-up and fails `check --deploy`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from config import env


def weak_defaults() -> list[env.Variable]:
    """Return the variables whose weak default is in use now."""
    return [
        variable
        for variable in env.VARIABLES
        if variable.weak is not None and not env.is_set(variable.name)
    ]


@register(Tags.security, deploy=True)
def no_weak_default(**kwargs: Any) -> list[CheckMessage]:
    """Report each weak default in use as an error of `check --deploy`."""
    return [
        Error(f"{v.name}: {v.weak}.", hint=f"Set {v.name}. {v.text}", id=f"vignette.W{i:03}")
        for i, v in enumerate(weak_defaults(), start=1)
    ]


@register(Tags.security)
def no_weak_default_in_production(**kwargs: Any) -> list[CheckMessage]:
    """Refuse every command of a production instance that still runs on a weak default."""
    return no_weak_default() if settings.PRODUCTION else []


@register(Tags.security, deploy=True)
def no_webhooks_to_private_addresses(**kwargs: Any) -> list[CheckMessage]:
    """Refuse a deployment whose users could reach its own network by their webhooks."""
    if not settings.WEBHOOKS_TO_PRIVATE_ADDRESSES:
        return []
    text = "WEBHOOKS_TO_PRIVATE_ADDRESSES: users' webhooks reach this network's own servers."
    return [Error(text, hint="Leave it out; it is for development.", id="vignette.E030")]
