"""Rate limits, ETags, security headers, ids and secrets."""

from __future__ import annotations

import os
import stat
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from config.secrets import ensure_secret
from core.api import ApiView
from core.ids import new_id, new_mark_id
from core.throttles import RATES, client_ip

pytestmark = pytest.mark.urls(__name__)


class NarrowView(ApiView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    rate = "waitlist"
    etag = True

    def get(self, request):
        return Response({"n": request.query_params.get("n", "")})

    def post(self, request):
        return Response(status=204)


class WideView(ApiView):
    def get(self, request):
        return Response({})

    def post(self, request):
        return Response({})


urlpatterns = [path("narrow", NarrowView.as_view()), path("wide", WideView.as_view())]


@pytest.mark.django_db
def test_answers_tell_what_is_left_of_the_rate_and_429_when_to_come_back(api):
    quota, window = RATES["waitlist"].quota, RATES["waitlist"].seconds
    for used in range(1, quota + 1):
        answer = api.get("/narrow")
        assert answer.status_code == 200
        assert answer["RateLimit-Policy"] == f'"waitlist";q={quota};w={window}'
        assert answer["RateLimit"].startswith(f'"waitlist";r={quota - used};t=')
    answer = api.get("/narrow")
    assert answer.status_code == 429
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "rate_limited"
    assert 1 <= int(answer["Retry-After"]) <= window
    assert answer["RateLimit"].startswith('"waitlist";r=0;')


def test_users_are_counted_one_by_one_and_reads_apart_from_writes(client_of, make_user):
    ada, bob = client_of(make_user()), client_of(make_user())
    ada.get("/wide")
    assert f"r={RATES['read'].quota - 2};" in ada.get("/wide")["RateLimit"]
    assert f"r={RATES['write'].quota - 1};" in ada.post("/wide")["RateLimit"]
    assert f"r={RATES['read'].quota - 1};" in bob.get("/wide")["RateLimit"]


@pytest.mark.django_db
def test_parallel_requests_are_each_counted(api):
    quota = RATES["waitlist"].quota
    with ThreadPoolExecutor(8) as pool:
        codes = Counter(pool.map(lambda _: api.post("/narrow").status_code, range(quota * 4)))
    # Two windows at most, should one end just now.
    assert quota <= codes[204] <= 2 * quota
    assert codes[204] + codes[429] == quota * 4


@pytest.mark.django_db
def test_the_switch_turns_rates_off(api, settings):
    settings.RATE_LIMITS = False
    for _ in range(RATES["waitlist"].quota * 2):
        answer = api.get("/narrow")
        assert answer.status_code == 200
        assert "RateLimit" not in answer


@pytest.mark.django_db
def test_requests_pass_while_valkey_is_away(api, settings, caplog):
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    }
    for _ in range(RATES["waitlist"].quota + 1):
        assert api.get("/narrow").status_code == 200
    assert "Valkey does not answer" in caplog.text


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "6.6.6.6", "10.0.0.1"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.9", "1.2.3.4"),
        (2, "1.2.3.4", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, "nonsense", "10.0.0.1"),
    ],
)
def test_the_clients_address_is_what_trusted_proxies_saw(settings, proxies, forwarded, expected):
    settings.TRUSTED_PROXIES = proxies
    headers = {"X-Forwarded-For": forwarded}
    request = APIRequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers=headers)
    assert client_ip(request) == expected


@pytest.mark.django_db
@pytest.mark.parametrize("spell", ["{}", "W/{}", '"other", {}', "*"])
def test_what_the_client_has_already_is_not_sent_again(api, settings, spell):
    settings.RATE_LIMITS = False
    tag = api.get("/narrow")["ETag"]
    same = api.get("/narrow", headers={"If-None-Match": spell.format(tag)})
    assert (same.status_code, same.content, same["ETag"]) == (304, b"", tag)
    other = api.get("/narrow?n=1", headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.json()) == (200, {"n": "1"})
    assert other["ETag"] != tag
    assert api.head("/narrow")["ETag"] == tag


@pytest.mark.django_db
def test_every_answer_carries_the_security_headers(api):
    answer = api.get("/narrow")
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert "script-src" not in answer["Content-Security-Policy"]  # default-src 'self' holds
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Cache-Control"] == "private, no-cache"


def test_ids_sort_by_time_and_mark_ids_fit_a_bigint():
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(ids)
    assert {each.version for each in ids} == {7}
    marks = {new_mark_id() for _ in range(1000)}
    assert len(marks) == 1000
    assert all(0 < mark < 2**63 for mark in marks)


def test_a_secret_made_by_many_at_once_is_one_secret(tmp_path):
    for attempt in range(20):
        path_ = tmp_path / f"keys{attempt}" / "secret"
        barrier = Barrier(8)

        def make(_, path_=path_, barrier=barrier):
            barrier.wait(timeout=10)
            return ensure_secret(path_)

        with ThreadPoolExecutor(8) as pool:
            made = set(pool.map(make, range(8)))
        assert made == {path_.read_text()}
        assert len(made.pop()) == 64
        assert os.listdir(path_.parent) == ["secret"]  # noqa: PTH208
        assert stat.S_IMODE(path_.stat().st_mode) == 0o600
