"""What can go wrong between a provider's words and a purchase; knows no framework."""

from __future__ import annotations


class ReceiptInvalid(Exception):
    """The notice or receipt is not to be believed, or cannot be read; nothing may be paid for it.

    Attributes:
        code: stable snake_case reason: signature_invalid, signature_old, from_the_future,
            body_too_large, malformed, missing_field, wrong_app, wrong_environment, not_paid,
            user_missing, key_unknown, keys_unavailable or receipt_not_supported.
        detail: the same in a sentence; tells nothing secret and quotes nothing that was sent.
    """

    def __init__(self, code: str, detail: str) -> None:
        """Keep the reason's code and its sentence."""
        super().__init__(detail)
        self.code = code
        self.detail = detail


class ProviderMisconfigured(Exception):
    """A provider is switched on by half: what is missing or unreadable is the message."""
