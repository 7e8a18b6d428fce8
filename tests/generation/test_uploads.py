"""Pictures that clips begin from: taken, looked at, given to engines, gone; and faces in films."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.functions import Now
from PIL import Image

from cameos.models import Cameo, LikenessDoubt
from cameos.services.faces import recognition
from feed.models import Clip
from generation.engines import reports
from generation.errors import UploadNotFound
from generation.models import Job, Upload
from generation.services.request import GenerationRequest
from generation.services.run import run_job
from generation.services.submit import preflight
from generation.services.uploads import (
    TRIES_MAX,
    UPLOADS_MAX,
    check_upload,
    check_waiting_uploads,
    delete_upload,
    forget_unused_uploads,
)
from notifications.models import Event
from perception.faces import PackError
from tests.cameos.faces import (
    between,
    collins,
    collins_template,
    encoded,
    film,
    hopper,
    hopper_template,
    landscape,
    placed,
    register,
)
from tests.fakes.engine import CAPABILITIES

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_places(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "media")
    settings.WORK_DIR = tmp_path / "work"
    settings.RATE_LIMITS = False
    recognition.forget_faces()


@pytest.fixture
def ada(make_user, client_of):
    """@ada's client, and herself as `ada.user`."""
    user = make_user("ada")
    client = client_of(user)
    client.user = user
    return client


@pytest.fixture
def pictures_engine(engine):
    """The quick engine, which takes pictures."""
    engine.engine.capabilities = replace(CAPABILITIES, input_reference=True)
    engine.stop()
    engine.start()
    reports.disconnect()
    return engine


def send(client, picture=None, name="../../etc/x.html", kind="text/html"):
    data = encoded(landscape()) if picture is None else picture
    return client.post("/api/v1/uploads", {"file": SimpleUploadedFile(name, data, kind)})


def looked_at(client, picture=None):
    """An upload of the client's that a worker has looked at."""
    upload = Upload.objects.get(pk=send(client, picture).json()["id"])
    check_upload(upload_id=upload.pk)
    upload.refresh_from_db()
    return upload


def test_a_picture_is_drawn_anew_sealed_and_ready_once_it_was_looked_at(ada, client_of, make_user):
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    answer = send(ada, encoded(landscape(800, 600), exif=exif, comment=b"where I live"))
    assert answer.status_code == 202
    said = answer.json()
    assert (said["state"], said["width"], said["height"]) == ("checking", 800, 600)
    upload = Upload.objects.get()
    assert b"\xff\xd8\xff" not in bytes(upload.picture)
    for _ in range(2):
        check_upload(upload_id=upload.pk)
    path = f"/api/v1/uploads/{upload.pk}"
    said = ada.get(path).json()
    assert (said["state"], said["reason"]) == ("ready", None)
    bob = client_of(make_user("bob"))
    assert bob.get(path).json()["code"] == "upload_not_found"
    assert bob.delete(path).status_code == 404
    assert ada.delete(path).status_code == 204
    assert not Upload.objects.exists()


