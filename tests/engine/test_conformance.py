"""The conformance suite passes what is right, and notices every kind of thing that is not."""

import itertools
import json
import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from engine.conformance.checks import CHECKS
from engine.conformance.clips import read_clip
from engine.conformance.habits import HABITS
from engine.conformance.session import Options
from engine.conformance.suite import run
from engine.dialects import DIALECTS, dialect_named
from engine.dialects.offer import Offer
from tests.engine.conftest import ROOT
from tests.engine.examples import GreyEngine
from tests.engine.grey import until
from tests.fakes.engine import served as served_engine
from tests.fakes.litellm import Litellm
from tests.fakes.sglang import Sglang
from tests.fakes.spoiler import Exchange, Spoiler
from tests.fakes.studio import served
from tests.fakes.vllm_omni import VllmOmni
from tests.media import make_clip

KEY = "sk-1234"
FAKES = {
    "vllm-omni": lambda folder: VllmOmni(folder, key=KEY),
    "sglang": lambda folder: Sglang(folder, key=KEY),
    "litellm": lambda folder: Litellm(folder, key=KEY, sizes=("64x64",), seconds=("1", "2")),
}
SENTENCES = [check.sentence for check in CHECKS]


def options(url: str, dialect: str = "vignette", **others) -> Options:
    others = {"key": KEY, "wait_seconds": 20, "step_seconds": 10, **others}
    return Options(url, HABITS[dialect], "64x64", 1, **others)


@pytest.fixture(scope="module")
def grey(tmp_path_factory) -> Iterator[str]:
    with served_engine(GreyEngine(), tmp_path_factory.mktemp("grey"), key=KEY) as running:
        until(lambda: httpx.get(running.url + "/health").status_code == 200)
        yield running.url


def test_our_server_does_all_of_its_dialect(grey):
    outcomes = list(run(options(grey)))
    assert [str(each) for each in outcomes if each.verdict != "ok"] == []
    assert [each.sentence for each in outcomes] == SENTENCES
    headers = {"authorization": f"Bearer {KEY}"}
    assert httpx.get(f"{grey}/v1/videos", headers=headers).json()["data"] == []  # it tidied up


@pytest.mark.parametrize("dialect", FAKES)
def test_the_others_do_all_of_theirs(dialect, tmp_path):
    with served(FAKES[dialect](tmp_path)) as running:
        outcomes = list(run(options(running.url, dialect)))
    assert [str(each) for each in outcomes if each.verdict == "FAILED"] == []
    assert sum(each.verdict == "ok" for each in outcomes) >= 15


@pytest.mark.parametrize("dialect", FAKES)
def test_a_server_of_another_dialect_does_not_pass_for_ours(dialect, tmp_path):
    with served(FAKES[dialect](tmp_path)) as running:
        given = options(running.url, wait_seconds=2)
        wanted = {"a video completes and has its shape", "an unknown id is 404"}
        outcomes = list(run(given, wanted.__contains__))
    assert any(each.verdict == "FAILED" for each in outcomes)


def test_habits_are_those_of_the_dialects_that_the_client_speaks():
    offer = Offer("m", ("64x64",), 1)
    for name in DIALECTS:
        dialect, habits = dialect_named(name, offer), HABITS[name]
        assert (dialect.name, dialect.health_path) == (habits.name, habits.health)
        assert dialect.is_idempotent == habits.idempotency
        assert dialect.can_cancel == (habits.deleted is not None)
    assert HABITS.keys() == set(DIALECTS)


# ── one thing wrong ───────────────────────────────────────────────────────────────────


def on(method: str, path: str, spoil):
    """A hook for requests of this method whose path matches as a whole."""

    def hook(exchange: Exchange) -> None:
        if exchange.method == method and re.fullmatch(path, exchange.path):
            spoil(exchange)

    return hook


VIDEO, VIDEOS = r"/v1/videos/video_\w+", "/v1/videos"
CONTENT = VIDEO + "/content"
GONE = {"object": "video.deleted", "deleted": True}


def answers(status: int, body: object = None):
    return lambda exchange: exchange.replace(status, body or {})


def edits(**changes):
    return lambda exchange: exchange.edit(**changes)


def in_turn(name: str, *values):
    """One field takes these values in successive answers."""
    left = list(values)
    return lambda exchange: exchange.edit(**{name: left.pop(0)}) if left else None


