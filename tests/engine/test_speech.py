import re
import threading
import time

import numpy as np
import pytest

from engine.engines.scene.language.script import Line, Subject
from engine.engines.scene.language.vocabulary import vocabulary
from engine.engines.scene.speech.captions import captions
from engine.engines.scene.speech.pronunciation import pronounced
from engine.engines.scene.speech.speak import FASTEST, Speech, speak
from engine.engines.scene.speech.spoken import Mouth, Spoken, Word
from engine.engines.scene.speech.voices import VOICES, voice_of
from tests.engine.hearing import RATE, pitch_hz, plain, recognised, word_error_rate

LINES = (
    "Good morning, how are you today?",
    "The red ball is on the table.",
    "I want to go home now.",
    "Look at the big white house.",
    "Where is my little dog?",
    "We are going to the beach.",
    "Please open the door.",
    "This is a very good idea.",
    "I can see the water from here.",
    "Thank you for coming tonight.",
)


def said(text: str, seconds: float = 8.0, **how) -> Speech:
    return speak([Line(text, **how)], start=0.0, end=seconds, fps=24, speakers=())


def text_of(speech: Speech) -> str:
    return " ".join(word.text for line in speech.spoken for word in line.words)


@pytest.mark.slow
@pytest.mark.parametrize("voice", ["man", "woman"])
def test_a_recogniser_understands_eight_of_ten_short_lines(voice):
    """Open vocabulary: a line counts with at most one word in four wrong."""
    rates = []
    for line in LINES:
        samples = said(line, voice=voice).spoken[0].samples
        rates.append(word_error_rate(line, recognised(samples)))
    assert sum(rate <= 0.25 for rate in rates) >= 8, rates


@pytest.mark.slow
@pytest.mark.parametrize(("voice", "manner"), [(v, None) for v in VOICES] + [("man", "whisper")])
def test_every_voice_is_told_from_nineteen_other_sentences(voice, manner):
    others = tuple(line.replace("the", "a big").replace("I ", "They all ") for line in LINES)
    for line in LINES[1:4]:
        samples = said(line, voice=voice, manner=manner).spoken[0].samples
        assert recognised(samples, sentences=LINES + others) == plain(line)


def test_voices_speak_at_the_pitch_that_they_are_said_to_have():
    own = 100.0  # Hz, of the recorded speaker
    heard = {
        name: pitch_hz(said("We are all going home now.", voice=name).spoken[0].samples)
        for name in ("deep", "narrator", "man", "woman", "child")
    }
    for name, hz in heard.items():
        assert hz == pytest.approx(own * VOICES[name].pitch, rel=0.15), heard
    assert sorted(heard, key=heard.get) == ["deep", "narrator", "man", "woman", "child"]


def test_a_robot_speaks_on_one_note_and_a_whisper_on_none():
    def steadiness(samples):
        """Share of the spectrum's energy that lies on multiples of 110 Hz."""
        power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
        hz = np.fft.rfftfreq(len(samples), 1 / RATE)
        low = (hz > 150) & (hz < 1500)
        near = np.abs(hz / 110.0 - np.round(hz / 110.0)) < 0.05
        return power[low & near].sum() / power[low].sum()

    line = "We are all going home now."
    robot = steadiness(said(line, voice="robot").spoken[0].samples)
    man = steadiness(said(line, voice="man").spoken[0].samples)
    whisper = steadiness(said(line, voice="man", manner="whisper").spoken[0].samples)
    assert robot > 0.6
    assert man < 0.3
    assert whisper == pytest.approx(0.1, abs=0.06)  # as noise: a tenth of the band is near


def test_a_whisper_is_softer_and_a_shout_louder():
    level = {
        manner: float(np.sqrt(np.mean(said("Over here!", manner=manner).spoken[0].samples ** 2)))
        for manner in ("whisper", None, "shout")
    }
    assert level["whisper"] < 0.7 * level[None] < 0.7 * level["shout"]


@pytest.mark.parametrize(
    ("speaker", "voice"),
    [
        ("", "narrator"),
        ("woman in a red coat", "woman"),
        ("old woman", "old"),
        ("girl", "child"),
        ("robot", "robot"),
        ("dragon", "monster"),
        ("man", "man"),
        ("somebody unheard of", "man"),
    ],
)
def test_a_speaker_has_the_voice_of_its_kind(speaker, voice):
    assert voice_of(speaker).name == voice
    assert voice_of(speaker) == voice_of(speaker)
    assert voice_of(speaker, asked="child") == VOICES["child"]


