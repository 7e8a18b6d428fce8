"""Every failure is a problem document with the trace id of its request."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import close_old_connections, connection
from django.http import Http404, HttpResponse
from django.urls import include, path
from redis.exceptions import ConnectionError as ValkeyAway
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from accounts.models import User
from core.api import ApiView, parsed
from core.errors import DomainError, Forbidden, InvalidField, NotFound
from core.problems import page_not_found, server_error
from core.trace import current_trace_id

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]
handler404, handler500 = page_not_found, server_error
RAISES = {
    "not-found": NotFound,
    "http404": Http404,
    "forbidden": Forbidden,
    "denied": PermissionDenied,
    "suspicious": SuspiciousOperation,
    "bug": ZeroDivisionError,
    "valkey": ValkeyAway,
}


class NestedSerializer(serializers.Serializer[None]):
    seconds = serializers.IntegerField(min_value=1)


class BodySerializer(serializers.Serializer[None]):
    prompt = serializers.CharField(max_length=10)
    shots = NestedSerializer(many=True, required=False)


class OpenView(ApiView):
    authentication_classes = ()
    permission_classes = (AllowAny,)


class RaisingView(OpenView):
    def get(self, request, what):
        raise RAISES[what]


class BodyView(OpenView):
    def post(self, request):
        return Response(parsed(BodySerializer, request))


class CountView(OpenView):
    def get(self, request):
        return Response({"users": User.objects.count()})


class DatabaseDiesView(OpenView):
    def get(self, request):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return Response()


def empty(request):
    return HttpResponse(status=418)


api = [
    path("raise/<str:what>", RaisingView.as_view()),
    path("body", BodyView.as_view()),
    path("database", DatabaseDiesView.as_view()),
    path("count", CountView.as_view()),
    path("empty", empty),
]
urlpatterns = [path("api/v1/", include(api))]


def assert_problem(answer, status, code):
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"].endswith(f"/{code}")
    assert body["title"]
    assert body["detail"]
    assert body["trace_id"] == answer["X-Request-ID"]
    assert isinstance(body["errors"], list)
    return body


@pytest.mark.parametrize(
    ("what", "status", "code"),
    [
        ("not-found", 404, "not_found"),
        ("http404", 404, "not_found"),
        ("forbidden", 403, "forbidden"),
        ("denied", 403, "forbidden"),
        ("suspicious", 400, "bad_request"),
        ("bug", 500, "internal_error"),
        ("valkey", 503, "temporarily_unavailable"),
    ],
)
def test_what_a_view_raises(api, what, status, code):
    body = assert_problem(api.get(f"/api/v1/raise/{what}"), status, code)
    assert "Zero" not in str(body)


def test_a_path_that_is_none_a_method_that_is_none_and_a_nul_byte(api):
    assert_problem(api.get("/api/v1/nothing"), 404, "not_found")
    assert_problem(api.get("/api/v1/raise/%00"), 404, "not_found")
    answer = api.put("/api/v1/body")
    assert_problem(answer, 405, "method_not_allowed")
    assert "POST" in answer["Allow"]


def test_a_body_and_an_answer_of_another_type(api):
    answer = api.post("/api/v1/body", "prompt=x", content_type="text/plain")
    assert_problem(answer, 415, "unsupported_media_type")
    headers = {"Accept": "text/csv"}
    answer = api.post("/api/v1/body", {"prompt": "x"}, format="json", headers=headers)
    assert_problem(answer, 406, "not_acceptable")


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b'{"prompt": NaN}', b"[" * 100_000, b"1" * 5000 + b"x"]
)
def test_a_malformed_body(api, body):
    answer = api.post("/api/v1/body", body, content_type="application/json")
    assert_problem(answer, 400, "malformed_body")


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b"null", b'"text"', b'{"prompt": null}'])
def test_json_that_is_not_what_is_asked_for(api, body):
    answer = api.post("/api/v1/body", body, content_type="application/json")
    assert_problem(answer, 422, "invalid")


def test_a_body_over_the_limit_is_refused_unread(api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = api.post("/api/v1/body", {"prompt": "x" * 100}, format="json")
    assert assert_problem(answer, 413, "body_too_large")["limit_bytes"] == 100


def test_each_field_that_is_not_valid_is_named(api):
    body = {"prompt": "nul\x00", "shots": [{"seconds": 3}, {"seconds": 0}]}
    problem = assert_problem(api.post("/api/v1/body", body, format="json"), 422, "invalid")
    assert [(each["field"], each["code"]) for each in problem["errors"]] == [
        ("prompt", "null_characters_not_allowed"),
        ("shots.1.seconds", "min_value"),
    ]


def test_a_lone_surrogate_is_not_valid(api):
    answer = api.post("/api/v1/body", b'{"prompt": "\\ud800"}', content_type="application/json")
    assert_problem(answer, 422, "invalid")


def test_a_failure_of_another_layer_becomes_a_problem(api):
    assert_problem(api.get("/api/v1/empty"), 418, "im_a_teapot")


def test_a_host_that_is_not_ours(api, settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    assert_problem(api.get("/api/v1/body", headers={"Host": "evil.example"}), 400, "bad_request")


@pytest.mark.django_db(transaction=True)
def test_a_database_that_goes_away_is_503_and_the_next_request_works(api):
    answer = api.get("/api/v1/database")
    assert_problem(answer, 503, "temporarily_unavailable")
    assert answer["Retry-After"] == "2"
    close_old_connections()  # Django does this after a request; its test client does not
    assert api.get("/api/v1/count").json() == {"users": 0}


def test_the_trace_id_that_a_client_offers_is_kept_when_it_is_well_formed(api):
    answer = api.get("/api/v1/nothing", headers={"X-Request-ID": "client-trace-1"})
    assert answer.json()["trace_id"] == answer["X-Request-ID"] == "client-trace-1"
    for bad in ("short", "x" * 65, "evil\nheader: 1", "<script>alert(1)</script>"):
        answer = api.get("/api/v1/nothing", headers={"X-Request-ID": bad})
        assert answer["X-Request-ID"] != bad
        assert len(answer["X-Request-ID"]) == 32
    assert current_trace_id() == answer["X-Request-ID"]


def test_a_domain_error_carries_its_field_and_further_members():
    error = InvalidField("Too long.", field="prompt", limit=10)
    assert (str(error), error.field, error.extra) == ("Too long.", "prompt", {"limit": 10})
    assert str(DomainError()) == DomainError.title
