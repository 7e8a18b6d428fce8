"""The upload of a capture: in parts, resumed, raced, refused; and sealed wherever it lies."""

from __future__ import annotations

import io
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.http.request import UnreadablePostError
from django.utils import timezone

from cameos.errors import OffsetMismatch
from cameos.models import Enrolment
from cameos.policy.captures import BYTES_MAX
from cameos.services.enrolment.captures import opened_capture
from cameos.services.enrolment.uploads import Incoming, receive
from tests.cameos.test_enrolments import code_of
from tests.fakes.liveness import mp4
from tests.racing import race

VIDEO = mp4(bytes(range(256)) * 40)
TOTAL = len(VIDEO)
WEBM = (
    b"\x1a\x45\xdf\xa3\x84webm" + b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" + bytes(2000)
)


def put_together(enrolment):
    enrolment.refresh_from_db()
    with opened_capture(enrolment) as path:
        return path.read_bytes()


def stored(settings):
    return [file for file in Path(settings.MEDIA_ROOT).rglob("*") if file.is_file()]


def test_a_capture_comes_in_parts_and_is_whole_again(ada):
    enrolment = ada.begun()
    first = ada.send(enrolment, VIDEO[:4000], total=TOTAL)
    assert (first.status_code, first["Upload-Offset"]) == (204, "4000")
    assert first["Tus-Resumable"] == "1.0.0"
    told = ada.client.head(ada.url(enrolment))
    assert (told["Upload-Offset"], told["Upload-Length"]) == ("4000", str(TOTAL))
    assert told["Cache-Control"] == "no-store"
    ada.send(enrolment, VIDEO[4000:9000], offset=4000)
    last = ada.send(enrolment, VIDEO[9000:], offset=9000, total=TOTAL)
    assert last["Upload-Offset"] == str(TOTAL)
    assert put_together(enrolment) == VIDEO
    assert ada.submit(enrolment).status_code == 202


def test_one_put_is_enough(ada, monkeypatch):
    monkeypatch.setattr("cameos.services.enrolment.uploads.PIECE_BYTES_MAX", 3000)
    enrolment = ada.begun()
    answer = ada.put(enrolment, VIDEO, "video/mp4; codecs=avc1")
    assert (answer.status_code, answer["Upload-Offset"]) == (204, str(TOTAL))
    enrolment.refresh_from_db()
    assert len(enrolment.parts) == 4
    assert put_together(enrolment) == VIDEO
    assert code_of(ada.put(enrolment, VIDEO)) == (409, "offset_mismatch")


def test_a_webm_is_taken_as_well(ada):
    assert ada.put(ada.begun(), WEBM, "video/webm;codecs=vp8,opus").status_code == 204


def test_no_part_lies_open_in_the_store(ada, settings):
    enrolment = ada.begun()
    ada.put(enrolment, VIDEO)
    (file,) = stored(settings)
    kept = file.read_bytes()
    assert VIDEO[100:140] not in kept
    assert b"ftyp" not in kept


class Breaking(io.BytesIO):
    """A body whose connection breaks."""

    def read(self, size=-1):
        data = super().read(min(size, 1500))
        if not data:
            raise UnreadablePostError("the connection broke")
        return data


def test_a_broken_connection_leaves_what_has_come(ada):
    enrolment = ada.begun()
    body = Breaking(VIDEO[:4000])
    incoming = Incoming(body=body, length=TOTAL, offset=0, total=TOTAL)
    at = receive(user_id=ada.user.pk, enrolment_id=enrolment.pk, incoming=incoming)
    assert at == 4000
    assert ada.client.head(ada.url(enrolment))["Upload-Offset"] == "4000"
    ada.send(enrolment, VIDEO[4000:], offset=4000)
    assert put_together(enrolment) == VIDEO


def test_a_process_that_dies_between_store_and_row_loses_nothing(ada, monkeypatch, settings):
    """The part that was stored does not count; sent again it does, under another name."""
    enrolment = ada.begun()
    ada.send(enrolment, VIDEO[:4000], total=TOTAL)
    with monkeypatch.context() as dying:
        real = Enrolment.objects.filter
        dying.setattr(
            Enrolment.objects, "filter",
            lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt) if "received_bytes" in k
            else real(*a, **k),
        )  # fmt: skip
        with pytest.raises(KeyboardInterrupt):
            ada.send(enrolment, VIDEO[4000:], offset=4000)
    assert len(stored(settings)) == 2
    assert ada.client.head(ada.url(enrolment))["Upload-Offset"] == "4000"
    ada.send(enrolment, VIDEO[4000:], offset=4000)
    assert len(stored(settings)) == 3
    assert put_together(enrolment) == VIDEO
    ada.cancel(enrolment)
    assert stored(settings) == []


@pytest.mark.django_db(transaction=True)
def test_of_parts_sent_at_once_for_one_byte_one_counts(ada, settings):
    enrolment = ada.begun()
    ada.send(enrolment, VIDEO[:4000], total=TOTAL)
    together = threading.Barrier(5, timeout=10)

    class Waiting(io.BytesIO):
        def read(self, size=-1):
            if not self.tell():
                together.wait()  # each has seen the offset before any is stored
            return super().read(size)

    def send(n):
        piece = bytes([n]) * (1000 + n)
        incoming = Incoming(body=Waiting(piece), length=len(piece), offset=4000, total=None)
        try:
            return receive(user_id=ada.user.pk, enrolment_id=enrolment.pk, incoming=incoming)
        except OffsetMismatch as error:
            return error

    answers = race(send, times=5)
    (winner,) = [n for n, each in enumerate(answers) if isinstance(each, int)]
    assert {e.extra["received_bytes"] for e in answers if not isinstance(e, int)} == {5000 + winner}
    assert put_together(enrolment) == VIDEO[:4000] + bytes([winner]) * (1000 + winner)
    assert len(stored(settings)) == 2


