"""One client, four dialects: the same request becomes the same film on every kind of server."""

import base64
import io
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from engine.client import EngineClient
from engine.contracts import CastMember, Shot, Source, VideoRequest
from engine.dialects import DIALECTS, dialect_named
from engine.dialects.offer import Offer, read_offer
from engine.errors import EngineDenied, EngineError, EngineUnavailable, RequestRejected
from engine.joining import join, next_request
from tests.engine.examples import GreyEngine
from tests.fakes.engine import served as served_engine
from tests.fakes.litellm import Litellm
from tests.fakes.sglang import Sglang
from tests.fakes.studio import served
from tests.fakes.vllm_omni import VllmOmni

OFFERS = {
    "vllm-omni": Offer(
        "grey-omni", ("90x160",), 5, fps=16, audio=True, takes_picture=True, takes_film=True,
        steps=4, guidance=1.0,
    ),
    "sglang": Offer("grey-sgl", ("90x160",), 5, fps=24, takes_picture=True),
    "litellm": Offer(
        "sora-2", ("90x160",), 4, fps=24, lengths=(1, 2, 4), audio=True, takes_picture=True
    ),
}  # fmt: skip
FAKES: dict[str, Callable[..., Any]] = {
    "vllm-omni": VllmOmni,
    "sglang": Sglang,
    # Sora's own sizes and lengths cost a minute of encoding.
    "litellm": partial(Litellm, sizes=("96x160",), seconds=("1", "2", "4")),
}
BALL = VideoRequest("a ball", 1, size="90x160", seed=5, negative_prompt="fog", style="noir")


class Server:
    """A server of a dialect, and a client that was told what it can do."""

    def __init__(self, fake, url: str, dialect: str, key: str | None) -> None:
        self.fake, self.url, self.dialect, self.offer = fake, url, dialect, OFFERS[dialect]
        self.studio = fake.studio
        self.client = EngineClient(url, key, 10, dialect=dialect, offer=self.offer)
        self.ball = replace(
            BALL, size=self.offer.sizes[0], fps=self.offer.fps, audio=self.offer.audio
        )

    def film(self, request: VideoRequest, folder: Path) -> Path:
        """Ask for a film, step by step, as a worker does."""
        plan = self.client.plan(request)
        films: list[Path] = []
        for number in range(len(plan.steps)):
            step = next_request(plan, films)
            video = self.client.submit(step, idempotency_key=f"{number}")
            films.append(folder / f"{number}.mp4")
            self.client.download(self.done(video.id).id, films[-1])
        join(plan, films, folder / "film.mp4")
        return folder / "film.mp4"

    def done(self, video_id: str):
        deadline = time.monotonic() + 30
        while (video := self.client.retrieve(video_id)).status not in {"completed", "failed"}:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert video.id == video_id
        return video


@contextmanager
def serving(dialect: str, folder: Path):
    key = "sk-1234" if dialect == "litellm" else None
    with served(FAKES[dialect](folder)) as running:
        server = Server(running.fake, running.url, dialect, key)
        with server.client:
            yield server


@pytest.fixture(params=OFFERS)
def server(request, tmp_path):
    with serving(request.param, tmp_path / "server") as made:
        yield made


def facts(film: Path) -> tuple[int, int, int, bool]:
    """Width, height, frames and whether it has sound."""
    with av.open(str(film)) as container:
        frames = list(container.decode(video=0))
        return frames[0].width, frames[0].height, len(frames), bool(container.streams.audio)


def shades(film: Path) -> list[float]:
    with av.open(str(film)) as container:
        return [float(f.to_ndarray(format="gray").mean()) for f in container.decode(video=0)]


def test_a_film_has_exactly_the_size_length_rate_and_sound_that_were_asked(server, tmp_path):
    ball = server.ball
    film = server.film(ball, tmp_path)
    assert facts(film) == (ball.width_px, ball.height_px, ball.fps, server.offer.audio)
    (asked,) = server.studio.asked
    assert asked.fields["prompt"] == "a ball. Style: noir."
    if server.dialect != "litellm":  # whose provider knows neither
        assert str(asked.fields["seed"]) == "5"
        assert asked.fields["negative_prompt"] == "fog"


