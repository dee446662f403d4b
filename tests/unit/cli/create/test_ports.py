"""Published ports as users write them."""

from typing import Any

import pytest

from pydock.cli.create import ports
from pydock.cli.exits import Exit


@pytest.mark.parametrize(
    ("value", "bindings"),
    [
        ("80", {"80/tcp": [("", "")]}),
        ("8080:80", {"80/tcp": [("", "8080")]}),
        ("8080:80/udp", {"80/udp": [("", "8080")]}),
        ("80/SCTP", {"80/sctp": [("", "")]}),
        ("127.0.0.1:8080:80", {"80/tcp": [("127.0.0.1", "8080")]}),
        ("127.0.0.1::80", {"80/tcp": [("127.0.0.1", "")]}),
        ("[::1]:8080:80", {"80/tcp": [("::1", "8080")]}),
        ("8000-8001:90-91", {"90/tcp": [("", "8000")], "91/tcp": [("", "8001")]}),
        ("90-91", {"90/tcp": [("", "")], "91/tcp": [("", "")]}),
        ("8000-8010:80", {"80/tcp": [("", "8000-8010")]}),
        ("published=1,target=2,protocol=udp", {"2/udp": [("", "1")]}),
    ],
)
def test_a_port_is_exposed_and_bound(value: str, bindings: dict[str, list[tuple[str, str]]]) -> None:
    exposed, found = ports.publish([value])
    assert exposed.keys() == found.keys()
    assert {port: [(b["HostIp"], b["HostPort"]) for b in places] for port, places in found.items()} == bindings


def test_one_port_may_have_many_places() -> None:
    _, found = ports.publish(["80", "8080:80", "127.0.0.1:9090:80"])
    assert [place["HostPort"] for place in found["80/tcp"]] == ["", "8080", "9090"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("x", "Invalid containerPort: x"),
        ("x:80", "Invalid hostPort: x"),
        ("80:", "No port specified: 80:<empty>"),
        ("80/x", "Invalid proto: x"),
        ("1.2.3:80:80", "Invalid ip address: 1.2.3"),
        ("1-3:4-5", "Invalid ranges specified for container and host Ports: 4-5 and 1-3"),
        ("70000", "Invalid containerPort: 70000"),
        ("5-3", "Invalid containerPort: 5-3"),
        ("a=", "No port specified: :/tcp<empty>"),
    ],
)
def test_what_is_no_port_is_refused(value: str, message: str) -> None:
    with pytest.raises(Exit) as caught:
        ports.publish([value])
    assert caught.value.message == message


def test_exposed_ports_may_be_ranges() -> None:
    found: dict[str, Any] = {}
    ports.expose(["3", "5-6/udp", "7/"], found)
    assert list(found) == ["3/tcp", "5/udp", "6/udp", "7/tcp"]
    with pytest.raises(Exit, match="invalid port format for --expose: 1:2"):
        ports.expose(["1:2"], found)
