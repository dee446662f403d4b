"""The embedded resolver in a real network namespace: names, forwarding, hostile clients, its life beside the daemon."""

import contextlib
import os
import signal
import socket
import struct
import threading
from dataclasses import dataclass, replace

import pytest

from pydock.network.resolv_conf import ExternalServer
from pydock.network.resolver import Place, Resolvable, Resolver
from tests.kernel.network_dns.conftest import Net

A, PTR, MX, TXT, AAAA = 1, 12, 15, 16, 28
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP = range(5)
EDNS = b"\0\0\x29\x10\0\0\0\0\0\0\0"
WEB = Resolvable(
    "c1" * 32,
    (Place("n1", "Front", ("web", "Alias", "c1c1c1c1c1c1"), ("10.0.0.2", "fd00::2"), {"database": "db"}),),
    (ExternalServer("198.18.1.1"),),
)
DB = Resolvable("c2" * 32, (Place("n1", "Front", ("db", "alias", "c2c2c2c2c2c2"), ("10.0.0.3",)),))


@dataclass(frozen=True)
class Answer:
    code: int
    records: list[str]
    is_cut: bool
    raw: bytes


def query(name: str, kind: int = A, extra: bytes = b"", flags: int = 0x100) -> bytes:
    labels = b"".join(bytes((len(label),)) + label.encode() for label in name.split(".") if label)
    return (
        struct.pack(">HHHHHH", 4711, flags, 1, 0, 0, bool(extra)) + labels + b"\0" + struct.pack(">HH", kind, 1) + extra
    )


def parse(reply: bytes) -> Answer:
    _, flags, _, count, _, _ = struct.unpack_from(">HHHHHH", reply)
    position = reply.index(b"\0", 12) + 5
    records = []
    for _ in range(count):
        kind, _, _, length = struct.unpack_from(">HHIH", reply, position + 2)
        data = reply[position + 12 : position + 12 + length]
        position += 12 + length
        if kind == PTR:
            records.append(data[1:-1].decode("ascii", "replace"))
        else:
            records.append(socket.inet_ntop(socket.AF_INET if kind == A else socket.AF_INET6, data))
    return Answer(flags & 15, sorted(records), bool(flags & 0x200), reply)


def ask_raw(net: Net, message: bytes, patience: float = 10) -> bytes | None:
    def work() -> bytes | None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(patience)
            sock.connect(("127.0.0.11", 53))
            sock.send(message)
            try:
                return sock.recv(65535)
            except TimeoutError:
                return None

    return net.container.do(work)


def ask(net: Net, name: str, kind: int = A, extra: bytes = b"") -> Answer:
    reply = ask_raw(net, query(name, kind, extra))
    assert reply is not None
    assert reply[:2] == b"\x12\x67"
    return parse(reply)


def ask_by_tcp(net: Net, *messages: bytes) -> list[bytes]:
    def work() -> list[bytes]:
        with socket.create_connection(("127.0.0.11", 53), 10) as sock, sock.makefile("rb") as file:
            sock.sendall(b"".join(len(message).to_bytes(2) + message for message in messages))
            return [file.read(int.from_bytes(file.read(2))) for _ in messages]

    return net.container.do(work)


@pytest.fixture
def serving(net: Net, resolver: Resolver) -> Resolver:
    """web and db on one network, web's namespace is the container's."""
    resolver.add_sandbox(WEB, net.container.descriptor)
    resolver.add_sandbox(DB, net.world.descriptor)
    return resolver


def test_names(net: Net, serving: Resolver) -> None:
    for name in ("web", "WEB", "web.front", "Web.FRONT", "c1c1c1c1c1c1"):
        assert ask(net, name).records == ["10.0.0.2"]
    assert ask(net, "web", AAAA).records == ["fd00::2"]
    assert ask(net, "database").records == ["10.0.0.3"]
    assert ask(net, "alias").records == ["10.0.0.2", "10.0.0.3"]
    assert ask(net, "web.other").records == ["192.0.2.1"]  # asked of the outside
    assert parse(ask_by_tcp(net, query("web"))[0]).records == ["10.0.0.2"]


def test_a_known_name_without_such_records_is_no_unknown_name(net: Net, serving: Resolver) -> None:
    for name, kind in (("db", AAAA), ("web", MX), ("web", TXT), ("web", 65)):
        answer = ask(net, name, kind)
        assert (answer.code, answer.records) == (NOERROR, [])
    assert ask(net, "no.test").code == NXDOMAIN
    assert ask(net, "no.test", AAAA).code == NXDOMAIN


def test_round_robin(net: Net, serving: Resolver) -> None:
    first = {ask(net, "alias").raw[-4:] for _ in range(60)}
    assert first == {bytes((10, 0, 0, 2)), bytes((10, 0, 0, 3))}


