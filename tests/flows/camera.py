"""A camera and a microphone for Chromium that show and say what a test wrote into two files."""

from __future__ import annotations

import subprocess
import wave
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from perception.liveness import Challenge
from tests import captures

LEAD_SECONDS = 4.0  # from the opening of the camera: a person looks into it, then presses Start
TAIL_SECONDS = 12.0
CAMERA_FPS = 30  # what Chromium takes a file of JPEGs for


@dataclass(frozen=True, slots=True)
class Camera:
    """The two files; Chromium reads them when a page opens the camera."""

    folder: Path

    @property
    def arguments(self) -> list[str]:
        """What Chromium is started with."""
        return [
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={self.folder / 'camera.mjpeg'}",
            f"--use-file-for-fake-audio-capture={self.folder / 'microphone.wav'}%noloop",
        ]

    def show_genuine(self, challenge: Challenge) -> None:
        """Show the public-domain astronaut doing what is asked."""
        fps = captures.FPS
        front = captures.astronaut().picture
        frames = [front] * round(LEAD_SECONDS * fps)
        frames += captures.turning(captures.astronaut(), challenge.turns)
        frames += [front] * round(TAIL_SECONDS * fps)
        self._write_video(frames)
        said = captures.spoken(challenge.digits, 6.0)
        self._write_sound(np.concatenate([_silence(LEAD_SECONDS), said, _silence(8.0)]))

    def _write_video(self, frames: list[np.ndarray]) -> None:
        height, width = frames[0].shape[:2]
        subprocess.run(
            [
                imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error",
                "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}",
                "-r", str(captures.FPS), "-i", "-", "-r", str(CAMERA_FPS),
                "-pix_fmt", "yuvj420p", "-q:v", "4", "-f", "mjpeg",
                str(self.folder / "camera.mjpeg"),
            ],
            input=b"".join(np.ascontiguousarray(frame).tobytes() for frame in frames),
            check=True,
        )  # fmt: skip

    def _write_sound(self, samples: np.ndarray) -> None:
        with wave.open(str(self.folder / "microphone.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(captures.RATE_HZ)
            file.writeframes((samples * 32_000).clip(-32_768, 32_767).astype("<i2").tobytes())


def _silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * captures.RATE_HZ), np.float32)
