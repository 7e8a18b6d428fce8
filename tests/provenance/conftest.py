from datetime import UTC, datetime

import pytest

from provenance.claims import ClipClaims
from provenance.marker import Marker
from provenance.pipeline import mark_clip
from tests.media import make_clip

MARK_ID = 0xC0FFEE0123456789


def claims_of(clip_id, mark_id=MARK_ID, **changes):
    return ClipClaims(
        **{
            "clip_id": clip_id,
            "mark_id": mark_id,
            "author_handle": "ada.lovelace",
            "title": "A ball on the stairs",
            "engine": "scene",
            "engine_is_procedural": True,
            "created_at": datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
            "instance": "vignette.test",
        }
        | changes
    )


@pytest.fixture(scope="session")
def marker(tmp_path_factory):
    return Marker.from_folder(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory):
    """Another deployment: another root, another watermark key."""
    return Marker.from_folder(tmp_path_factory.mktemp("other-keys"))


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    return make_clip(
        tmp_path_factory.mktemp("source") / "clip.mp4", "moving", seconds=3, audio=True
    )


@pytest.fixture(scope="session")
def marked(tmp_path_factory, marker, source):
    return mark_clip(
        source, tmp_path_factory.mktemp("marked") / "clip", claims_of("clip-1"), marker
    )
