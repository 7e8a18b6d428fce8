import threading
import time

import pytest

from engine.contracts import VideoRequest
from engine.errors import EngineBusy, RequestRejected, VideoNotFound
from engine.films import Order
from engine.queue import QueueLimits, RenderQueue
from tests.engine.examples import GatedEngine


@pytest.fixture
def engine():
    return GatedEngine()


@pytest.fixture
def make_queue(engine, tmp_path):
    made = []

    def make(**limits) -> RenderQueue:
        queue = RenderQueue(engine, tmp_path / "videos", QueueLimits(**limits))
        ready = threading.Event()
        queue.start(ready.set)
        assert ready.wait(5)
        made.append(queue)
        return queue

    yield make
    for queue in made:
        queue.stop()


def until(condition, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def order(prompt: str) -> Order:
    return Order((VideoRequest(prompt, 1),))


def status(queue: RenderQueue, video_id: str) -> str:
    return queue.get(video_id).status


def test_videos_are_rendered_in_order(engine, make_queue):
    queue = make_queue()
    ids = [queue.submit(order(str(i)), idempotency_key=None).id for i in range(3)]
    engine.gate.set()
    until(lambda: all(status(queue, i) == "completed" for i in ids))
    assert engine.rendered == ["0", "1", "2"]
    assert queue.get(ids[0]).progress == 100


def test_a_full_queue_refuses_and_queues_nothing(make_queue):
    queue = make_queue(max_queued=1)
    first = queue.submit(order("a"), idempotency_key=None)
    until(lambda: status(queue, first.id) == "in_progress")
    queue.submit(order("b"), idempotency_key=None)
    with pytest.raises(EngineBusy):
        queue.submit(order("c"), idempotency_key=None)
    assert queue.queued == 1
    assert len(queue.page(after=None, limit=10, newest_first=True)[0]) == 2


def test_one_key_is_one_video_even_when_raced(engine, make_queue):
    queue = make_queue()
    barrier, ids = threading.Barrier(8), []

    def submit() -> None:
        barrier.wait()
        ids.append(queue.submit(order("a"), idempotency_key="k").id)

    threads = [threading.Thread(target=submit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.gate.set()
    until(lambda: status(queue, ids[0]) == "completed")
    assert len(set(ids)) == 1
    assert engine.rendered == ["a"]
    with pytest.raises(RequestRejected) as refused:
        queue.submit(order("another"), idempotency_key="k")
    assert refused.value.code == "idempotency_key_reused"


def test_cancelling_frees_the_slot_and_leaves_no_file(engine, make_queue, tmp_path):
    queue = make_queue()
    first = queue.submit(order("a"), idempotency_key="k")
    second = queue.submit(order("b"), idempotency_key=None)
    until(lambda: status(queue, first.id) == "in_progress")
    queue.remove(first.id)
    until(lambda: status(queue, second.id) == "in_progress")
    with pytest.raises(VideoNotFound):
        queue.get(first.id)
    again = queue.submit(order("a"), idempotency_key="k")
    assert again.id != first.id
    engine.gate.set()
    until(lambda: status(queue, again.id) == "completed")
    queue.remove(again.id)
    queue.remove(second.id)
    assert not list((tmp_path / "videos").iterdir())


def test_a_crash_fails_one_video_with_a_code_and_no_detail(engine, make_queue):
    queue = make_queue()
    engine.gate.set()
    broken = queue.submit(order("break"), idempotency_key=None)
    refused = queue.submit(order("refuse"), idempotency_key=None)
    fine = queue.submit(order("fine"), idempotency_key=None)
    until(lambda: status(queue, fine.id) == "completed")
    assert status(queue, broken.id) == "failed"
    assert queue.get(broken.id).error.code == "engine_error"
    assert "secret" not in queue.get(broken.id).error.message
    assert queue.get(refused.id).error.code == "cannot_draw"


def test_finished_videos_expire_with_their_files(engine, make_queue, tmp_path):
    queue = make_queue(keep_seconds=0)
    engine.gate.set()
    video = queue.submit(order("a"), idempotency_key=None)

    def is_gone() -> bool:
        try:
            queue.get(video.id)
        except VideoNotFound:
            return True
        return False

    until(is_gone)
    assert not list((tmp_path / "videos").iterdir())


def test_only_so_many_finished_videos_are_kept(engine, make_queue):
    queue = make_queue(max_kept=2)
    engine.gate.set()
    ids = [queue.submit(order(str(i)), idempotency_key=None).id for i in range(4)]
    until(lambda: len(engine.rendered) == 4 and status(queue, ids[3]) == "completed")
    kept, _ = queue.page(after=None, limit=10, newest_first=False)
    assert [record.id for record in kept] == ids[2:]


def test_a_restart_forgets_files_of_an_earlier_run(make_queue, tmp_path):
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "video_old.mp4").write_bytes(b"old")
    make_queue()
    assert not list((tmp_path / "videos").iterdir())


def test_when_the_engine_cannot_start_every_video_fails_with_a_code(tmp_path):
    class Broken(GatedEngine):
        def warm_up(self) -> None:
            raise ImportError("a library is missing")

    queue = RenderQueue(Broken(), tmp_path / "videos", QueueLimits())
    early = queue.submit(order("early"), idempotency_key=None)
    queue.start(lambda: pytest.fail("it is not ready"))
    try:
        until(lambda: status(queue, early.id) == "failed")
        late = queue.submit(order("late"), idempotency_key=None)
        until(lambda: status(queue, late.id) == "failed")
        assert queue.get(late.id).error.code == "engine_broken"
        assert queue.warmth == "failed"
    finally:
        queue.stop()
