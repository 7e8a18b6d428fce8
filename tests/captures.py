"""Synthetic captures for the liveness tests: a public-domain portrait that turns and speaks.

The head is an ellipsoid with a nose that the picture is painted on, so it turns as a head does; the
flat ones turn the picture itself, as somebody does who holds a photograph before a camera. The
digits are spoken by the scene engine's voice. Each capture is made once per test session.
"""

# ruff: noqa: RUF001 -- IPA
from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
import skimage.data
from PIL import Image

from engine.engines.scene.speech.pronunciation import SpokenWord
from engine.engines.scene.speech.voices import VOICES, voiced
from perception.liveness import Challenge
from tests.perception.faces import hopper as hopper_picture

FPS = 15
RATE_HZ = 48_000
FRONT_SECONDS, RAMP_SECONDS, HOLD_SECONDS = 0.75, 0.33, 0.4
LEAST_SECONDS = 3.2
SIZE = (400, 320)  # height, width
PHONEMES = {  # as the scene engine pronounces them, without loading what it reads with
    1: "wˈʌn",
    2: "tˈuː",
    3: "θɹˈiː",
    4: "fˈoːɹ",
    5: "fˈaɪv",
    6: "sˈɪks",
    7: "sˈɛvən",
    9: "nˈaɪn",
}
_FOLDER = TemporaryDirectory(prefix="captures-")

CHALLENGE = Challenge((3, 9, 5), ("left", "right"))


class Sitter:
    """A portrait and where its face is: eyes, nose, mouth corners in px."""

    def __init__(self, picture: np.ndarray, points: Sequence[tuple[float, float]], reach: float):
        self.picture = picture
        self.points = np.array(points)
        self.reach = reach  # degrees to which this head can be painted round
        self._turned: dict[float, np.ndarray] = {}

    def turned(self, degrees: float) -> np.ndarray:
        """The head turned to its own left (positive) or right; the rest of the picture stays."""
        if degrees not in self._turned:
            self._turned[degrees] = _head_turned(self.picture, self.points, degrees)
        return self._turned[degrees]

    def tilted(self, degrees: float) -> np.ndarray:
        """The picture as a flat print turned about its vertical axis."""
        import cv2

        height, width = self.picture.shape[:2]
        x, y = self.points[2]
        angle, away = np.radians(degrees), 3.0 * width
        turn = np.array([[np.cos(angle), 0, 0], [0, 1, 0], [-np.sin(angle), 0, away]])
        to_middle = np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1]])
        lens = np.array([[away, 0, x], [0, away, y], [0, 0, 1]])
        return cv2.warpPerspective(
            self.picture, lens @ turn @ to_middle, (width, height), borderValue=(120, 110, 100)
        )


def _head_turned(picture: np.ndarray, points: np.ndarray, degrees: float) -> np.ndarray:
    import cv2

    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    half = np.linalg.norm(points[1] - points[0]) / 2
    eyes, nose, mouth = points[:2].mean(axis=0), points[2], points[3:].mean(axis=0)
    middle = (eyes + mouth) / 2
    across, down = 2.9 * half, 3.9 * half
    inner = 1 - ((x - middle[0]) / across) ** 2 - ((y - eyes[1] * 0.7 - mouth[1] * 0.3) / down) ** 2
    depth = across * np.sqrt(np.clip(inner, 0, None))
    below = np.where(y < nose[1], 0.9, 0.35) * half
    bump = -(((x - nose[0]) / (0.5 * half)) ** 2) - ((y - nose[1]) / below) ** 2
    depth += 0.8 * half * np.exp(bump)
    angle = np.radians(degrees)
    shown_at = middle[0] + (x - middle[0]) * np.cos(angle) + depth * np.sin(angle)
    shown_at = np.where(inner > 0, shown_at, x)
    if degrees > 0:  # what turns away is behind
        shown_at = np.minimum.accumulate(shown_at[:, ::-1], axis=1)[:, ::-1]
    else:
        shown_at = np.maximum.accumulate(shown_at, axis=1)
    shown_at += 1e-6 * x  # strictly rising, for interp
    source = np.stack([np.interp(x[i], shown_at[i], x[i]) for i in range(height)])
    return cv2.remap(picture, source.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)


