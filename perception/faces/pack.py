"""What a pack of face models is: its manifest, its licence class, its thresholds, its checksums.

A pack is a folder with insightface's `manifest.json` (version 2), to which we add one key of our
own that insightface ignores:

    "vignette": {
      "licence": "commercial",                      # or "unclear" or "research_only"
      "files": {"MODEL.LICENSE": "<sha256>", …},    # files beside those of the tasks
      "dlib": {"network": "….dat", "points": "….dat"}   # instead of the task "recognition"
    }

The SHA-256 of the manifest names the pack, since the manifest names that of every other file.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

Licence = Literal["commercial", "unclear", "research_only"]

MANIFEST: Final = "manifest.json"
LICENCE_FILE: Final = "MODEL.LICENSE"
DLIB_DIMENSION: Final = 128
# InsightFace's own: non-commercial research only, unless the manifest says that you bought them.
RESEARCH_PACKS: Final = ("antelope", "buffalo", "raccoon")


class PackError(Exception):
    """A pack is missing, incomplete, altered or not one that we can use; the text says which."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which similarity (cosine, -1 to 1) what follows; measured for one pack alone."""

    same_person: float  # 1:1: two pictures show the same person
    identify: float  # 1:N, up to 100,000 templates: sure enough to act without a person
    maybe: float  # 1:N: worth a person's look
    detect: float  # least detection score (0 to 1) of a face that counts


@dataclass(frozen=True, slots=True)
class Dlib:
    """The two files of dlib's recognition."""

    network: Path
    points: Path


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack as its manifest describes it; that its files are intact is `verify`'s to say."""

    folder: Path
    name: str
    sha256: str  # of the manifest
    licence: Licence
    dimension: int  # numbers in a template
    thresholds: Thresholds | None  # None: nobody measured this pack
    files: dict[str, str]  # SHA-256 by name: every file that is loaded or is part of the licence
    dlib: Dlib | None  # None: recognition is the manifest's own ONNX task


def default_pack() -> Path:
    """Return the folder of the pack that installation makes, whether it is there or not."""
    return Path(sys.prefix) / "share" / "vignette" / "faces"


def refusal(licence: Licence, *, production: bool, allow_unclear: bool) -> str:
    """Say why a pack of this licence class may not be used here; empty when it may."""
    if not production or licence == "commercial" or (licence == "unclear" and allow_unclear):
        return ""
    if licence == "unclear":
        return "its licence for commercial use is unclear; FACE_PACK_ALLOW_UNCLEAR=1 accepts that"
    return "its licence allows research only"


def read_pack(folder: Path) -> Pack:
    """Read a pack's manifest; costs a millisecond, loads no library and hashes no other file.

    Raises:
        PackError: the manifest is missing or malformed, or does not say what we need.
    """
    try:
        raw = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise PackError(f"{folder / MANIFEST}: {error.strerror}") from error
    try:
        return _parse(folder.resolve(), raw)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PackError(f"{folder / MANIFEST}: {error}") from error


def verify(pack: Pack) -> None:
    """Hold every file of a pack against its SHA-256: about 30 ms for the default one.

    Raises:
        PackError: a file is missing or altered.
    """
    for name, expected in pack.files.items():
        try:
            with (pack.folder / name).open("rb") as stream:
                actual = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise PackError(f"{pack.folder / name}: {error.strerror}") from error
        if actual != expected:
            raise PackError(f"{pack.folder / name} is not the file that the manifest names")


@cache
def measured() -> dict[str, Thresholds]:
    """Return the thresholds of `thresholds.toml` by the SHA-256 of their pack."""
    table = tomllib.loads(Path(__file__).with_name("thresholds.toml").read_text(encoding="utf-8"))
    return {
        sha256: Thresholds(**{name: float(row[name]) for name in Thresholds.__slots__})
        for sha256, row in table.items()
    }


def _parse(folder: Path, raw: bytes) -> Pack:
    manifest = json.loads(raw)
    if manifest.get("manifest_version") != 2:
        raise ValueError("manifest_version must be 2")
    name = str(manifest["model_id"])
    tasks = manifest["tasks"]
    ours = manifest.get("vignette", {})
    files = {_plain(file): _digest(digest) for file, digest in ours.get("files", {}).items()}
    for task in ("detection", "recognition"):
        if task in tasks:
            files[_plain(tasks[task]["file"])] = _digest(tasks[task].get("sha256"))
    dlib = _dlib(folder, ours, files)
    if "detection" not in tasks or ("recognition" in tasks) == (dlib is not None):
        raise ValueError("it needs the task detection, and recognition once: a task or dlib's")
    sha256 = hashlib.sha256(raw).hexdigest()
    return Pack(
        folder=folder,
        name=name,
        sha256=sha256,
        licence=_licence(name, ours),
        dimension=DLIB_DIMENSION if dlib else _dimension(tasks["recognition"]),
        thresholds=measured().get(sha256),
        files=files,
        dlib=dlib,
    )


def _dlib(folder: Path, ours: dict[str, Any], files: dict[str, str]) -> Dlib | None:
    if "dlib" not in ours:
        return None
    names = {role: _plain(ours["dlib"][role]) for role in ("network", "points")}
    if unlisted := set(names.values()) - set(files):
        raise ValueError(f"no sha256 for {', '.join(sorted(unlisted))}")
    return Dlib(network=folder / names["network"], points=folder / names["points"])


def _licence(name: str, ours: dict[str, Any]) -> Licence:
    said = ours.get("licence")
    if said is None:
        return "research_only" if name.lower().startswith(RESEARCH_PACKS) else "unclear"
    if said not in get_args(Licence):
        raise ValueError(f"vignette.licence must be one of {', '.join(get_args(Licence))}")
    licence: Licence = said
    return licence


def _dimension(recognition: dict[str, Any]) -> int:
    dimension = recognition.get("embedding_dimension", 512)  # insightface's default
    if not isinstance(dimension, int) or not 1 <= dimension <= 4096:
        raise ValueError("embedding_dimension must be between 1 and 4096")
    return dimension


def _plain(name: Any) -> str:
    if not isinstance(name, str) or Path(name).name != name or name in {"", ".", ".."}:
        raise ValueError(f"{name!r} is not the plain name of a file in the pack")
    return name


def _digest(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise ValueError("each file needs its sha256: 64 lower-case hexadecimal digits")
    return value
