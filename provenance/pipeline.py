"""The one call between an engine's clip and what is delivered: marks, encodes, signs, proves."""

import hashlib
import json
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import numpy as np
from av import FFmpegError
from c2pa import C2paError
from numpy.typing import NDArray

from provenance.claims import (
    CONSENT_ASSERTION,
    ClipClaims,
    clip_assertion,
    consent_assertion,
)
from provenance.errors import MarkingFailed, ParentNotTrusted
from provenance.marker import Marker
from provenance.marks.invisible import InvisibleMark, luma_template
from provenance.marks.reading import read_video_mark
from provenance.marks.visible import draw_badge
from provenance.signing import MIME_TYPES, read_manifest, sign_file
from transcode.errors import NotAVideo, TranscodeError
from transcode.hls import shift_byte_ranges
from transcode.package import Package, even_size, package_clip
from transcode.probe import MediaInfo, probe, sample_luma
from transcode.reencode import reencode

_RECORD = "marked.json"
_SAMPLES = 6
# The mark must be clear in half-size copies at crf 28 of what is delivered, or the clip is encoded
# again with a stronger one: many clips do not need it, and those stay cleaner.
_STRENGTHS = (1.0, 1.35, 1.8)
_TRIAL_CRF = 28
_TRIAL_SECONDS = 4.0
_ABANDONED_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class MarkedClip:
    """What `mark_clip` delivered. `files` and `sha256` name files relative to their folder."""

    mp4: Path
    poster: Path
    hls_master: Path
    hls_files: tuple[Path, ...]
    captions: Path | None
    width_px: int
    height_px: int
    seconds: float
    files: tuple[str, ...]
    sha256: dict[str, str]


def mark_clip(  # noqa: PLR0913 - the one call, with what is to be delivered and its limits
    source: Path,
    out_dir: Path,
    claims: ClipClaims,
    marker: Marker,
    *,
    captions: str = "",
    timeout_seconds: float = 900.0,
    cancelled: Event | None = None,
) -> MarkedClip:
    """Put every mark on a clip and deliver it in `out_dir`; all or nothing.

    What is delivered: MP4, HLS, a poster, and captions where there is speech.

    The parents' manifests are validated first. Each delivered media file is signed last, then read
    back: its manifest must be trusted and say what `claims` say, and the invisible id must be read
    from the MP4 and from the small HLS rendition. `out_dir` appears by one rename, complete. A
    mark that would not outlive a re-encode at half size is laid on again, stronger.

    Args:
        source: the engine's video.
        out_dir: the folder to make; its parent must exist.
        claims: what is stated; `mark_id` is what the invisible mark carries.
        marker: the deployment's keys.
        captions: what is spoken, as WebVTT; empty: nothing.
        timeout_seconds: for each encoding.
        cancelled: stops the work when set; nothing is delivered then.

    Raises:
        ParentNotTrusted: a parent's file is not validly signed by someone we trust.
        MarkingFailed: anything else went wrong; the cause is attached and `out_dir` not made.

    Calling twice with the same claims returns the first call's files if they are still whole, and
    makes them anew if not; so do two calls at the same time.
    """
    done = _already_marked(out_dir, claims)
    if done is not None:
        return done
    try:
        _check_parents(claims, marker)
        _remove_abandoned(out_dir)
        with tempfile.TemporaryDirectory(prefix=f".{out_dir.name}.", dir=out_dir.parent) as name:
            work = Path(name) / "clip"
            work.mkdir()
            source_clip = _SourceClip.of(source, captions, timeout_seconds, cancelled)
            package = _make(source_clip, work, claims, marker)
            _write_record(work, package, source_clip.info, claims)
            _publish(work, out_dir, claims)
    except (TranscodeError, NotAVideo, C2paError, FFmpegError, OSError, ValueError) as error:
        raise MarkingFailed(f"clip {claims.clip_id} was not marked: {error}") from error
    done = _already_marked(out_dir, claims)
    if done is None:
        raise MarkingFailed(f"clip {claims.clip_id}: its files changed while they were published")
    return done


@dataclass(frozen=True, slots=True)
class _SourceClip:
    path: Path
    info: MediaInfo
    samples: list[NDArray[np.uint8]]
    captions: str
    timeout_seconds: float
    cancelled: Event | None

    @classmethod
    def of(
        cls, path: Path, captions: str, timeout_seconds: float, cancelled: Event | None
    ) -> "_SourceClip":
        samples = sample_luma(path, _SAMPLES, skip="unreferenced")
        return cls(path, probe(path), samples, captions, timeout_seconds, cancelled)


def _check_parents(claims: ClipClaims, marker: Marker) -> None:
    # A manifest may quote a tampered parent and still be trusted itself: the parent's failure
    # hides in the ingredient. So a parent is believed only when it validates now, alone.
    for parent in claims.parents:
        mime_type = MIME_TYPES.get(parent.path.suffix.lower(), "video/mp4")
        reading = read_manifest(parent.path, mime_type, marker)
        if reading.state != "trusted" or reading.clip.get("clip_id") != parent.clip_id:
            reasons = ", ".join(reading.problems) or "its manifest names another clip"
            raise ParentNotTrusted(f"parent {parent.clip_id}: {reading.state} ({reasons})")


