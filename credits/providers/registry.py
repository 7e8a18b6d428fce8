"""The providers that this instance's settings switch on; each is built once.

A provider is off while none of its variables has a value, and misconfigured while only some have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from django.conf import settings

from credits.providers import ReceiptProvider
from credits.providers.errors import ProviderMisconfigured

# The libraries of a provider are only imported once it is switched on: Apple's takes half a second.


def _stripe() -> ReceiptProvider:
    from credits.providers.stripe import StripeProvider  # noqa: PLC0415

    return StripeProvider(webhook_secret=settings.STRIPE_WEBHOOK_SECRET)


def _storekit() -> ReceiptProvider:
    from credits.providers.storekit import StoreKitProvider, read_certificates  # noqa: PLC0415

    return StoreKitProvider(
        bundle_id=settings.STOREKIT_BUNDLE_ID,
        app_apple_id=settings.STOREKIT_APP_APPLE_ID,
        root_certificates=read_certificates(Path(settings.STOREKIT_ROOT_CERTS)),
        environments=settings.STOREKIT_ENVIRONMENT,
    )


def _play() -> ReceiptProvider:
    from credits.providers.google_push import PushKeys, PushSender  # noqa: PLC0415
    from credits.providers.play import PlayProvider  # noqa: PLC0415

    return PlayProvider(
        package_name=settings.PLAY_PACKAGE_NAME,
        licence_key=settings.PLAY_LICENCE_KEY,
        sender=PushSender(
            audience=settings.PLAY_PUSH_AUDIENCE,
            email=settings.PLAY_PUSH_EMAIL,
            keys=PushKeys(settings.PLAY_JWKS),
        ),
    )


_BUILDERS: Mapping[str, tuple[Callable[[], ReceiptProvider], tuple[str, ...]]] = {
    "stripe": (_stripe, ("STRIPE_WEBHOOK_SECRET",)),
    "storekit": (
        _storekit,
        ("STOREKIT_BUNDLE_ID", "STOREKIT_APP_APPLE_ID", "STOREKIT_ROOT_CERTS"),
    ),
    "play": (
        _play,
        (
            "PLAY_PACKAGE_NAME",
            "PLAY_LICENCE_KEY",
            "PLAY_PUSH_AUDIENCE",
            "PLAY_PUSH_EMAIL",
            "PLAY_JWKS",
        ),
    ),
}
PROVIDERS = tuple(_BUILDERS)


def provider_named(name: str) -> ReceiptProvider | None:
    """Return the provider of that name; None: there is none, or it is off.

    Settings are read once for each provider, until `forget_providers()`.

    Raises:
        ProviderMisconfigured: it is switched on by half.
    """
    # Only names of ours are kept: others come from addresses, and there is no end of them.
    return _built(name) if name in _BUILDERS else None


def forget_providers() -> None:
    """Read the settings anew when a provider is asked for next."""
    _built.cache_clear()


@cache
def _built(name: str) -> ReceiptProvider | None:
    build, needed = _BUILDERS[name]
    lacking = [each for each in needed if not getattr(settings, each)]
    if len(lacking) == len(needed):
        return None
    if lacking:
        raise ProviderMisconfigured(f"{name} also needs {', '.join(lacking)}.")
    return build()


def misconfigured() -> list[str]:
    """Return a sentence for each provider that is switched on by half; empty: all is well."""
    found = []
    for name in PROVIDERS:
        try:
            provider_named(name)
        except ProviderMisconfigured as fault:
            found.append(str(fault))
    return found