def test_pointers(net: Net, serving: Resolver) -> None:
    assert ask(net, "2.0.0.10.in-addr.arpa", PTR).records == ["web\x05Front"]
    nibbles = ".".join(reversed("fd00" + "0" * 27 + "2"))
    assert ask(net, f"{nibbles}.ip6.arpa", PTR).records == ["web\x05Front"]
    assert ask(net, "nonsense.in-addr.arpa", PTR).records == ["192.0.2.1"]  # the outside's answer


def test_changes_show_at_once(net: Net, serving: Resolver) -> None:
    assert ask(net, "db").records == ["10.0.0.3"]
    serving.update(replace(DB, places=(replace(DB.places[0], addresses=("10.0.0.9",)),)))
    assert ask(net, "db").records == ["10.0.0.9"]
    assert ask(net, "3.0.0.10.in-addr.arpa", PTR).records == ["192.0.2.1"]
    serving.remove_sandbox(DB.id)
    assert ask(net, "db").records == ["192.0.2.1"]
    serving.remove_sandbox(DB.id)
    serving.remove_sandbox(WEB.id)
    with pytest.raises(OSError):
        ask_raw(net, query("web"))
    serving.add_sandbox(WEB, net.container.descriptor)  # over the table that the first one left
    assert ask(net, "web").records == ["10.0.0.2"]


def test_other_networks_stay_apart(net: Net, serving: Resolver) -> None:
    serving.update(replace(DB, places=(Place("n2", "back", ("db",), ("10.1.0.3",)),)))
    assert ask(net, "db").records == ["192.0.2.1"]
    serving.update(replace(WEB, places=(*WEB.places, Place("n2", "back", ("web",), ("10.1.0.2",)))))
    assert ask(net, "db").records == ["10.1.0.3"]
    assert ask(net, "web.back").records == ["10.1.0.2"]
    assert ask(net, "web.front").records == ["10.0.0.2"]


def test_forwarding(net: Net, serving: Resolver) -> None:
    assert ask(net, "any.test").records == ["192.0.2.1"]
    assert ask(net, "any.test", extra=EDNS).records == ["192.0.2.41"]
    assert ask(net, "big.test").is_cut
    assert len(parse(ask_by_tcp(net, query("big.test"))[0]).records) == 100
    assert ask(net, "forged.test").records == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ((ExternalServer("198.18.0.2", True),), ["192.0.2.1"]),  # the container cannot reach it, the host can
        ((ExternalServer("2001:db8::1"),), ["192.0.2.1"]),
        ((ExternalServer("198.18.1.6"), ExternalServer("198.18.1.1")), ["192.0.2.1"]),  # refused
        ((ExternalServer("198.18.1.5"), ExternalServer("198.18.1.1")), ["192.0.2.1"]),  # fails
        ((ExternalServer("203.0.113.1"), ExternalServer("198.18.1.1")), ["192.0.2.1"]),  # no route
        ((ExternalServer("198.18.1.99"), ExternalServer("198.18.1.1")), ["192.0.2.1"]),  # nobody there
        ((ExternalServer("198.18.1.5"),), []),
        ((), []),
    ],
)
def test_servers(net: Net, serving: Resolver, servers: tuple[ExternalServer, ...], expected: list[str]) -> None:
    serving.update(replace(WEB, servers=servers))
    answer = ask(net, "any.test")
    assert answer.records == expected
    assert answer.code == (NOERROR if expected else SERVFAIL)
    reply = parse(ask_by_tcp(net, query("any.test"))[0])
    assert reply.records == expected


def test_what_stays_inside(net: Net, serving: Resolver) -> None:
    serving.update(replace(WEB, ndots_set=True))
    assert (ask(net, "nosuch").code, ask(net, "nosuch").records) == (NOERROR, [])
    assert ask(net, "a.test").records == ["192.0.2.1"]
    serving.update(replace(WEB, forward=False))
    assert ask(net, "a.test").code == SERVFAIL


def test_port_53_is_free_for_the_container(net: Net, serving: Resolver) -> None:
    def work() -> None:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(socket.AF_INET, kind) as sock:
                sock.bind(("0.0.0.0", 53))

    net.container.do(work)


def test_many_addresses_are_cut_by_udp_alone(net: Net, serving: Resolver) -> None:
    many = tuple(f"10.9.{n // 250}.{n % 250 + 1}" for n in range(600))
    serving.update(replace(DB, places=(replace(DB.places[0], addresses=many),)))
    plain, with_edns = ask(net, "db"), ask(net, "db", extra=EDNS)
    assert plain.is_cut
    assert len(plain.raw) <= 512
    assert with_edns.is_cut
    assert 512 < len(with_edns.raw) <= 1232
    whole = parse(ask_by_tcp(net, query("db"))[0])
    assert not whole.is_cut
    assert whole.records == sorted(many)


