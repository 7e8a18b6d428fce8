"""The numbers: right on a made-up hour, the same on the page as in the metrics, and cheap."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from accounts.services import grant_role
from core.switches import throw_switch
from credits.selectors import credit_totals
from credits.services import grant, hold, record_cost, release, settle
from generation.engines.breaker import drain
from generation.models import WorkPace
from generation.selectors.figures import failures, history, times, totals
from notifications.models import Delivery, Webhook
from notifications.selectors import delivery_counts
from ops.selectors import figures, forget_figures, page

METRICS_QUERIES_MAX = 10
NOW = datetime(2026, 3, 4, 12, 2, 30, tzinfo=UTC)


def parsed(text: str) -> dict[str, float]:
    """Return every sample of a scrape by its name and labels."""
    return {
        key(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def key(name, labels):
    return name + json.dumps(dict(sorted(labels.items())), ensure_ascii=False)


class Shown(HTMLParser):
    """Every number of a page that says which metric it is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.numbers: dict[str, float] = {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if "data-metric" in found:
            self.numbers[found["data-metric"]] = float(found["value"])


@pytest.fixture
def money(make_user):
    """Somebody got 100 credits, spent 20, has 30 held, and got 10 back."""
    ada = make_user("rich")
    in_a_month = timezone.now() + timedelta(days=30)
    grant(user_id=ada.pk, amount=100, source="grant", key="k", expires_at=in_a_month)
    for name, amount in (("a", 20), ("b", 30), ("c", 10)):
        hold(user_id=ada.pk, reference=name, amount=amount)
    settle(reference="a")
    release(reference="c")
    for number, engine in enumerate(("scene", "scene", "wan")):
        record_cost(
            reference=f"generation:{number}",
            user_id=ada.pk,
            engine=engine,
            model=engine,
            engine_seconds=36.0,
            storage_bytes=1,
            outcome="ready",
        )


def test_totals_count_every_job_once(busy):
    found = totals()
    scene = found.loads["scene"]
    assert scene.states == {"awaiting_consent": 0, "queued": 4, "rendering": 1, "finishing": 0}
    assert scene.oldest_seconds == pytest.approx(300, abs=5)
    assert scene.work_seconds == 16.0
    assert {(each.engine, each.outcome, each.code): each.jobs for each in found.ended} == {
        ("scene", "ready", ""): 4,
        ("scene", "refused", "clip_refused"): 1,
        ("scene", "failed", "engine_broken"): 2,
        ("wan", "cancelled", ""): 1,
    }
    assert sum(each.engine_seconds for each in found.ended) == 270.0
    assert (found.dead_letters, found.appeals_open) == (2, 0)


def test_times_are_of_the_last_hour_and_of_each_engine(busy):
    every, scene, wan = times(since=timezone.now() - timedelta(hours=1))
    assert (every.engine, scene.engine, wan.engine) == (None, "scene", "wan")
    # Waits: 10, 20, 30 of the clips, 40 of what is drawn, 50 of the refused, 50 and 51 of the lost.
    assert scene.wait_p50 == pytest.approx(40, abs=0.1)
    assert scene.wait_p95 == pytest.approx(50.7, abs=0.1)
    assert (scene.make_p50, scene.make_p95) == pytest.approx((30, 39), abs=0.1)
    assert (scene.ready, every.ready, wan.ready) == (3, 3, 0)
    assert wan.wait_p50 is None


def test_no_jobs_are_no_times(db):
    (every,) = times(since=timezone.now())
    assert (every.wait_p50, every.make_p95, every.ready) == (None, None, 0)


def ago(hour, minute, second=0):
    return (NOW - NOW.replace(hour=hour, minute=minute, second=second)).total_seconds()


def test_history_is_the_queue_step_by_step(make_job):
    made = {"now": NOW, "state": "ready"}
    make_job(asked=ago(9, 0), began=ago(11, 38), ended=ago(11, 41), **made)  # long before
    make_job(asked=ago(11, 36), began=ago(11, 36, 30), ended=ago(11, 37), **made)  # in one step
    make_job(asked=ago(11, 37), began=ago(11, 47), ended=ago(11, 50), **made)
    make_job(asked=ago(11, 56), now=NOW)  # waits still
    make_job(asked=ago(11, 44), ended=ago(11, 56), now=NOW, state="cancelled")
    make_job(asked=ago(12, 1), began=ago(12, 2), now=NOW, state="rendering")
    make_job(asked=ago(8, 0), began=ago(8, 1), ended=ago(8, 2), **made)  # over before
    lost = {"now": NOW, "ended": ago(12, 0), "began": ago(11, 59), "asked": ago(11, 59)}
    for state in ("failed", "expired", "refused"):
        make_job(state=state, **lost)
    found = history(hours=1, step=timedelta(minutes=5), now=NOW)
    assert len(found) == 12
    assert (found[0].at, found[-1].at) == (ago_at(11, 5), ago_at(12, 0))
    assert [each.depth for each in found] == [1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1]
    by_step = {f"{each.at:%H:%M}": each for each in found}
    assert [n for n, each in by_step.items() if each.ready] == ["11:35", "11:40", "11:50"]
    assert (by_step["12:00"].failed, by_step["12:00"].refused) == (2, 1)
    assert by_step["11:35"].wait_p50 == pytest.approx((30 + ago(9, 0) - ago(11, 38)) / 2)
    assert by_step["11:45"].wait_p95 == 600.0
    assert by_step["11:40"].wait_p50 is None


def ago_at(hour, minute):
    return NOW.replace(hour=hour, minute=minute, second=0)


@pytest.mark.django_db
def test_history_without_jobs_is_flat():
    found = history(hours=24, step=timedelta(minutes=15))
    assert len(found) == 96
    assert {(each.depth, each.ready, each.wait_p50) for each in found} == {(0, 0, None)}


def test_failures_are_counted_by_reason(busy):
    found = failures(since=timezone.now() - timedelta(hours=24))
    assert [(each.outcome, each.code, each.jobs) for each in found] == [
        ("failed", "engine_broken", 2),
        ("refused", "clip_refused", 1),
    ]


def test_money_is_what_the_books_say(money):
    found = credit_totals()
    assert found.held == 30
    given = found.moved_today["granted"]  # with the daily credits
    assert found.available == given - 20 - 30
    assert (found.moved_today["settled"], found.moved_today["released"]) == (20, 10)
    assert found.moved_today["held"] == 60
    today = found.costs_today
    assert today.clips == 3
    assert today.cost == pytest.approx(2 * 0.03 * 0.01 + 2.5 * 0.01)
    assert today.watt_hours == pytest.approx(2 * 12 * 0.01 + 700 * 0.01)
    assert today.image_equivalents == pytest.approx(2 * 72 + 12)


def test_yesterday_is_not_today(money):
    tomorrow = timezone.now() + timedelta(days=1)
    assert set(credit_totals(now=tomorrow).moved_today.values()) == {0}
    assert credit_totals(now=tomorrow).held == 30
    assert credit_totals(now=tomorrow).costs_today.clips == 0


def test_deliveries_are_counted_while_they_are_news(make_user):
    now = timezone.now()
    user = make_user()
    hook = Webhook.objects.create(user=user, url="https://x.example", events=[], secret=b"s")
    old = now - timedelta(days=2)
    for state, at in (("pending", old), ("pending", now), ("failed", now), ("failed", old),
                      ("delivered", now)):  # fmt: skip
        Delivery.objects.create(webhook=hook, type="t", data={}, state=state, created_at=at)
    found = delivery_counts(failed_since=now - timedelta(days=1))
    assert found == {"pending": 2, "failed": 1}


def test_page_and_metrics_show_the_same_numbers(site, busy, money, settings):
    settings.BUDGET_DAILY = 5.0
    settings.METRICS_TOKEN = "t0ken"
    WorkPace.objects.create(engine="scene", size="360x640", work="rendering", jobs=[[5, 8.0]])
    drain("wan")
    throw_switch(name="engine:wan", reason="a test", by="ada")
    client = site("operator")
    text = client.get("/ops/").content.decode()
    told = parsed(client.get("/metrics").content.decode())
    shown = Shown(text).numbers
    assert shown.items() <= told.items()
    assert told[key("vignette_jobs", {"engine": "scene", "state": "queued"})] == 4
    assert told[key("vignette_dead_letters", {})] == 2
    assert told[key("vignette_budget_limit", {"period": "day", "currency": "EUR"})] == 5.0
    assert told[key("vignette_pace_ratio", labels(work="rendering"))] == 1.6
    # What the page has in words or as a sum.
    only_told = {each.split("{")[0] for each in told.keys() - shown.keys()}
    assert only_told == {
        "vignette_build_info",
        "vignette_engine_state",
        "vignette_engine_up",
        "vignette_jobs_ended_total",
    }
    assert told[key("vignette_engine_up", {"engine": "wan"})] == 0
    assert told[key("vignette_engine_state", {"engine": "wan", "state": "drained"})] == 1


def labels(**more):
    return {"engine": "scene", "size": "360x640", **more}


def test_the_text_is_what_prometheus_reads(site, busy, money):
    text = site("operator").get("/metrics")
    assert text["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = list(text_string_to_metric_families(text.content.decode()))
    kinds = {family.name: family.type for family in found}
    assert kinds["vignette_jobs_ended"] == kinds["vignette_engine_seconds"] == "counter"
    assert kinds["vignette_queue_wait_seconds"] == "summary"
    for family in found:
        assert family.name.startswith("vignette_")
        assert family.documentation.endswith(".")
    assert "last hour" in next(f for f in found if f.name == "vignette_make_seconds").documentation


def test_a_scrape_costs_a_few_queries_however_many_jobs_there_are(client, settings, busy, make_job):
    settings.METRICS_TOKEN = "t0ken"

    def scrape():
        forget_figures()
        with CaptureQueriesContext(
            connection,
        ) as caught:
            answer = client.get("/metrics", headers={"Authorization": "Bearer t0ken"})
        assert answer.status_code == 200
        return len(caught)

    few = scrape()
    for number in range(30):
        make_job(asked=number)
    assert scrape() == few <= METRICS_QUERIES_MAX


def test_the_page_costs_no_more_queries_with_more_jobs_and_people(money, busy, make_job, make_user):
    def look():
        with CaptureQueriesContext(connection) as caught:
            page(hours=6)
        return len(caught)

    few = look()
    for number in range(12):
        user = grant_role(username=make_user().username, role="operator")
        make_job(asked=number, user=user)
        lost = {"state": "failed", "is_retryable": True, "error_code": f"code_{number}"}
        job = make_job(asked=50, began=40, ended=number, user=user, **lost)
        record_cost(
            reference=job.reference, user_id=user.pk, engine="scene", model=f"m{number}",
            engine_seconds=1.0, storage_bytes=0, outcome="failed",
        )  # fmt: skip
    assert look() == few


def test_figures_are_read_once_in_two_seconds(busy, make_job):
    first = figures()
    make_job(asked=1)
    assert figures() is first
    forget_figures()
    assert figures().totals.loads["scene"].states["queued"] == 5


@pytest.mark.django_db
def test_an_instance_without_anything_has_a_page_too(site, settings):
    settings.ENGINES = {}
    client = site("operator")
    assert "No engine is configured." in client.get("/ops/?hours=24").content.decode()
    assert parsed(client.get("/metrics").content.decode())[key("vignette_dead_letters", {})] == 0