def without(*names: str, header: str = ""):
    """Passes a request on without fields, or a header."""

    def spoil(exchange: Exchange) -> None:
        exchange.headers.pop(header, None)
        if fields := exchange.fields:
            kept = {name: value for name, value in fields.items() if name not in names}
            exchange.body = json.dumps(kept).encode()

    return spoil


def with_key(exchange: Exchange) -> None:
    exchange.headers["authorization"] = f"Bearer {KEY}"


def silence(exchange: Exchange) -> None:
    exchange.body = json.dumps({**exchange.fields, "audio": False}).encode()


def refuse_numbers(exchange: Exchange) -> None:
    if isinstance(exchange.fields.get("seconds"), int):
        exchange.replace(400, {})


def refuse_forms(exchange: Exchange) -> None:
    if not exchange.fields:
        exchange.replace(415, {})


def add_a_prompt(exchange: Exchange) -> None:
    exchange.body = json.dumps({"prompt": "a", **exchange.fields}).encode()


def other_prompts():
    """Every other video is of something else."""
    prompts = itertools.cycle(["a", "invert"])

    def spoil(exchange: Exchange) -> None:
        exchange.body = json.dumps({**exchange.fields, "prompt": next(prompts)}).encode()

    return spoil


def reversed_page(exchange: Exchange) -> None:
    if exchange.query.get("order") == "asc":
        exchange.edit(data=json.loads(exchange.answer)["data"][::-1])


def not_ready_is_a_crash(exchange: Exchange) -> None:
    if exchange.status == 409:
        exchange.replace(500, {"error": "boom"})


def plain_text(exchange: Exchange) -> None:
    if exchange.status == 404:
        exchange.answer = b"no such thing"


SPOILED = [  # sentence, before, after
    ("its health is told", None, on("GET", "/health", answers(503))),
    ("its models are listed", None, on("GET", "/v1/models", edits(data=[]))),
    ("a wrong key is refused", with_key, None),
    ("seconds as a string", None, on("POST", VIDEOS, edits(seconds=1))),
    ("seconds as a number", on("POST", VIDEOS, refuse_numbers), None),
    ("asked for by a form", on("POST", VIDEOS, refuse_forms), None),
    ("without a prompt", on("POST", VIDEOS, add_a_prompt), None),
    ("bad fields", on("POST", VIDEOS, without("fps")), None),
    ("bad fields", None, on("POST", VIDEOS, lambda e: e.status != 200 and e.edit(error="no"))),
    ("has its shape", None, on("GET", VIDEO, edits(created_at="today"))),
    ("has its shape", None, on("GET", VIDEO, edits(id="video_other"))),
    (
        "only moves forward",
        None,
        on("GET", VIDEO, in_turn("status", "in_progress", "queued", "in_progress")),
    ),
    ("only moves forward", None, on("GET", VIDEO, in_turn("status", "rendering"))),
    ("only grows", None, on("GET", VIDEO, edits(progress=-1))),
    ("only grows", None, on("GET", VIDEO, edits(progress=99))),
    ("its content is", None, on("GET", CONTENT, answers(200))),
    ("its content is", on("POST", VIDEOS, without("size", "seconds")), None),
    ("its content is", on("POST", VIDEOS, silence), None),
    ("a silent video", on("POST", VIDEOS, without("audio")), None),
    ("a range", on("GET", CONTENT, without(header="range")), None),
    ("stills", None, on("GET", CONTENT, lambda e: e.answer_headers.update({"content-type": "x"}))),
    ("not there yet", None, on("GET", CONTENT, not_ready_is_a_crash)),
    ("an unknown id", None, on("GET", VIDEO, lambda e: setattr(e, "status", 200))),
    ("an unknown id", None, on("GET", CONTENT, plain_text)),
    ("videos are listed", on("GET", VIDEOS, lambda e: e.query.pop("after", None)), None),
    ("videos are listed", on("GET", VIDEOS, lambda e: e.query.pop("limit", None)), None),
    ("videos are listed", None, on("GET", VIDEOS, reversed_page)),
    ("page by page", None, on("GET", VIDEOS, edits(has_more=False))),
    ("page by page", None, on("GET", VIDEOS, edits(last_id=None))),
    ("page by page", None, on("GET", VIDEOS, edits(data=[{}]))),
    (
        "is gone",
        on("DELETE", VIDEO, answers(200, {"object": "video.deleted", "deleted": True})),
        None,
    ),
    ("is gone", None, on("DELETE", VIDEO, edits(deleted=False))),
    ("cancels a job", on("DELETE", VIDEO, answers(409)), None),
    ("idempotency key", on("POST", VIDEOS, without(header="idempotency-key")), None),
    ("same seed", on("POST", VIDEOS, other_prompts()), None),
    ("is remixed", None, on("POST", VIDEO + "/remix", answers(404))),
    ("is edited", None, on("GET", VIDEO, edits(seconds="2"))),
    ("is extended", None, on("GET", VIDEO, edits(seconds="1"))),
    ("characters", None, on("GET", r"/v1/videos/characters/\w+", edits(name="Eve"))),
    ("characters", on("DELETE", r"/v1/videos/characters/\w+", answers(200)), None),
]


