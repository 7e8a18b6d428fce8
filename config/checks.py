"""System checks: a weak default is named at start-up and fails `check --deploy`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

from cameos.custody import keks
from cameos.errors import KeksUnusable
from config import env
from perception.faces import PackError, read_pack, refusal


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


@register(Tags.security)
def likeness_keks_can_be_used(**kwargs: Any) -> list[CheckMessage]:
    """Refuse to start with key-encryption keys that no likeness could be sealed under."""
    try:
        keks()
    except KeksUnusable as error:
        hint = "id:base64 of 32 random bytes, the newest first: docs/likeness.md."
        return [Error(error.detail, hint=hint, id="vignette.E042")]
    return []


@register(Tags.security, deploy=True)
def face_pack_may_be_used(**kwargs: Any) -> list[CheckMessage]:
    """Name a face pack that is missing, that production may not use, or that nobody measured."""
    try:
        pack = read_pack(settings.FACE_PACK)
    except PackError as error:
        hint = "`manage.py face_pack build` makes the default one."
        return [Error(f"FACE_PACK: {error}.", hint=hint, id="vignette.E040")]
    allow = settings.FACE_PACK_ALLOW_UNCLEAR
    if reason := refusal(pack.licence, production=True, allow_unclear=allow):
        hint = "docs/faces.md says how a pack states its licence."
        return [Error(f"FACE_PACK: {pack.name}: {reason}.", hint=hint, id="vignette.E041")]
    if pack.thresholds is None:
        text = f"FACE_PACK: {pack.name} has no thresholds, so no cameo can be made with it."
        hint = "docs/faces.md says how they are measured."
        return [checks.Warning(text, hint=hint, id="vignette.W040")]
    return []


@register(Tags.security)
def face_pack_may_be_used_in_production(**kwargs: Any) -> list[CheckMessage]:
    """Refuse every command of a production instance whose face pack may not be used there."""
    return face_pack_may_be_used() if settings.PRODUCTION else []
