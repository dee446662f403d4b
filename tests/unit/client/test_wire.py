"""HTTP on a socket of our own: answers in any pieces, early bytes, ends that come too soon."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pydock.client import wire
from pydock.client.address import Address
from pydock.errors import System


class Pipe(wire.Connection):
    """A connection whose other end the test holds."""

    def __init__(self) -> None:
        ours, self.far = socket.socketpair()
        self.address = Address("unix:///test", "unix", "/test")
        self.sock = ours
        self.early = b""


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """A connected pair."""
    made = Pipe()
    yield made
    made.close()
    made.far.close()


def answer(pipe: Pipe, data: bytes, step: int = 0, end: bool = True) -> None:
    """Send `data` from the other end, `step` bytes at a time."""

    def send() -> None:
        with suppress(OSError):
            send_all()

    def send_all() -> None:
        for start in range(0, len(data), step or len(data)):
            pipe.far.sendall(data[start : start + (step or len(data))])
        if end:
            pipe.far.shutdown(socket.SHUT_WR)

    threading.Thread(target=send, daemon=True).start()


HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED = HEAD + b"5\r\nhello\r\n1;x=y\r\n,\r\n006\r\n world\r\n0\r\nA: b\r\n\r\n"


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 16, 1000])
def test_a_chunked_body_is_put_together_whatever_the_pieces(pipe: Pipe, step: int) -> None:
    answer(pipe, CHUNKED, step)
    response = wire.receive_head(pipe, "GET")
    assert response.read() == b"hello, world"
    assert response.finished
    assert response.reusable


def test_a_long_chunk_is_passed_on_before_its_end(pipe: Pipe) -> None:
    size = wire.READ_SIZE * 3
    half = size // 2
    answer(pipe, HEAD + b"%x\r\n" % size + b"x" * half, end=False)
    chunks = wire.receive_head(pipe, "GET").chunks()
    got = 0
    while got < half:
        got += len(next(chunks))
    answer(pipe, b"x" * (size - half) + b"\r\n0\r\n\r\n")
    assert got + sum(map(len, chunks)) == size


def test_a_body_of_known_length_ends_there_and_the_next_answer_follows(pipe: Pipe) -> None:
    one = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
    answer(pipe, one + one)
    assert wire.receive_head(pipe, "GET").read() == b"abc"
    assert wire.receive_head(pipe, "GET").read() == b"abc"


def test_a_body_without_a_length_ends_with_the_connection(pipe: Pipe) -> None:
    answer(pipe, b"HTTP/1.1 200 OK\r\n\r\nall of it")
    response = wire.receive_head(pipe, "GET")
    assert response.read() == b"all of it"
    assert not response.reusable


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_answers_without_a_body_are_finished_at_once(pipe: Pipe, method: str) -> None:
    status = "200 OK" if method == "HEAD" else "204 No Content"
    answer(pipe, f"HTTP/1.1 {status}\r\nContent-Length: 10\r\n\r\n".encode())
    assert wire.receive_head(pipe, method).read() == b""


def test_interim_answers_are_passed_over_and_bytes_behind_an_upgrade_are_kept(pipe: Pipe) -> None:
    answer(pipe, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\nearly", end=False)
    response = wire.receive_head(pipe, "POST")
    assert response.status == 101
    assert response.connection.receive() == b"early"


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
)
def test_a_body_that_ends_too_soon_is_an_error(pipe: Pipe, data: bytes) -> None:
    answer(pipe, data)
    with pytest.raises(wire.Closed):
        wire.receive_head(pipe, "GET").read()


@pytest.mark.parametrize("data", [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"x" * (wire.MAX_HEAD * 8)])
def test_what_is_no_answer_is_an_error(pipe: Pipe, data: bytes) -> None:
    answer(pipe, data)
    with pytest.raises(System):
        wire.receive_head(pipe, "GET")


def test_a_request_is_one_packet_and_a_stream_is_chunked(pipe: Pipe) -> None:
    wire.send_head(pipe, "POST", "/x?y=1", {"Host": "docker"}, b"{}")
    assert pipe.far.recv(1000) == b"POST /x?y=1 HTTP/1.1\r\nHost: docker\r\nContent-Length: 2\r\n\r\n{}"
    wire.send_head(pipe, "PUT", "/x", {}, iter(()))
    wire.send_body(pipe, iter([b"abc", b"", b"d"]))
    assert pipe.far.recv(1000).endswith(b"\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n")


def test_a_file_is_sent_whole_with_its_length_and_a_pipe_in_chunks(pipe: Pipe, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789" * 1000)
    descriptor = os.open(tmp_path / "file", os.O_RDONLY)
    os.lseek(descriptor, 5, os.SEEK_SET)
    wire.send_head(pipe, "POST", "/x", {}, descriptor)
    assert pipe.far.recv(1000) == b"POST /x HTTP/1.1\r\nContent-Length: 9995\r\n\r\n"
    wire.send_body(pipe, descriptor)
    os.close(descriptor)
    assert len(pipe.far.recv(9995, socket.MSG_WAITALL)) == 9995
    reader, writer = os.pipe()
    os.write(writer, b"abc")
    os.close(writer)
    wire.send_head(pipe, "POST", "/x", {}, reader)
    wire.send_body(pipe, reader)
    os.close(reader)
    assert pipe.far.recv(1000).endswith(b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")


def test_a_source_that_does_not_block_is_sent_to_its_end(pipe: Pipe) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)

    def write() -> None:
        for word in (b"one", b"two"):
            time.sleep(0.02)
            os.write(writing, word)
        os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    wire.send_body(pipe, reading)
    pipe.close_write()
    writer.join()
    os.close(reading)
    seen = b""
    while data := pipe.far.recv(100):
        seen += data
    assert seen == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
