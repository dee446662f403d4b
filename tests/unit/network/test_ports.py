"""Host ports that are given out once: which stand in each other's way."""

import errno
import ipaddress
import socket

import pytest

from pydock.errors import System
from pydock.network.ports import Held, Ports, Wish


def hold(ports: Ports, port: int, *hosts: str, protocol: str = "tcp") -> Held:
    addresses = tuple(map(ipaddress.ip_address, hosts or ("127.0.0.1",)))
    held = ports.hold(Wish(protocol, addresses, port, port, "10.0.0.2", 80))
    for sock in held.sockets:
        sock.close()
    return held


@pytest.fixture
def free() -> int:
    """The number of a port that nobody has."""
    return hold(Ports(), 0).port


def test_ports_that_are_apart(free: int) -> None:
    ports = Ports()
    hold(ports, free, "127.0.0.1")
    hold(ports, free, "127.0.0.2")
    hold(ports, free, "::1")
    hold(ports, free, "127.0.0.1", protocol="udp")


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1", "0.0.0.0"),
        ("127.0.0.1", "0.0.0.0", "127.0.0.1"),
        ("::", "::1", "::"),
    ],
)
def test_ports_that_stand_in_each_others_way(free: int, first: str, second: str, told: str) -> None:
    ports = Ports()
    held = hold(ports, free, first)
    with pytest.raises(System) as caught:
        hold(ports, free, second)
    assert caught.value.message == f"Bind for {told}:{free} failed: port is already allocated"
    ports.release("tcp", held.hosts, free)
    hold(ports, free, second)


def test_a_port_of_a_container_that_outlived_the_daemon_is_taken(free: int) -> None:
    ports = Ports()
    claimed = ports.claim("tcp", ipaddress.ip_address("0.0.0.0"), free)
    (held,) = claimed.sockets  # nobody else holds it
    assert ports.claim("tcp", ipaddress.ip_address("0.0.0.0"), free).sockets == ()
    held.close()
    with pytest.raises(System, match="already allocated"):
        hold(ports, free)
    ports.release("tcp", [ipaddress.ip_address("0.0.0.0")], free)
    hold(ports, free)


def test_an_address_that_the_host_lacks_is_refused_at_once() -> None:
    with pytest.raises(System) as caught:
        hold(Ports(), 0, "192.0.2.99")
    assert caught.value.message == (
        "failed to bind host port for 192.0.2.99::10.0.0.2:80/tcp: cannot assign requested address"
    )


def test_a_protocol_that_the_kernel_lacks_is_refused(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    def lacking(*_: int) -> socket.socket:
        raise OSError(errno.EPROTONOSUPPORT, "Protocol not supported")

    monkeypatch.setattr(socket, "socket", lacking)
    with pytest.raises(System) as caught:
        hold(Ports(), free, "127.0.0.1", protocol="sctp")
    assert caught.value.message == (
        f"failed to bind host port for 127.0.0.1:{free}:10.0.0.2:80/sctp: protocol not supported"
    )


def test_a_range_of_which_nothing_is_left(free: int) -> None:
    ports = Ports()
    hold(ports, free)
    wish = Wish("tcp", (ipaddress.ip_address("127.0.0.1"),), free, free + 1, "10.0.0.2", 80)
    claimed = ports.claim("tcp", ipaddress.ip_address("127.0.0.1"), free + 1)
    with pytest.raises(System, match="all ports are allocated"):
        ports.hold(wish)
    for held in claimed.sockets:
        held.close()
