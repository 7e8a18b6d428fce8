"""May this person use this likeness in this clip, by the terms of today? Pure.

The rules are read from the top; the first that applies decides. docs/likeness.md has them as a
table, and tests/cameos/test_permission.py states them once more and compares every cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What a gate answers; the values of `cameos.models.Outcome`."""

    ALLOWED = "allowed"
    ASKED = "asked"
    DENIED = "denied"


class Reason(StrEnum):
    """Why; stable codes of the client contract."""

    # denied
    PROTECTED = "protected"  # a face that is registered to be kept out of clips
    REVOKED = "revoked"
    FROZEN = "frozen"
    NOT_ACTIVE = "not_active"  # a character whose picture is not checked, or was refused
    WITHDRAWN = "withdrawn"  # the owner took their likeness out of this clip
    UNKNOWN = "unknown"  # a block: answers as if there were no such cameo
    PAUSED = "paused"
    NOT_IN_AUDIENCE = "not_in_audience"
    RESTRICTED = "restricted"
    COSIGN_DENIED = "cosign_denied"
    COSIGN_EXPIRED = "cosign_expired"
    # asked
    NEEDS_COSIGN = "needs_cosign"
    # allowed
    OWNER = "owner"
    COSIGNED = "cosigned"
    PERMITTED = ""


REASONS = [(reason.value, reason.value) for reason in Reason if reason]

# What people read; {handle} and {rule} are filled in.
SENTENCES = {
    Reason.PROTECTED: "This face is registered to be kept out of clips.",
    Reason.REVOKED: "@{handle} has been withdrawn by its owner.",
    Reason.FROZEN: "@{handle} is frozen by the moderators.",
    Reason.NOT_ACTIVE: "@{handle} cannot be used: its picture is not approved.",
    Reason.WITHDRAWN: "The owner of @{handle} took it out of this clip.",
    Reason.UNKNOWN: "There is no such cameo.",
    Reason.PAUSED: "The owner of @{handle} lets nobody use it for now.",
    Reason.NOT_IN_AUDIENCE: "The owner of @{handle} does not let you use it.",
    Reason.RESTRICTED: "The owner of @{handle} does not want to be shown like this: {rule}.",
    Reason.COSIGN_DENIED: "The owner of @{handle} said no to this clip.",
    Reason.COSIGN_EXPIRED: "The owner of @{handle} did not answer in time.",
    Reason.NEEDS_COSIGN: "The owner of @{handle} has to agree to this clip first.",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a cameo is and what its owner set; values of the model's choices."""

    kind: str
    state: str
    audience: str
    ask_me: bool
    is_paused: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """How who asks stands to the cameo and its owner.

    Attributes:
        is_owner: the cameo is theirs.
        is_blocked: one of the two blocks the other, or the owner's account is closed.
        is_mutual: each follows the other.
        listed: True: the allow list names them; False: the deny list; None: neither.
    """

    is_owner: bool = False
    is_blocked: bool = False
    is_mutual: bool = False
    listed: bool | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, why, and the restriction that was broken where that is why."""

    outcome: Outcome
    reason: Reason
    rule: str = ""


_ALLOWED_OF_OWNER = Verdict(Outcome.ALLOWED, Reason.OWNER)


def decide(
    terms: Terms,
    relation: Relation,
    *,
    broken_rule: str | None = None,
    cosign: str | None = None,
    is_withdrawn: bool = False,
) -> Verdict:
    """Answer for one cameo and one clip.

    Args:
        terms: the cameo's.
        relation: of who asks to it.
        broken_rule: the restriction that the clip's texts or pictures break; None: none.
        cosign: state of the owner's co-sign for this clip, of `cameos.models.CosignState`;
            None: never asked.
        is_withdrawn: whether the owner took their likeness out of this clip.
    """
    ended = _ended(terms)
    if ended is not None:
        return _denied(ended)
    if is_withdrawn:
        return _denied(Reason.WITHDRAWN)
    if relation.is_owner:
        return _ALLOWED_OF_OWNER
    reason = _refusal_of_relation(terms, relation)
    if reason is not None:
        return _denied(reason)
    if broken_rule is not None:
        return Verdict(Outcome.DENIED, Reason.RESTRICTED, broken_rule)
    return _by_cosign(cosign) if terms.ask_me else Verdict(Outcome.ALLOWED, Reason.PERMITTED)


def _ended(terms: Terms) -> Reason | None:
    """Return why nobody at all may use the cameo."""
    if terms.kind in {"protected", "listed"}:
        return Reason.PROTECTED
    match terms.state:
        case "active":
            return None
        case "revoked":
            return Reason.REVOKED
        case "frozen":
            return Reason.FROZEN
        case _:  # checking, refused
            return Reason.NOT_ACTIVE


def _refusal_of_relation(terms: Terms, relation: Relation) -> Reason | None:
    if relation.is_blocked:
        return Reason.UNKNOWN
    if terms.is_paused:
        return Reason.PAUSED
    return None if _in_audience(terms.audience, relation) else Reason.NOT_IN_AUDIENCE


def _in_audience(audience: str, relation: Relation) -> bool:
    if relation.listed is False:
        return False
    match audience:
        case "everyone":
            return True
        case "mutuals":
            return relation.is_mutual or relation.listed is True
        case "approved":
            return relation.listed is True
        case _:  # only_me: no list opens it
            return False


def _by_cosign(cosign: str | None) -> Verdict:
    match cosign:
        case "approved":
            return Verdict(Outcome.ALLOWED, Reason.COSIGNED)
        case "denied":
            return _denied(Reason.COSIGN_DENIED)
        case "expired":
            return _denied(Reason.COSIGN_EXPIRED)
        case _:  # None, asked; dropped: the job that asked is over, another would ask anew
            return Verdict(Outcome.ASKED, Reason.NEEDS_COSIGN)


def _denied(reason: Reason) -> Verdict:
    return Verdict(Outcome.DENIED, reason)