@cache
def astronaut() -> Sitter:
    """Eileen Collins, by NASA (public domain)."""
    picture = np.ascontiguousarray(skimage.data.astronaut()[: SIZE[0], 64 : 64 + SIZE[1]])
    points = [(137.5, 105), (181.2, 104.9), (156.7, 127.1), (139.9, 145.2), (178.4, 145.0)]
    return Sitter(picture, points, 37.0)


@cache
def hopper() -> Sitter:
    """Grace Hopper, by the US Navy (public domain)."""
    picture = hopper_picture()
    below, beside = SIZE[0] - picture.shape[0], SIZE[1] - picture.shape[1]
    picture = np.pad(picture, ((0, below), (0, beside), (0, 0)), mode="edge")
    points = [(122.2, 141.9), (182.3, 139.2), (152.6, 174.5), (127.9, 200.5), (182.9, 198.4)]
    return Sitter(picture, points, 33.0)


def _angles(turns: Sequence[str]) -> list[float]:
    """Shares of the whole turn for each frame: straight ahead, then out, held, back for each."""
    ramp = [k / (RAMP_SECONDS * FPS) for k in range(1, int(RAMP_SECONDS * FPS))]
    path = [*ramp, *[1.0] * round(HOLD_SECONDS * FPS), *reversed(ramp), 0.0, 0.0]
    angles = [0.0] * round(FRONT_SECONDS * FPS)
    for turn in turns:
        angles += [angle if turn == "left" else -angle for angle in path]
    return angles + [0.0] * max(4, round(LEAST_SECONDS * FPS) - len(angles))


@cache
def _digit(digit: int) -> np.ndarray:
    word = SpokenWord(str(digit), PHONEMES[digit], ".")
    return voiced([word], VOICES["man"], manner=None, speed=1.0)[0]


def spoken(digits: Sequence[int], seconds: float) -> np.ndarray:
    """The digits one after the other in a quiet room: mono, `RATE_HZ`."""
    sound = np.random.default_rng(0).standard_normal(round(seconds * RATE_HZ)) * 1e-4
    at = round(0.35 * RATE_HZ)
    for digit in digits:
        word = _digit(digit)
        sound[at : at + len(word)] += word
        at += len(word) + round(0.2 * RATE_HZ)
    return sound.astype(np.float32)


def _quiet(seconds: float) -> np.ndarray:
    return spoken((), seconds)


def write(
    name: str,
    pictures: Sequence[np.ndarray],
    sound: np.ndarray | None,
    *,
    codecs: tuple[str, str] = ("libx264", "aac"),
    options: dict[str, str] | None = None,
) -> Path:
    """Encode pictures at `FPS` and mono sound at `RATE_HZ` into a file of the session's folder."""
    path = Path(_FOLDER.name) / name
    with av.open(str(path), "w", options=options or {}) as out:
        height, width = pictures[0].shape[:2]
        video = out.add_stream(codecs[0], rate=FPS)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        if codecs[0] == "libx264":
            video.options = {"preset": "superfast", "crf": "23"}
        else:
            video.options = {"deadline": "realtime", "cpu-used": "8"}
        audio = None
        if sound is not None:
            audio = out.add_stream(codecs[1], rate=RATE_HZ, layout="mono")
        for picture in pictures:
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(video.encode())
        if audio is not None:
            _encode(out, audio, sound)
    return path


def _encode(out, audio, sound: np.ndarray) -> None:
    frame = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
    frame.sample_rate = RATE_HZ
    out.mux(audio.encode(frame))
    out.mux(audio.encode())


