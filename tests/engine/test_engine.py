"""The scene engine as its callers meet it: clips, sheets, a warm start, errors that stay small."""

import io
import json
import os
import subprocess
import sys
import uuid
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from engine.client import EngineClient
from engine.contracts import CastMember, Change, VideoRequest
from engine.engines.scene.engine import SceneEngine
from engine.engines.scene.production import produce
from engine.engines.scene.shelf import Shelf
from engine.errors import RenderCancelled, RequestRejected
from tests.engine.conftest import KEY, ROOT
from tests.engine.grey import finished, until
from tests.fakes.engine import served

BALL = VideoRequest("a red ball falls on a court", 1, seed=3)


def never() -> bool:
    return False


def rendered(request: VideoRequest, to):
    return SceneEngine().render(request, to, on_progress=lambda _: None, is_cancelled=never)


def test_a_clip_is_rendered_with_its_world(tmp_path):
    progress: list[int] = []
    made = SceneEngine().render(
        BALL, tmp_path / "clip.mp4", on_progress=progress.append, is_cancelled=never
    )
    assert (made.seed, made.not_drawn, made.captions) == (3, (), "")
    assert json.loads(made.world)["seed"] == 3
    assert progress == sorted(progress)
    assert len(progress) == 24
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        assert clip.streams.video[0].frames == 24


def test_a_contact_sheet_shows_the_clip(tmp_path):
    sheet = SceneEngine().preview(BALL, is_cancelled=never)
    paper = Image.open(io.BytesIO(sheet.jpeg))
    assert paper.format == "JPEG"
    assert sheet == SceneEngine().preview(BALL, is_cancelled=never)
    rendered(BALL, tmp_path / "clip.mp4")
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        frames = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]
    columns, rows = 4, 2
    width, height = paper.width // columns, paper.height // rows
    for i in range(columns * rows):
        x, y = i % columns * width, i // columns * height
        shown = np.asarray(paper.crop((x + 12, y + 12, x + width - 12, y + height - 34)), float)
        frame = np.asarray(Image.fromarray(frames[int((i + 0.5) * 3)]).resize((180, 320)), float)
        small = np.asarray(Image.fromarray(frame.astype(np.uint8)).resize(shown.shape[1::-1]))
        assert np.corrcoef(shown.ravel(), small.astype(float).ravel())[0, 1] > 0.8


@pytest.mark.parametrize("frames", [0, 32])  # while it is simulated, and while it is drawn
def test_a_cancelled_clip_leaves_nothing(tmp_path, frames):
    answers = iter([False] * frames + [True] * 999)
    with pytest.raises(RenderCancelled):
        SceneEngine().render(
            BALL,
            tmp_path / "clip.mp4",
            on_progress=lambda _: None,
            is_cancelled=lambda: next(answers),
        )
    assert list(tmp_path.iterdir()) == []


def test_a_clip_takes_up_what_its_preview_simulated(tmp_path):
    asked: list[bool] = []

    def is_cancelled() -> bool:
        asked.append(True)  # once a moment that is simulated, and once a frame that is drawn
        return False

    engine = SceneEngine()
    engine.preview(BALL, is_cancelled=never)
    made = {}
    for name, request in (("other", replace(BALL, seed=4)), ("same", BALL), ("again", BALL)):
        asked.clear()
        to = tmp_path / f"{name}.mp4"
        engine.render(request, to, on_progress=lambda _: None, is_cancelled=is_cancelled)
        made[name] = len(asked), to.read_bytes()
    assert [frames for frames, _ in made.values()] == [25 + 24, 24, 25 + 24]
    assert made["same"][1] == made["again"][1]


def test_faces_and_pictures_do_not_stay_behind_with_a_preview():
    png = io.BytesIO()
    Image.new("RGB", (8, 8)).save(png, "PNG")
    face = CastMember("@ana", png.getvalue())
    film = produce(BALL, 3, never)
    shelf = Shelf()
    for request in (replace(BALL, cast=(face,)), replace(BALL, input_reference=png.getvalue())):
        shelf.put(request, film)
        assert shelf.take(request) is None
    shelf.put(BALL, film)
    assert shelf.take(BALL) is film


