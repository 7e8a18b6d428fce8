"""Every write to cameos."""

from cameos.services.gates import (
    CastCameo,
    Judgement,
    check_film,
    ensure_still_permitted,
    judge,
    pass_gate,
    resolve_cast,
)

__all__ = [
    "CastCameo",
    "Judgement",
    "check_film",
    "ensure_still_permitted",
    "judge",
    "pass_gate",
    "resolve_cast",
]