def test_nothing_is_left_to_defaults_that_surprise(tmp_path):
    expected = {
        "vllm-omni": {"seconds": "1", "fps": 16, "num_frames": 17, "size": "96x160",
                      "num_inference_steps": 4, "guidance_scale": 1.0, "generate_sound": True},
        "sglang": {"seconds": 1, "fps": 24, "num_frames": 25, "size": "96x160"},
        "litellm": {"seconds": "1", "size": "96x160", "model": "sora-2"},
    }  # fmt: skip
    for dialect, fields in expected.items():
        with serving(dialect, tmp_path / dialect) as server:
            server.client.submit(server.ball, idempotency_key="a")
            asked = server.studio.asked[0].fields
            assert {name: asked.get(name) for name in fields} == fields, dialect


def test_several_shots_are_one_film_with_exact_cuts(server, tmp_path):
    shots = (Shot("a red ball", 1, "wide"), Shot("a blue ball", 2), Shot("a green ball", 1))
    film = server.film(replace(server.ball, prompt="clay", seconds=4, shots=shots), tmp_path)
    fps = server.offer.fps
    assert facts(film)[2] == 4 * fps
    asked = [job.fields for job in server.studio.asked]
    assert [fields["prompt"] for fields in asked] == [
        "clay. a red ball. Camera: wide. Style: noir.",
        "clay. a blue ball. Style: noir.",
        "clay. a green ball. Style: noir.",
    ]
    seen = shades(film)
    jumps = [n for n in range(1, len(seen)) if abs(seen[n] - seen[n - 1]) > 8]
    assert set(jumps) <= {fps, 3 * fps}  # greys differ by prompt: cuts are where they belong
    assert jumps


def test_a_later_shot_begins_with_the_last_picture_of_the_one_before(server, tmp_path):
    shots = (Shot("a red ball", 1), Shot("a blue ball", 1))
    server.film(replace(server.ball, seconds=2, shots=shots), tmp_path)
    first, second = (job.fields for job in server.studio.asked)
    assert not first.get("input_reference")
    assert not first.get("reference_url")
    sent = second.get("input_reference") or second.get("reference_url")
    if isinstance(sent, str):
        sent = base64.b64decode(sent.partition(",")[2])
    picture = np.asarray(Image.open(io.BytesIO(sent)).convert("L"))
    assert picture.mean() == pytest.approx(shades(tmp_path / "0.mp4")[-1], abs=3)


def test_an_extension_shows_the_film_and_then_what_is_new(server, tmp_path):
    folder = tmp_path / "parent"
    folder.mkdir()
    parent = server.film(server.ball, folder)
    request = replace(server.ball, prompt="it bursts", source=Source("extend", film=parent))
    film = server.film(request, tmp_path)
    assert facts(film)[2] == 2 * server.offer.fps
    assert shades(film)[: server.offer.fps] == pytest.approx(shades(parent), abs=2)
    asked = server.studio.asked[-1].fields
    assert asked.get("input_reference") or asked.get("reference_url")


def test_an_edit_is_made_of_the_parents_bytes_where_the_server_takes_a_film(tmp_path):
    for dialect in OFFERS:
        with serving(dialect, tmp_path / dialect) as server:
            folder = tmp_path / f"{dialect}-parent"
            folder.mkdir()
            parent = server.film(server.ball, folder)
            request = replace(server.ball, prompt="as clay", source=Source("edit", film=parent))
            if dialect == "vllm-omni":
                film = server.film(request, tmp_path)
                assert facts(film)[2] == server.offer.fps
                assert server.studio.asked[-1].fields["input_reference"] == parent.read_bytes()
            else:
                with pytest.raises(RequestRejected) as raised:
                    server.film(request, tmp_path)
                assert raised.value.code == "unsupported_operation"
                assert len(server.studio.asked) == 1


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"cast": (CastMember("@ada", b"face"),)}, "characters"),
        ({"source": Source("extend", world=b"{}")}, "world"),
    ],
)
def test_what_no_server_of_theirs_can_do_is_refused_before_it_is_asked(server, change, param):
    with pytest.raises(RequestRejected) as raised:
        server.client.plan(replace(server.ball, **change))
    assert raised.value.param == param
    silent = replace(server.offer, takes_picture=False)
    with EngineClient(server.url, None, 10, dialect=server.dialect, offer=silent) as client:
        with pytest.raises(RequestRejected) as raised:
            client.plan(replace(server.ball, input_reference=b"picture"))
        assert raised.value.param == "input_reference"
    assert server.studio.asked == []