def expire(enrolment):
    late = timezone.now() - timedelta(seconds=1)
    Enrolment.objects.filter(pk=enrolment.pk).update(challenge_expires_at=late)


def test_the_upload_must_have_begun_while_the_challenge_was_good(ada):
    enrolment = ada.begun()
    expire(enrolment)
    assert code_of(ada.send(enrolment, VIDEO[:4000], total=TOTAL)) == (409, "challenge_expired")
    assert code_of(ada.put(enrolment, VIDEO)) == (409, "challenge_expired")


def test_begun_in_time_it_may_go_on(ada):
    enrolment = ada.begun()
    ada.send(enrolment, VIDEO[:4000], total=TOTAL)
    expire(enrolment)
    assert ada.send(enrolment, VIDEO[4000:], offset=4000).status_code == 204
    assert ada.submit(enrolment).status_code == 202


def patch(**change):
    return lambda ada, e: ada.send(e, **({"data": VIDEO[:4000], "total": TOTAL} | change))


@pytest.mark.parametrize(
    ("send", "found"),
    [
        (patch(total=None), (411, "length_required")),
        (patch(total=BYTES_MAX + 1), (413, "capture_too_large")),
        (patch(total=4 * 1024**3), (413, "capture_too_large")),
        (patch(total=3999), (413, "capture_too_large")),  # bytes behind the end
        (patch(total=10), (422, "invalid")),
        (patch(offset=1), (409, "offset_mismatch")),
        (patch(HTTP_UPLOAD_OFFSET="-1"), (422, "invalid")),
        (patch(HTTP_UPLOAD_OFFSET="0x10"), (422, "invalid")),
        (patch(HTTP_UPLOAD_LENGTH="1e6"), (422, "invalid")),
        (patch(HTTP_TUS_RESUMABLE="0.2.2"), (412, "unknown_tus_version")),
        (patch(content_type="video/mp4"), (415, "capture_type_refused")),
        (patch(data=b"PK\x03\x04" + bytes(3996)), (415, "capture_type_refused")),
        (lambda ada, e: ada.put(e, VIDEO, "image/png"), (415, "capture_type_refused")),
        (lambda ada, e: ada.put(e, VIDEO, "video/webm"), (415, "capture_type_refused")),
        (lambda ada, e: ada.put(e, b"%PDF-1.7 " * 300), (415, "capture_type_refused")),
        (lambda ada, e: ada.put(e, b""), (411, "length_required")),
        (
            lambda ada, e: ada.put(e, VIDEO[:100], CONTENT_LENGTH=str(4 * 1024**3)),
            (413, "capture_too_large"),
        ),
    ],
)
def test_what_is_refused_before_it_is_stored(ada, settings, send, found):
    enrolment = ada.begun()
    answer = send(ada, enrolment)
    assert code_of(answer) == found
    enrolment.refresh_from_db()
    assert (enrolment.received_bytes, enrolment.parts) == (0, [])
    assert stored(settings) == []


def test_the_length_is_said_once(ada):
    enrolment = ada.begun()
    ada.send(enrolment, VIDEO[:4000], total=TOTAL)
    answer = ada.send(enrolment, VIDEO[4000:5000], offset=4000, total=TOTAL + 1)
    assert code_of(answer) == (422, "invalid")
    answer = ada.send(enrolment, VIDEO[4000:] + b"PK", offset=4000)
    assert code_of(answer) == (413, "capture_too_large")
    assert ada.client.head(ada.url(enrolment))["Upload-Offset"] == "4000"


def test_parts_are_bounded_in_number(ada, monkeypatch):
    monkeypatch.setattr("cameos.services.enrolment.uploads.PARTS_MAX", 2)
    enrolment = ada.begun()
    ada.send(enrolment, VIDEO[:20], total=TOTAL)
    ada.send(enrolment, VIDEO[20:40], offset=20)
    answer = ada.send(enrolment, VIDEO[40:], offset=40)
    assert code_of(answer) == (409, "enrolment_not_possible")


def test_after_the_end_nothing_is_taken(ada, settings):
    enrolment = ada.begun()
    ada.send(enrolment, VIDEO[:4000], total=TOTAL)
    ada.cancel(enrolment)
    answer = ada.send(enrolment, VIDEO[4000:], offset=4000)
    assert code_of(answer) == (409, "enrolment_not_possible")
    assert stored(settings) == []


def test_cancelled_while_bytes_come_nothing_of_them_stays(ada, settings):
    enrolment = ada.begun()

    class Cancelling(io.BytesIO):
        def read(self, size=-1):
            ada.cancel(enrolment)
            return super().read(size)

    incoming = Incoming(body=Cancelling(VIDEO), length=TOTAL, offset=0, total=TOTAL)
    with pytest.raises(Exception, match="past that"):
        receive(user_id=ada.user.pk, enrolment_id=enrolment.pk, incoming=incoming)
    assert stored(settings) == []
