from cameos.models.cameo import (
    HANDLE_CHARACTERS_MAX,
    RESTRICTION_CHARACTERS_MAX,
    Audience,
    Cameo,
    CameoAccess,
    CameoKind,
    CameoState,
)
from cameos.models.custody import ConsentEntry, ConsentEvent, DataKey, Likeness, Receipt
from cameos.models.doubts import LikenessDoubt
from cameos.models.enrolment import Enrolment, LikenessReview
from cameos.models.uses import (
    CameoUse,
    Cosign,
    CosignState,
    Gate,
    Outcome,
    Revocation,
    WithdrawnUse,
)

__all__ = [
    "HANDLE_CHARACTERS_MAX",
    "RESTRICTION_CHARACTERS_MAX",
    "Audience",
    "Cameo",
    "CameoAccess",
    "CameoKind",
    "CameoState",
    "CameoUse",
    "ConsentEntry",
    "ConsentEvent",
    "Cosign",
    "CosignState",
    "DataKey",
    "Enrolment",
    "Gate",
    "Likeness",
    "LikenessDoubt",
    "LikenessReview",
    "Outcome",
    "Receipt",
    "Revocation",
    "WithdrawnUse",
]
