"""Every write to cameos, and what opens a likeness."""

from cameos.custody import record, verify_chain
from cameos.services.faces.characters import (
    check_character,
    check_waiting_characters,
    make_character,
)
from cameos.services.faces.doubts import ensure_no_doubt, is_in_doubt, settle_doubt
from cameos.services.faces.film_faces import FacesReport, check_faces
from cameos.services.faces.pictures import FacesInPicture, look_at_picture
from cameos.services.faces.protection import end_protection, list_face, unlist_face
from cameos.services.faces.recognition import Match, who_is
from cameos.services.likeness import open_portrait, open_portraits, open_templates, store_likeness
from cameos.services.use.cosigns import answer_cosign, ask_owners, drop_cosigns, expire_cosigns
from cameos.services.use.freezing import freeze, unfreeze
from cameos.services.use.gates import (
    CastCameo,
    check_film,
    ensure_still_permitted,
    judge,
    pass_gate,
    resolve_cast,
)
from cameos.services.use.judgements import Judgement, refusal_of
from cameos.services.use.receipts import issue_receipts, receipt_status, receipts_in
from cameos.services.use.revocation import (
    carry_on_revocations,
    end_likenesses_of,
    end_ownerless,
    revoke,
    revoke_cameo,
    withdraw_use,
)
from cameos.services.use.terms import change_terms, pause_ward, remove_access, set_access

__all__ = [
    "CastCameo",
    "FacesInPicture",
    "FacesReport",
    "Judgement",
    "Match",
    "answer_cosign",
    "ask_owners",
    "carry_on_revocations",
    "change_terms",
    "check_character",
    "check_faces",
    "check_film",
    "check_waiting_characters",
    "drop_cosigns",
    "end_likenesses_of",
    "end_ownerless",
    "end_protection",
    "ensure_no_doubt",
    "ensure_still_permitted",
    "expire_cosigns",
    "freeze",
    "is_in_doubt",
    "issue_receipts",
    "judge",
    "list_face",
    "look_at_picture",
    "make_character",
    "open_portrait",
    "open_portraits",
    "open_templates",
    "pass_gate",
    "pause_ward",
    "receipt_status",
    "receipts_in",
    "record",
    "refusal_of",
    "remove_access",
    "resolve_cast",
    "revoke",
    "revoke_cameo",
    "set_access",
    "settle_doubt",
    "store_likeness",
    "unfreeze",
    "unlist_face",
    "verify_chain",
    "who_is",
    "withdraw_use",
]
