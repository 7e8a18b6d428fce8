"""The tables of everything that can be drawn (`tables/*.toml`), read once into typed values."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

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
    burns: bool = False  # a flame; seen while the engine runs


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
    crashing_density: float | None = None  # of those that are to knock something over
    restitution: float | None = None
    friction: float | None = None
    count: int = 1
    arrangement: str | None = None
    painted: bool = False
    upright: bool = False
    floats: bool = False
    is_scenery: bool = False
    role: str | None = None
    actor: str | None = None  # who moves by itself, and how: "person", "dog", "car", "boat", …
    pronoun: str | None = None  # "he", "she"; None: any
    outfit: tuple[tuple[str, str], ...] = ()  # garments of those who wear what they always wear
    brings: str | None = None  # a kind that comes with it: a surfer's surfboard
    written: bool = False  # quoted text beside it stands on it
    kin: tuple[str, ...] = ()  # itself, the kind it is like, the kind that is like, …

    @property
    def said(self) -> str:
        """How a report names it."""
        return self.words[0]

    @property
    def is_animate(self) -> bool:
        """Whether it can speak, and wear clothes."""
        return self.actor in {"person", "robot"}


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
    water: bool = False  # its surface at z = 0, `ground` below it
    depth: float = 0.0  # metres of water
    shore: bool = False  # land, with water behind it
    scenery: tuple[str, ...] = ()
    waves: float = 0.0  # m, significant height


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
    glow: str = "#000000"  # of the horizon towards the sun
    glow_power: float = 0.0
    disc: float = 0.0  # light of the sun's disc in the sky; below 0: the moon's
    disc_elevation: float = 30.0  # where the sky shows it, lower than where its light comes from
    disc_azimuth: float = 0.0
    exposure: float = 1.0
    fill: str = "#ffffff"  # a lamp beside the camera, without shadows
    fill_power: float = 0.0
    rim: str = "#ffffff"  # a lamp behind the subject, seen on its outline
    rim_power: float = 0.0


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
    gloom: float = 0.0  # share of the sky's light that its clouds take


@dataclass(frozen=True, slots=True)
class Style:
    """A grade over the finished picture."""

    name: str
    words: tuple[str, ...]
    saturation: float
    contrast: float
    tint: str
    treatment: str = ""  # a key of `frames.styles.TREATMENTS`
    on_twos: bool = False  # each pose is held for two frames, as puppets are filmed


@dataclass(frozen=True, slots=True)
class ActionKind:
    """A verb; `words` are all ways to say it."""

    name: str
    words: tuple[str, ...]
    aims: bool = False  # what it names next is what it acts on
    hands: bool = False  # with an object it is the object that does it
    wet: bool = False  # it wants water
    expression: str | None = None  # it is done with the face: a key of `frames.faces.EXPRESSIONS`


@dataclass(frozen=True, slots=True)
class GarmentKind:
    """Something to wear; `colour` is its own."""

    name: str
    words: tuple[str, ...]
    colour: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing a phrase can mean: `kind` is a table, `name` its entry."""

    kind: str
    name: str
    is_nearest: bool = False  # the phrase itself cannot be drawn; this is drawn instead


@dataclass(frozen=True, slots=True)
class Language:
    """Another language than English: its phrases, and how its words end."""

    code: str  # ISO 639-1
    name: str  # what its speakers call it
    lexicon: Mapping[str, tuple[Meaning, ...]]
    roles: Mapping[str, str]  # function words → the English ones that do the same
    endings: tuple[str, ...]
    restored: str  # what verbs end in once their ending is off: "roll-t" → "roll-en"

    def base_forms(self, word: str) -> Iterator[tuple[str, str]]:
        """The word without its endings: (form, ending)."""
        for ending in self.endings:
            if word.endswith(ending) and len(word) - len(ending) > 2:
                stem = word.removesuffix(ending)
                yield stem, ending
                yield stem + self.restored, ending


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The whole table, and every phrase with its meanings."""

    materials: Mapping[str, Material]
    subjects: Mapping[str, SubjectKind]
    places: Mapping[str, Place]
    times: Mapping[str, TimeOfDay]
    weathers: Mapping[str, Weather]
    styles: Mapping[str, Style]
    moods: Mapping[str, tuple[str, ...]]
    actions: Mapping[str, ActionKind]
    arrangements: Mapping[str, tuple[str, ...]]
    garments: Mapping[str, GarmentKind]
    camera: Mapping[str, Mapping[str, Mapping[str, Any]]]
    grammar: Mapping[str, Any]
    brings: Mapping[str, str]
    emoji: Mapping[str, str]
    lexicon: Mapping[str, tuple[Meaning, ...]]
    languages: tuple[Language, ...] = ()

    @property
    def colours(self) -> Mapping[str, str]:
        """Word → sRGB hex, "rainbow" or "pastel"."""
        return cast(Mapping[str, str], self.grammar["colours"])

    @property
    def numbers(self) -> Mapping[str, int]:
        """Word → count."""
        return cast(Mapping[str, int], self.grammar["numbers"])

    @property
    def sizes(self) -> Mapping[str, float]:
        """Word → scale."""
        return cast(Mapping[str, float], self.grammar["sizes"])

    def words_of(self, role: str) -> frozenset[str]:
        """Return the function words of one role: "stop_words", "determiners" and so on."""
        return _word_sets()[role]

    def said(self, meaning: Meaning) -> str:
        """How a report names an entry."""
        if meaning.kind == "subjects":
            return self.subjects[meaning.name].said
        if meaning.kind == "actions":
            return self.actions[meaning.name].words[0]
        return meaning.name.split(".")[-1].replace("_", " ")


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


def _subject_rows(table: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The rows of the subjects, each with what it takes over from the rows it is `like`."""
    rows = {}
    for name in table:
        kin = [name]
        while "like" in table[kin[-1]]:
            kin.append(table[kin[-1]]["like"])
        whole: dict[str, Any] = {}
        for relative in reversed(kin):
            whole |= {key: value for key, value in table[relative].items() if key != "like"}
        parts = tuple(_part(part) for part in whole["parts"])
        rows[name] = {**whole, "parts": parts, "kin": kin}
    return rows


