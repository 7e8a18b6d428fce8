"""Two videos in progress: one is drawn while the other's file is written."""

import threading
from dataclasses import replace

import pytest

from engine import queue as queue_module
from engine.errors import VideoNotFound
from engine.queue import QueueLimits, RenderQueue
from tests.engine.examples import StagedEngine
from tests.engine.test_queue import order, status, until


@pytest.fixture
def engine():
    return StagedEngine()


@pytest.fixture
def make_queue(engine, tmp_path):
    made = []

    def make(**limits) -> RenderQueue:
        queue = RenderQueue(engine, tmp_path / "videos", QueueLimits(**limits))
        queue.start(lambda: None)
        made.append(queue)
        return queue

    yield make
    for queue in made:
        queue.stop()


def submitted(queue: RenderQueue, prompts: str) -> list[str]:
    return [queue.submit(order(p), idempotency_key=None).id for p in prompts.split()]


def drawn(queue: RenderQueue, engine: StagedEngine, prompt: str, video_id: str) -> None:
    engine.may_draw[prompt].set()
    until(lambda: queue.get(video_id).progress == 90)


def test_the_next_is_drawn_while_one_is_written_and_no_third_begins(engine, make_queue):
    queue = make_queue()
    a, b, c = submitted(queue, "a b c")
    until(lambda: engine.events == ["draw a"])
    assert [status(queue, i) for i in (a, b, c)] == ["in_progress", "queued", "queued"]
    drawn(queue, engine, "a", a)
    drawn(queue, engine, "b", b)
    assert engine.events == ["draw a", "drawn a", "draw b", "drawn b"]
    assert (status(queue, a), status(queue, c), queue.queued) == ("in_progress", "queued", 1)
    engine.may_write["b"].set()
    until(lambda: status(queue, c) == "in_progress")
    assert (status(queue, a), status(queue, b)) == ("in_progress", "completed")
    for gate in (engine.may_write["a"], engine.may_draw["c"], engine.may_write["c"]):
        gate.set()
    until(lambda: status(queue, c) == "completed" == status(queue, a))
    assert [queue.get(i).progress for i in (a, b, c)] == [100, 100, 100]


def test_progress_alone_lets_nothing_begin(engine, make_queue, monkeypatch):
    alone = replace(engine.capabilities, overlap_from_percent=None)
    monkeypatch.setattr(StagedEngine, "capabilities", alone)
    queue = make_queue()
    a, b = submitted(queue, "a b")
    drawn(queue, engine, "a", a)
    assert (status(queue, b), len(queue._threads)) == ("queued", 1)
    engine.may_write["a"].set()
    until(lambda: status(queue, b) == "in_progress")
    assert status(queue, a) == "completed"


def test_all_begin_in_the_order_in_which_they_were_asked_for(engine, make_queue):
    queue = make_queue()
    prompts = [f"p{n}" for n in range(30)]
    for prompt in prompts:
        engine.may_draw[prompt].set()
        engine.may_write[prompt].set()
    ids = submitted(queue, " ".join(prompts))
    until(lambda: all(status(queue, i) == "completed" for i in ids))
    assert [e for e in engine.events if e.startswith("draw ")] == [f"draw {p}" for p in prompts]
    now = [event.split() for event in engine.events]
    in_progress = [
        sum(w == "draw" for w, _ in now[:n]) - sum(w == "written" for w, _ in now[:n])
        for n in range(len(now))
    ]
    assert max(in_progress) <= 2


def test_each_is_cancelled_alone(engine, make_queue, tmp_path):
    queue = make_queue()
    a, b, c = submitted(queue, "a b c")
    drawn(queue, engine, "a", a)
    until(lambda: engine.events[-1] == "draw b")
    queue.remove(b)  # the one that is drawn
    until(lambda: status(queue, c) == "in_progress")
    assert queue.get(a).progress == 90
    drawn(queue, engine, "c", c)
    queue.remove(a)  # one that is written
    with pytest.raises(VideoNotFound):
        queue.get(a)
    engine.may_write["c"].set()
    until(lambda: status(queue, c) == "completed")
    assert [file.name for file in (tmp_path / "videos").iterdir()] == [f"{c}.mp4"]
    (d,) = submitted(queue, "d")
    drawn(queue, engine, "d", d)
    (e,) = submitted(queue, "e")
    until(lambda: status(queue, e) == "in_progress")  # both threads are there still


