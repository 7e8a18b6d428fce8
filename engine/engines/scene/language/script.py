"""What a prompt says, as values: the contract between language and everything after it."""

from dataclasses import dataclass

from engine.contracts import NotDrawn
from engine.engines.scene.language.vocabulary import SubjectKind


@dataclass(frozen=True, slots=True)
class Relation:
    """Where a subject is in respect of another: "on", "under", "behind", "into" and so on."""

    kind: str
    other: int  # index in the script's subjects


@dataclass(frozen=True, slots=True)
class Subject:
    """Some equal things with one role: who acts (`action`) or who is acted on (`is_target`)."""

    kind: SubjectKind
    count: int
    name: str = ""  # the same in every shot of a film: "dog", "red ball", "@ana"
    colour: str | None = None  # hex, "rainbow" or "pastel"; None: the kind's own
    material: str | None = None
    scale: float = 1.0
    action: str | None = None
    then: tuple[str, ...] = ()  # what it does after that, in order
    turns: int | None = None  # of a spin or flip: "a triple spin"
    pace: float = 1.0  # below 1 slowly, above 1 fast
    arrangement: str | None = None
    is_target: bool = False
    relation: Relation | None = None
    garments: tuple[tuple[str, str], ...] = ()  # (garment, hex): ("jacket", "#d8332a")
    text: str | None = None  # written on it
    face: str | None = None  # "@handle" of a cast member whose face it wears
    expression: str | None = None  # that its face has: "smiling", "sad"


@dataclass(frozen=True, slots=True)
class Line:
    """Quoted speech; `speaker` is an index in the script's subjects, None a narrator."""

    text: str
    speaker: int | None = None
    manner: str | None = None  # "whisper", "shout"
    voice: str | None = None  # "woman", "child", "robot", …; None: the speaker's own


@dataclass(frozen=True, slots=True)
class Script:
    """What one shot says, in entries of the vocabulary."""

    subjects: tuple[Subject, ...]
    place: str | None = None
    time: str | None = None
    weather: str | None = None
    style: str | None = None
    mood: str | None = None  # of the music; None: no music
    camera: tuple[str, ...] = ()  # "aspect.choice" of the camera table, at most one an aspect
    focus: int | None = None  # index of the subject that the lens is focused on
    lines: tuple[Line, ...] = ()
    not_drawn: tuple[NotDrawn, ...] = ()
    names_subject: bool = True
    is_continuation: bool = False  # another view of the world of the script before
