"""From one source video to everything that is delivered: MP4, HLS in two sizes, poster, captions.

One decode feeds one graph: the marks are laid on once, the picture is split, and each size is
encoded once. The full size becomes both the MP4 and an HLS rendition: packaging copies it.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from transcode.ffmpeg import run
from transcode.hls import add_subtitles
from transcode.probe import SAFE_INPUT, MediaInfo

SEGMENT_SECONDS = 2
_SMALL_SHARE = 0.6  # 360x640 gives 216x384
_POSTER_AT_SHARE = 0.4
_X264 = {"vcodec": "libx264", "preset": "veryfast", "pix_fmt": "yuv420p"}
# The invisible mark has less room in the small picture, so that is compressed less.
_FULL_CRF, _SMALL_CRF = 23, 20
_KEYFRAMES = f"expr:gte(t,n_forced*{SEGMENT_SECONDS})"
# The badge changes places, so no one crop removes it: low left, high right, low right, high left.
# Both heights are free of what players lay over a clip: tabs on top, captions in the last third.
_BADGE_SECONDS = 2.5
_BADGE_MARGIN_SHARE = 0.035
_BADGE_HIGH_SHARE, _BADGE_LOW_SHARE = 0.11, 0.60
_PACKAGING_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Package:
    """Files made by `package_clip`; playlists name the media files beside them."""

    mp4: Path
    poster: Path
    hls_master: Path
    hls_playlists: tuple[Path, ...]
    hls_media: tuple[Path, ...]
    captions: tuple[Path, ...] = ()  # the WebVTT file and its HLS playlist, where there is speech


def even_size(info: MediaInfo) -> tuple[int, int]:
    """The delivered width and height in px: the source's, less an odd last column or row."""
    return info.width_px // 2 * 2, info.height_px // 2 * 2


