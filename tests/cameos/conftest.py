"""Likenesses: media and work folders of the test's own, and a face pack that needs no models."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cameos.custody import make_key
from cameos.models import Cameo
from core.ids import new_id

PACK = "5" * 64


@pytest.fixture(autouse=True)
def _folders(settings, tmp_path) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    settings.WORK_DIR = tmp_path / "work"
    settings.RATE_LIMITS = False


@pytest.fixture(autouse=True)
def _pack_in_use(monkeypatch) -> None:
    """Let the pack in use be PACK, whatever is installed."""
    monkeypatch.setattr("cameos.services.likeness.current_pack", lambda: PACK)


@pytest.fixture
def subject(db):
    """The id of a subject with a data key."""
    subject_id = new_id()
    make_key(subject_id)
    return subject_id


@pytest.fixture
def make_cameo(make_user) -> Callable[..., Cameo]:
    """Return a function that makes active cameos without a likeness: `make_cameo("ada")`."""

    def make(username: str = "ada", **fields) -> Cameo:
        given = {"kind": "person", "handle": username} | fields
        return Cameo.objects.create(owner=make_user(username), **given)

    return make


def template_of(seed: int, *, near: int | None = None, similarity: float = 0.0):
    """Return a template of unit length; with `near`, one of a given cosine with that seed's."""
    made = _unit(np.random.default_rng(seed).normal(size=128))
    if near is None:
        return made
    other = template_of(near)
    across = _unit(made - (made @ other) * other)
    return (similarity * other + np.sqrt(1 - similarity**2) * across).astype(np.float32)


def _unit(vector):
    return (vector / np.linalg.norm(vector)).astype(np.float32)
