from dataclasses import replace

import numpy as np
import pytest

from engine.contracts import Shot, VideoRequest
from engine.engines.scene.engine import soundtrack
from engine.engines.scene.language.script import Line
from engine.engines.scene.production import Film, produce
from engine.engines.scene.sound.ambience import BEDS, ambience, beds_of
from engine.engines.scene.sound.dialogue import UNDER_SPEECH, speaking_body, turned_down
from engine.engines.scene.sound.heard import Scored
from engine.engines.scene.sound.loudness import loudness_lufs, normalised
from engine.engines.scene.sound.music import PIECES, music
from engine.engines.scene.sound.score import score
from engine.engines.scene.speech.speak import speak
from engine.engines.scene.speech.spoken import Spoken
from engine.mp4 import write_mp4
from tests.engine.hearing import loudness_of_file, plain, recognised
from tests.engine.test_speech import LINES

RATE = 48_000


def heard(prompt: str, seconds: int = 2, seed: int = 3):
    wanted = VideoRequest(prompt, seconds, seed=seed)
    film = produce(wanted, seed, lambda: False)
    return soundtrack(film), film.shots


def in_mood(film: Film, mood: str | None) -> Film:
    shots = (replace(s, script=replace(s.script, mood=mood)) for s in film.shots)
    return replace(film, shots=tuple(shots))


def rms(sound) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))


def onset_seconds(sound: np.ndarray) -> float:
    """The first 2 ms that are far louder than everything before."""
    level = np.abs(sound).max(axis=1)[: len(sound) // 96 * 96].reshape(-1, 96).max(axis=1)
    floor = np.maximum.accumulate(level)
    return 0.002 * float(np.argmax(level[1:] > 4.0 * floor[:-1]) + 1)


@pytest.mark.parametrize("prompt", ["a steel ball falls", "a wooden crate falls", "a glass ball"])
def test_the_first_impact_is_heard_within_a_frame_of_its_contact(prompt):
    sound, shots = heard(prompt)
    contact = min(c.seconds for c in shots[0].motion.contacts)
    assert onset_seconds(sound) == pytest.approx(contact, abs=1 / 24)


def test_in_slow_motion_the_impact_is_heard_when_it_is_seen():
    sound, shots = heard("a steel ball falls, slow motion", seconds=3)
    contact = min(c.seconds for c in shots[0].motion.contacts)
    assert onset_seconds(sound) == pytest.approx(contact / 0.4, abs=1 / 24)


def test_materials_sound_different():
    def brightness(sound: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(sound[:, 0])) ** 2
        return float((power * np.fft.rfftfreq(len(sound), 1 / RATE)).sum() / power.sum())

    glass, rubber = heard("a glass ball falls")[0], heard("a rubber ball falls")[0]
    assert brightness(glass) > 2.0 * brightness(rubber)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prompt", "mood"),
    [
        ("twelve rainbow balls burst", None),
        ("a ball on the beach", "happy"),
        ("a car crashes into boxes", "epic"),
        ("a basketball bounces on a court", None),
        ("a snowman at night in the forest", "happy"),
        ("a glass ball in the rain", "sad"),
        ("a rocket in space", None),
        ("dominoes fall in a room", "retro"),
    ],
)
def test_a_clip_is_as_loud_as_it_shall_be_and_does_not_clip_after_aac(prompt, mood, tmp_path):
    wanted = VideoRequest(prompt, 4, seed=3)
    sound = soundtrack(in_mood(produce(wanted, 3, lambda: False), mood))
    black = [np.zeros((64, 64, 3), np.uint8)] * 96
    write_mp4(tmp_path / "clip.mp4", black, size=(64, 64), fps=24, sound=sound)
    loudness, peak = loudness_of_file(tmp_path / "clip.mp4")
    assert loudness == pytest.approx(-14.0, abs=1.0)
    assert peak <= -1.0
    assert loudness_lufs(sound) == pytest.approx(loudness, abs=0.3)


def test_loudness_of_a_reference_tone():
    """EBU Tech 3341, case 1: a stereo 1 kHz sine at -23 dBFS measures -23.0 LUFS."""
    t = np.arange(20 * RATE) / RATE
    tone = (10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)
    assert loudness_lufs(np.stack([tone, tone], axis=1)) == pytest.approx(-23.0, abs=0.1)


