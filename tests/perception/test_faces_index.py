"""The search is exact."""

from __future__ import annotations

import uuid

import numpy as np
import pytest

from perception.faces import FaceIndex


def units(count, dimension=16, seed=1):
    rows = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_nearest_are_those_that_brute_force_finds():
    templates = units(3000)
    ids = [uuid.uuid4() for _ in templates]
    index = FaceIndex(ids, templates)
    assert len(index) == 3000
    for asked in units(20, seed=2):
        likeness = [float(np.dot(row.astype(float), asked)) for row in templates]
        expected = sorted(range(3000), key=lambda row: -likeness[row])[:7]
        found = index.nearest(asked, 7)
        assert [each for each, _ in found] == [ids[row] for row in expected]
        assert [score for _, score in found] == pytest.approx(
            [likeness[row] for row in expected], abs=1e-5
        )


def test_a_template_finds_itself_first():
    templates = units(500)
    ids = [uuid.uuid4() for _ in templates]
    index = FaceIndex(ids, templates)
    assert index.nearest(templates[123], 1) == [(ids[123], pytest.approx(1, abs=1e-6))]


def test_more_than_there_is_gives_all_and_an_empty_index_gives_none():
    templates = units(3)
    index = FaceIndex([uuid.uuid4() for _ in templates], templates)
    assert len(index.nearest(templates[0], 10)) == 3
    assert index.nearest(templates[0], 0) == []
    assert FaceIndex([], np.empty((0, 16), np.float32)).nearest(templates[0], 5) == []


def test_what_is_no_template_is_refused():
    ids = [uuid.uuid4(), uuid.uuid4()]
    with pytest.raises(ValueError, match="do not fit"):
        FaceIndex(ids, units(3))
    with pytest.raises(ValueError, match="length 1"):
        FaceIndex(ids, units(2) * 2)
    with pytest.raises(ValueError, match="length 1"):
        FaceIndex(ids, np.full((2, 16), np.nan, np.float32))
    index = FaceIndex(ids, units(2))
    with pytest.raises(ValueError, match="does not fit"):
        index.nearest(units(1, dimension=8)[0], 1)
    with pytest.raises(ValueError, match="length 1"):
        index.nearest(units(1)[0] * 3, 1)
