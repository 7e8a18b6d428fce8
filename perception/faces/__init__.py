"""Faces: where they are in a picture, and how alike two of them are.

insightface's `FaceAnalysis` reads a folder of models, the pack, by its manifest (version 2). The
default pack is made at installation from weights that came by pip: YuNet (MIT) finds faces, dlib's
ResNet (CC0) turns one into a template of 128 numbers. An operator may bring another pack. Nothing
is downloaded; every file is held against the manifest's SHA-256 before it is loaded.
"""

from __future__ import annotations

from perception.faces.index import FaceIndex
from perception.faces.model import Face, FaceModel, load_faces
from perception.faces.pack import Pack, PackError, Thresholds, default_pack, read_pack, refusal

__all__ = [
    "Face",
    "FaceIndex",
    "FaceModel",
    "Pack",
    "PackError",
    "Thresholds",
    "default_pack",
    "load_faces",
    "read_pack",
    "refusal",
]