def _make(source: _SourceClip, work: Path, claims: ClipClaims, marker: Marker) -> Package:
    width_px, height_px = even_size(source.info)
    badge_png = work.parent / "badge.png"
    draw_badge(claims.author_handle, width_px, height_px, badge_png)
    for strength in _STRENGTHS:
        template = luma_template(
            claims.mark_id,
            marker.watermark_key,
            (width_px, height_px),
            samples=source.samples,
            strength=strength,
        )
        package = package_clip(
            source.path,
            work,
            info=source.info,
            badge_png=badge_png,
            luma_template=template,
            captions=source.captions,
            timeout_seconds=source.timeout_seconds,
            cancelled=source.cancelled,
        )
        _sign_all(package, claims, marker)
        _check_manifests(package, claims, marker)
        if _mark_is_readable(package, claims, marker) and (
            strength == _STRENGTHS[-1] or _mark_lasts(source, package, claims, marker)
        ):
            return package
    raise MarkingFailed(f"clip {claims.clip_id}: its invisible mark cannot be read back")


def _sign_all(package: Package, claims: ClipClaims, marker: Marker) -> None:
    for path in (package.mp4, package.poster, *package.hls_media):
        unsigned = path.with_name(f"unsigned-{path.name}")
        path.rename(unsigned)
        sign_file(unsigned, path, claims, marker)
        if path in package.hls_media:
            playlist = path.with_suffix(".m3u8")
            shift_byte_ranges(playlist, path.stat().st_size - unsigned.stat().st_size)
        unsigned.unlink()


def _check_manifests(package: Package, claims: ClipClaims, marker: Marker) -> None:
    for path in (package.mp4, package.poster, *package.hls_media):
        reading = read_manifest(path, MIME_TYPES[path.suffix], marker)
        if reading.state != "trusted" or reading.problems:
            problems = ", ".join(reading.problems)
            raise MarkingFailed(f"{path.name} was signed but reads {reading.state}: {problems}")
        consents = reading.assertion(CONSENT_ASSERTION)
        if reading.clip != clip_assertion(claims) or consents != consent_assertion(claims):
            raise MarkingFailed(f"{path.name} was signed but states something else")


def _mark_is_readable(package: Package, claims: ClipClaims, marker: Marker) -> bool:
    return all(_mark_in(path, claims, marker) is not None for path in _pictures(package))


def _mark_lasts(source: _SourceClip, package: Package, claims: ClipClaims, marker: Marker) -> bool:
    """Say whether the mark outlives a stranger's re-encode of each size."""
    width_px, height_px = even_size(source.info)
    copy = package.mp4.with_name("trial.mp4")
    for path in _pictures(package):
        reencode(
            path,
            copy,
            size_px=(width_px // 4 * 2, height_px // 4 * 2),
            crf=_TRIAL_CRF,
            seconds=_TRIAL_SECONDS,
            cancelled=source.cancelled,
        )
        mark = _mark_in(copy, claims, marker)
        copy.unlink()
        if mark is None or not mark.is_clear:
            return False
    return True


def _pictures(package: Package) -> tuple[Path, Path]:
    """The small and the full size; the full HLS rendition holds the very pictures of the MP4."""
    return package.hls_media[-1], package.mp4


def _mark_in(path: Path, claims: ClipClaims, marker: Marker) -> InvisibleMark | None:
    mark = read_video_mark(path, marker.watermark_key, is_copy=False)
    return mark if mark is not None and mark.mark_id == claims.mark_id else None


def _write_record(work: Path, package: Package, info: MediaInfo, claims: ClipClaims) -> None:
    width_px, height_px = even_size(info)
    paths = (
        package.mp4,
        package.poster,
        package.hls_master,
        *package.hls_playlists,
        *package.hls_media,
        *package.captions,
    )
    record = {
        "clip": clip_assertion(claims),
        "consents": consent_assertion(claims),
        "width_px": width_px,
        "height_px": height_px,
        "seconds": info.seconds,
        "sha256": {str(path.relative_to(work)): _sha256(path) for path in paths},
    }
    (work / _RECORD).write_text(json.dumps(record, indent=1))


def _publish(work: Path, out_dir: Path, claims: ClipClaims) -> None:
    try:
        work.rename(out_dir)
    except OSError:
        # Another call was first, or an earlier result is damaged; either way one whole set stays.
        if _already_marked(out_dir, claims) is None:
            out_dir.rename(work.parent / "replaced")
            work.rename(out_dir)


def _already_marked(out_dir: Path, claims: ClipClaims) -> MarkedClip | None:
    """Read an earlier result; None: there is none, or it is damaged or states other consents.

    Raises:
        MarkingFailed: the folder holds another clip.
    """
    try:
        record = json.loads((out_dir / _RECORD).read_text())
    except (OSError, ValueError):
        return None
    if record["clip"] != clip_assertion(claims):
        raise MarkingFailed(f"{out_dir} holds another clip")
    sha256 = record["sha256"]
    if record["consents"] != consent_assertion(claims):
        return None
    if any(not (out_dir / name).is_file() for name in sha256):
        return None
    if any(_sha256(out_dir / name) != digest for name, digest in sha256.items()):
        return None
    hls_files = tuple(out_dir / name for name in sha256 if name.startswith("hls/"))
    return MarkedClip(
        mp4=out_dir / "clip.mp4",
        poster=out_dir / "poster.jpg",
        hls_master=hls_files[0],
        hls_files=hls_files,
        captions=out_dir / "captions.vtt" if "captions.vtt" in sha256 else None,
        width_px=record["width_px"],
        height_px=record["height_px"],
        seconds=record["seconds"],
        files=tuple(sha256),
        sha256=sha256,
    )


def _remove_abandoned(out_dir: Path) -> None:
    # What a killed call left behind; a running one is younger than its time limit allows.
    for path in out_dir.parent.glob(f".{out_dir.name}.*"):
        if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
