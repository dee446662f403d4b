"""What networks are told of a container."""

from pydock.daemon.containers.network_view import port_bindings
from pydock.daemon.networks.settings import PortBinding


def test_a_host_port_may_come_with_a_protocol() -> None:
    asked = {"80/tcp": [{"HostPort": "8080/tcp"}, {"HostIp": "127.0.0.1", "HostPort": "8000-8010/tcp"}], "81/tcp": None}
    assert port_bindings(asked) == {
        "80/tcp": (PortBinding("", "8080"), PortBinding("127.0.0.1", "8000-8010")),
        "81/tcp": (),
    }