def _name(kind: str, challenge: Challenge) -> str:
    return f"{kind}-{''.join(map(str, challenge.digits))}-{'-'.join(challenge.turns)}.mp4"


def _capture(
    kind: str, challenge: Challenge, pictures: list[np.ndarray], digits: Sequence[int] | None = None
) -> Path:
    said = challenge.digits if digits is None else digits
    return write(_name(kind, challenge), pictures, spoken(said, len(pictures) / FPS))


def turning(sitter: Sitter, turns: Sequence[str]) -> list[np.ndarray]:
    """The frames of somebody who turns as is asked, at `FPS`."""
    return [sitter.turned(angle * sitter.reach) for angle in _angles(turns)]


# --- people, of whom only the first is genuine
@cache
def genuine(challenge: Challenge = CHALLENGE) -> Path:
    """What was asked: turns in order, digits in order."""
    return _capture("genuine", challenge, turning(astronaut(), challenge.turns))


@cache
def other_person(challenge: Challenge = CHALLENGE) -> Path:
    """As genuine as the first, of somebody else."""
    return _capture("other", challenge, turning(hopper(), challenge.turns))


@cache
def still(challenge: Challenge = CHALLENGE) -> Path:
    """A photograph that is held still while somebody says the digits."""
    frames = len(_angles(challenge.turns))
    return _capture("still", challenge, [astronaut().picture] * frames)


@cache
def flat(challenge: Challenge = CHALLENGE) -> Path:
    """A photograph that is turned in the order that was asked."""
    angles = _angles(challenge.turns)
    return _capture("flat", challenge, [astronaut().tilted(angle * 48) for angle in angles])


@cache
def swapped(challenge: Challenge = CHALLENGE) -> Path:
    """One person up to the middle, then another; both do what was asked."""
    first, second = (turning(each, challenge.turns) for each in (astronaut(), hopper()))
    middle = len(first) // 2
    return _capture("swapped", challenge, first[:middle] + second[middle:])


@cache
def lent_head(challenge: Challenge = CHALLENGE) -> Path:
    """A photograph of one person looks ahead; another's living head does the turns."""
    angles = _angles(challenge.turns)
    pictures = [
        astronaut().picture if abs(angle) < 0.5 else hopper().turned(angle * hopper().reach)
        for angle in angles
    ]
    return _capture("lent", challenge, pictures)


@cache
def two_faces(challenge: Challenge = CHALLENGE) -> Path:
    """A second person looks over the shoulder."""
    pair = hopper().picture
    pictures = [np.hstack([each, pair]) for each in turning(astronaut(), challenge.turns)]
    return _capture("two", challenge, pictures)


@cache
def wrong_digits(challenge: Challenge = CHALLENGE) -> Path:
    """The digits backwards."""
    turned = turning(astronaut(), challenge.turns)
    return _capture("digits", challenge, turned, digits=challenge.digits[::-1])


@cache
def wrong_order(challenge: Challenge = CHALLENGE) -> Path:
    """Each turn to the other side."""
    others = ["right" if turn == "left" else "left" for turn in challenge.turns]
    return _capture("order", challenge, turning(astronaut(), others))


@cache
def one_turn(challenge: Challenge = CHALLENGE) -> Path:
    """The first turn only."""
    return _capture("one", challenge, turning(astronaut(), challenge.turns[:1]))


@cache
def silent(challenge: Challenge = CHALLENGE) -> Path:
    """Nobody speaks."""
    return _capture("silent", challenge, turning(astronaut(), challenge.turns), digits=())


@cache
def mute(challenge: Challenge = CHALLENGE) -> Path:
    """No sound track."""
    return write(_name("mute", challenge), turning(astronaut(), challenge.turns), None)


@cache
def nobody() -> Path:
    """A wall, and a voice."""
    wall = np.full((*SIZE, 3), 150, np.uint8)
    return write("nobody.mp4", [wall] * 44, spoken(CHALLENGE.digits, 2.9))


