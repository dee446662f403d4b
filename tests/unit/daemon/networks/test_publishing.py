"""Which host ports a container gets, and in what order."""

import errno
import ipaddress
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest

from pydock.daemon.networks.publishing import ANY4, ANY6, Publication, Target, check_bindings, publish
from pydock.daemon.networks.settings import ContainerNetwork, PortBinding
from pydock.errors import InvalidParameter, System
from pydock.network.firewall import Firewall
from pydock.network.ports import Held, Ports

ONE, OTHER = "127.0.0.1", "127.0.0.2"


class NoFirewall:
    """Takes every rule."""

    def change_ports(self, **changes: Any) -> None:
        """As `Firewall.change_ports`."""


@pytest.fixture(autouse=True)
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """No port is another process's."""
    monkeypatch.setattr("pydock.network.ports._bind", lambda *wanted: None)


def publication(container: ContainerNetwork) -> Publication:
    """A publication on a host where all ports are free."""
    target = Target({4: ipaddress.ip_address("192.0.2.1")}, (ANY4,))
    return publish(container, target, Ports(), cast(Firewall, NoFirewall()))


def asking(bindings: Mapping[str, tuple[PortBinding, ...]], exposed: Sequence[str] = ()) -> ContainerNetwork:
    """A container with those bindings; their ports are exposed where nothing else is said."""
    ports = tuple(exposed or bindings)
    return ContainerNetwork("id", "name", "bridge", Path(), port_bindings=bindings, exposed_ports=ports)


def published(**bindings: list[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    """What (host address, host port) are found where those are asked for."""
    wanted = {f"{port[1:]}/tcp": tuple(PortBinding(*one) for one in some) for port, some in bindings.items()}
    made = publication(asking(wanted))
    return {port[:-4]: [(one.host_ip, one.host_port) for one in some or ()] for port, some in made.ports.items()}


def test_ports_that_may_be_no_other_come_first() -> None:
    span, exact = (ONE, "8000-8002"), [(ONE, "8000"), (ONE, "8001"), (ONE, "8002")]
    assert published(p70=[span], p71=[span], p72=exact[:1]) == {"70": exact[1:2], "71": exact[2:], "72": exact[:1]}
    assert published(p80=[span, exact[1], exact[0]])["80"] == exact
    first = published(p80=[("", "")])["80"]
    assert published(p80=[("", "")], p81=first)["81"] == first


@pytest.mark.parametrize("asked", ["", "8000", "8000-8010"])
def test_a_port_is_the_same_at_all_addresses(asked: str) -> None:
    found = published(p80=[(OTHER, asked), (ONE, asked)], p81=[(ONE, "8001")])["80"]
    assert [host for host, _ in found] == [ONE, OTHER]
    assert len({number for _, number in found}) == 1


def test_what_is_asked_for_twice_has_two_ports() -> None:
    assert len({number for _, number in published(p80=[("", ""), (ONE, ""), ("", "")])["80"]}) == 3
    assert published(p80=[(ONE, "8000-8001"), (ONE, "8000-8001")])["80"] == [(ONE, "8000"), (ONE, "8001")]
    for several, place in (
        ([(ONE, "8000")] * 2, ONE),
        ([("", "8000"), (ONE, "8000")], "0.0.0.0"),
        ([("::", "8000")] * 2, "::"),
    ):
        with pytest.raises(System, match=f"^Bind for {place}:8000 failed: port is already allocated$"):
            published(p80=several)


def test_clients_write_ports_in_several_ways() -> None:
    bindings = {"80": (PortBinding(ONE, "8000"),), "81/TCP": (PortBinding(ONE, "8001"),), "80/tcp": (PortBinding(ONE),)}
    made = publication(asking(bindings, ("80", "80/tcp", "81/TCP", "82", "83/UDP")))
    assert {port: some and len(some) for port, some in made.ports.items()} == {
        "80/tcp": 2, "81/tcp": 1, "82/tcp": None, "83/udp": None,
    }  # fmt: skip
    assert sorted(port for port, _ in made.held_by_port()) == ["80/tcp", "80/tcp", "81/tcp"]


def test_what_is_not_exposed_is_not_published() -> None:
    bindings = {"80/tcp": (PortBinding(ONE, "8000"),), "x/foo": (PortBinding("", "x"),)}
    assert publication(asking(bindings, ("80", "81/tcp"))).ports == {"80/tcp": None, "81/tcp": None}


@pytest.mark.parametrize(
    ("exposed", "shown"),
    [
        ("80/foo", "80/0"), ("80/tcp/x", "80/tcp"), ("", "0/0"), ("/tcp", "0/0"), ("x", "0/tcp"),
        ("80-90/tcp", "0/tcp"), ("70000/udp", "0/udp"), ("-1", "0/tcp"),
    ],
)  # fmt: skip
def test_what_is_exposed_may_be_no_port(exposed: str, shown: str) -> None:
    assert publication(asking({}, (exposed,))).ports == {shown: None}
    if shown.endswith("/0"):
        with pytest.raises(InvalidParameter, match="unknown protocol"):
            publication(replace(asking({}, (exposed,)), publish_all=True))


def test_what_is_no_port_is_not_published() -> None:
    for port in ("0/tcp", "80/foo", ""):
        bindings = {port: (PortBinding("", "8000"),)}
        check_bindings(bindings, ())
        with pytest.raises(InvalidParameter, match=f'^invalid port specification: "{port}"$'):
            check_bindings(bindings, (port,))


def test_a_datagram_port_may_be_asked_for_twice() -> None:
    twice = {"53/udp": (PortBinding("", "8053"), PortBinding("", "8053"))}
    assert publication(asking(twice)).ports == {"53/udp": (PortBinding("0.0.0.0", "8053"),)}
    with pytest.raises(System, match="port is already allocated"):
        publication(asking({**twice, "54/udp": (PortBinding("", "8053"),)}))


@pytest.mark.parametrize(
    ("routed", "expected"), [(6, [("0.0.0.0", "80"), ("::", "")]), (4, [("0.0.0.0", ""), ("::", "80")])]
)
def test_ipv4_is_told_first(routed: int, expected: list[tuple[str, str]]) -> None:
    addresses = {4: ipaddress.ip_address("192.0.2.1"), 6: ipaddress.ip_address("2001:db8::1")}
    wanted = asking({"80/tcp": (PortBinding("", "80"),)})
    target = Target(addresses, (ANY4, ANY6), (routed,))
    found = publish(wanted, target, Ports(), cast(Firewall, NoFirewall())).ports["80/tcp"]
    assert [(one.host_ip, one.host_port) for one in found or ()] == expected


def test_ports_are_not_held_by_half_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    address = sockets[0].getsockname()
    made = Publication(held=[Held("tcp", (ANY4,), address[1], tuple(sockets))])
    copies = [os.dup(sockets[0].fileno()), OSError(errno.EMFILE, "Too many open files")]
    with monkeypatch.context() as patch:
        patch.setattr(os, "dup", Mock(side_effect=copies))
        with pytest.raises(OSError, match="Too many"):
            made.take_sockets()
    made.close_sockets()
    socket.create_server(address).close()
