"""Faces are found, and one person's templates are alike; nothing is downloaded."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from perception.faces import default_pack, load_faces
from perception.faces.model import similarity
from tests.perception.faces import arcface_pack, collins, collins_template, hopper, template


def test_one_face_is_found_where_it_is():
    (face,) = load_faces(default_pack()).find(collins())
    assert face.box == pytest.approx((179, 63, 270, 174), abs=4)
    assert face.score > 0.9


def test_keypoints_come_in_the_order_of_the_picture():
    (face,) = load_faces(default_pack()).find(collins())
    left_eye, right_eye, nose, left_mouth, right_mouth = face.keypoints
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < nose[0] < right_mouth[0]
    assert left_eye[1] == pytest.approx(105, abs=4)
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


def test_the_largest_face_comes_first():
    small = np.asarray(Image.fromarray(collins()).resize((256, 256)))
    both = np.zeros((512, 900, 3), np.uint8)
    both[:256, :256] = small
    both[:322, 400:692] = hopper()
    faces = load_faces(default_pack()).find(both)
    assert [face.box[0] > 400 for face in faces] == [True, False]
    assert faces[0].area > faces[1].area


def test_where_nobody_is_nobody_is_found():
    noise = np.random.default_rng(1).integers(0, 256, (360, 640, 3), np.uint8)
    assert load_faces(default_pack()).find(noise) == ()
    assert load_faces(default_pack()).find(noise[:1, :1]) == ()


def as_jpeg(picture):
    file = BytesIO()
    picture.save(file, "JPEG", quality=30)
    return Image.open(file)


CHANGES = {
    "half as large": lambda picture: picture.resize((256, 256)),
    "darker": lambda picture: ImageEnhance.Brightness(picture).enhance(0.5),
    "out of focus": lambda picture: picture.filter(ImageFilter.GaussianBlur(2)),
    "compressed": as_jpeg,
    "tilted": lambda picture: picture.rotate(15),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_same_face_changed_a_little_is_the_same_person(change):
    changed = np.asarray(change(Image.fromarray(collins())).convert("RGB"))
    likeness = template(changed) @ collins_template()
    assert likeness > load_faces(default_pack()).pack.thresholds.identify


def test_another_face_is_another_person():
    limits = load_faces(default_pack()).pack.thresholds
    assert template(hopper()) @ collins_template() < limits.same_person
    assert limits.same_person < limits.maybe < limits.identify


def test_a_template_has_length_one_and_the_pack_s_dimension():
    made = collins_template()
    assert (made.dtype, made.shape) == (np.float32, (load_faces(default_pack()).pack.dimension,))
    assert np.linalg.norm(made) == pytest.approx(1, abs=1e-6)


def test_a_face_at_the_edge_is_embedded_too():
    cut = collins()[70:170, 185:264]
    model = load_faces(default_pack())
    (face,) = model.find(cut)
    assert face.box[1] < 0 or face.box[3] > 100
    assert model.embed(cut, face) @ collins_template() > model.pack.thresholds.same_person


@pytest.mark.parametrize(
    "frame",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)],
)
def test_what_is_not_an_rgb_picture_is_named(frame):
    model = load_faces(default_pack())
    (face,) = model.find(collins())
    with pytest.raises(ValueError, match="uint8"):
        model.find(frame)
    with pytest.raises(ValueError, match="uint8"):
        model.embed(frame, face)


def test_threads_share_one_model_and_get_the_same_templates():
    expected = [collins_template(), template(hopper())]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(template, [collins(), hopper()] * 2))
        models = set(pool.map(lambda _: id(load_faces(default_pack())), range(4)))
    for one, other in zip(made, expected * 2, strict=True):
        assert np.allclose(one, other, atol=1e-6)
    assert len(models) == 1


def _embed_into(queue):
    queue.put(template(hopper()))


def test_a_forked_worker_embeds_again():
    expected = template(hopper())
    fork = multiprocessing.get_context("fork")
    queue = fork.SimpleQueue()
    child = fork.Process(target=_embed_into, args=(queue,))
    child.start()
    child.join(30)
    alive = child.is_alive()
    child.kill()
    assert not alive
    assert np.allclose(queue.get(), expected, atol=1e-5)


def test_an_operator_s_arcface_pack_works_with_the_same_code(tmp_path):
    model = load_faces(arcface_pack(tmp_path / "mean"))
    made = template(hopper(), model)
    assert made.shape == (48,)
    assert np.linalg.norm(made) == pytest.approx(1, abs=1e-6)
    # The network sees the crop that insightface itself would give it.
    recogniser = model._analysis.models["recognition"]
    (face,) = model.find(hopper())
    with pytest.warns(FutureWarning, match="estimate"):
        theirs = recogniser.get(hopper()[:, :, ::-1], SimpleNamespace(kps=face.keypoints))
    assert np.allclose(made, theirs / np.linalg.norm(theirs), atol=1e-3)


def test_alignment_undoes_turn_scale_and_shift():
    points = np.array([[1, 2], [5, 3], [4, 9], [0, 7]], np.float32)
    turn = 2 * np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    moved = points @ turn.T + [10, -3]
    matrix = similarity(points, moved)
    assert np.allclose(points @ matrix[:, :2].T + matrix[:, 2], moved, atol=1e-5)


OFFLINE = """
import socket, sys
def refuse(*_, **__): raise AssertionError("network")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
import skimage.data
from perception.faces import default_pack, load_faces
model = load_faces(default_pack())
frame = skimage.data.astronaut()
(face,) = model.find(frame)
model.embed(frame, face)
from importlib.metadata import PackageNotFoundError, distribution
try:
    distribution("opencv-python")
except PackageNotFoundError:
    raise SystemExit(0)
raise SystemExit("opencv-python, which needs libGL, is installed")
"""


def test_importing_loading_finding_and_embedding_need_no_network():
    subprocess.run([sys.executable, "-W", "ignore", "-c", OFFLINE], check=True, timeout=60)
