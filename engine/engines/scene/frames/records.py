"""Records: a NamedTuple of numbers as the compiled kernels take it, by pointer and not by value."""

from typing import Any

import numpy as np


def record(values: Any) -> np.void:
    """Turn a NamedTuple of floats, ints and tuples of floats into a record of the same names."""
    fields: list[Any] = []
    for name, value in values._asdict().items():
        if isinstance(value, tuple):
            fields.append((name, np.float64, (len(value),)))
        else:
            fields.append((name, np.int64 if isinstance(value, int) else np.float64))
    made = np.zeros(1, np.dtype(fields, align=True))
    for name, value in values._asdict().items():
        made[name][0] = value
    return made[0]  # type: ignore[no-any-return]
