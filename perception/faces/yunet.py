"""YuNet's graph in the form of SCRFD, which insightface reads.

YuNet answers per cell of three grids with a class score, an object score, the box as centre offset
and logarithm of the size, and five points. SCRFD answers with one score, the distances from the
cell's corner to the box's four edges, and the points, in units of the stride, twice per cell (two
anchors). The second anchor gets score 0 here, so that it is never a face.
"""

from __future__ import annotations

from typing import Any, Final

STRIDES: Final = (8, 16, 32)
SIDE: Final = 640  # px, of the input
FIRST_WEIGHTS: Final = "420"  # of the first convolution: [16, 3, 3, 3]


def scrfd_form(original: bytes) -> bytes:
    """Rewrite the outputs of YuNet (2023mar), and its input from BGR to RGB; 0.3 s.

    The same input gives the same bytes, as long as onnx's version does not change.
    """
    import onnx

    model = onnx.load_model_from_string(original)
    graph = model.graph
    _swap_colours(graph)
    _add_constants(graph)
    for stride in STRIDES:
        _decode(graph, stride)
    del graph.output[:]
    for name, width in (("score", 1), ("box", 4), ("points", 10)):
        for stride in STRIDES:
            shape = [1, 2 * (SIDE // stride) ** 2, width]
            kind = onnx.TensorProto.FLOAT
            output = onnx.helper.make_tensor_value_info(f"{name}_{stride}", kind, shape)
            graph.output.append(output)
    onnx.checker.check_model(model)
    rewritten: bytes = model.SerializeToString(deterministic=True)
    return rewritten


def _swap_colours(graph: Any) -> None:
    import numpy as np  # noqa: PLC0415
    from onnx import numpy_helper

    weights = next(each for each in graph.initializer if each.name == FIRST_WEIGHTS)
    swapped = np.ascontiguousarray(numpy_helper.to_array(weights)[:, ::-1])
    weights.CopyFrom(numpy_helper.from_array(swapped, FIRST_WEIGHTS))


def _add_constants(graph: Any) -> None:
    import numpy as np  # noqa: PLC0415
    from onnx import numpy_helper

    constants: dict[str, np.ndarray[Any, Any]] = {
        "half": np.array(0.5, np.float32),
        "first_only": np.array([[[1, 0]]], np.float32),
        **{f"rows_of_{width}": np.array([1, -1, width], np.int64) for width in (1, 4, 10)},
    }
    for name, value in constants.items():
        graph.initializer.append(numpy_helper.from_array(value, name))


def _decode(graph: Any, stride: int) -> None:
    from onnx import helper

    def add(operator: str, inputs: str, outputs: str, **attributes: Any) -> None:
        """Append a node; `*` in a name stands for the stride."""
        taken, given = (each.replace("*", str(stride)).split() for each in (inputs, outputs))
        graph.node.append(helper.make_node(operator, taken, given, **attributes))

    add("Mul", "cls_* obj_*", "both_*")
    add("Sqrt", "both_*", "certainty_*")
    add("Mul", "certainty_* first_only", "certainties_*")
    add("Reshape", "certainties_* rows_of_1", "score_*")
    add("Split", "bbox_*", "offset_* log_size_*", axis=2, split=[2, 2])  # opset 11's form
    add("Exp", "log_size_*", "size_*")
    add("Mul", "size_* half", "half_size_*")
    add("Sub", "half_size_* offset_*", "left_top_*")
    add("Add", "half_size_* offset_*", "right_bottom_*")
    add("Concat", "left_top_* right_bottom_* left_top_* right_bottom_*", "boxes_*", axis=2)
    add("Reshape", "boxes_* rows_of_4", "box_*")
    add("Concat", "kps_* kps_*", "both_points_*", axis=2)
    add("Reshape", "both_points_* rows_of_10", "points_*")