def test_hostile_messages(net: Net, serving: Resolver) -> None:
    head = struct.pack(">HHHHHH", 4711, 0x100, 1, 0, 0, 0)
    for message, code in (
        (head + b"\x01a", FORMERR),
        (head + b"\xc0\x0c\0\1\0\1", FORMERR),
        (head + b"\x3fa" * 200, FORMERR),
        (head + b"\x03a.b\0\0\1\0\1", FORMERR),
        (struct.pack(">HHHHHH", 4711, 0x100, 2, 0, 0, 0) + b"\x01a\0\0\1\0\1" * 2, FORMERR),
        (query("web", flags=0x900), NOTIMP),
    ):
        reply = ask_raw(net, message)
        assert reply is not None
        assert reply[3] & 15 == code
    for message in (b"", b"\0", head[:11], query("web", flags=0x8100), os.urandom(4)):
        assert ask_raw(net, message, 0.05) is None
    assert ask(net, "a" * 63 + ".test").records == ["192.0.2.1"]
    assert ask(net, "web").records == ["10.0.0.2"]


def test_hostile_connections(net: Net, serving: Resolver) -> None:
    def work() -> None:
        socks = [socket.create_connection(("127.0.0.11", 53), 10) for _ in range(100)]
        for sock in socks:
            sock.send(b"\xff")
        for sock in socks:
            sock.close()
        with socket.create_connection(("127.0.0.11", 53), 10) as sock:
            sock.sendall(b"\0\1x")
            with contextlib.suppress(ConnectionResetError):  # where it hung up before it had taken all
                assert sock.recv(1) == b""
        with socket.create_connection(("127.0.0.11", 53), 10) as sock:
            message = query("web")
            sock.sendall((len(message).to_bytes(2) + message) * 1000)  # reads nothing of what it asked for

    net.container.do(work)
    assert [parse(reply).records for reply in ask_by_tcp(net, query("web"), query("a.test"), query("db"))]
    assert ask(net, "web").records == ["10.0.0.2"]


def test_a_silent_server_holds_up_nobody(net: Net, serving: Resolver) -> None:
    def work() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(("127.0.0.11", 53))
            for number in range(700):
                sock.send(query(f"silent.{number}.test"))

    net.container.do(work)
    assert ask(net, "web").records == ["10.0.0.2"]


def test_it_outlives_the_daemon(net: Net, serving: Resolver) -> None:
    (process,) = net.processes()
    serving.close()
    assert ask(net, "web").records == ["10.0.0.2"]
    second = net.resolver()
    second.add_sandbox(WEB, net.container.descriptor)
    assert net.processes() == [process]
    assert ask(net, "db").records == ["10.0.0.3"]
    second.retain([WEB.id])
    assert ask(net, "db").records == ["192.0.2.1"]
    second.close()


def kill_and_await_the_next(net: Net) -> None:
    (process,) = net.processes()
    os.kill(process, signal.SIGKILL)
    pause = threading.Event()
    for _ in range(500):
        if net.processes() not in ([], [process]):
            break
        pause.wait(0.01)


def test_it_is_replaced_where_it_dies(net: Net, serving: Resolver) -> None:
    kill_and_await_the_next(net)
    serving.update(DB)
    assert ask(net, "web").records == ["10.0.0.2"]
    assert ask(net, "db").records == ["10.0.0.3"]


def test_a_socket_that_has_asked_is_answered_by_the_next_one(net: Net, serving: Resolver) -> None:
    sock = net.container.do(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    with sock:
        sock.settimeout(10)
        sock.connect(("127.0.0.11", 53))
        sock.send(query("web"))
        assert parse(sock.recv(65535)).records == ["10.0.0.2"]
        kill_and_await_the_next(net)
        serving.update(DB)
        sock.send(query("web"))
        assert parse(sock.recv(65535)).records == ["10.0.0.2"]


def test_no_signal_of_a_group_ends_it(net: Net, serving: Resolver) -> None:
    (process,) = net.processes()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(process, number)
    assert os.getsid(process) == process
    assert ask(net, "web").records == ["10.0.0.2"]


def test_a_container_whose_end_nobody_told_of_is_served_in_its_new_life(net: Net, serving: Resolver) -> None:
    serving.close()
    again = net.resolver()
    again.add_sandbox(replace(DB, places=WEB.places), net.container.descriptor)
    again.remove_sandbox(WEB.id)
    assert ask(net, "web").records == ["10.0.0.2"]
    again.retain([])
    again.close()
