"""Output that moves from a pipe to a connection without being copied."""

import contextlib
import fcntl
import os
import resource
import socket
from collections.abc import Iterator

import pytest

from pydock.runtime.passage import Passage

CAPACITY = 1 << 18


@pytest.fixture
def output() -> Iterator[tuple[int, int]]:
    """A process's output: the reading end, and the process's own."""
    ends = os.pipe2(os.O_NONBLOCK)
    fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, CAPACITY)
    yield ends
    for end in ends:
        with contextlib.suppress(OSError):
            os.close(end)


@pytest.fixture
def passage() -> Iterator[Passage]:
    made = Passage(CAPACITY)
    assert made.open()
    yield made
    made.close()


def test_it_moves_what_there_is(output: tuple[int, int], passage: Passage) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        os.write(output[1], b"written")
        assert passage.fill(output[0]) == 7
        passage.send(ours.fileno())
        assert (theirs.recv(100), passage.held) == (b"written", 0)


def test_it_tells_nothing_for_now_from_the_end(output: tuple[int, int], passage: Passage) -> None:
    with pytest.raises(BlockingIOError):
        passage.fill(output[0])
    os.close(output[1])
    assert passage.fill(output[0]) == 0


def test_what_the_connection_does_not_take_can_be_taken_out(output: tuple[int, int], passage: Passage) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        data = os.urandom(CAPACITY)
        assert os.write(output[1], data) == passage.fill(output[0]) == CAPACITY
        with pytest.raises(BlockingIOError):
            while True:
                passage.send(ours.fileno())
        rest = b"".join(passage.take())
        theirs.setblocking(False)
        assert rest
        assert theirs.recv(CAPACITY) + rest == data
        assert (passage.held, passage.take()) == (0, [])


def test_packets_are_taken_out_whole(output: tuple[int, int], passage: Passage) -> None:
    fcntl.fcntl(output[1], fcntl.F_SETFL, os.O_NONBLOCK | os.O_DIRECT)
    for packet in (b"one", b"two", b"three"):
        os.write(output[1], packet)
    assert passage.fill(output[0]) == 11
    assert b"".join(passage.take()) == b"onetwothree"


def test_what_was_filled_in_is_gone_with_the_close(output: tuple[int, int], passage: Passage) -> None:
    os.write(output[1], b"lost")
    passage.fill(output[0])
    passage.close()
    assert passage.open()
    os.write(output[1], b"next")
    assert passage.fill(output[0]) == 4
    assert passage.take() == [b"next"]


def test_without_a_descriptor_left_it_is_not_opened() -> None:
    made = Passage(CAPACITY)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        assert not made.open()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert made.open()
    made.close()
