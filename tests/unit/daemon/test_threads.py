"""Threads that come as they are needed and go when they are not."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from pydock.daemon.threads import Threads

NAME = "threads-test"


def running() -> int:
    return sum(thread.name == NAME for thread in threading.enumerate())


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_a_burst_leaves_no_threads_behind(gate: threading.Event) -> None:
    pool = Threads(100, NAME, idle=0.1)
    done = [pool.submit(gate.wait) for _ in range(50)]
    assert running() == 50
    gate.set()
    assert all(one.result() for one in done)
    eventually(lambda: running() == 0)
    assert pool.submit(lambda: 7).result() == 7
    pool.shutdown()


def test_what_is_one_too_many_waits_for_a_thread(gate: threading.Event) -> None:
    pool = Threads(2, NAME)
    done = [pool.submit(gate.wait) for _ in range(2)]
    order: list[int] = []
    done_later = [pool.submit(order.append, number) for number in range(20)]
    assert running() == 2
    assert not order
    gate.set()
    assert all(one.result() for one in done)
    assert [one.result() for one in done_later] == [None] * 20
    assert sorted(order) == list(range(20))
    pool.shutdown()


def test_an_idle_thread_is_used_again() -> None:
    pool = Threads(100, NAME, idle=60)
    seen = set()
    for _ in range(20):
        seen.add(pool.submit(threading.get_ident).result())
        time.sleep(0.01)
    assert len(seen) <= 2
    pool.shutdown()
    eventually(lambda: running() == 0)


def test_errors_and_cancelled_calls_leave_the_thread_at_work(gate: threading.Event) -> None:
    pool = Threads(1, NAME)
    pool.submit(gate.wait)
    called: list[int] = []
    cancelled = pool.submit(called.append, 1)
    assert cancelled.cancel()
    failing: Future[float] = pool.submit(lambda: 1 / 0)
    gate.set()
    with pytest.raises(ZeroDivisionError):
        failing.result()
    assert pool.submit(int, "12").result() == 12
    assert not called
    pool.shutdown()


def test_a_shutdown_waits_for_what_was_begun(gate: threading.Event) -> None:
    pool = Threads(1, NAME)
    done: list[int] = []
    pool.submit(gate.wait)
    pool.submit(done.append, 1)
    threading.Timer(0.1, gate.set).start()
    pool.shutdown()
    assert done == [1]
    assert pool.submit(lambda: 2).result() == 2


def test_a_shutdown_may_have_enough_of_waiting(gate: threading.Event) -> None:
    pool = Threads(1, NAME)
    stuck = pool.submit(gate.wait)
    pool.shutdown(timeout=0.1)
    assert not stuck.done()
    gate.set()
    pool.shutdown(timeout=60)
    assert stuck.done()


def test_where_the_kernel_gives_no_more_threads_those_that_are_do_the_work(
    gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = Threads(100, NAME)
    first = pool.submit(gate.wait)

    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    second = pool.submit(lambda: 2)
    with pytest.raises(RuntimeError):
        Threads(100, NAME).submit(lambda: 3)
    gate.set()
    assert first.result()
    assert second.result() == 2
    pool.shutdown()


def test_many_at_once_lose_nothing() -> None:
    pool = Threads(8, NAME, idle=0.001)
    total = 0
    for _ in range(20):
        futures = [pool.submit(lambda n: n, number) for number in range(200)]
        total += sum(future.result() for future in futures)
        time.sleep(0.002)
    assert total == 20 * sum(range(200))
    pool.shutdown()
