import multiprocessing
import stat
from pathlib import Path

import pytest

from provenance.errors import KeysUnusable
from provenance.marker import Marker


def test_the_same_folder_gives_the_same_keys(tmp_path):
    first, second = Marker.from_folder(tmp_path), Marker.from_folder(tmp_path)
    assert first == second
    assert first.is_development


def test_keys_are_for_their_owner_only_and_never_shown(tmp_path):
    marker = Marker.from_folder(tmp_path / "new" / "keys")
    home = tmp_path / "new" / "keys" / "development"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert "PRIVATE KEY" not in repr(marker)
    assert repr(marker.watermark_key) not in repr(marker)


def _chain_made_in(folder: str) -> str:
    return Marker.from_folder(Path(folder)).cert_chain


def test_processes_that_start_at_once_end_with_one_chain(tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        chains = pool.map(_chain_made_in, [str(tmp_path)] * 8, chunksize=1)
    assert len(set(chains)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["development"]


def test_an_operators_keys_are_checked(tmp_path):
    mine, other = Marker.from_folder(tmp_path / "a"), Marker.from_folder(tmp_path / "b")
    good = {
        "cert_chain": mine.cert_chain,
        "private_key": mine.private_key,
        "watermark_key": mine.watermark_key,
        "trust_anchors": mine.trust_anchors,
    }
    assert not Marker.from_pem(**good).is_development
    for bad in (
        {"private_key": other.private_key},
        {"private_key": "no key"},
        {"cert_chain": ""},
        {"trust_anchors": "none"},
        {"watermark_key": b"short"},
    ):
        with pytest.raises(KeysUnusable):
            Marker.from_pem(**good | bad)


def test_a_damaged_folder_is_refused(tmp_path):
    Marker.from_folder(tmp_path)
    (tmp_path / "development" / "private_key.pem").write_text("")
    with pytest.raises(KeysUnusable):
        Marker.from_folder(tmp_path)
