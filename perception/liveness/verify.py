"""Whether a capture shows one living person who does and says what was asked, and who that is."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from perception.liveness.challenge import Challenge
from perception.liveness.report import REASONS, CaptureReport, failed
from perception.liveness.turns import Head, head_of, verdict

if TYPE_CHECKING:
    from perception.liveness.watching import Track

T = TypeVar("T")

MIN_SECONDS: Final = 3.0
MAX_SECONDS: Final = 20.0
MAX_BYTES: Final = 25 * 1024 * 1024
MAX_SIDE_PX: Final = 1920  # a 4K recording is refused; clients ask the camera for 720p
MAX_DECODED_FRAMES: Final = 1300  # 20 s at 60 a second
VIDEO_CODECS: Final = frozenset({"h264", "hevc", "vp8", "vp9", "av1"})
AUDIO_CODECS: Final = frozenset({"aac", "opus"})

_OVER: Final = {
    "bytes": "capture_too_large",
    "pixels": "capture_too_large",
    "seconds": "capture_too_long",
    "frames": "capture_too_long",
    "streams": "capture_unreadable",
}
# A declared length is only as good as its writer; what is decoded decides.
_SHORT_SLACK = 0.25


def verify_capture(path: Path, challenge: Challenge, *, pack: Path) -> CaptureReport:
    """Verify a capture against its challenge, in this process.

    The file may be hostile: call `verify_sandboxed` for what strangers upload. Cheap checks come
    first; then sound and movements are judged both, so that a person hears of every mistake at
    once; whether all frames show one person is asked last, of a capture that is right otherwise.

    Args:
        path: the capture: MP4, MOV or WebM of 3 to 20 s, at most 25 MB and 1920x1920 px.
        challenge: what its maker was asked to do.
        pack: the folder of face models.
    """
    from perception.faces import PackError  # noqa: PLC0415
    from transcode.errors import NoPictures, NotAVideo, OverLimit  # noqa: PLC0415 PyAV is heavy

    try:
        return _verified(path, challenge, pack)
    except OverLimit as error:
        return _refused(_OVER[error.limit], error)
    except NoPictures as error:
        return _refused("no_picture", error)
    except NotAVideo as error:
        return _refused("capture_unreadable", error)
    except PackError as error:
        return failed(str(error))


def _refused(code: str, error: Exception) -> CaptureReport:
    return CaptureReport((code,), facts={"why": str(error)[:300]})


def _verified(path: Path, challenge: Challenge, pack: Path) -> CaptureReport:
    """Verify a capture; what is wrong with the file as such is raised.

    Raises:
        NotAVideo: and its kinds.
        PackError: the models cannot be used.
    """
    from perception.faces import load_faces  # noqa: PLC0415
    from perception.liveness.watching import watch  # noqa: PLC0415
    from transcode.probe import MediaLimits  # noqa: PLC0415
    from transcode.recordings import mono_sound, recording_info  # noqa: PLC0415

    limits = MediaLimits(
        max_side_px=MAX_SIDE_PX,
        max_pixels=MAX_SIDE_PX * MAX_SIDE_PX,
        max_seconds=MAX_SECONDS,
        max_bytes=MAX_BYTES,
        max_decoded_frames=MAX_DECODED_FRAMES,
    )
    info = recording_info(path, limits=limits)
    facts: dict[str, Any] = {
        "container": info.container,
        "codecs": [info.video_codec, info.audio_codec],
        "size_px": [info.width_px, info.height_px],
    }
    if info.video_codec not in VIDEO_CODECS or info.audio_codec not in AUDIO_CODECS | {None}:
        return CaptureReport(("codec_not_allowed",), facts=facts)
    if info.seconds < MIN_SECONDS - _SHORT_SLACK:
        return CaptureReport(("capture_too_short",), facts={**facts, "seconds": info.seconds})
    timed = _Stopwatch(facts)
    sound = timed("sound", lambda: mono_sound(path, rate_hz=16_000, limits=limits))
    model = timed("loading", lambda: load_faces(pack))
    track = timed("watching", lambda: watch(path, model, limits=limits))
    facts |= {"seconds": round(track.seconds, 3), "frames": track.frames}
    if track.seconds < MIN_SECONDS - _SHORT_SLACK:
        return CaptureReport(("capture_too_short",), facts=facts)
    reasons = set(timed("listening", lambda: _wrong_sound(sound, challenge, facts)))
    if unseen := track.unseen():
        return _report({*reasons, *unseen}, facts | {"faces": track.facts()})
    head = head_of([(sight.seconds, sight.face.keypoints) for sight in track.sights])
    facts |= {"turns": list(head.turns), "reach": [round(each, 3) for each in head.reach]}
    facts["narrowest"] = round(head.narrowest, 3)
    if wrong := verdict(head, challenge.turns):
        reasons.add(wrong)
    facts |= {"faces": track.facts()}
    if reasons:  # who it is need not be known of a capture that does not count
        return _report(reasons, facts)
    return timed("comparing", lambda: _compared(track, head, facts))


def _compared(track: Track, head: Head, facts: dict[str, Any]) -> CaptureReport:
    from perception.liveness.identity import identify  # noqa: PLC0415
    from perception.liveness.portrait import portrait_of  # noqa: PLC0415

    identity = identify(track, head)
    facts |= {"similarity": round(identity.least, 4)}
    if not identity.is_one_person:
        return CaptureReport(("face_changed",), facts=facts)
    return CaptureReport(
        (),
        template=identity.template,
        portrait_jpeg=portrait_of(track, head),
        samples=identity.samples,
        facts=facts,
    )


def _wrong_sound(sound: Any, challenge: Challenge, facts: dict[str, Any]) -> list[str]:
    from perception.speech import heard_digits  # noqa: PLC0415

    if sound is None:
        return ["no_sound"]
    heard = heard_digits(sound, count=len(challenge.digits), hoped=challenge.digits)
    facts |= {
        "voice_seconds": round(heard.voice_seconds, 2),
        "heard": [list(reading) for reading in heard.readings],
    }
    if heard.is_silent:
        return ["silent"]
    return [] if challenge.digits in heard.readings else ["wrong_digits"]


def _report(reasons: set[str], facts: dict[str, Any]) -> CaptureReport:
    return CaptureReport(tuple(code for code in REASONS if code in reasons), facts=facts)


class _Stopwatch:
    """Times parts of the work into the facts, in seconds of wall time."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self._parts: dict[str, float] = {}
        facts["took"] = self._parts

    def __call__(self, part: str, work: Callable[[], T]) -> T:
        started = time.perf_counter()
        try:
            return work()
        finally:
            self._parts[part] = round(time.perf_counter() - started, 3)
