"""One attached client: what it is sent, in which order, what waits for it, and what it types."""

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pydock.runtime import shim_client
from pydock.runtime.event_loop import EventLoop
from pydock.runtime.messages import ClientStream
from pydock.runtime.passage import Passage
from pydock.runtime.shim_client import Client
from pydock.streams import STDERR, STDOUT, frame_header

RAW = ClientStream(stdin=True, stdout=True, raw=True, detach_keys="\x10\x11")


class Stage:
    """A client, its other end, and a notebook of what it tells its owner."""

    def __init__(self, directory: Path) -> None:
        self.loop = EventLoop()
        self.spill_directory = str(directory)
        self.notes: list[object] = []
        self.takes = True
        self.theirs, ours = socket.socketpair()
        self.theirs.settimeout(10)
        self._ours = ours.detach()

    def client(self, wants: ClientStream, replay: shim_client.Replay | None = None) -> Client:
        client = Client(self.loop, self._ours, wants, self)
        client.begin(replay)
        return client

    def typed(self, client: Client, data: bytes) -> bool:
        self.notes.append(data)
        return self.takes

    def input_ended(self, client: Client) -> None:
        self.notes.append("input ended")

    def detached(self, client: Client) -> None:
        self.notes.append("detached")

    def caught_up(self) -> None:
        return None

    def gone(self, client: Client) -> None:
        self.notes.append("gone")

    def turn(self, seconds: float = 0.02) -> None:
        """Let the loop do what there is to do."""
        done: list[bool] = []
        self.loop.call_later(seconds, lambda: done.append(True))
        self.loop.run(lambda: bool(done))

    def fill(self, client: Client, *, limit: int = 100) -> bytes:
        """Deliver until the client is behind; what was delivered."""
        sent = b""
        for number in range(limit):
            piece = b"%06d" % number * 10_000
            client.deliver(STDOUT, piece)
            sent += piece
            if client.behind:
                return sent
        raise AssertionError("the connection takes everything")

    def receive(self, length: int) -> bytes:
        """What the client's other end gets: `length` bytes, turn by turn."""
        received = b""
        self.theirs.setblocking(False)
        for _ in range(1000):
            self.turn(0.001)
            try:
                received += self.theirs.recv(1 << 20)
            except BlockingIOError:
                if len(received) >= length:
                    break
        return received


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.theirs.close()


@pytest.fixture
def passage() -> Iterator[Passage]:
    made = Passage(1 << 16)
    assert made.open()
    yield made
    made.close()


def feed(passage: Passage, data: bytes) -> None:
    """Have a process write and the passage take it."""
    reading, writing = os.pipe()
    assert os.write(writing, data) == passage.fill(reading) == len(data)
    os.close(reading)
    os.close(writing)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shim_client, "GRACE", 0.01)


def test_output_is_framed_or_raw(stage: Stage) -> None:
    client = stage.client(ClientStream(stdout=True, stderr=True))
    client.deliver(STDOUT, b"out")
    client.deliver(STDERR, b"err")
    assert stage.theirs.recv(100) == frame_header(1, 3) + b"out" + frame_header(2, 3) + b"err"
    client.close()


def test_the_head_comes_before_all_else(stage: Stage) -> None:
    wants = replace(RAW, head="101 go on\r\n\r\n", early="typed")
    client = stage.client(wants, iter([[(STDOUT, b"logged")]]))
    client.deliver(STDOUT, b"out")
    assert stage.receive(22) == b"101 go on\r\n\r\nloggedout"
    assert stage.notes == [b"typed"]
    client.close()


def test_what_does_not_fit_waits_and_the_client_is_behind(stage: Stage) -> None:
    client = stage.client(RAW)
    sent = stage.fill(client)
    assert stage.receive(len(sent)) == sent
    assert not client.behind
    client.close()


def test_what_comes_through_a_passage_is_framed_and_waits_like_the_rest(stage: Stage, passage: Passage) -> None:
    client = stage.client(ClientStream(stdout=True))
    sent = b""
    while client.is_clear:
        data = os.urandom(50_000)
        feed(passage, data)
        client.deliver_piped(STDOUT, passage)
        sent += frame_header(1, len(data)) + data
    assert (passage.held, client.behind) == (0, True)
    client.deliver(STDERR, b"err")
    sent += frame_header(2, 3) + b"err"
    assert stage.receive(len(sent)) == sent
    assert not client.behind
    client.close()


def test_who_has_left_leaves_nothing_in_the_passage(stage: Stage, passage: Passage) -> None:
    client = stage.client(ClientStream(stdout=True))
    stage.theirs.close()
    feed(passage, b"nobody's")
    client.deliver_piped(STDOUT, passage)
    assert (passage.held, client.is_clear, stage.notes) == (0, False, ["gone"])


def test_a_client_that_takes_nothing_for_long_is_not_waited_for(stage: Stage, impatient: None) -> None:
    client = stage.client(RAW)
    sent = stage.fill(client)
    stage.turn(0.05)
    assert not client.behind
    for number in range(50):
        piece = b"%d" % number * 10_000
        client.deliver(STDOUT, piece)
        sent += piece
        assert not client.behind
    assert stage.receive(len(sent)) == sent
    sent = stage.fill(client)  # as at the beginning
    assert stage.receive(len(sent)) == sent
    client.close()


