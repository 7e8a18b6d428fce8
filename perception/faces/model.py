"""Finding faces and making templates of them, by the models of a pack."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from perception.faces.pack import Pack, PackError, read_pack, verify

if TYPE_CHECKING:
    from insightface.app import FaceAnalysis

Frame = npt.NDArray[np.uint8]
Template = npt.NDArray[np.float32]

DETECTOR_SIZE: Final = (640, 640)  # px: a frame is scaled to fit
DETECT_UNMEASURED: Final = 0.6  # least detection score for a pack without thresholds

_lock = threading.Lock()
_models: dict[tuple[int, str, Path], FaceModel] = {}  # by process id, pack and folder


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face in a frame."""

    box: tuple[float, float, float, float]  # x0, y0, x1, y1 in px; may reach over the edge
    # px, [5, 2]: the eye at the picture's left, the other, nose, mouth corners left and right
    keypoints: npt.NDArray[np.float32]
    score: float  # 0 to 1

    @property
    def area(self) -> float:
        """Return the box's area in square pixels."""
        x0, y0, x1, y1 = self.box
        return (x1 - x0) * (y1 - y0)


class FaceModel:
    """The models of one pack in this process. Thread-safe."""

    def __init__(self, pack: Pack, analysis: FaceAnalysis, recogniser: ArcFace | DlibNet) -> None:
        """Take over loaded models; use `load_faces`."""
        self.pack = pack
        self._analysis = analysis
        self._recogniser = recogniser

    def find(self, frame: Frame) -> tuple[Face, ...]:
        """Return the faces of a frame, largest first; 20 to 35 ms of one core.

        Args:
            frame: RGB, uint8, [height_px, width_px, 3].

        Raises:
            ValueError: the frame is not of that kind, or has no pixels.
        """
        detector: Any = self._analysis.det_model
        rows, points = detector.detect(_bgr(frame))
        faces = [
            Face(
                box=(float(row[0]), float(row[1]), float(row[2]), float(row[3])),
                keypoints=np.asarray(five, dtype=np.float32),
                score=min(1.0, float(row[4])),
            )
            for row, five in zip(rows, points, strict=True)
        ]
        return tuple(sorted(faces, key=lambda face: face.area, reverse=True))

    def embed(self, frame: Frame, face: Face) -> Template:
        """Return the template of a face that `find` found in the same frame.

        Args:
            frame: RGB, uint8, [height_px, width_px, 3].
            face: what `find` returned for it.

        Returns:
            float32 [pack.dimension] of Euclidean length 1: the similarity of two templates is
            their dot product. 60 to 150 ms of one core with the default pack.

        Raises:
            ValueError: the frame is not of that kind, or has no pixels.
            PackError: the model's output is not what the manifest says.
        """
        _check(frame)
        template = self._recogniser.embed(frame, face)
        length = float(np.linalg.norm(template))
        if template.shape != (self.pack.dimension,) or not np.isfinite(length) or length == 0:
            raise PackError(
                f"{self.pack.name} makes templates of shape {template.shape} and length {length}; "
                f"its manifest says {self.pack.dimension} numbers"
            )
        return (template / length).astype(np.float32)


class ArcFace:
    """Recognition by an ONNX model of insightface's kind, on its 112-px aligned crop."""

    def __init__(self, model: Any) -> None:
        """Take over insightface's loaded model."""
        self._model = model

    def embed(self, frame: Frame, face: Face) -> npt.NDArray[np.float32]:
        """Return the raw template."""
        import cv2
        from insightface.utils.face_align import arcface_dst

        side = int(self._model.input_size[0])
        # As insightface's norm_crop does, which calls what scikit-image has deprecated.
        unit = 128 if side % 112 else 112
        target = (arcface_dst + np.array([(unit - 112) / 2, 0])) * (side / unit)
        matrix = similarity(face.keypoints, target)
        crop = cv2.warpAffine(_bgr(frame), matrix, (side, side), borderValue=0.0)
        return np.asarray(self._model.get_feat(crop), dtype=np.float32).reshape(-1)


