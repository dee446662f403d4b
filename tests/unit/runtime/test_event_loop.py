"""The shim's loop: handlers, timers, descriptors that come and go."""

import os
from collections.abc import Iterator

import pytest

from pydock.runtime.event_loop import LOST, READ, EventLoop


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


def turn(loop: EventLoop) -> None:
    """Let everything happen that is due now."""
    done: list[bool] = []
    loop.call_later(0.02, lambda: done.append(True))
    loop.run(lambda: bool(done))


def test_a_handler_is_called_while_its_descriptor_is_ready(pipe: tuple[int, int]) -> None:
    loop, seen = EventLoop(), []
    loop.watch(pipe[0], READ, lambda events: seen.append((events, os.read(pipe[0], 1))))
    os.write(pipe[1], b"ab")
    turn(loop)
    assert seen == [(READ, b"a"), (READ, b"b")]


def test_a_forgotten_descriptor_is_silent_even_if_it_is_lost(pipe: tuple[int, int]) -> None:
    loop, seen = EventLoop(), []
    loop.watch(pipe[0], 0, lambda events: seen.append(events))
    loop.forget(pipe[0])
    os.close(pipe[1])
    turn(loop)
    assert seen == []
    loop.watch(pipe[0], 0, seen.append)
    loop.run(lambda: bool(seen))
    assert seen == [LOST & seen[0]]


def test_forgetting_what_is_closed_or_unknown_is_fine(pipe: tuple[int, int]) -> None:
    loop = EventLoop()
    loop.forget(99)
    loop.watch(pipe[0], READ, lambda _: None)
    os.close(pipe[0])
    loop.forget(pipe[0])


def test_timers_run_in_order() -> None:
    loop, seen = EventLoop(), []
    for delay in (0.02, 0.0, 0.01):
        loop.call_later(delay, lambda delay=delay: seen.append(delay))  # type: ignore[misc]
    loop.run(lambda: len(seen) == 3)
    assert seen == [0.0, 0.01, 0.02]


def test_a_handler_may_be_replaced(pipe: tuple[int, int]) -> None:
    loop, seen = EventLoop(), []
    loop.watch(pipe[0], READ, lambda _: seen.append("first"))
    loop.watch(pipe[0], READ, lambda _: seen.append("second"))
    os.write(pipe[1], b"x")
    loop.run(lambda: bool(seen))
    assert seen == ["second"]


def test_a_fault_in_a_handler_costs_only_its_descriptor(
    pipe: tuple[int, int], capfd: pytest.CaptureFixture[str]
) -> None:
    loop, calls = EventLoop(), []

    def fail(*_: int) -> None:
        calls.append("called")
        raise RuntimeError("at fault")

    loop.watch(pipe[0], READ, fail)
    loop.call_later(0, fail)
    os.write(pipe[1], b"x")
    turn(loop)
    assert calls == ["called", "called"]
    assert "at fault" in capfd.readouterr().err