def test_beyond_a_limit_it_is_waited_for_after_all(
    stage: Stage, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shim_client, "SPILL_LIMIT", 100_000)
    client = stage.client(RAW)
    sent = stage.fill(client)
    stage.turn(0.05)
    sent += stage.fill(client)
    assert stage.receive(len(sent)) == sent
    client.close()


def test_without_room_for_a_file_it_is_waited_for_and_the_order_kept(stage: Stage, impatient: None) -> None:
    client = stage.client(RAW)
    sent = stage.fill(client)
    stage.spill_directory = "/no/such/directory"
    stage.turn(0.05)
    for piece in (b"a" * 50_000, b"b" * 50_000):
        client.deliver(STDOUT, piece)
        sent += piece
        assert client.behind
    assert stage.receive(len(sent)) == sent
    assert not client.behind
    client.close()


def test_a_replay_comes_before_what_is_written_meanwhile(stage: Stage) -> None:
    history = [[(STDOUT, b"%03d" % number * 30_000)] for number in range(20)]
    client = stage.client(RAW, iter(history))
    sent = b"".join(data for [(_, data)] in history)
    for piece in (b"live one\n", b"live two\n"):
        client.deliver(STDOUT, piece)
        sent += piece
        assert not client.behind
    assert stage.receive(len(sent)) == sent
    client.close()


def test_an_empty_replay_is_no_hindrance(stage: Stage) -> None:
    client = stage.client(RAW, iter([]))
    client.deliver(STDOUT, b"live")
    assert stage.theirs.recv(100) == b"live"
    client.close()


def test_it_is_closed_when_all_has_been_sent(stage: Stage) -> None:
    client = stage.client(RAW)
    sent = stage.fill(client)
    client.finish()
    assert stage.notes == []
    assert stage.receive(len(sent)) == sent
    assert stage.notes == ["gone"]
    assert stage.theirs.recv(1) == b""


def test_the_end_is_an_end_though_something_typed_was_not_read(stage: Stage) -> None:
    """A local connection that is closed with something unread gives its other end ECONNRESET."""
    client = stage.client(ClientStream(stdout=True))
    stage.theirs.sendall(b"unheard")
    client.deliver(STDOUT, b"x")
    client.finish()
    stage.theirs.setblocking(True)
    assert stage.theirs.recv(100) == frame_header(1, 1) + b"x"
    assert stage.theirs.recv(100) == b""


def test_typing_is_passed_on_the_early_bytes_first(stage: Stage) -> None:
    client = stage.client(ClientStream(stdin=True, early="early\xff"))
    stage.theirs.sendall(b"late")
    stage.turn()
    stage.theirs.shutdown(socket.SHUT_WR)
    stage.turn()
    assert stage.notes == [b"early\xff", b"late", "input ended"]
    client.close()


def test_typing_of_one_who_may_not_is_dropped(stage: Stage) -> None:
    client = stage.client(ClientStream(stdout=True, early="x"))
    stage.theirs.sendall(b"y")
    stage.theirs.shutdown(socket.SHUT_WR)
    stage.turn()
    assert stage.notes == []
    client.deliver(STDOUT, b"still here")
    assert stage.theirs.recv(100).endswith(b"still here")
    client.close()


def test_while_the_container_takes_nothing_nothing_is_read(stage: Stage) -> None:
    client = stage.client(RAW)
    stage.takes = False
    stage.theirs.sendall(b"one")
    stage.turn()
    stage.theirs.sendall(b"two")
    stage.turn()
    assert stage.notes == [b"one"]
    stage.takes = True
    client.resume_input()
    stage.turn()
    assert stage.notes == [b"one", b"two"]
    client.close()


def test_what_one_typed_who_left_is_heard_all_the_same(stage: Stage) -> None:
    client = stage.client(RAW)
    stage.takes = False
    stage.theirs.sendall(b"one")
    stage.turn()
    stage.theirs.sendall(b"two")
    stage.theirs.close()
    stage.turn()
    client.deliver(STDOUT, b"nobody hears")
    stage.takes = True
    client.resume_input()
    stage.turn()
    assert stage.notes == [b"one", b"two", "input ended", "gone"]


def test_one_who_leaves_without_typing_is_gone(stage: Stage) -> None:
    stage.client(ClientStream(stdout=True))
    stage.theirs.close()
    stage.turn()
    assert stage.notes == ["gone"]


def test_one_who_leaves_while_behind_is_gone_too(stage: Stage) -> None:
    client = stage.client(ClientStream(stdout=True))
    stage.fill(client)
    stage.theirs.close()
    stage.turn()
    assert stage.notes == ["gone"]
    assert not client.behind


def test_detach_keys_end_it_and_what_waits_is_still_sent(stage: Stage) -> None:
    client = stage.client(RAW)
    sent = stage.fill(client)
    stage.theirs.sendall(b"ls\x10")
    stage.turn()
    stage.theirs.sendall(b"\x11rm")
    stage.turn()
    assert stage.notes == [b"ls", "detached"]
    client.deliver(STDOUT, b"too late")
    assert stage.receive(len(sent)) == sent
    assert stage.notes == [b"ls", "detached", "gone"]


def test_early_bytes_may_be_detach_keys(stage: Stage) -> None:
    stage.client(ClientStream(stdin=True, stdout=True, raw=True, detach_keys="\x10\x11", early="\x10\x11"))
    assert stage.notes == ["detached", "gone"]
