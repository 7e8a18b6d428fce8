"""The tables of everything that can be drawn (`tables/*.toml`), read once into typed values."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

Vector = tuple[float, float, float]
Colour = tuple[float, float, float]  # linear RGB, 0-1

T = TypeVar("T")

TABLES = Path(__file__).with_name("tables")

RAINBOW = ("#e2483d", "#f6a623", "#f7d046", "#4caf6a", "#2f8fd0", "#7a55c7", "#ee7fb0")
PASTEL = ("#f7b7c2", "#fbd8a5", "#f5efb0", "#b9e3c0", "#aed6f1", "#cdbdf0")


def linear(hex_colour: str) -> Colour:
    """Turn "#rrggbb" (sRGB) into linear light, as IEC 61966-2-1 defines it."""
    channels = (int(hex_colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5))
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return (r, g, b)


@dataclass(frozen=True, slots=True)
class Material:
    """How a stuff weighs, bounces, looks and rings; see the table for units."""

    name: str
    density: float
    restitution: float
    friction: float
    f0: float
    gloss: float
    pitch_hz: float
    ring_seconds: float
    knock: float
    partials: tuple[float, ...]
    colour: str | None = None
    metal: bool = False
    clear: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PartKind:
    """One solid of a subject; angles in degrees."""

    shape: str
    size: Vector
    at: Vector = (0.0, 0.0, 0.0)
    turn: Vector = (0.0, 0.0, 0.0)
    colour: str | None = None
    second: str | None = None
    pattern: str = "plain"
    glow: float = 0.0


@dataclass(frozen=True, slots=True)
class SubjectKind:
    """Something that can be drawn; numbers given here win over its material's."""

    name: str
    words: tuple[str, ...]
    material: str
    parts: tuple[PartKind, ...]
    colour: str | None = None
    second: str | None = None
    density: float | None = None
    restitution: float | None = None
    friction: float | None = None
    count: int = 1
    arrangement: str | None = None
    painted: bool = False
    upright: bool = False
    floats: bool = False
    is_scenery: bool = False
    role: str | None = None

    @property
    def said(self) -> str:
        """How a report names it."""
        return self.words[0]


@dataclass(frozen=True, slots=True)
class Place:
    """A ground, a backdrop and what one hears there."""

    name: str
    words: tuple[str, ...]
    ground: str
    ground_colours: tuple[str, str]
    backdrop: str
    surface: str
    restitution: float
    time: str
    ambience: str
    echo_seconds: float
    backdrop_colour: str = "#8899aa"
    friction: float | None = None
    gravity: float = 9.81
    rolling: float = 0.0012  # metres: arm of the torque that slows a rolling ball
    shine: float = 0.0
    scenery: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """Where the sun stands and how the air is coloured; angles in degrees."""

    name: str
    words: tuple[str, ...]
    elevation: float
    azimuth: float
    sun: str
    sun_power: float
    zenith: str
    horizon: str
    ambient: float
    softness: float
    stars: float = 0.0
    spot: float = 0.0


@dataclass(frozen=True, slots=True)
class Weather:
    """What it does to the light of the hour."""

    name: str
    words: tuple[str, ...]
    clouds: float = 0.35
    sun: float = 1.0
    fog: float = 0.0
    falling: str | None = None
    shine: float = 0.0
    ambience: str | None = None


@dataclass(frozen=True, slots=True)
class Style:
    """A grade over the finished picture."""

    name: str
    words: tuple[str, ...]
    saturation: float
    contrast: float
    tint: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing a phrase can mean: `kind` is a table, `name` its entry."""

    kind: str
    name: str
    is_nearest: bool = False  # the phrase itself cannot be drawn; this is drawn instead


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The whole table, and every phrase with its meanings."""

    materials: Mapping[str, Material]
    subjects: Mapping[str, SubjectKind]
    places: Mapping[str, Place]
    times: Mapping[str, TimeOfDay]
    weathers: Mapping[str, Weather]
    styles: Mapping[str, Style]
    colours: Mapping[str, str]
    numbers: Mapping[str, int]
    sizes: Mapping[str, float]
    camera: Mapping[str, Mapping[str, Mapping[str, Any]]]
    stop_words: frozenset[str]
    links: frozenset[str]
    negations: frozenset[str]
    plural_count: int
    lexicon: Mapping[str, tuple[Meaning, ...]] = field(default_factory=dict)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value


def _entries(kind: Callable[..., T], table: Mapping[str, Any]) -> dict[str, T]:
    return {
        name: kind(name=name, **{k: _frozen(v) for k, v in row.items()})
        for name, row in table.items()
    }


def _part(row: Mapping[str, Any]) -> PartKind:
    values = {k: _frozen(v) for k, v in row.items()}
    values["size"] = (*values["size"], 0.0, 0.0)[:3]
    return PartKind(**values)


def _meanings(raw: Mapping[str, Any]) -> Iterator[tuple[str, Meaning]]:  # noqa: C901 - a list
    """Every phrase with a meaning; of several that fit, the first wins."""
    for kind in ("colours", "numbers", "sizes"):
        yield from ((word, Meaning(kind, word)) for word in raw["grammar"][kind])
    for kind in ("materials", "subjects", "places", "times", "weathers", "styles"):
        for name, row in raw[kind].items():
            yield from ((phrase, Meaning(kind, name)) for phrase in row["words"])
    for kind in ("arrangements", "actions"):
        for name, phrases in raw[kind].items():
            yield from ((phrase, Meaning(kind, name)) for phrase in phrases)
    for aspect, choices in raw["camera"].items():
        for name, row in choices.items():
            yield from ((phrase, Meaning("camera", f"{aspect}.{name}")) for phrase in row["words"])
    for kind, table in raw["nearest"].items():
        for name, phrases in table.items():
            yield from ((phrase, Meaning(kind, name, is_nearest=True)) for phrase in phrases)


def _lexicon(raw: Mapping[str, Any]) -> dict[str, tuple[Meaning, ...]]:
    found: dict[str, tuple[Meaning, ...]] = {}
    for phrase, meaning in _meanings(raw):
        found[phrase] = (*found.get(phrase, ()), meaning)
    return found


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary; the tables are read on the first call."""
    raw: dict[str, Any] = {}
    for table in sorted(TABLES.glob("*.toml")):
        raw |= tomllib.loads(table.read_text("utf-8"))
    grammar = raw["grammar"]
    subjects = {
        name: {**row, "parts": tuple(_part(part) for part in row["parts"])}
        for name, row in raw["subjects"].items()
    }
    return Vocabulary(
        materials=_entries(Material, raw["materials"]),
        subjects=_entries(SubjectKind, subjects),
        places=_entries(Place, raw["places"]),
        times=_entries(TimeOfDay, raw["times"]),
        weathers=_entries(Weather, raw["weathers"]),
        styles=_entries(Style, raw["styles"]),
        colours=grammar["colours"],
        numbers=grammar["numbers"],
        sizes=grammar["sizes"],
        camera=raw["camera"],
        stop_words=frozenset(grammar["stop_words"].split()),
        links=frozenset(grammar["links"]),
        negations=frozenset(grammar["negations"]),
        plural_count=grammar["plural_count"],
        lexicon=_lexicon(raw),
    )