def test_the_same_body_asks_for_the_film_that_its_preview_left(tmp_path):
    class Noted(SceneEngine):
        def preview(self, request, **options):
            asked.append(request)
            return super().preview(request, **options)

        def render(self, request, to, **options):
            asked.append(request)
            return super().render(request, to, **options)

    asked: list[VideoRequest] = []
    with served(Noted(), tmp_path) as running, EngineClient(running.url) as client:
        until(client.is_healthy, 60)
        wanted = replace(BALL, seed=None)
        _, seed = client.preview(wanted)
        again = replace(wanted, seed=seed)
        finished(client, client.submit(again, idempotency_key=str(uuid.uuid4())).id)
    assert asked == [again, again]


def test_a_cancelled_sheet_is_not_drawn():
    with pytest.raises(RenderCancelled):
        SceneEngine().preview(BALL, is_cancelled=lambda: True)


@pytest.mark.parametrize("seconds", [1, 25])
def test_a_face_that_is_no_picture_leaves_nothing(tmp_path, seconds):
    request = VideoRequest("@ana waves", seconds, seed=1, cast=(CastMember("@ana", b"GIF89a"),))
    with pytest.raises(RequestRejected) as refused:
        rendered(request, tmp_path / "clip.mp4")
    assert (refused.value.code, refused.value.param) == ("invalid_image", "characters")
    assert list(tmp_path.iterdir()) == []


class SometimesBroken(SceneEngine):
    """Has a bug that the word "break" meets."""

    def render(self, request, to, **more):
        if "break" in request.prompt:
            raise ZeroDivisionError("secret detail")
        return super().render(request, to, **more)


def test_a_crash_fails_one_job_with_a_code_and_the_next_is_fine(tmp_path):
    with (
        served(SometimesBroken(), tmp_path) as running,
        EngineClient(running.url, timeout_seconds=20) as client,
    ):
        until(client.is_healthy, 120.0)
        request = VideoRequest("break a ball", 1, seed=1)
        broken = client.submit(request, idempotency_key=str(uuid.uuid4()))
        whole = client.submit(BALL, idempotency_key=str(uuid.uuid4()))
        failed = finished(client, broken.id)
        assert (failed.status, failed.error.code) == ("failed", "engine_error")
        assert "secret" not in failed.error.message
        assert finished(client, whole.id).status == "completed"


def test_a_film_is_extended_and_edited_through_the_server(service, tmp_path):
    with EngineClient(service.url, KEY, timeout_seconds=20) as client:

        def done(video):
            until(lambda: client.retrieve(video.id).status in {"completed", "failed"}, 90.0)
            assert client.retrieve(video.id).status == "completed"
            return client.retrieve(video.id)

        request = VideoRequest("a red ball rolls on the beach", 1, seed=3)
        first = done(client.submit(request, idempotency_key=str(uuid.uuid4())))
        more = done(
            client.extend(
                first.id,
                Change("the ball rolls on"),
                seconds=1,
                idempotency_key=str(uuid.uuid4()),
            )
        )
        assert more.seconds == 2.0
        parts = [part["world"] for part in json.loads(client.world(more.id))["parts"]]
        assert len(parts) == 2
        ends = parts[0]["state"]["bodies"]["ball"]["position"]
        bodies = parts[1]["shots"][0]["world"]["bodies"]
        ball = [body["name"] for body in bodies if not body["fixed"]].index("ball")
        assert parts[1]["shots"][0]["poses"][0][ball][:3] == pytest.approx(ends, abs=0.01)
        client.download(more.id, tmp_path / "clip.mp4")
        with av.open(str(tmp_path / "clip.mp4")) as clip:
            frames = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]
        assert len(frames) == 48
        night = done(client.edit(more.id, Change("at night"), idempotency_key=str(uuid.uuid4())))
        assert night.seconds == 2.0
        again = [part["world"] for part in json.loads(client.world(night.id))["parts"]]
        for was, now in zip(parts, again, strict=True):
            assert now["shots"][0]["poses"] == was["shots"][0]["poses"]
        client.download(night.id, tmp_path / "night.mp4")
        with av.open(str(tmp_path / "night.mp4")) as clip:
            dark = next(clip.decode(video=0)).to_ndarray(format="rgb24")
        assert dark.mean() < 0.7 * frames[0].mean()


