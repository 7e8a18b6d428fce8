"""A payment provider whose signature is a word that it shares with itself."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from credits.providers.errors import ReceiptInvalid
from credits.providers.events import PurchaseEvent

SIGNATURE = "signed-by-the-till"


class Till:
    """Reads JSON lists of events; `sign` writes them."""

    name = "stripe"

    def sign(self, *events):
        return json.dumps([asdict(event) for event in events], default=str)

    def read_webhook(self, *, headers, body, now):
        if headers.get("Till-Signature") != SIGNATURE:
            raise ReceiptInvalid("signature_invalid", "It is not signed by the till.")
        return self.read_receipt(receipt=body.decode(), now=now)

    def read_receipt(self, *, receipt, now):
        try:
            return [PurchaseEvent(**_typed(each)) for each in json.loads(receipt)]
        except ValueError:
            raise ReceiptInvalid("malformed", "It cannot be read.") from None


def _typed(facts):
    for name in ("expires_at", "occurred_at"):
        facts[name] = facts[name] and datetime.fromisoformat(facts[name])
    return {**facts, "user_id": facts["user_id"] and UUID(facts["user_id"])}