@cache
def far_away() -> Path:
    """A face of thirty pixels."""
    picture = np.full((*SIZE, 3), 150, np.uint8)
    small = np.asarray(Image.fromarray(astronaut().picture).resize((128, 160)))
    picture[100:260, 96:224] = small
    return write("far.mp4", [picture] * 44, spoken(CHALLENGE.digits, 2.9))


@cache
def webm(challenge: Challenge = CHALLENGE) -> Path:
    """As browsers record: VP8 and Opus, and no length in the header."""
    pictures = turning(astronaut(), challenge.turns)
    return write(
        "browser.webm",
        pictures,
        spoken(challenge.digits, len(pictures) / FPS),
        codecs=("libvpx", "libopus"),
        options={"live": "1"},
    )


# --- files that are no captures
def _short(seconds: float = 1.0) -> list[np.ndarray]:
    return [astronaut().picture] * round(seconds * FPS)


def _file(name: str, data: bytes) -> Path:
    path = Path(_FOLDER.name) / name
    path.write_bytes(data)
    return path


@cache
def too_short() -> Path:
    """A second."""
    return write("short.mp4", _short(), _quiet(1.0))


@cache
def too_long() -> Path:
    """Twenty-two seconds of a wall, of which a browser's header says nothing."""
    wall = [np.full((64, 64, 3), 150, np.uint8)] * (22 * FPS)
    return write("long.webm", wall, None, codecs=("libvpx", "libopus"), options={"live": "1"})


@cache
def old_codec() -> Path:
    """MPEG-4 part 2."""
    return write("old.mp4", _short(4.0), _quiet(4.0), codecs=("mpeg4", "aac"))


@cache
def audio_only() -> Path:
    """A voice and no picture."""
    path = Path(_FOLDER.name) / "audio.mp4"
    sound = spoken(CHALLENGE.digits, 4.0)
    with av.open(str(path), "w") as out:
        _encode(out, out.add_stream("aac", rate=RATE_HZ, layout="mono"), sound)
    return path


@cache
def truncated() -> Path:
    """The first two thirds of a capture whose index is in front."""
    path = write("whole.mp4", _short(4.0), _quiet(4.0), options={"movflags": "faststart"})
    data = path.read_bytes()
    return _file("truncated.mp4", data[: len(data) * 2 // 3])


@cache
def declares_4_gb() -> Path:
    """A box that says it is four gigabytes long."""
    data = genuine().read_bytes()
    at = data.index(b"mdat") - 4
    longer = (1).to_bytes(4, "big") + b"mdat" + (4 * 1024**3).to_bytes(8, "big")
    return _file("4gb.mp4", data[:at] + longer + data[at + 8 :])


@cache
def hundred_megapixels() -> Path:
    """One frame of 10,000 by 10,000 px."""
    path = Path(_FOLDER.name) / "100mp.mp4"
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=FPS)
        video.width = video.height = 10_000
        video.pix_fmt = "yuv420p"
        video.options = {"preset": "ultrafast", "crf": "51"}
        frame = av.VideoFrame(10_000, 10_000, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        out.mux(video.encode(frame))
        out.mux(video.encode())
    return path


@cache
def polyglot() -> Path:
    """A genuine capture that is a ZIP archive as well."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("run.sh", "echo hello")
    return _file("polyglot.mp4", genuine().read_bytes() + archive.getvalue())


@cache
def web_page() -> Path:
    """A web page with a capture behind it."""
    return _file("page.mp4", b"<html><script>alert(1)</script>" + genuine().read_bytes())


@cache
def picture() -> Path:
    """A PNG by another name."""
    out = io.BytesIO()
    Image.fromarray(astronaut().picture).save(out, "PNG")
    return _file("picture.mp4", out.getvalue())


@cache
def zip_bomb() -> Path:
    """A hundred megabytes of zeros, zipped."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        file.writestr("zeros", bytes(100 * 1024**2))
    return _file("bomb.mp4", out.getvalue())