def test_two_men_do_not_sound_the_same():
    assert voice_of("man in blue").pitch != voice_of("man in red").pitch


def test_the_same_line_is_the_same_samples_in_another_thread():
    first = said("It is always the same.").spoken[0]
    again = []
    thread = threading.Thread(target=lambda: again.append(said("It is always the same.")))
    thread.start()
    thread.join(timeout=60)
    assert (again[0].spoken[0].samples == first.samples).all()
    assert again[0].spoken[0].words == first.words


def test_words_stand_where_they_sound():
    """A word cut out of the line by its times is the word that the recogniser hears."""
    line = said("Please open the window, and then close the door.", voice="woman").spoken[0]
    cut = {
        plain(word.text): line.samples[
            int((word.start - line.start) * RATE) : int((word.end - line.start) * RATE)
        ]
        for word in line.words
    }
    choices = ("window", "please", "open", "close", "door")
    assert [recognised(cut[word], sentences=choices) for word in choices] == list(choices)
    times = [t for word in line.words for t in (word.start, word.end)]
    assert times == sorted(times)
    assert times[-1] <= line.start + len(line.samples) / RATE + 1e-6


def test_lines_follow_each_other_within_the_shot():
    lines = [Line("Where are you going?"), Line("To the beach.", voice="woman"), Line("Wait!")]
    spoken = speak(lines, start=5.0, end=11.0, fps=24, speakers=()).spoken
    assert len(spoken) == 3
    ends = [line.start + len(line.samples) / RATE for line in spoken]
    assert spoken[0].start >= 5.0
    assert ends[-1] <= 11.0
    assert all(line.start - end >= 0.3 for line, end in zip(spoken[1:], ends, strict=False))


def test_a_line_that_is_a_little_long_is_said_faster():
    text = "I have been waiting for you here since early in the morning."
    slow = said(text).spoken[0]
    seconds = len(slow.samples) / RATE
    fast = said(text, seconds=seconds / 1.15 + 0.35)
    assert text_of(fast) == text
    assert fast.unspoken == ()
    assert seconds / FASTEST * 0.95 < len(fast.spoken[0].samples) / RATE < seconds / 1.1


def test_a_line_that_is_far_too_long_is_cut_after_a_word_and_reported():
    words = [f"word{'s' * (i % 2)}" for i in range(40)]
    speech = said(" ".join(words), seconds=3.0)
    spoken = text_of(speech).split()
    assert 5 < len(spoken) < 20
    assert speech.spoken[0].words[-1].end <= 3.0
    reported = " ".join(item.phrase for item in speech.unspoken)
    assert len(spoken) + len(re.findall(r"words?\b(?=[ ”])", reported)) == 40
    assert all(item.instead is None for item in speech.unspoken)


def test_two_thousand_words_cost_no_more_than_the_shot_holds():
    started = time.process_time()
    speech = said("and then " * 1000, seconds=2.0)
    assert time.process_time() - started < 4.0
    assert speech.unspoken


def test_a_hundred_lines_cost_no_more_than_the_shot_holds_and_the_first_are_said():
    lines = [Line(f"This is line {i}.") for i in range(100)]
    started = time.process_time()
    speech = speak(lines, start=0.0, end=4.0, fps=24, speakers=())
    assert time.process_time() - started < 6.0
    assert speech.spoken[0].words[-1].text == "zero."
    assert len(speech.unspoken) >= 96
    assert speech.spoken[-1].words[-1].end <= 4.0


@pytest.mark.parametrize("text", ["привет", "😀🎉", "你好世界", "", "   ", "...", "—"])
def test_what_has_no_sound_is_reported(text):
    speech = said(text)
    assert speech.spoken == ()
    assert len(speech.unspoken) == 1


def test_a_mixed_line_is_read_as_far_as_it_can_be():
    speech = said("Hello 😀 café, 你好 3 dogs & 2 cats")
    assert text_of(speech) == "Hello cafe, three dogs and two cats"
    assert [item.phrase for item in speech.unspoken] == ["“😀 你好”: only English is spoken"]


def test_a_shot_too_short_for_a_word_says_nothing_and_reports_it():
    speech = said("Extraordinary circumstances", seconds=0.5)
    assert speech.spoken == ()
    assert "Extraordinary circumstances" in speech.unspoken[0].phrase


@pytest.mark.parametrize(
    "text", ["a" * 5000, "x1y2" * 300, "<b>&amp;", "'''", "!?!?", "1" * 60, "1e99 5"]
)
def test_nonsense_does_not_break_it(text):
    words, _ = pronounced(text[:400])
    assert all(word.phonemes for word in words)
    said(text, seconds=2.0)


