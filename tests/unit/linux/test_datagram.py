"""Datagrams with descriptors: long texts, many descriptors, the end."""

import os
from collections.abc import Iterator
from socket import socket

import pytest

from pydock.linux import datagram


@pytest.fixture
def ends() -> Iterator[tuple[socket, socket]]:
    left, right = datagram.pair()
    with left, right:
        yield left, right


def test_text_and_descriptors_arrive_together(ends: tuple[socket, socket]) -> None:
    reading, writing = os.pipe()
    datagram.send(ends[0], b"hello", [writing])
    os.close(writing)
    text, [copy] = datagram.receive(ends[1])
    assert text == b"hello"
    assert not os.get_inheritable(copy)
    os.write(copy, b"x")
    os.close(copy)
    assert os.read(reading, 2) == b"x"
    os.close(reading)


@pytest.mark.parametrize("length", [datagram.LONGEST, datagram.LONGEST + 1, 3_000_000])
def test_a_text_of_any_length_arrives_whole(ends: tuple[socket, socket], length: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    datagram.send(ends[0], b"a" * length, [null])
    os.close(null)
    text, fds = datagram.receive(ends[1])
    assert text == b"a" * length
    assert len(fds) == 1
    os.close(fds[0])


@pytest.mark.parametrize("count", [0, 253, 254, 600])
@pytest.mark.parametrize("length", [1, 100_000])
def test_descriptors_of_any_number_arrive_in_order(ends: tuple[socket, socket], count: int, length: int) -> None:
    pipes = [os.pipe() for _ in range(2)]
    sent = [pipes[index % 2][0] for index in range(count)]
    datagram.send(ends[0], b"b" * length, sent)
    text, fds = datagram.receive(ends[1])
    assert text == b"b" * length
    assert [os.fstat(fd).st_ino for fd in fds] == [os.fstat(fd).st_ino for fd in sent]
    for fd in [*fds, *(end for pipe in pipes for end in pipe)]:
        os.close(fd)


def test_the_end_is_an_empty_text(ends: tuple[socket, socket]) -> None:
    ends[0].close()
    assert datagram.receive(ends[1]) == (b"", [])
