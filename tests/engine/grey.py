"""A served `GreyEngine` as the tests of its operations use it: ask, wait, look."""

import io
import time
import uuid

import av
import httpx
import pytest
from PIL import Image

from engine.client import EngineClient
from engine.contracts import VideoRequest
from tests.engine.examples import BRIGHTER_A_FRAME, GreyEngine
from tests.fakes.engine import RunningEngine

SIZE = "64x64"
SPOKEN = VideoRequest('A man says "Hello there."', 1, size=SIZE, model="grey", seed=7)
Running = RunningEngine[GreyEngine]


def until(condition, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def key() -> str:
    return str(uuid.uuid4())


def made(client: EngineClient, request: VideoRequest = SPOKEN) -> str:
    return finished(client, client.submit(request, idempotency_key=key()).id).id


def finished(client: EngineClient, video_id: str):
    until(lambda: client.retrieve(video_id).status in {"completed", "failed"})
    return client.retrieve(video_id)


def greys(client: EngineClient, video_id: str, folder) -> list[int]:
    """The brightness of every frame; fails unless they are evenly spaced in time."""
    client.download(video_id, folder / "clip.mp4")
    with av.open(str(folder / "clip.mp4")) as clip:
        frames = list(clip.decode(video=0))
        rate = float(clip.streams.video[0].average_rate or 0)
    times = [float(frame.time) for frame in frames]
    assert times == pytest.approx([i / rate for i in range(len(frames))], abs=1e-3)
    return [round(frame.to_ndarray(format="rgb24").mean()) for frame in frames]


def sound_seconds(path) -> float:
    with av.open(str(path)) as clip:
        return sum(f.samples for f in clip.decode(audio=0)) / 48_000


def shines(frames: range) -> list[int]:
    return [frame * BRIGHTER_A_FRAME % 256 for frame in frames]


def picture(size: tuple[int, int] = (40, 50), colour: str = "red", kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind)
    return buffer.getvalue()


def error_of(answer: httpx.Response) -> tuple[int, str | None, str | None]:
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return answer.status_code, error["param"], error["code"]