def package_clip(  # noqa: PLR0913 - each is one input of the one graph
    source: Path,
    out_dir: Path,
    *,
    info: MediaInfo,
    badge_png: Path,
    luma_template: NDArray[np.uint8],
    captions: str = "",
    timeout_seconds: float,
    cancelled: Event | None = None,
) -> Package:
    """Lay both marks on a video and encode what is delivered into `out_dir`, an existing folder.

    Args:
        source: a video that `probe` accepted.
        out_dir: gets `clip.mp4` (H.264, AAC, faststart), `poster.jpg` and `hls/`: a master
            playlist and two renditions, each one fragmented MP4 addressed by byte ranges.
        info: what `probe` said of the source.
        badge_png: the visible mark; it moves from side to side, high and low.
        luma_template: the invisible mark, height x width of `even_size(info)`, around 128.
        captions: WebVTT that HLS offers and `captions.vtt` holds; empty: neither.
        timeout_seconds: for the encoding; packaging takes milliseconds.
        cancelled: stops the work when set.

    Raises:
        TranscodeError: ffmpeg failed, was cancelled, or ran out of time.

    Calling twice overwrites the files of the first call.
    """
    width_px, height_px = even_size(info)
    hls_dir = out_dir / "hls"
    hls_dir.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=out_dir) as scratch_name:
        scratch = Path(scratch_name)
        template_yuv = scratch / "template.yuv"
        # Raw planes: a gray PNG would have its range "corrected" and 128 would no longer mean 0.
        chroma = bytes([128]) * (width_px * height_px // 2)
        template_yuv.write_bytes(luma_template.tobytes() + chroma)
        small = scratch / "small.mp4"
        package = Package(
            mp4=out_dir / "clip.mp4",
            poster=out_dir / "poster.jpg",
            hls_master=hls_dir / "master.m3u8",
            hls_playlists=(hls_dir / "full.m3u8", hls_dir / "small.m3u8"),
            hls_media=(hls_dir / "full.m4s", hls_dir / "small.m4s"),
        )
        video = ffmpeg.input(str(source), **SAFE_INPUT)
        marked = _marked_picture(video.video, template_yuv, badge_png, width_px, height_px)
        encodings = _encodings(video, marked, info, package, small)
        run(ffmpeg.merge_outputs(*encodings), timeout_seconds=timeout_seconds, cancelled=cancelled)
        _write_hls(package, small, has_audio=info.has_audio, cancelled=cancelled)
    return _with_captions(package, captions, info.seconds) if captions else package


def _with_captions(package: Package, captions: str, seconds: float) -> Package:
    file = package.mp4.with_name("captions.vtt")
    file.write_text(captions, encoding="utf-8")
    playlist = add_subtitles(package.hls_master, file, seconds=seconds)
    return replace(package, captions=(file, playlist))


def _marked_picture(
    picture: Any, template_yuv: Path, badge_png: Path, width_px: int, height_px: int
) -> Any:
    template = ffmpeg.input(
        str(template_yuv), f="rawvideo", pix_fmt="yuv420p", s=f"{width_px}x{height_px}"
    )
    margin_px = round(min(width_px, height_px) * _BADGE_MARGIN_SHARE)
    step = f"mod(floor(t/{_BADGE_SECONDS}),4)"
    far_x = f"W-w-{margin_px}"
    high_y, low_y = (round(height_px * share) for share in (_BADGE_HIGH_SHARE, _BADGE_LOW_SHARE))
    # Single pictures last: both filters repeat their second input's last frame.
    return ffmpeg.filter(
        [
            picture.filter("crop", width_px, height_px, 0, 0).filter("format", "yuv420p"),
            template,
        ],
        "blend",
        c0_mode="grainmerge",
        c1_mode="normal",
        c2_mode="normal",
    ).overlay(
        ffmpeg.input(str(badge_png)),
        x=f"if(between({step},1,2),{far_x},{margin_px})",
        y=f"if(mod({step},2),{high_y},{low_y})",
    )


def _encodings(
    video: Any, marked: Any, info: MediaInfo, package: Package, small: Path
) -> list[Any]:
    full, shrunk, still = (marked.split()[branch] for branch in range(3))
    width_px, height_px = (max(2, round(side * _SMALL_SHARE / 2) * 2) for side in even_size(info))
    shrunk = shrunk.filter("scale", width_px, height_px, flags="bicubic")
    still = still.filter("select", f"gte(t,{info.seconds * _POSTER_AT_SHARE:.3f})")
    sound = [video.audio] if info.has_audio else []
    aac = {"acodec": "aac", "audio_bitrate": "128k"} if sound else {}
    mp4 = {**_X264, "force_key_frames": _KEYFRAMES, "movflags": "+faststart"}
    return [
        ffmpeg.output(full, *sound, str(package.mp4), crf=_FULL_CRF, **mp4, **aac),
        ffmpeg.output(shrunk, str(small), crf=_SMALL_CRF, **mp4),
        ffmpeg.output(still, str(package.poster), **{"frames:v": 1, "q:v": 3, "update": 1}),
    ]


def _write_hls(package: Package, small: Path, *, has_audio: bool, cancelled: Event | None) -> None:
    full_input, small_input = ffmpeg.input(str(package.mp4)), ffmpeg.input(str(small))
    sound = [full_input.audio] if has_audio else []
    names = ("full", "small")
    streams = [stream for video in (full_input, small_input) for stream in (video.video, *sound)]
    variants = " ".join(
        f"v:{index}," + (f"a:{index}," if has_audio else "") + f"name:{name}"
        for index, name in enumerate(names)
    )
    graph = ffmpeg.output(
        *streams,
        str(package.hls_master.parent / "%v.m3u8"),
        c="copy",
        f="hls",
        hls_time=SEGMENT_SECONDS,
        hls_playlist_type="vod",
        hls_segment_type="fmp4",
        hls_flags="single_file+independent_segments",
        hls_segment_filename=str(package.hls_master.parent / "%v.m4s"),
        master_pl_name=package.hls_master.name,
        var_stream_map=variants,
    )
    run(graph, timeout_seconds=_PACKAGING_SECONDS, cancelled=cancelled)