# Whatever only the tests install must not be missed by who only installs what the engine asks for.
COUNT_COMPILED = """
import io, sys
for name in ("cv2", "pocketsphinx", "scipy", "skimage"):
    sys.modules[name] = None
from PIL import Image
from numba.core.dispatcher import Dispatcher
from engine.contracts import CastMember, VideoRequest
from engine.engines.scene.engine import SceneEngine, soundtrack
from engine.engines.scene.language.vocabulary import vocabulary
from engine.engines.scene.pictures import draw
from engine.engines.scene.production import produce

def compiled():
    modules = [m for name, m in sorted(sys.modules.items()) if name.startswith("engine.engines.")]
    found = [v for m in modules for v in vars(m).values() if isinstance(v, Dispatcher)]
    return {(d.py_func.__module__, d.py_func.__qualname__, str(s)) for d in found
            for s in d.signatures}

SceneEngine().warm_up()
before = compiled()
png = io.BytesIO()
Image.new("RGB", (50, 40), "green").save(png, "PNG")
styles = [f"a ball rolls, {style.words[0]}" for style in vocabulary().styles.values()]
requests = [VideoRequest(prompt, 1) for prompt in (
    "a dog runs in the rain in a forest", "a rock falls into the sea in a storm",
    "it snows, a girl jumps in the mountains", "fog, a horse walks", "a bird flies over the city",
    "rack focus from a ball to a cube, 85mm", 'a sign that says "Open" at night',
    'a man says "Hello" and throws a ball', "ten crates fall", "a kite flies in the wind",
    "a triple spin on a paddleboard", "a fish swims in the pool", "a car drives on ice",
    "a boat on the river", "a rocket on the moon", "a lamp on a stage", *styles)]
requests += [VideoRequest("a ball rolls", 1, input_reference=png.getvalue()),
             VideoRequest('@ana says "Hi"', 1, cast=(CastMember("@ana", png.getvalue()),))]
for request in requests:
    film = produce(request, 1, lambda: False)
    list(draw(film, frames=[2, 20], size=(40, 60)))
    soundtrack(film)
print(sorted(compiled() - before))
"""


@pytest.mark.slow
def test_a_cold_warm_up_compiles_all_that_prompts_need_from_the_engines_own_requirements(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", COUNT_COMPILED],
        cwd=ROOT,
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=580,
        check=True,
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"


def helpers_of(pid: int) -> list[int]:
    """Its children that have begun to import what they compile, and so are bound to it."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    found = [int(child) for task in tasks for child in task.read_text().split()]
    return [child for child in found if is_compiling(child)]


def is_compiling(pid: int) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        return b"compile_aside" in command and "llvmlite" in Path(f"/proc/{pid}/maps").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_who_helps_to_compile_ends_with_a_service_that_is_killed(tmp_path):
    service = subprocess.Popen(
        [sys.executable, "-m", "engine", "--port", "0", "--state", str(tmp_path / "state")],
        cwd=ROOT,
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cold")},
        stdout=subprocess.DEVNULL,
    )
    try:
        until(lambda: helpers_of(service.pid), 60)
        (helper,) = helpers_of(service.pid)
    finally:
        service.kill()
        service.wait()
    until(lambda: has_ended(helper))


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