class DlibNet:
    """Recognition by dlib's ResNet, on a 150-px crop aligned by its own five points."""

    def __init__(self, network: Path, points: Path) -> None:
        """Load both files, which were verified: dlib parses them without mercy."""
        import dlib

        self._dlib = dlib
        self._network = dlib.face_recognition_model_v1(str(network))
        self._points = dlib.shape_predictor(str(points))
        self._turn = threading.Lock()  # a forward pass writes into the network's own buffers

    def embed(self, frame: Frame, face: Face) -> npt.NDArray[np.float32]:
        """Return the raw template."""
        x0, y0, x1, y1 = face.box
        # dlib's boxes are squares from brow to chin; YuNet's are taller and as wide.
        half, x, y = (x1 - x0) / 2, (x0 + x1) / 2, (y0 + y1) / 2
        edges = [round(edge) for edge in (x - half, y - half, x + half, y + half)]
        picture = np.ascontiguousarray(frame)
        with self._turn:
            shape = self._points(picture, self._dlib.rectangle(*edges))
            crop = self._dlib.get_face_chip(picture, shape, 150, 0.25)
            return np.asarray(self._network.compute_face_descriptor(crop), dtype=np.float32)


def similarity(
    source: npt.NDArray[np.float32], target: npt.NDArray[np.floating[Any]]
) -> npt.NDArray[np.float64]:
    """Return the turn, scale and shift [2, 3] that maps points onto others best (Umeyama)."""
    from_mean, to_mean = source.mean(axis=0), target.mean(axis=0)
    a, b = (source - from_mean).astype(np.float64), (target - to_mean).astype(np.float64)
    # As complex numbers the best turn and scale is one quotient; it never mirrors.
    p, q = a[:, 0] + 1j * a[:, 1], b[:, 0] + 1j * b[:, 1]
    spread = float(np.sum(np.abs(p) ** 2))
    factor = complex(np.sum(p.conj() * q)) / spread if spread else 1 + 0j
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return np.hstack([turn, (to_mean - turn @ from_mean)[:, None]])


def load_faces(folder: Path) -> FaceModel:
    """Return the models of a pack, loaded and verified once per process (1 to 2 s, about 150 MB).

    Thread-safe, and safe after a fork. A pack that was replaced since is loaded anew.

    Raises:
        PackError: the pack is missing, malformed or altered, or its models do not load.
    """
    pack = read_pack(folder)
    # By process: a session made before a fork has lost its threads and would hang in the child.
    key = (os.getpid(), pack.sha256, pack.folder)
    with _lock:
        if key not in _models:
            verify(pack)
            _models[key] = _load(pack)
        return _models[key]


def _load(pack: Pack) -> FaceModel:
    try:
        _refuse_outside_weights(pack)
        analysis = _analysis(pack)
        if pack.dlib:
            return FaceModel(pack, analysis, DlibNet(pack.dlib.network, pack.dlib.points))
        return FaceModel(pack, analysis, ArcFace(analysis.models["recognition"]))
    except PackError:
        raise
    # insightface, onnxruntime and dlib raise whatever they like about a model they cannot read.
    except Exception as error:
        raise PackError(f"{pack.folder} does not load: {error}") from error


def _refuse_outside_weights(pack: Pack) -> None:
    """Refuse weights beside an ONNX file: the manifest vouches for none of them.

    Raises:
        PackError: an ONNX file names weights in another file.
    """
    import onnx

    for name in (each for each in pack.files if each.endswith(".onnx")):
        graph = onnx.load_model(pack.folder / name, load_external_data=False).graph
        constants = [field.t for node in graph.node for field in node.attribute]
        for tensor in (*graph.initializer, *constants):
            if tensor.data_location == onnx.TensorProto.EXTERNAL:
                raise PackError(f"the weights of {name} lie in another file")


def _analysis(pack: Pack) -> FaceAnalysis:
    import onnxruntime
    from insightface.app import FaceAnalysis

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # on busy cores a second one doubles the time
    analysis = FaceAnalysis(
        name=str(pack.folder),  # a folder that is there: with a name it would download
        allowed_modules=["detection", "recognition"],
        providers=["CPUExecutionProvider"],
        sess_options=options,
        static_shape_sessions=False,  # one session, whatever the size
    )
    threshold = pack.thresholds.detect if pack.thresholds else DETECT_UNMEASURED
    analysis.prepare(ctx_id=0, det_thresh=threshold, det_size=DETECTOR_SIZE)
    return analysis


def _bgr(frame: Frame) -> Frame:
    _check(frame)
    return np.ascontiguousarray(frame[:, :, ::-1])


def _check(frame: Frame) -> None:
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or frame.size == 0:
        raise ValueError(f"A frame must be [height, width, 3] uint8, not {frame.shape}.")


def _forget_lock_in_child() -> None:
    """Give a forked worker a free lock: the parent's may be held by a thread that is not here."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock_in_child)