def test_a_near_silent_sound_stays_quiet():
    noise = np.random.default_rng(1).standard_normal((2 * RATE, 2)).astype(np.float32) * 1e-4
    assert np.abs(normalised(noise)).max() < 0.02


def test_sound_comes_from_where_it_is_seen():
    sound, shots = heard("a steel ball falls", seconds=2)
    assert sound.shape == (2 * RATE, 2)
    assert (sound[:, 0] != sound[:, 1]).any()
    assert shots[0].cameras


# ── dialogue ───────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_eight_of_ten_lines_are_understood_in_the_whole_mix():
    """Judged among twenty sentences; street, rain and music go on under the line."""
    others = tuple(line.replace("the", "a big").replace("I ", "They all ") for line in LINES)
    wanted = VideoRequest("a figure on the street in rain", 4, seed=3)
    film = in_mood(produce(wanted, 3, lambda: False), "happy")
    right = 0
    for text in LINES:
        said = speak([Line(text, voice="woman")], start=0.0, end=4.0, fps=24, speakers=())
        sound = soundtrack(replace(film, spoken=said.spoken))
        line = said.spoken[0]
        first = int(line.start * RATE)
        mono = sound[first : first + len(line.samples)].mean(axis=1)
        right += recognised(mono, sentences=LINES + others) == plain(text)
    assert right >= 8


def line_at(start: float, speaker: str | None = None) -> Spoken:
    spoken = speak([Line("We go now.")], start=start, end=start + 3, fps=24, speakers=()).spoken[0]
    return replace(spoken, speaker=speaker)


def takes_of(prompt: str, seconds: int = 4, **kwargs) -> list[Scored]:
    shots = produce(VideoRequest(prompt, seconds, seed=3), 3, lambda: False).shots
    return [Scored(s.world, s.motion, s.cameras, s.clock, **kwargs) for s in shots]


def test_a_line_comes_from_where_its_speaker_is_seen():
    take = takes_of("two snowmen")[0]
    names = ("ana/head", "ben/head")
    others = take.world.bodies[2:]
    heads = (replace(body, name=name) for body, name in zip(take.world.bodies, names, strict=False))
    bodies = (*heads, *(replace(body, name=f"limb {i}") for i, body in enumerate(others)))
    take = replace(take, world=replace(take.world, bodies=bodies))
    across = [float(take.motion.positions[0, i] @ np.array(take.cameras[0].right)) for i in (0, 1)]
    louder_left = []
    for name in ("ana", "ben"):
        assert speaking_body(take, name) == names.index(f"{name}/head")
        sound = score([take], spoken=[line_at(0.5, name)], fps=24, seed=1)[RATE : 2 * RATE]
        louder_left.append(rms(sound[:, 0]) / rms(sound[:, 1]))
    assert (across[0] < across[1]) is (louder_left[0] > louder_left[1])
    assert speaking_body(take, "nobody") is None


