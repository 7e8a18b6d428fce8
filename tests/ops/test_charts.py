"""The plots are well-formed, escape what they are given, and draw what they should."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.charts import HEIGHT, WIDTH, Axis, Series, bar_chart, line_chart
from ops.words import NOTHING, decimal, seconds, share

SVG = "{http://www.w3.org/2000/svg}"
NASTY = "</svg><script>alert('1')</script> & \"quoted\""


def axis(count):
    begin = datetime(2026, 3, 4, 6, tzinfo=UTC)
    return Axis([begin + timedelta(minutes=5 * number) for number in range(count)], " s")


def root(svg):
    return ET.fromstring(svg)  # noqa: S314 - our own


@pytest.mark.parametrize("chart", [line_chart, bar_chart])
def test_whatever_is_in_a_name_stays_text(chart):
    made = chart(NASTY, NASTY, axis(3), [Series(NASTY, "a", [1, None, 2])])
    assert "<script" not in made
    assert root(made).attrib["aria-label"] == f"{NASTY}. {NASTY}"
    assert NASTY in root(made).find(f".//{SVG}title").text


values = st.one_of(st.none(), st.floats(min_value=0, max_value=1e9), st.just(math.nan))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(values, values), min_size=1, max_size=40))
def test_every_mark_is_on_the_picture(pairs):
    series = [Series("one", "a", [a for a, _ in pairs]), Series("two", "b", [b for _, b in pairs])]
    for chart in (line_chart, bar_chart):
        for mark in root(chart("t", "s", axis(len(pairs)), series)).iter():
            for name, most in (("x", WIDTH), ("y", HEIGHT), ("cx", WIDTH), ("cy", HEIGHT)):
                assert -0.1 <= float(mark.attrib.get(name, 0)) <= most + 0.1
            for name in ("width", "height"):
                assert float(mark.attrib.get(name, 0)) >= -0.01
            assert "nan" not in str(mark.attrib)


def test_a_line_has_a_gap_where_nothing_is_known_and_a_dot_where_a_value_stands_alone():
    made = root(line_chart("t", "s", axis(6), [Series("n", "a", [1, 2, None, 3, None, 4])]))
    assert made.find(f"{SVG}path").attrib["d"].count("M") == 3
    assert len(made.findall(f"{SVG}circle")) == 2


def test_bars_stand_on_each_other():
    stacked = [Series("made", "good", [2.0]), Series("failed", "bad", [1.0])]
    low, high = root(bar_chart("t", "s", axis(1), stacked)).findall(f"{SVG}rect")[:2]
    top = float(high.attrib["y"]) + float(high.attrib["height"])
    assert top == pytest.approx(float(low.attrib["y"]))
    assert float(low.attrib["height"]) == pytest.approx(2 * float(high.attrib["height"]), abs=0.05)


def test_counts_have_no_broken_ticks_and_hours_are_labelled():
    made = root(bar_chart("t", "s", axis(72), [Series("n", "a", [3.0] * 72)]))
    texts = [each.text for each in made.findall(f"{SVG}text")]
    assert texts == ["0", "1", "2", "3", "06:00", "07:00", "08:00", "09:00", "10:00", "11:00"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, NOTHING), (0, "0 s"), (0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"),
     (59.6, "1 min"), (185, "3 min 5 s"), (3600, "1 h"), (7800, "2 h 10 min"), (86_400, "1 d"),
     (356_400, "4 d 3 h")],
)  # fmt: skip
def test_durations_are_words(value, text):
    assert seconds(value) == text


def test_numbers_are_short():
    assert [decimal(v) for v in (None, 0, 1234.5, 12.34, 0.01234)] == [
        NOTHING, "0", "1,234", "12.3", "0.0123",
    ]  # fmt: skip
    assert [share(1, 0), share(-1, 4), share(1, 4), share(9, 4)] == [0, 0, 25, 100]
