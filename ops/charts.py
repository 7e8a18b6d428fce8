"""Plots as inline SVG, made on the server. Pure: numbers in, one well-formed element out.

The element tree escapes whatever is in a title, and no number is written that is not finite.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

WIDTH, HEIGHT = 400, 180
LEFT, RIGHT, TOP, BOTTOM = 38, 6, 12, 24  # what is kept free around the plot
TICKS_MAX = 4
_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Series:
    """One line, or one colour of the bars: a name, a CSS class, and a value for each step.

    None is a step without a value: the line has a gap there.
    """

    name: str
    kind: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Axis:
    """The steps of the x axis, and what a value of the y axis is counted in."""

    steps: Sequence[datetime]
    unit: str = ""  # written after a value: " s"


def line_chart(title: str, summary: str, axis: Axis, series: Sequence[Series]) -> str:
    """Return lines over time as an SVG element.

    Args:
        title: what it shows.
        summary: the same in words, for people who do not see it.
        axis: the x axis; it has as many steps as each series has values.
        series: the first is drawn below the others.
    """
    scale = _Scale(axis, max((_most(each.values) for each in series), default=0.0))
    svg = _frame(title, summary, scale)
    for each in series:
        _draw_line(svg, each, scale)
    _add_hints(svg, scale, series)
    return tostring(svg, encoding="unicode")


def bar_chart(title: str, summary: str, axis: Axis, series: Sequence[Series]) -> str:
    """Return stacked bars over time as an SVG element; the first series is at the bottom.

    Takes what `line_chart` takes; None counts as 0.
    """
    sums = [sum(_height(each.values[step]) for each in series) for step in range(len(axis.steps))]
    scale = _Scale(axis, _most(sums))
    svg = _frame(title, summary, scale)
    gap = min(1.0, scale.step / 4)
    for step in range(len(axis.steps)):
        below = 0.0
        for each in series:
            value = _height(each.values[step])
            if value > 0:
                top = scale.y(below + value)
                bar = {
                    "class": f"bar {each.kind}",
                    "x": _number(scale.x(step) + gap / 2),
                    "y": _number(top),
                    "width": _number(scale.step - gap),
                    "height": _number(scale.y(below) - top),
                }
                SubElement(svg, "rect", bar)
            below += value
    _add_hints(svg, scale, series)
    return tostring(svg, encoding="unicode")


class _Scale:
    """Where a step and a value lie on the picture."""

    def __init__(self, axis: Axis, most: float) -> None:
        self.axis = axis
        self.step = (WIDTH - LEFT - RIGHT) / max(1, len(axis.steps))
        self.ticks = _ticks(most)
        self._top = self.ticks[-1]

    def x(self, step: float) -> float:
        return LEFT + step * self.step

    def middle(self, step: int) -> float:
        return self.x(step + 0.5)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - value / self._top * (HEIGHT - TOP - BOTTOM)

    def text(self, value: float | None) -> str:
        return "none" if value is None else f"{value:,.4g}{self.axis.unit}"


def _frame(title: str, summary: str, scale: _Scale) -> Element:
    attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "class": "plot",
        "viewBox": f"0 0 {WIDTH} {HEIGHT}",
        "role": "img",
        "aria-label": f"{title}. {summary}",
    }
    svg = Element("svg", attributes)
    for value in scale.ticks:
        y = _number(scale.y(value))
        line = {"class": "grid", "x1": str(LEFT), "x2": str(WIDTH - RIGHT), "y1": y, "y2": y}
        SubElement(svg, "line", line)
        label = {"class": "tick y", "x": str(LEFT - 5), "y": y, "dy": "0.32em"}
        SubElement(svg, "text", label).text = f"{value:,.4g}"
    _add_hours(svg, scale)
    return svg


def _add_hours(svg: Element, scale: _Scale) -> None:
    """Label every full hour that there is room for."""
    full = [number for number, at in enumerate(scale.axis.steps) if at.minute == 0]
    every = max(1, math.ceil(len(full) / 6))
    for number in full:
        at = scale.axis.steps[number]
        if at.hour % every == 0:
            label = {"class": "tick x", "x": _number(scale.x(number)), "y": str(HEIGHT - 7)}
            SubElement(svg, "text", label).text = f"{at:%H:%M}"


def _draw_line(svg: Element, series: Series, scale: _Scale) -> None:
    path, dots = [], []
    values = [*series.values, None]
    for step, value in enumerate(series.values):
        if value is None or not math.isfinite(value):
            continue
        begins = step == 0 or values[step - 1] is None
        path.append(
            f"{'M' if begins else 'L'}{_number(scale.middle(step))} {_number(scale.y(value))}"
        )
        if begins and values[step + 1] is None:  # alone: a line would not show
            dots.append((scale.middle(step), scale.y(value)))
    if path:
        SubElement(svg, "path", {"class": f"line {series.kind}", "d": "".join(path)})
    for x, y in dots:
        dot = {"class": f"dot {series.kind}", "cx": _number(x), "cy": _number(y), "r": "2"}
        SubElement(svg, "circle", dot)


def _add_hints(svg: Element, scale: _Scale, series: Sequence[Series]) -> None:
    """Lay a column over each step that says its values when it is pointed at."""
    for step, at in enumerate(scale.axis.steps):
        column = {
            "class": "hint",
            "x": _number(scale.x(step)),
            "y": str(TOP),
            "width": _number(scale.step),
            "height": str(HEIGHT - TOP - BOTTOM),
        }
        values = ", ".join(f"{each.name} {scale.text(each.values[step])}" for each in series)
        SubElement(SubElement(svg, "rect", column), "title").text = f"{at:%H:%M}: {values}"


def _ticks(most: float) -> list[float]:
    """Return round values from 0 to the first that is not below the largest one."""
    rough = max(most, 1.0) / TICKS_MAX
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(nice * power for nice in _NICE if nice * power >= rough * (1 - 1e-9))
    step = max(step, 1.0) if most >= 1 or most == 0 else step
    return [step * number for number in range(math.ceil(max(most, step) / step - 1e-9) + 1)]


def _most(values: Sequence[float | None]) -> float:
    return max((_height(value) for value in values), default=0.0)


def _height(value: float | None) -> float:
    return value if value is not None and math.isfinite(value) and value > 0 else 0.0


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