def _meanings(raw: Mapping[str, Any]) -> Iterator[tuple[str, Meaning]]:  # noqa: C901 - a list
    """Every phrase with a meaning; of several that fit, the first wins."""
    grammar = raw["grammar"]
    for kind in ("colours", "numbers", "sizes", "paces", "turns", "hair"):
        yield from ((word, Meaning(kind, word)) for word in grammar[kind])
    for kind in ("materials", "subjects", "garments", "places", "times", "weathers", "styles"):
        for name, row in raw[kind].items():
            yield from ((phrase, Meaning(kind, name)) for phrase in row["words"])
    for kind in ("arrangements", "moods"):
        for name, phrases in raw[kind].items():
            yield from ((phrase, Meaning(kind, name)) for phrase in phrases)
    for name, row in raw["actions"].items():
        yield from ((phrase, Meaning("actions", name)) for phrase in row["words"])
    yield from ((phrase, Meaning("going", "going")) for phrase in raw["going"]["words"])
    for kind in ("relations", "manners", "voices", "expressions"):
        for name, phrases in grammar[kind].items():
            yield from ((phrase, Meaning(kind, name)) for phrase in phrases)
    for aspect, choices in raw["camera"].items():
        for name, row in choices.items():
            yield from ((phrase, Meaning("camera", f"{aspect}.{name}")) for phrase in row["words"])
    for kind, table in raw["nearest"].items():
        for name, phrases in table.items():
            yield from ((phrase, Meaning(kind, name, is_nearest=True)) for phrase in phrases)


def _lexicon(phrases: Iterable[tuple[str, Meaning]]) -> dict[str, tuple[Meaning, ...]]:
    found: dict[str, tuple[Meaning, ...]] = {}
    for phrase, meaning in phrases:
        found[phrase] = (*found.get(phrase, ()), meaning)
    return found


def _language(path: Path) -> Language:
    raw = tomllib.loads(path.read_text("utf-8"))
    settings = raw.pop("language")
    phrases = (
        (phrase, Meaning(kind, name))
        for kind, table in raw["meanings"].items()
        for name, said in table.items()
        for phrase in said
    )
    roles = {said: english for english, words in raw["roles"].items() for said in words.split()}
    return Language(
        code=path.stem,
        name=settings["name"],
        lexicon=_lexicon(phrases),
        roles=roles,
        endings=tuple(settings["endings"]),
        restored=settings["restored"],
    )


@cache
def _tables() -> dict[str, Any]:
    """All tables in one; a table may go on in another file."""
    raw: dict[str, Any] = {}
    for path in sorted(TABLES.glob("*.toml")):
        for name, table in tomllib.loads(path.read_text("utf-8")).items():
            raw.setdefault(name, {}).update(table)
    return raw


@cache
def _word_sets() -> dict[str, frozenset[str]]:
    grammar = _tables()["grammar"]
    sets = {k: frozenset(v.split()) for k, v in grammar.items() if isinstance(v, str)}
    return sets | {"negations": frozenset(grammar["negations"])}


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary; the tables are read on the first call."""
    raw = _tables()
    return Vocabulary(
        materials=_entries(Material, raw["materials"]),
        subjects=_entries(SubjectKind, _subject_rows(raw["subjects"])),
        places=_entries(Place, raw["places"]),
        times=_entries(TimeOfDay, raw["times"]),
        weathers=_entries(Weather, raw["weathers"]),
        styles=_entries(Style, raw["styles"]),
        moods=raw["moods"],
        actions=_entries(ActionKind, raw["actions"]),
        arrangements=raw["arrangements"],
        garments=_entries(GarmentKind, raw["garments"]),
        camera=raw["camera"],
        grammar=raw["grammar"],
        brings=raw["brings"],
        emoji=raw["emoji"],
        lexicon=_lexicon(_meanings(raw)),
        languages=tuple(_language(path) for path in sorted(TABLES.glob("words/*.toml"))),
    )