def bomb():
    """A PNG of a few bytes that says it has 2.5 billion pixels."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def mpeg():
    return b"\x00\x00\x00\x18ftypmp42" + bytes(500)


FAULTS = [
    (b"", 422, "invalid"),
    (b"<html>hello</html>", 422, "picture_unreadable"),
    (encoded(landscape())[:900], 422, "picture_unreadable"),
    (mpeg(), 422, "picture_unreadable"),
    (b"\xff\xd8\xff" + bytes(500), 422, "picture_unreadable"),
    (encoded(landscape(), "GIF"), 422, "picture_unreadable"),
    (encoded(landscape()) + b"PK\x05\x06" + bytes(18), 422, "picture_is_more"),
    (encoded(landscape(), "PNG") + b"<script>alert(1)</script>", 422, "picture_is_more"),
    (encoded(landscape(), comment=b"%PDF-1.4"), 422, "picture_is_more"),
    (encoded(landscape(63, 200)), 422, "picture_too_small"),
    (bomb(), 413, "picture_too_large"),
    (encoded(landscape()) + bytes(8 * 2**20), 413, "picture_too_large"),
    (bytes(9 * 2**20), 413, "picture_too_large"),
]


@pytest.mark.parametrize(("picture", "status", "code"), FAULTS)
def test_what_is_no_plain_picture_is_refused_with_its_code(ada, picture, status, code):
    answer = send(ada, picture)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Upload.objects.exists()


def test_a_stranger_s_face_refuses_it_and_the_picture_is_gone(ada):
    upload = looked_at(ada, encoded(collins()))
    assert (upload.state, upload.refused_code, upload.picture) == ("refused", "real_face", None)
    said = ada.get(f"/api/v1/uploads/{upload.pk}").json()
    assert said["reason"]["code"] == "real_face"


def test_the_face_of_a_cameo_that_i_may_use_is_none_of_a_stranger(ada, make_user):
    bob = make_user("bob")
    hers = register(bob, collins_template(), audience="only_me")
    assert looked_at(ada, encoded(collins())).state == "refused"
    Cameo.objects.filter(pk=hers.pk).update(audience="everyone")
    upload = looked_at(ada, encoded(collins(), "WEBP"))
    assert (upload.state, upload.cast) == ("ready", [hers.pk])
    both = placed(collins(), height=300, at=(0, 0)).copy()
    both[320:620, :272] = placed(hopper(), height=300, at=(0, 0))[:300, :272]
    assert looked_at(ada, encoded(both)).state == "refused"
    register(None, collins_template(), kind="listed")
    Cameo.objects.filter(pk=hers.pk).update(state="revoked", revoked_at=Now())
    assert looked_at(ada, encoded(collins())).state == "refused"


def test_lost_calls_are_made_up_for_and_a_picture_nobody_can_look_at_is_refused(ada, monkeypatch):
    send(ada)

    def broken(**_):
        raise PackError("no pack")

    check_waiting_uploads()
    assert Upload.objects.get().tries == 0  # it is not lost yet
    with monkeypatch.context() as patched:
        patched.setattr("generation.services.uploads.look_at_picture", broken)
        for _ in range(TRIES_MAX):
            Upload.objects.update(created_at=Now() - timedelta(days=1), tried_at=None)
            check_waiting_uploads()
        upload = Upload.objects.get()
        assert (upload.state, upload.tries) == ("checking", TRIES_MAX)
        Upload.objects.update(tried_at=Now() - timedelta(days=1))
        check_waiting_uploads()
    upload.refresh_from_db()
    assert (upload.state, upload.refused_code) == ("refused", "not_checked")


def test_an_account_keeps_so_many_and_unused_ones_go(ada, settings, make_job):
    kept = {"user": ada.user, "picture": b"x", "width_px": 1, "height_px": 1}
    Upload.objects.bulk_create(Upload(**kept) for _ in range(UPLOADS_MAX))
    assert send(ada).json()["code"] == "too_many_uploads"
    needed, fresh, *_ = Upload.objects.all()
    job = make_job(ada.user)
    Job.objects.filter(pk=job.pk).update(input_reference=needed.pk)
    old = Now() - timedelta(days=settings.UPLOAD_DAYS, seconds=1)
    Upload.objects.exclude(pk=fresh.pk).update(used_at=old)
    assert forget_unused_uploads() == UPLOADS_MAX - 2
    assert set(Upload.objects.values_list("pk", flat=True)) == {needed.pk, fresh.pk}


def ask(client, upload_id, **fields):
    body = {"prompt": "The sun sets.", "seconds": 1, "input_reference": str(upload_id)} | fields
    return client.post("/api/v1/generations", body, format="json")


def test_only_an_engine_that_takes_pictures_gets_one(ada, engine):
    answer = ask(ada, looked_at(ada).pk)
    assert (answer.status_code, answer.json()["code"]) == (422, "input_reference_not_offered")
    assert not Job.objects.exists()


def test_only_a_ready_upload_of_mine_can_be_begun_from(ada, client_of, make_user, pictures_engine):
    upload = Upload.objects.get(pk=send(ada).json()["id"])
    answer = ask(ada, upload.pk)
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_not_ready")
    bob = make_user("bob")
    answer = ask(client_of(bob), upload.pk)
    assert (answer.status_code, answer.json()["code"]) == (404, "upload_not_found")
    refused = looked_at(ada, encoded(collins()))
    answer = ask(ada, refused.pk)
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_refused")
    request = GenerationRequest(prompt="A ball.", seconds=1, input_reference=refused.pk)
    assert [one["rule"] for one in preflight(by=ada.user, request=request).reasons] == [
        "upload_refused"
    ]
    with pytest.raises(UploadNotFound):
        preflight(by=bob, request=request)
    assert not Job.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_engine_gets_the_picture_and_the_recipe_keeps_its_id(ada, pictures_engine):
    upload = looked_at(ada, encoded(landscape(600, 400)))
    before = upload.used_at
    answer = ask(ada, upload.pk)
    assert answer.status_code == 202
    assert answer.json()["recipe"]["input_reference"] == str(upload.pk)
    job = Job.objects.get()
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == ("ready", None)
    (request,) = pictures_engine.engine.requests
    with Image.open(io.BytesIO(request.input_reference)) as picture:
        assert (picture.format, picture.size) == ("PNG", (600, 400))
    upload.refresh_from_db()
    assert upload.used_at > before
    again = GenerationRequest.of_job(job)
    assert GenerationRequest.from_json(again.as_json()) == again
    assert again.input_reference == upload.pk


@pytest.mark.django_db(transaction=True)
def test_a_picture_with_a_cameo_brings_it_into_the_cast_and_is_looked_at_again(
    ada, make_user, pictures_engine
):
    hers = register(make_user("bob"), collins_template())
    upload = looked_at(ada, encoded(collins()))
    assert ask(ada, upload.pk).status_code == 202
    job = Job.objects.get()
    assert (job.cast, job.named_cast) == ([hers.pk], [])
    Cameo.objects.filter(pk=hers.pk).update(audience="only_me")
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("refused", "real_face")
    assert pictures_engine.engine.requests == []
    assert ask(ada, upload.pk).json()["code"] == "cameo_not_permitted"


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_picture_is_deleted_ends(ada, pictures_engine):
    upload = looked_at(ada)
    ask(ada, upload.pk)
    delete_upload(upload_id=upload.pk, by=ada.user.pk)
    job = Job.objects.get()
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("refused", "upload_not_found")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_sure", [True, False])
def test_a_film_with_a_protected_face_is_refused_or_stays_a_draft(
    make_job, make_user, engine, tmp_path, client_of, is_sure
):
    limits = recognition.thresholds()
    similarity = 1.0 if is_sure else (limits.maybe + limits.identify) / 2
    face = between(collins_template(), hopper_template(), similarity)
    register(make_user("carol"), face, kind="protected")
    engine.engine.video = film(tmp_path / "film.mp4", [placed(collins())] * 2)
    author = make_user("ada")
    job = make_job(author, publish=True)
    run_job(job_id=job.pk)
    job.refresh_from_db()
    told = Event.objects.filter(type="likeness.found").values_list("user__username", flat=True)
    if is_sure:
        assert (job.state, job.error_code) == ("refused", "likeness_without_consent")
        assert "carol" not in job.error_message
        assert list(told) == ["carol"]
        return
    assert (job.state, job.error) == ("ready", None)
    assert Clip.objects.get().state == "draft"
    path = f"/api/v1/clips/{job.clip_id}/publish"
    assert client_of(author).post(path).json()["code"] == "likeness_in_doubt"
    LikenessDoubt.objects.update(is_cleared=True)
    assert client_of(author).post(path).status_code == 200
    assert list(told) == []


def test_a_listed_name_is_refused_wherever_it_says_what_is_shown(ada, make_user, engine):
    register(None, hopper_template(), kind="listed", name="Grace Hopper")
    request = GenerationRequest(prompt="A ball.", seconds=1, caption="with gr4ce   HOPPER!")
    (reason,) = preflight(by=ada.user, request=request).reasons
    assert (reason["rule"], reason["field"], reason["span"]) == (
        "listed_person",
        "caption",
        [5, 19],
    )
