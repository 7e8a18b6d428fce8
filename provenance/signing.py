"""Signing one file and reading a manifest back: C2PA Technical Specification 2.x."""

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import c2pa

from provenance.claims import CLIP_ASSERTION, ClipClaims, ingredient_definition, manifest_definition
from provenance.marker import Marker

ManifestState = Literal["trusted", "valid_untrusted", "invalid", "absent"]

MIME_TYPES = {
    ".mp4": "video/mp4",
    ".m4s": "video/mp4",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
}
_STATES: dict[str | None, ManifestState] = {"Trusted": "trusted", "Valid": "valid_untrusted"}


@dataclass(frozen=True, slots=True)
class ManifestReading:
    """A file's manifest as validated now. `problems` are C2PA status codes of what failed."""

    state: ManifestState
    problems: tuple[str, ...] = ()
    label: str | None = None
    assertions: tuple[tuple[str, Any], ...] = ()
    ingredients: int = 0

    def assertion(self, label: str) -> Any:
        """The data of the first assertion of that label, or None."""
        return next((data for name, data in self.assertions if name == label), None)

    @property
    def clip(self) -> dict[str, Any]:
        """Our own assertion about the clip; empty when there is none."""
        data = self.assertion(CLIP_ASSERTION)
        return data if isinstance(data, dict) else {}


def sign_file(source: Path, signed: Path, claims: ClipClaims, marker: Marker) -> None:
    """Write `signed`, a copy of `source` with a manifest in it. The parents are not checked here.

    Raises:
        c2pa.C2paError: the signer or the file's format is not usable.
    """
    definition = manifest_definition(claims)
    with ExitStack() as open_files:
        builder = open_files.enter_context(c2pa.Builder(definition, context=marker.context()))
        for index, parent in enumerate(claims.parents):
            file = open_files.enter_context(parent.path.open("rb"))
            builder.add_ingredient(
                ingredient_definition(index, parent), MIME_TYPES[parent.path.suffix.lower()], file
            )
        reading = open_files.enter_context(source.open("rb"))
        writing = open_files.enter_context(signed.open("w+b"))
        builder.sign(MIME_TYPES[source.suffix.lower()], reading, writing)


def read_manifest(path: Path, mime_type: str, marker: Marker) -> ManifestReading:
    """Validate a file's active manifest and those of its ingredients; fetches nothing.

    Damaged manifests are `invalid`, never an error; a file without one is `absent`.
    """
    try:
        with path.open("rb") as file:
            reader = c2pa.Reader.try_create(mime_type, file, context=marker.context())
            if reader is None:
                return ManifestReading("absent")
            with reader:
                store = json.loads(reader.json())
    except c2pa.C2paError as error:
        return ManifestReading("invalid", problems=(str(error).split(":", 1)[0],))
    label = store.get("active_manifest")
    manifest = store.get("manifests", {}).get(label, {})
    return ManifestReading(
        state=_STATES.get(store.get("validation_state"), "invalid"),
        problems=_problems(store.get("validation_results") or {}),
        label=label,
        assertions=tuple((a["label"], a.get("data")) for a in manifest.get("assertions", [])),
        ingredients=len(manifest.get("ingredients", [])),
    )


def _problems(results: dict[str, Any]) -> tuple[str, ...]:
    failures = list((results.get("activeManifest") or {}).get("failure", []))
    for delta in results.get("ingredientDeltas") or []:
        failures += (delta.get("validationDeltas") or {}).get("failure", [])
    return tuple(dict.fromkeys(failure.get("code", "unknown") for failure in failures))
