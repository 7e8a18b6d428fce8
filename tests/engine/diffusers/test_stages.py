"""What neighbouring clips share the time for, and what each has to itself."""

import gc
import threading
import weakref
from dataclasses import replace

import numpy as np
import pytest

from engine.engines.diffusers import engine as engine_module
from engine.engines.diffusers.stages import CardThread
from engine.engines.diffusers.tuning import Tuning
from engine.errors import RenderCancelled
from engine.films import Order
from engine.mp4 import write_mp4
from engine.queue import QueueLimits, RenderQueue
from tests.engine.diffusers.test_clips import BALL, frames_of, rendered
from tests.engine.test_queue import status, until


class Told:
    """A family that tells what it does, and in which thread."""

    def __init__(self, family, events: list[str]) -> None:
        self._family = family
        self._events = events
        self.threads: set[int] = set()

    def __getattr__(self, name: str):
        return getattr(self._family, name)

    def encode(self, prompt):
        self.threads.add(threading.get_ident())
        self._events.append("encode")
        return self._family.encode(prompt)

    def generate(self, ask, on_step):
        def told(done: int, of: int) -> None:
            self._events.append(f"step {done} of {ask.seed}")
            on_step(done, of)

        self.threads.add(threading.get_ident())
        made = self._family.generate(ask, told)
        self._events.append(f"decoded {ask.seed}")
        return made


@pytest.fixture
def engine(make):
    engine = make("wan_text")
    engine.warm_up()
    return engine


@pytest.fixture
def queue(engine, tmp_path):
    made = RenderQueue(engine, tmp_path / "videos", QueueLimits())
    made.start(lambda: None)
    yield made
    made.stop()


@pytest.fixture
def writing(monkeypatch):
    """Files are written one frame, and the rest once the test says so."""
    events: list[str] = []
    may_go_on = threading.Event()

    def held(to, pictures, **options):
        def late():
            for number, picture in enumerate(pictures):
                assert number == 0 or may_go_on.wait(60)
                yield picture

        write_mp4(to, late(), **options)
        events.append(f"written {to.name}")

    monkeypatch.setattr(engine_module, "write_mp4", held)
    yield events, may_go_on
    may_go_on.set()


def submit(queue, *seeds: int) -> list[str]:
    orders = [Order((replace(BALL, seed=seed),)) for seed in seeds]
    return [queue.submit(order, idempotency_key=None).id for order in orders]


def test_a_clip_is_denoised_while_the_file_of_the_one_before_is_written(
    engine, queue, writing, tmp_path
):
    events, may_go_on = writing
    engine.family = told = Told(engine.family, events)
    first, second, third = submit(queue, 1, 2, 3)
    until(lambda: queue.get(first).progress == queue.get(second).progress == 91, 60)
    assert status(queue, third) == "queued"
    may_go_on.set()
    until(lambda: status(queue, third) == "completed", 60)
    steps = [[f"step {n} of {seed}" for n in (1, 2, 3)] + [f"decoded {seed}"] for seed in (1, 2, 3)]
    on_card = [event for event in events if not event.startswith("written")]
    assert on_card == ["encode", "encode", *steps[0], *steps[1], *steps[2]]  # one at a time
    assert events.index("step 1 of 2") < events.index(f"written {first}.mp4")
    assert len(told.threads) == 1
    alone = rendered(engine, replace(BALL, seed=2), tmp_path)
    assert np.array_equal(frames_of(tmp_path / "videos" / f"{second}.mp4"), alone)


def test_a_full_card_fails_its_clip_while_another_is_written(engine, queue, writing, tiny):
    events, may_go_on = writing
    (first,) = submit(queue, 1)
    until(lambda: queue.get(first).progress == 91, 60)
    engine.family = tiny.Starved(engine.family)
    second, third = submit(queue, 2, 3)
    until(lambda: status(queue, second) == "failed", 60)
    assert queue.get(second).error.code == "out_of_memory"
    until(lambda: queue.get(third).progress == 91, 60)
    assert events == []
    may_go_on.set()
    until(lambda: status(queue, first) == status(queue, third) == "completed", 60)


def test_a_clip_is_cancelled_while_another_is_written(engine, queue, writing, tiny, tmp_path):
    _, may_go_on = writing
    (first,) = submit(queue, 1)
    until(lambda: queue.get(first).progress == 91, 60)
    engine.family = stepped = tiny.Stepped(engine.family)
    (second,) = submit(queue, 2)
    until(lambda: stepped.steps == 1, 60)
    queue.remove(second)
    stepped.may_go_on.set()
    (third,) = submit(queue, 3)
    until(lambda: queue.get(third).progress == 91, 60)
    assert stepped.steps == 1 + 3
    assert queue.get(first).progress == 91
    may_go_on.set()
    until(lambda: status(queue, first) == status(queue, third) == "completed", 60)
    names = {file.name for file in (tmp_path / "videos").iterdir()}
    assert names == {f"{first}.mp4", f"{third}.mp4"}


def test_clips_overlap_unless_components_wait_in_main_memory(make):
    engine = make("wan_text")
    assert engine.capabilities.overlap_from_percent is None  # nothing is loaded
    engine._tuning = Tuning("cuda", "offload", "native", compiles=False, tiles=True)
    assert engine.capabilities.overlap_from_percent is None
    engine._tuning = replace(engine._tuning, fit="whole")
    assert engine.capabilities.overlap_from_percent == engine_module.DECODED_PERCENT


def test_the_card_does_one_thing_after_the_other_in_order():
    card, may_go_on, done = CardThread(), threading.Event(), []
    waiting = [threading.Thread(target=card.run, args=(lambda: may_go_on.wait(5),))]
    waiting[0].start()
    until(card._thread._work_queue.empty)
    for n in range(4):
        waiting.append(threading.Thread(target=card.run, args=(lambda n=n: done.append(n),)))
        waiting[-1].start()
        until(lambda n=n: card._thread._work_queue.qsize() == n + 1)
    is_cancelled = threading.Event()
    is_cancelled.set()
    with pytest.raises(RenderCancelled):
        card.run(lambda: done.append("cancelled"), is_cancelled.is_set)
    assert done == []
    may_go_on.set()
    for thread in waiting:
        thread.join(5)
    assert done == [0, 1, 2, 3]


def test_what_failed_on_the_card_is_let_go_at_once():
    card, made = CardThread(), []

    def fill() -> None:
        tensors = np.zeros(9)
        made.append(weakref.ref(tensors))
        raise MemoryError

    gc.disable()
    try:
        with pytest.raises(MemoryError):
            card.run(fill)
        card.run(lambda: None)  # the thread has let go of what it did before
        assert made[0]() is None
    finally:
        gc.enable()
