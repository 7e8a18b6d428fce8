"""What we state about a clip, and how that is written as a C2PA manifest."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from provenance.marks import invisible

CLIP_ASSERTION = "org.vignette.clip"
CONSENT_ASSERTION = "org.vignette.consent"
_GENERATOR = {"name": "Vignette", "version": "0.1.0"}
_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@dataclass(frozen=True, slots=True)
class ParentIngredient:
    """A clip that this one was made from.

    `path` is one of its delivered files. `parentOf` when this clip continues or edits it (one at
    most), `componentOf` when it is one part among several.
    """

    path: Path
    clip_id: str
    relation: Literal["parentOf", "componentOf"]


@dataclass(frozen=True, slots=True)
class ConsentReceipt:
    """A statement that a likeness in the clip was used with its owner's consent; names nobody.

    `status_url` answers whether it still is. An instance without an address of its own has a path.
    """

    id: str
    status_url: str


@dataclass(frozen=True, slots=True)
class ClipClaims:
    """Who made what, with which engine, from which parents, with whose consents.

    Never the prompt nor whose likenesses those are: they are private.
    """

    clip_id: str
    mark_id: int
    author_handle: str
    title: str
    engine: str
    engine_is_procedural: bool
    created_at: datetime
    instance: str
    parents: tuple[ParentIngredient, ...] = ()
    receipts: tuple[ConsentReceipt, ...] = ()


def digital_source_type(claims: ClipClaims) -> str:
    """The IPTC term for how the clip came to be.

    A procedural engine draws by formula and was trained on nothing: `algorithmicMedia`, "created
    purely by an algorithm not based on any sampled training data". Any other engine is a trained
    model: `trainedAlgorithmicMedia`. Source: IPTC Digital Source Type NewsCodes.
    """
    term = "algorithmicMedia" if claims.engine_is_procedural else "trainedAlgorithmicMedia"
    return _SOURCE_TYPES + term


def mark_value(mark_id: int) -> str:
    """The id of an invisible mark as manifests write it: 16 hexadecimal digits."""
    return f"{mark_id:016x}"


def manifest_definition(claims: ClipClaims) -> dict[str, Any]:
    """Write the claims as the JSON that a c2pa builder takes, without the parents' files."""
    assertions = [
        {"label": "c2pa.actions.v2", "data": {"actions": _actions(claims)}},
        {
            "label": "c2pa.soft-binding",
            "data": {
                "alg": invisible.ALGORITHM,
                "blocks": [{"scope": {}, "value": mark_value(claims.mark_id)}],
            },
        },
        {"label": CLIP_ASSERTION, "data": clip_assertion(claims)},
    ]
    if consents := consent_assertion(claims):
        assertions.append({"label": CONSENT_ASSERTION, "data": consents})
    return {
        "claim_generator_info": [_GENERATOR],
        "title": claims.title,
        "assertions": assertions,
    }


def consent_assertion(claims: ClipClaims) -> dict[str, Any] | None:
    """Our own assertion: the receipts of the consents to show the likenesses in it; None: no one's.

    It names no person: who may know asks at the address, which tells whether the consent holds.
    """
    if not claims.receipts:
        return None
    return {"receipts": [{"id": one.id, "status_url": one.status_url} for one in claims.receipts]}


def clip_assertion(claims: ClipClaims) -> dict[str, Any]:
    """Our own assertion: what a verifier of this instance looks a clip up by."""
    return {
        "clip_id": claims.clip_id,
        "instance": claims.instance,
        "author": claims.author_handle,
        "engine": claims.engine,
        "ai_generated": True,
        "mark_id": mark_value(claims.mark_id),
    }


def ingredient_definition(index: int, parent: ParentIngredient) -> dict[str, Any]:
    """Describe a parent so that the actions of `manifest_definition` find it."""
    return {
        "title": parent.clip_id,
        "relationship": parent.relation,
        "label": _ingredient_label(index),
    }


def _ingredient_label(index: int) -> str:
    return f"parent-{index}"


def _actions(claims: ClipClaims) -> list[dict[str, Any]]:
    when = claims.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    agent = {"name": claims.engine}
    made = {
        "when": when,
        "softwareAgent": agent,
        "digitalSourceType": digital_source_type(claims),
    }
    opened, placed = [], []
    for index, parent in enumerate(claims.parents):
        parameters = {"ingredientIds": [_ingredient_label(index)]}
        if parent.relation == "parentOf":
            opened.append({"action": "c2pa.opened", "when": when, "parameters": parameters})
        else:
            placed.append({"action": "c2pa.placed", "when": when, "parameters": parameters})
    # The specification wants `opened` or `created` as the first action, and only one of them.
    first = (
        [*opened, {"action": "c2pa.edited", **made}]
        if opened
        else [{"action": "c2pa.created", **made}]
    )
    marked = {"action": "c2pa.watermarked", "when": when, "softwareAgent": _GENERATOR}
    return [*first, *placed, marked]
