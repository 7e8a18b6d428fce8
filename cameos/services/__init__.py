"""Every write to cameos."""

from cameos.services.cosigns import answer_cosign, ask_owners, drop_cosigns, expire_cosigns
from cameos.services.freezing import freeze, unfreeze
from cameos.services.gates import (
    CastCameo,
    Judgement,
    check_film,
    ensure_still_permitted,
    judge,
    pass_gate,
    resolve_cast,
)
from cameos.services.likeness import open_portrait, open_portraits, open_templates, store_likeness
from cameos.services.log import record, verify_chain
from cameos.services.receipts import issue_receipts, receipt_status
from cameos.services.revocation import (
    Reach,
    carry_on_revocations,
    end_likenesses_of,
    end_ownerless,
    reach_of,
    revoke,
    revoke_cameo,
    withdraw_use,
)
from cameos.services.terms import change_terms, pause_ward, remove_access, set_access

__all__ = [
    "CastCameo",
    "Judgement",
    "Reach",
    "answer_cosign",
    "ask_owners",
    "carry_on_revocations",
    "change_terms",
    "check_film",
    "drop_cosigns",
    "end_likenesses_of",
    "end_ownerless",
    "ensure_still_permitted",
    "expire_cosigns",
    "freeze",
    "issue_receipts",
    "judge",
    "pass_gate",
    "pause_ward",
    "reach_of",
    "receipt_status",
    "record",
    "remove_access",
    "resolve_cast",
    "revoke",
    "revoke_cameo",
    "set_access",
    "store_likeness",
    "unfreeze",
    "verify_chain",
    "withdraw_use",
]
