"""Two people in public-domain pictures, and packs to break."""

from __future__ import annotations

import hashlib
import json
import shutil
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from perception.faces import FaceModel, default_pack, load_faces


@cache
def collins() -> np.ndarray:
    """Eileen Collins, by NASA: RGB, 512 x 512 px."""
    return skimage.data.astronaut()  # lies in the wheel


@cache
def hopper() -> np.ndarray:
    """Grace Hopper, by the US Navy (public domain): RGB, 292 x 322 px."""
    # Lies in matplotlib's wheel, which is here for nothing else.
    file = files("matplotlib") / "mpl-data" / "sample_data" / "grace_hopper.jpg"
    with file.open("rb") as stream:
        face = Image.open(stream).convert("RGB").crop((58, 1, 455, 439))
    return np.asarray(face.resize((292, 322)))


def template(frame: np.ndarray, model: FaceModel | None = None) -> np.ndarray:
    """The template of the one face in a frame."""
    model = model or load_faces(default_pack())
    (face,) = model.find(frame)
    return model.embed(frame, face)


@cache
def collins_template() -> np.ndarray:
    """Her template by the default pack."""
    return template(collins())


def copied_pack(folder: Path) -> Path:
    """A copy of the default pack, to change."""
    shutil.copytree(default_pack(), folder)
    return folder


def rewrite(folder: Path, change) -> None:
    """Change a pack's manifest, which then is another pack's."""
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def arcface_pack(folder: Path, **ours: object) -> Path:
    """An operator's pack: our detector, and a network of insightface's kind made by hand.

    Its template is the aligned crop's mean colours over a grid of 4 x 4.
    """
    import onnx

    folder.mkdir()
    for name in ("yunet.onnx", "MODEL.LICENSE"):
        shutil.copy(default_pack() / name, folder)
    kind = onnx.TensorProto.FLOAT
    value = onnx.helper.make_tensor_value_info
    nodes = [
        onnx.helper.make_node(
            "AveragePool", ["in"], ["grid"], kernel_shape=[28, 28], strides=[28, 28]
        ),
        onnx.helper.make_node("Flatten", ["grid"], ["out"]),
    ]
    graph = onnx.helper.make_graph(
        nodes, "mean", [value("in", kind, [1, 3, 112, 112])], [value("out", kind, [1, 48])]
    )
    opset = onnx.helper.make_opsetid("", 13)
    model = onnx.helper.make_model(graph, ir_version=8, opset_imports=[opset])
    (folder / "mean.onnx").write_bytes(model.SerializeToString())
    files = {
        each: hashlib.sha256((folder / each).read_bytes()).hexdigest()
        for each in ("yunet.onnx", "mean.onnx")
    }
    tasks = {
        "detection": {
            "file": "yunet.onnx",
            "sha256": files["yunet.onnx"],
            "preprocessing": {"mean": 0, "std": 1},
        },
        "recognition": {
            "file": "mean.onnx",
            "sha256": files["mean.onnx"],
            "embedding_dimension": 48,
        },
    }
    manifest = {
        "manifest_version": 2,
        "model_id": "mean",
        "license": "MODEL.LICENSE",
        "tasks": tasks,
        **ours,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder
