"""The plans' and the prices' file: what they say, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from credits.policy import plans, price, prices
from credits.policy.loaded import check_files
from credits.policy.periods import day_end, month_end, months_later
from credits.policy.plans import read_plans
from credits.policy.prices import cost_by, price_by, read_prices

FOLDER = Path(django_settings.BASE_DIR) / "credits"
PLANS = (FOLDER / "plans.toml").read_text()
PRICES = (FOLDER / "prices.toml").read_text()


def test_the_plans_are_the_agreed_ones():
    got = {plan.name: (plan.daily_credits, plan.weight) for plan in plans().plans.values()}
    assert got == {"free": (150, 1), "plus": (500, 2), "pro": (1500, 4), "house": (0, 1)}
    limits = [
        (plan.running_per_user, plan.waiting_max)
        for plan in plans().plans.values()
        if plan.is_offered
    ]
    assert limits == [(1, 5), (2, 10), (4, 20)]


def test_every_pack_lasts_a_year_and_is_found_by_each_providers_id():
    for pack in plans().packs:
        assert pack.months_valid == 12
        for provider, product in pack.products.items():
            assert plans().pack_sold_as(provider, product) == pack
    assert plans().pack_sold_as("stripe", "vignette.pack.small") is None  # another provider's
    assert plans().subscription_sold_as("play", "vignette_pro_monthly").plan == "pro"


def test_the_plan_of_highest_weight_counts_and_one_without_a_table_does_not():
    assert plans().best(["free", "pro", "plus"]).name == "pro"
    assert plans().best(["gold"]).name == "free"
    assert plans().best([]).name == "free"


@pytest.mark.parametrize(
    ("engine", "seconds", "size", "audio", "cost"),
    [
        ("scene", 10, "360x640", True, 10),
        ("scene", 10, "640x360", True, 10),
        ("scene", 10, "720x1280", True, 30),
        ("scene", 10, "1080x1920", True, 60),
        ("scene", 10, "360x640", False, 8),
        ("scene", 1, "360x640", False, 1),
        ("scene", 0, "360x640", True, 1),  # never nothing
        ("scene", 2.5, "360x640", True, 3),  # rounded up
        ("unheard-of", 10, "360x640", True, 50),
        ("scene", 10, "2160x3840", True, 237),  # above the last step, by the pixels
    ],
)
def test_what_a_clip_costs(engine, seconds, size, audio, cost):
    assert price(engine=engine, seconds=seconds, size=size, audio=audio) == cost


def test_a_price_is_counted_without_binary_fractions():
    table = read_prices(PRICES.replace("factor = 1.5", "factor = 1.1"))
    # 1.1 * 10 is 11.000000000000002 in floats, which would be rounded up to 12.
    assert price_by(table, engine="scene", seconds=10, size="480x854", audio=True) == 11


@pytest.mark.parametrize("size", ["", "360", "360x", "x640", "-360x640", "360x640x2", "1e3x2"])
def test_a_size_that_is_none_has_no_price(size):
    with pytest.raises(ValueError, match="size"):
        price(engine="scene", seconds=1, size=size, audio=True)


def test_what_an_engines_second_costs():
    table = read_prices(PRICES)
    cost = cost_by(table, engine="default", engine_seconds=36)
    assert (cost.micros, cost.watt_hours, cost.image_equivalents) == (25_000, 7.0, 12.0)
    assert table.currency == "EUR"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[plan.free]", "[plan.gratis]", "plan.free"),
        ("weight = 1\n", "weight = 0\n", "'weight' must be a number from 1"),
        ("weight = 1\n", "weight = true\n", "'weight' must be a number from 1"),
        ("running_share = 1.0", "running_share = 1.5", "'running_share' must be at most 1"),
        ("running_share = 1.0", "running_share = 0", "'running_share' must be a number above 0"),
        ("waiting_max = 5\n", "", "'waiting_max' must be"),
        ("waiting_max = 5\n", "waiting_max = 5\nwieght = 1\n", "there is no 'wieght'"),
        ('plan = "plus"', 'plan = "gold"', "there is no plan 'gold'"),
        ('id = "medium"', 'id = "small"', "'small' is there twice"),
        ("vignette_pack_medium", "vignette_pack_small", "is there twice"),
        ("offered = false", 'offered = "no"', "'offered' must be true or false"),
        ("[plan.free]", "[plan.free", "line"),
    ],
)
def test_a_wrong_plans_file_is_refused_by_name(old, new, words):
    assert old in PLANS
    with pytest.raises(ValueError, match=words):
        read_plans(PLANS.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[engine.default]", "[engine.other]", "engine.default"),
        ('"EUR"', '"euros"', "three letters"),
        ("without_audio = 0.8", "without_audio = 1.2", "'without_audio' must be at most 1"),
        ("megapixels = 0.5 ", "megapixels = 0.1 ", "must ascend"),
        ("credits_per_second = 1.0", "credits_per_second = -1", "'credits_per_second'"),
        ("credits_per_second = 1.0", "credits_per_second = nan", "'credits_per_second'"),
        ("watts = 12.0", "watts = -0.5", "not negative"),
        ("watts = 12.0", "wats = 12.0", "'watts'"),
    ],
)
def test_a_wrong_prices_file_is_refused_by_name(old, new, words):
    assert old in PRICES
    with pytest.raises(ValueError, match=words):
        read_prices(PRICES.replace(old, new))


def test_an_operators_files_count_and_a_wrong_one_fails_the_check(settings, tmp_path):
    assert check_files() == []
    mine = tmp_path / "prices.toml"
    mine.write_text(PRICES.replace("credits_per_second = 1.0", "credits_per_second = 2.0"))
    settings.PRICES_FILE = str(mine)
    settings.PLANS_FILE = str(tmp_path / "nowhere.toml")
    assert price(engine="scene", seconds=10, size="360x640", audio=True) == 20
    assert prices().currency == "EUR"
    (wrong,) = check_files()
    assert wrong.id == "vignette.E020"
    assert "nowhere.toml cannot be read" in wrong.msg


def test_periods_end_where_the_next_begins():
    late = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert day_end(late) == month_end(late) == datetime(2027, 1, 1, tzinfo=UTC)
    assert months_later(datetime(2027, 8, 31, tzinfo=UTC), 6) == datetime(2028, 2, 29, tzinfo=UTC)
