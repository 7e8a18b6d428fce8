"""Speech: quotations → who says them and how; or what is written on a sign."""

from dataclasses import dataclass, field

from engine.engines.scene.language.drafts import Draft
from engine.engines.scene.language.script import Line
from engine.engines.scene.language.subjects import Cast

MAX_LINES = 12
_WRITING = frozenset(
    [
        "labeled",
        "labelled",
        "marked",
        "titled",
        "text",
        "words",
        "word",
        "inscription",
        "printed",
        "written",
        "reading",
        "reads",
        "inscribed",
        "lettering",
        "caption",
    ]
)
_NARRATORS = frozenset({"narrator", "voiceover", "voice-over", "off-screen", "announcer"})


@dataclass(slots=True)
class _Spoken:
    """A line while its speaker may still come: `"Run!" shouts the girl`."""

    text: str
    speaker: Draft | None = None
    is_narrated: bool = False
    manner: str | None = None
    voice: str | None = None


@dataclass(slots=True)
class Speech:
    """What has been quoted so far."""

    cast: Cast
    lines: list[_Spoken] = field(default_factory=list)
    is_announced: bool = False  # a verb of speaking, or a colon, stands before the quotation
    is_written: bool = False  # "labelled", "with the text"
    is_narrated: bool = False
    manner: str | None = None
    voice: str | None = None
    open_line: _Spoken | None = None  # waits for the speaker behind it

    def hear(self, word: str) -> None:
        """Notice a word that says how the next quotation is meant."""
        self.is_written |= word in _WRITING
        self.is_narrated |= word in _NARRATORS

    def take_manner(self, manner: str) -> None:
        """Whisper or shout: the line before, while its clause lasts, or the next one."""
        if self.open_line:
            self.open_line.manner = manner
        else:
            self.manner = manner

    def take_voice(self, voice: str) -> None:
        """Speak in this voice: the line before, while its clause lasts, or the next one."""
        if self.open_line:
            self.open_line.voice = voice
        else:
            self.voice = voice

    def quote(self, text: str, *, next_written: bool, speaks_next: bool) -> None:
        """Take a quotation: written on the thing before, or said by somebody."""
        last = self.cast.last
        if next_written:
            self.cast.waiting.groups[-1]["text"] = text
        elif last and last.text is None and (last.kind.written or self.is_written):
            last.text = text
        elif len(self.lines) < MAX_LINES:
            line = _Spoken(text, manner=self.manner, voice=self.voice)
            line.is_narrated = self.is_narrated
            if not speaks_next and not line.is_narrated:
                line.speaker = self._speaker_before()
            self.lines.append(line)
            self.open_line = line
        self.is_announced = self.is_written = self.is_narrated = False
        self.manner = self.voice = None

    def name(self, draft: Draft) -> None:
        """Somebody is named behind a quotation and its verb of speaking."""
        if self.open_line and self.open_line.speaker is None and draft.kind.actor:
            self.open_line.speaker = draft

    def end_clause(self) -> None:
        """What comes next says nothing about the line before."""
        self.open_line = None

    def finished(self, index: dict[int, int]) -> tuple[Line, ...]:
        """All lines; the only one who can speak says what nobody else does, else a narrator."""
        speakers = [d for d in self.cast.drafts if d.kind.is_animate]
        lines = []
        for spoken in self.lines:
            speaker = spoken.speaker
            if speaker is None and not spoken.is_narrated and len(speakers) == 1:
                speaker = speakers[0]
            if speaker is not None:
                _let_talk(speaker)
            number = index.get(id(speaker)) if speaker is not None else None
            lines.append(Line(spoken.text, number, spoken.manner, spoken.voice))
        return tuple(lines)

    def _speaker_before(self) -> Draft | None:
        """Whoever the clause speaks of, if a verb of speaking or a colon announced the line."""
        if not self.is_announced:
            return None
        for draft in (*self.cast.doers, *self.cast.actors, self.cast.last):
            if draft is not None and (draft.kind.actor or len(self.cast.drafts) == 1):
                return draft
        return None


def _let_talk(speaker: Draft) -> None:
    """Who does nothing else while speaking, talks."""
    if not speaker.actions:
        speaker.does("talk", "says")
