"""A queue of bytes in a file."""

import contextlib
import os
import socket
from pathlib import Path

import pytest

from pydock.runtime.spill import Spill


def test_what_goes_in_comes_out_in_order_and_the_file_shrinks(tmp_path: Path) -> None:
    spill = Spill(str(tmp_path))
    sent = [b"%d" % number * 1000 for number in range(2000)]
    received = b""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        for number, piece in enumerate(sent):
            spill.append([piece[:1], memoryview(piece)[1:]])
            if number % 100 == 0 or number == len(sent) - 1:
                received += exchange(spill, ours, theirs)
        while len(spill):
            received += exchange(spill, ours, theirs)
    assert received == b"".join(sent)
    assert spill.size == 0
    spill.close()
    assert os.listdir(tmp_path) == []


def exchange(spill: Spill, ours: socket.socket, theirs: socket.socket) -> bytes:
    """Send what can be sent and receive it."""
    with contextlib.suppress(BlockingIOError):
        spill.send(ours.fileno())
    received = b""
    with contextlib.suppress(BlockingIOError):
        while part := theirs.recv(1 << 20):
            received += part
    return received


def test_without_room_it_is_an_error() -> None:
    with pytest.raises(OSError):
        Spill("/no/such/directory")
