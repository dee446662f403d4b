"""Connections that handlers take over: plain, given away to another process, as websockets."""

import base64
import hashlib

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    Request,
    TextMessage,
)

from tests.api.http.bench import Bench, Client

UPGRADE = b"Connection: Upgrade\r\nUpgrade: tcp\r\n"


def take(bench: Bench, path: bytes, fields: bytes = UPGRADE, early: bytes = b"") -> Client:
    """A connection on which a stream was asked for, with `early` in the same packet."""
    client = bench.client()
    client.send(b"POST %b HTTP/1.1\r\nHost: x\r\n%bContent-Length: 2\r\n\r\n{}%b" % (path, fields, early))
    return client


@pytest.mark.parametrize("path", [b"/upper", b"/given-away"])
def test_an_upgrade_is_answered_and_early_bytes_are_kept(bench: Bench, path: bytes) -> None:
    client = take(bench, path, early=b"early ")
    head = client.until(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 UPGRADED\r\n")
    assert b"\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n" in head
    assert b"\r\nContent-Type: application/vnd.docker.raw-stream\r\n" in head
    client.send(b"late")
    client.half_close()
    rest = client.rest()
    assert rest == (b"EARLY LATE<end>" if path == b"/upper" else b"early:early ;LATE<end>")


@pytest.mark.parametrize("path", [b"/upper", b"/given-away"])
def test_a_client_that_asks_for_no_upgrade_gets_a_plain_stream(bench: Bench, path: bytes) -> None:
    client = take(bench, path, fields=b"")
    head = client.until(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Length" not in head
    assert b"Upgrade" not in head
    client.send(b"abc")
    client.half_close()
    assert client.rest().endswith(b"ABC<end>")


@pytest.mark.parametrize("path", [b"/upper", b"/given-away"])
def test_an_end_that_came_before_the_take_over_is_heard(bench: Bench, path: bytes) -> None:
    client = take(bench, path, early=b"all")
    client.half_close()
    assert client.rest().endswith((b"ALL<end>", b"early:all;<end>"))


def test_many_bytes_go_through_both_ways(bench: Bench) -> None:
    client = take(bench, b"/upper")
    client.until(b"\r\n\r\n")
    sent = b"abcdefghij" * 6000
    received = b""
    for _ in range(10):
        client.send(sent)
        while len(received) < len(sent):
            received += client.sock.recv(65536)
        assert received == sent.upper()
        received = b""


def test_a_given_away_connection_outlives_the_server(bench: Bench) -> None:
    client = take(bench, b"/given-away")
    client.until(b"early:;")
    bench.stop()
    client.send(b"still here")
    client.half_close()
    assert client.rest() == b"STILL HERE<end>"


def test_the_handler_hears_of_a_client_that_vanished(bench: Bench) -> None:
    client = take(bench, b"/upper")
    client.until(b"\r\n\r\n")
    client.close()
    bench.wait_until_told("upper: aborted")


class Talk:
    """A websocket's client."""

    def __init__(self, bench: Bench) -> None:
        self.client = bench.client()
        self.wire = WSConnection(ConnectionType.CLIENT)

    def send(self, event: Event) -> None:
        self.client.send(self.wire.send(event))

    def next(self) -> Event:
        while True:
            for event in self.wire.events():
                return event
            self.wire.receive_data(self.client.sock.recv(65536) or None)


def test_a_websocket_carries_both_kinds_of_messages(bench: Bench) -> None:
    talk = Talk(bench)
    talk.send(Request(host="x", target="/v1.50/socket"))
    assert isinstance(talk.next(), AcceptConnection)
    messages: list[TextMessage | BytesMessage] = [
        TextMessage("text"),
        BytesMessage(b"bytes \xff"),
        BytesMessage(b"x" * 200_000),
    ]
    for message in messages:
        talk.send(message)
        wanted = message.data.encode() if isinstance(message, TextMessage) else bytes(message.data)
        received = b""
        while len(received) < len(wanted):
            event = talk.next()
            assert isinstance(event, BytesMessage)
            received += event.data
        assert received == wanted.upper()
    talk.send(Ping(b"are you there"))
    answer = talk.next()
    assert isinstance(answer, Pong)
    assert answer.payload == b"are you there"
    talk.send(CloseConnection(1000))
    assert isinstance(talk.next(), CloseConnection)
    bench.wait_until_told("socket: ended")


def test_who_was_given_a_websocket_hears_that_its_client_left(bench: Bench) -> None:
    """Where the container says nothing, nobody else would find out."""
    talk = Talk(bench)
    talk.send(Request(host="x", target="/v1.50/relayed"))
    assert isinstance(talk.next(), AcceptConnection)
    talk.send(CloseConnection(1000))
    assert isinstance(talk.next(), CloseConnection)
    talk.client.close()
    bench.wait_until_told("relayed: hung up")


def test_one_who_pings_on_and_reads_nothing_is_not_answered_on_and_on(bench: Bench) -> None:
    talk = Talk(bench)
    talk.send(Request(host="x", target="/v1.50/socket"))
    assert isinstance(talk.next(), AcceptConnection)
    ping = talk.wire.send(Ping(b"x" * 125))
    for _ in range(40):
        talk.client.send(ping * 1000)
    (connection,) = bench.server.connections
    assert connection.transport.get_write_buffer_size() < 1 << 20


def test_frames_that_came_with_the_handshake_are_kept(bench: Bench) -> None:
    key = base64.b64encode(b"0123456789abcdef")
    client = bench.client()
    client.send(
        b"GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: " + key + b"\r\n\r\n" + b"\x82\x83\0\0\0\0abc"
    )
    head = client.until(b"\r\n\r\n")
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    assert accept in head
    assert client.until(b"ABC") == b"\x82\x03ABC"


@pytest.mark.parametrize(
    "fields",
    [
        b"",
        b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 1\r\nSec-WebSocket-Key: x\r\n",
    ],
)
def test_what_is_no_handshake_is_refused(bench: Bench, fields: bytes) -> None:
    client = bench.client()
    client.send(b"GET /socket HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n")
    head, body = client.answer()
    assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 426 "))
    assert b'{"message":"' in body


def test_frames_that_are_none_end_the_connection(bench: Bench) -> None:
    talk = Talk(bench)
    talk.send(Request(host="x", target="/socket"))
    assert isinstance(talk.next(), AcceptConnection)
    talk.client.send(b"\xff\xff\xff\xff")
    assert talk.next() == CloseConnection(1002, "RSV bit set unexpectedly") or talk.client.rest() == b""