def test_while_a_cancelled_one_is_still_drawn_the_next_waits(engine, make_queue, monkeypatch):
    may_see = threading.Event()
    wait = StagedEngine._wait

    def late(self, gate, is_cancelled):
        wait(self, gate, lambda: may_see.is_set() and is_cancelled())

    monkeypatch.setattr(StagedEngine, "_wait", late)
    queue = make_queue()
    a, b = submitted(queue, "a b")
    until(lambda: engine.events == ["draw a"])
    queue.remove(a)
    try:
        assert (status(queue, b), engine.events) == ("queued", ["draw a"])
    finally:
        may_see.set()
    until(lambda: engine.events == ["draw a", "draw b"])


@pytest.mark.parametrize(
    ("prompts", "code"), [("a full", "out_of_memory"), ("a break", "engine_error")]
)
def test_one_fails_and_the_other_does_not_notice(engine, make_queue, prompts, code):
    queue = make_queue()
    a, bad, after = submitted(queue, f"{prompts} after")
    drawn(queue, engine, "a", a)
    engine.may_draw[prompts.split()[1]].set()
    engine.may_write[prompts.split()[1]].set()
    until(lambda: status(queue, bad) == "failed")
    assert queue.get(bad).error.code == code
    until(lambda: status(queue, after) == "in_progress")
    engine.may_write["a"].set()
    until(lambda: status(queue, a) == "completed")


def test_each_has_its_own_deadline(engine, make_queue, monkeypatch):
    queue = make_queue()
    monkeypatch.setattr(queue_module, "RENDER_DEADLINE_SECONDS", 0.3)
    a, b = submitted(queue, "a b")
    until(lambda: engine.events == ["draw a"])
    monkeypatch.setattr(queue_module, "RENDER_DEADLINE_SECONDS", 60)
    engine.may_draw["a"].set()
    until(lambda: status(queue, a) == "failed")
    assert queue.get(a).error.code == "render_timeout"
    assert engine.events == ["draw a", "drawn a", "draw b"]
    assert status(queue, b) == "in_progress"


def test_stopping_ends_both(engine, make_queue, tmp_path):
    queue = make_queue()
    a, b = submitted(queue, "a b")
    drawn(queue, engine, "a", a)
    until(lambda: status(queue, b) == "in_progress")
    queue.stop()
    assert [thread.is_alive() for thread in queue._threads] == [False, False]
    assert list((tmp_path / "videos").iterdir()) == []


def test_what_expires_is_forgotten_while_another_is_drawn(engine, make_queue, tmp_path):
    queue = make_queue(keep_seconds=0)
    a, b = submitted(queue, "a b")
    drawn(queue, engine, "a", a)
    until(lambda: status(queue, b) == "in_progress")
    engine.may_write["a"].set()

    def is_gone() -> bool:
        return [r.id for r in queue.page(after=None, limit=9, newest_first=True)[0]] == [b]

    until(is_gone)
    assert list((tmp_path / "videos").iterdir()) == []
    assert status(queue, b) == "in_progress"


def test_an_engine_that_cannot_warm_up_fails_all_of_them(engine, make_queue, monkeypatch):
    def broken(_) -> None:
        raise ImportError("a library is missing")

    monkeypatch.setattr(StagedEngine, "warm_up", broken)
    queue = make_queue()
    ids = submitted(queue, "a b c")
    until(lambda: {status(queue, i) for i in ids} == {"failed"})
    assert {queue.get(i).error.code for i in ids} == {"engine_broken"}
    assert engine.events == []