def test_a_named_speaker_is_named():
    kind = next(iter(vocabulary().subjects.values()))
    who = Subject(kind=kind, count=1, name="woman in red")
    speech = speak([Line("Yes.", speaker=0)], start=0, end=3, fps=24, speakers=[who])
    assert speech.spoken[0].speaker == "woman in red"
    assert said("Yes.").spoken[0].speaker is None


# ── mouths ─────────────────────────────────────────────────────────────────────────────


def test_there_is_a_mouth_for_every_frame_of_the_line():
    line = speak([Line("Hello there.")], start=2.0, end=6.0, fps=24, speakers=()).spoken[0]
    first = int(line.start * 24)
    last = int(np.ceil((line.start + len(line.samples) / RATE) * 24))
    assert len(line.mouths) == last - first
    assert line.mouths.dtype == np.int8
    assert set(line.mouths.tolist()) <= set(Mouth)


def test_lips_close_for_pauses_and_open_for_vowels():
    line = said("Papa! Go away, you.").spoken[0]
    shapes = [Mouth(m) for m in line.mouths]

    def within(word: Word) -> list[Mouth]:
        first = int(line.start * 24)
        return shapes[int(word.start * 24) - first : int(np.ceil(word.end * 24)) - first]

    papa, go, _, you = line.words
    assert Mouth.OPEN in within(papa)
    assert Mouth.CLOSED in within(papa)
    assert Mouth.ROUND in within(go)
    assert Mouth.ROUND in within(you)
    pause = shapes[int(papa.end * 24) + 1 - int(line.start * 24) : int(go.start * 24)]
    assert set(pause[: max(1, int((go.start - papa.end) * 24) - 1)]) <= {Mouth.CLOSED, Mouth.SMALL}


# ── captions ───────────────────────────────────────────────────────────────────────────

CUE = re.compile(r"(\d\d):(\d\d):(\d\d\.\d{3}) --> (\d\d):(\d\d):(\d\d\.\d{3})\n((?:.+\n?)+)")


def seconds_of(hours: str, minutes: str, seconds: str) -> float:
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def test_captions_hold_every_spoken_word_in_order_within_the_sound():
    lines = [Line(text, voice="woman" if i % 2 else None) for i, text in enumerate(LINES[:4])]
    spoken = speak(lines, start=1.0, end=16.0, fps=24, speakers=()).spoken
    written = captions(spoken)
    assert written.startswith("WEBVTT\n\n")
    cues = CUE.findall(written)
    words = " ".join(re.sub(r"<[^>]+>", "", cue[6]) for cue in cues).split()
    assert words == [word.text for line in spoken for word in line.words]
    times = [t for c in cues for t in (seconds_of(*c[:3]), seconds_of(*c[3:6]))]
    assert times == sorted(times)
    last = spoken[-1]
    assert spoken[0].start - 0.001 <= times[0]
    assert times[-1] <= last.start + len(last.samples) / RATE + 0.001
    for cue in cues:
        inner = [seconds_of(*t) for t in re.findall(r"<(\d\d):(\d\d):(\d\d\.\d{3})>", cue[6])]
        assert all(seconds_of(*cue[:3]) < t < seconds_of(*cue[3:6]) for t in inner)
        shown = re.sub(r"<[^>]+>", "", cue[6]).strip().split("\n")
        assert len(shown) <= 2
        assert all(len(line) <= 42 for line in shown)


def test_captions_escape_what_could_be_read_as_markup():
    words = (Word("a<b", 0.0, 0.5), Word("&", 0.5, 0.7), Word("-->", 0.7, 1.0))
    line = Spoken("<i>Ana</i>", 0.0, np.zeros(RATE, np.float32), words, np.zeros(24, np.int8))
    written = captions([line])
    assert "a&lt;b <00:00:00.500>&amp; <00:00:00.700>--&gt;" in written
    assert "<v &lt;i&gt;Ana&lt;/i&gt;>" in written


def test_captions_of_silence_are_an_empty_file():
    assert captions([]) == "WEBVTT\n"


@pytest.mark.slow
def test_three_seconds_of_speech_cost_half_a_second():
    """Twice that here, for the machines of tests are busy."""
    said("Warm up.")
    started = time.process_time()
    line = said("This is a sentence that takes about three seconds to say.", voice="man").spoken[0]
    spent = time.process_time() - started
    assert 2.5 < len(line.samples) / RATE < 4.0
    assert spent < 1.0
