"""Captions: spoken lines → WebVTT (W3C, The Web Video Text Tracks Format), timed word by word."""

from collections.abc import Iterable, Iterator

from engine.engines.scene.speech.spoken import Spoken, Word

LINE_LETTERS = 42  # as broadcasters have it
LINES = 2
PHRASE_ENDS = ".!?;:"
ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def captions(spoken: Iterable[Spoken]) -> str:
    """Write a cue for every phrase, of two lines at most; words light up as they are said."""
    cues = [_cue(phrase, line) for line in spoken for phrase in _phrases(line.words)]
    return "\n\n".join(["WEBVTT", *cues]) + "\n"


def _phrases(words: tuple[Word, ...]) -> Iterator[list[list[Word]]]:
    """Words in lines in phrases; a phrase ends with its punctuation, or when it is full."""
    lines: list[list[Word]] = [[]]
    for word in words:
        if lines[-1] and _letters([*lines[-1], word]) > LINE_LETTERS:
            if len(lines) == LINES:
                yield lines
                lines = []
            lines.append([])
        lines[-1].append(word)
        if word.text[-1] in PHRASE_ENDS:
            yield lines
            lines = [[]]
    if lines[-1]:
        yield lines


def _letters(words: list[Word]) -> int:
    return sum(len(word.text) for word in words) + len(words) - 1


def _cue(lines: list[list[Word]], spoken: Spoken) -> str:
    first, last = lines[0][0], lines[-1][-1]
    text = "\n".join(
        " ".join(
            (f"<{_stamp(word.start)}>" if word is not first else "") + _escaped(word.text)
            for word in line
        )
        for line in lines
    )
    voice = f"<v {_escaped(' '.join(spoken.speaker.split()))}>" if spoken.speaker else ""
    return f"{_stamp(first.start)} --> {_stamp(last.end)}\n{voice}{text}"


def _escaped(text: str) -> str:
    return text.translate(ESCAPES)


def _stamp(seconds: float) -> str:
    """Hours, minutes, seconds and milliseconds."""
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"