def test_air_and_music_sink_under_speech():
    """The same film with a line of silence in the middle: what is left is what sinks."""
    take = takes_of("a ball on the beach", beds=("rain",), mood=None)[0]
    take = replace(take, motion=replace(take.motion, contacts=(), rolling=take.motion.rolling * 0))
    mute = replace(line_at(1.5), samples=np.zeros(RATE, np.float32))
    sound = score([take], spoken=[mute], fps=24, seed=1)
    before, under = rms(sound[RATE // 2 : RATE]), rms(sound[int(1.7 * RATE) : int(2.3 * RATE)])
    assert 20 * np.log10(before / under) > 6.0  # the limiter takes a little of it back
    gain = turned_down(4 * RATE, [mute], UNDER_SPEECH)
    assert 20 * np.log10(gain[2 * RATE]) == pytest.approx(-9.0, abs=0.01)
    assert gain[RATE] == gain[-1] == 1.0
    assert np.abs(np.diff(gain)).max() < 0.001  # softly


# ── air and music ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("bed", BEDS)
def test_every_bed_is_steady_quiet_and_the_same_for_the_same_seed(bed):
    once, again = (ambience((bed,), 2 * RATE, np.random.default_rng(5)) for _ in range(2))
    assert (once == again).all()
    assert np.isfinite(once).all()
    assert 0.002 < rms(once) < 0.08
    assert (once[:, 0] != once[:, 1]).any()


@pytest.mark.parametrize("mood", PIECES)
def test_every_mood_has_its_music(mood):
    once, again = (music(mood, 6 * RATE, np.random.default_rng(5)) for _ in range(2))
    assert (once == again).all()
    assert 0.02 < rms(once) < 0.06
    seconds = [rms(once[k * RATE : (k + 1) * RATE]) for k in range(5)]
    assert min(seconds) > 0.2 * max(seconds)  # it plays on
    assert np.abs(once[-100:]).max() < 0.01  # and ends


def test_music_is_in_its_key():
    """The twelve pitch classes: those of the scale hold the energy."""
    for mood in ("happy", "calm", "sad", "romantic"):
        piece = PIECES[mood]
        power = (
            np.abs(np.fft.rfft(music(mood, 8 * RATE, np.random.default_rng(2)).sum(axis=1))) ** 2
        )
        hz = np.fft.rfftfreq(8 * RATE, 1 / RATE)
        heard = (hz > 120) & (hz < 1000)
        classes = np.round(12 * np.log2(hz[heard] / 440.0) + 69).astype(int) % 12
        share = np.bincount(classes, weights=power[heard], minlength=12)
        inside = sum(share[(piece.root + step) % 12] for step in piece.scale)
        assert inside / share.sum() > 0.9, mood


def test_moods_differ_and_an_unknown_one_is_calm():
    tunes = {mood: music(mood, 3 * RATE, np.random.default_rng(5)) for mood in PIECES}
    for a, mine in tunes.items():
        assert all(a == b or (mine != other).any() for b, other in tunes.items())
    unknown = music("flummoxed", 3 * RATE, np.random.default_rng(5))
    assert (unknown == tunes["calm"]).all()


def test_night_rain_and_place_are_heard():
    def beds(prompt: str) -> tuple[str, ...]:
        film = produce(VideoRequest(prompt, 1, seed=1), 1, lambda: False)
        return beds_of(film.shots[0].script)

    assert beds("a ball on the beach") == ("surf",)
    assert beds("a ball in a forest at night") == ("night",)
    assert beds("a ball in a forest in the rain") == ("rain",)
    assert beds("a ball on the beach in the rain") == ("surf", "rain")
    assert beds("a ball on a stage") == ("stage",)
    assert beds("a ball in a room") == ("room",)


def test_the_air_goes_on_through_a_cut_and_fades_where_the_place_changes():
    first, second = takes_of("a steel ball in a room")[0], takes_of("a ball")[0]
    still = [
        replace(t, motion=replace(t.motion, contacts=(), rolling=t.motion.rolling * 0.0))
        for t in (first, second)
    ]
    same = score([replace(t, beds=("rain",)) for t in still], fps=24, seed=1)
    cut = 4 * RATE
    at_cut, before = rms(same[cut - 2400 : cut + 2400]), rms(same[cut - RATE : cut])
    assert at_cut == pytest.approx(before, rel=0.15)
    changed = score(
        [replace(still[0], beds=("rain",)), replace(still[1], beds=("room",))], fps=24, seed=1
    )

    def treble(sound) -> float:
        power = np.abs(np.fft.rfft(sound[:, 0])) ** 2
        return float(power[len(power) // 6 :].sum() / power.sum())

    assert treble(changed[: cut - RATE // 4]) > 20 * treble(changed[cut + RATE // 4 :])


def test_a_film_with_lines_reports_what_it_could_not_say():
    wanted = VideoRequest(f'a man says "{"word " * 50}"', 2, seed=1)
    film = produce(wanted, 1, lambda: False)
    assert any("no time" in missing.phrase for missing in film.not_drawn)


def test_lines_of_every_shot_lie_in_their_shot():
    shots = (Shot('a man says "Here."', 3), Shot('a woman on the beach says "There."', 3))
    film = produce(VideoRequest("", 6, seed=1, shots=shots), 1, lambda: False)
    assert [3 * i < said.start < 3 * i + 3 for i, said in enumerate(film.spoken)] == [True, True]
    assert soundtrack(film).shape == (6 * RATE, 2)


def test_the_same_film_sounds_the_same():
    once, again = (heard("a car crashes into boxes on the beach")[0] for _ in range(2))
    assert (once == again).all()
