"""The providers that this instance's settings switch on; each is built once."""

from __future__ import annotations

from credits.providers import ReceiptProvider

PROVIDERS = ("stripe", "storekit", "play")


def provider_named(name: str) -> ReceiptProvider | None:
    """Return the provider of that name; None: there is none, or it is off.

    Raises:
        ProviderMisconfigured: it is switched on by half.
    """
    return None


def misconfigured() -> list[str]:
    """Return a sentence for each provider that is switched on by half; empty: all is well."""
    return []
