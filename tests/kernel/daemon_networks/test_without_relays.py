"""An engine without relays (``userland-proxy`` off): the kernel alone leads to published ports."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.kernel.daemon_networks.site import HOST4, HOST6, OTHER4, OTHER6, Site, reaches, visit


@pytest.fixture
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with ExitStack() as stack:
        yield Site(tmp_path_factory.mktemp("bare"), stack, "x", "--userland-proxy=false")


def test_only_the_kernel_leads_to_ports(bare: Site) -> None:
    assert ["Relayed Ports", "none"] in bare.engine.get("/info")["FirewallBackend"]["Info"]
    six = bare.network("six", EnableIPv6=True)
    for port, network in ((8080, "bridge"), (8081, six)):
        bare.container(network, ports={"80/tcp": [{"HostPort": str(port)}]}).serve()
    for _ in range(2):
        assert reaches(bare.other, HOST4, 8080) == OTHER4
        assert reaches(bare.host, "127.0.0.1", 8080) == bare.gateway("bridge")
        assert reaches(bare.other, HOST6, 8081) == OTHER6
        for place, host, port in ((bare.host, "::1", 8080), (bare.other, HOST6, 8080), (bare.host, "::1", 8081)):
            assert place.do(lambda host=host, port=port: visit(host, port)) == ""  # type: ignore[misc]
        with pytest.raises(OSError, match="in use"):  # held all the same
            bare.host.do(lambda: socket.create_server(("0.0.0.0", 8080)))
        bare.restart()
    bare.sweep()