@pytest.mark.parametrize(
    ("words", "before", "after"), SPOILED, ids=[f"{i} {each[0]}" for i, each in enumerate(SPOILED)]
)
def test_what_is_wrong_is_noticed(grey, words, before, after):
    proxy = Spoiler(grey, before, after)
    proxy.start()
    try:
        (outcome,) = run(options(proxy.url), lambda sentence: words in sentence)
    finally:
        proxy.stop()
    assert outcome.verdict == "FAILED", outcome
    assert outcome.reason.startswith(("expected", "seconds=", "fps="))


def test_a_proxy_that_spoils_nothing_passes(grey):
    proxy = Spoiler(grey)
    proxy.start()
    try:
        outcomes = list(run(options(proxy.url)))
    finally:
        proxy.stop()
    assert [str(each) for each in outcomes if each.verdict != "ok"] == []


def test_every_check_was_seen_to_fail():
    assert [
        sentence
        for sentence in SENTENCES
        if sum(words in sentence for words in {each[0] for each in SPOILED}) != 1
    ] == []


def test_a_job_that_never_ends_is_given_up(tmp_path):
    with served(VllmOmni(tmp_path)) as running:
        running.studio.may_render.clear()
        given = options(running.url, "vllm-omni", wait_seconds=0.5)
        (outcome,) = run(given, lambda sentence: "has its shape" in sentence)
    assert "expected an end within 0.5 s" in outcome.reason


def test_a_server_that_is_away_fails_every_check_that_asks_it(tmp_path):
    with served(VllmOmni(tmp_path)) as running:
        url = running.url
    verdicts = {each.verdict for each in run(options(url, "vllm-omni"))}
    assert verdicts == {"FAILED", "not offered"}


def test_a_clip_is_read_as_it_is(tmp_path):
    clip = read_clip(make_clip(tmp_path / "a.mp4", "bars", seconds=1, audio=True).read_bytes())
    assert (clip.width_px, clip.height_px, clip.frames, clip.rate) == (360, 640, 24, 24)
    assert clip.sound_seconds == pytest.approx(1, abs=0.05)
    for wrong in (
        b"",
        b"no film",
        make_clip(tmp_path / "b.mp4", "flat", seconds=1).read_bytes()[:2000],
    ):
        with pytest.raises(ValueError, match=r"."):
            read_clip(wrong)


def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "engine.conformance", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_command_prints_a_line_for_every_check_and_exits_by_what_they_say(grey):
    told = ["--size", "64x64", "--seconds", "1", "--wait", "20", "--silent"]
    told += ["--only", "health|wrong key|list|silent"]
    right = cli(f"{grey}/v1", "--key", KEY, *told)
    assert (right.returncode, right.stderr) == (0, "")
    assert right.stdout.splitlines() == [
        "ok           its health is told",
        "ok           its models are listed",
        "ok           a wrong key is refused",
        "not offered  a silent video is silent",
        "ok           videos are listed, in both orders and after one",
        "ok           a list is read page by page",
        "5 ok, 1 not offered",
    ]
    wrong = cli(grey, *told)
    assert (wrong.returncode, wrong.stderr) == (1, "")
    lines = wrong.stdout.splitlines()
    assert lines[1].startswith("FAILED       its models are listed: expected 200 for GET")
    assert lines[2] == "not offered  a wrong key is refused"
    assert lines[-1] == "1 ok, 3 FAILED, 2 not offered"