def test_a_failed_video_says_why(server):
    server.studio.failure = "CUDA out of memory"
    video = server.client.submit(server.ball, idempotency_key="a")
    error = server.done(video.id).error
    assert (server.done(video.id).status, "out of memory" in error.message) == ("failed", True)
    assert error.code


def test_cancelling_forgets_the_video_where_a_server_can(server):
    server.studio.may_render.clear()
    video = server.client.submit(server.ball, idempotency_key="a")
    server.client.cancel(video.id)
    server.client.cancel(video.id)
    if server.dialect == "litellm":
        assert not server.client.dialect.can_cancel
        assert server.client.retrieve(video.id).status != "failed"
    else:
        with pytest.raises(EngineError) as raised:
            server.client.retrieve(video.id)
        assert raised.value.code == "video_not_found"
    server.studio.may_render.set()


def test_it_says_what_may_be_asked_and_whether_it_is_there(server):
    can = server.client.capabilities()
    assert (can.name, can.sizes, can.fps) == (
        server.offer.model,
        server.offer.sizes,
        (server.offer.fps,),
    )
    assert (can.max_shots, can.max_shot_seconds, can.builds_on) == (
        6,
        server.offer.max_seconds,
        "film",
    )
    assert server.client.is_healthy()
    assert server.client.vocabulary(can.name) == {}


def test_a_wrong_key_is_denied(tmp_path):
    for dialect, offer in OFFERS.items():
        with (
            served(FAKES[dialect](tmp_path / dialect, key="right")) as running,
            EngineClient(running.url, "wrong", 10, dialect=dialect, offer=offer) as client,
        ):
            with pytest.raises(EngineDenied):
                client.submit(BALL, idempotency_key="a")
            assert running.fake.studio.asked == []


def test_a_server_that_is_gone_is_unavailable(tmp_path):
    for dialect in OFFERS:
        with serving(dialect, tmp_path / dialect) as server:
            pass
        with EngineClient(server.url, None, 2, dialect=dialect, offer=server.offer) as client:
            with pytest.raises(EngineUnavailable) as raised:
                client.submit(server.ball, idempotency_key="a")
            assert raised.value.may_have_arrived is False
            assert not client.is_healthy()


def test_our_own_service_makes_a_film_in_one_step(tmp_path):
    with (
        served_engine(GreyEngine(), tmp_path / "ours") as running,
        EngineClient(running.url, timeout_seconds=10) as client,
    ):
        shots = (Shot("a red ball", 1), Shot("a blue ball", 1))
        plan = client.plan(replace(BALL, seconds=2, shots=shots))
        assert (plan.steps, plan.offer) == ((plan.request,), None)


def test_frames_and_sides_and_lengths_are_the_next_that_suffice():
    offer = Offer("m", ("90x160",), 8, fps=16, lengths=(8, 4))
    assert [offer.frames_for(replace(BALL, seconds=s)) for s in (1, 5)] == [17, 81]
    assert offer.frames_for(replace(BALL, input_reference=b"p")) == 17
    assert replace(offer, frame_step=1).frames_for(replace(BALL, input_reference=b"p")) == 17
    assert replace(offer, fps=24).frames_for(BALL) == 25
    assert [offer.seconds_of(s) for s in (1, 4, 5, 8)] == [4, 4, 8, 8]
    assert (offer.size_of("90x160"), offer.size_of("96x160")) == ((96, 160), (96, 160))


def test_an_offer_is_read_from_configuration():
    said = {"model": "m", "sizes": ["64x64"], "max_seconds": 5, "lengths": [4, 8], "guidance": 1}
    assert read_offer(said) == Offer("m", ("64x64",), 5, lengths=(4, 8), guidance=1)
    with pytest.raises(ValueError, match="there is no dialect"):
        dialect_named("latin", None)
    assert [dialect_named(name, read_offer(said)).name for name in DIALECTS] == list(DIALECTS)
