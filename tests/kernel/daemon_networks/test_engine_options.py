"""Engines that are told to publish otherwise: without relays, with direct routing."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.kernel.daemon_networks.site import HOST4, HOST6, OTHER4, OTHER6, Site, reaches, visit


@pytest.fixture
def make_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Site]]:
    """Makes a site with flags for its engine."""
    with ExitStack() as stack:
        yield lambda *flags: Site(tmp_path_factory.mktemp("site"), stack, "x", *flags)


def test_without_relays_only_the_kernel_leads_to_ports(make_site: Callable[..., Site]) -> None:
    site = make_site("--userland-proxy=false")
    assert ["Relayed Ports", "none"] in site.engine.get("/info")["FirewallBackend"]["Info"]
    six = site.network("six", EnableIPv6=True)
    for port, network in ((8080, "bridge"), (8081, six)):
        site.container(network, ports={"80/tcp": [{"HostPort": str(port)}]}).serve()
    for _ in range(2):
        assert reaches(site.other, HOST4, 8080) == OTHER4
        assert reaches(site.host, "127.0.0.1", 8080) == site.gateway("bridge")
        assert reaches(site.other, HOST6, 8081) == OTHER6
        for place, host, port in ((site.host, "::1", 8080), (site.other, HOST6, 8080), (site.host, "::1", 8081)):
            assert place.do(lambda host=host, port=port: visit(host, port)) == ""  # type: ignore[misc]
        with pytest.raises(OSError, match="in use"):  # held all the same
            site.host.do(lambda: socket.create_server(("0.0.0.0", 8080)))
        site.restart()
    site.sweep()


def test_ports_may_be_reached_at_the_containers_own_address_by_interfaces_that_are_trusted(
    make_site: Callable[..., Site],
) -> None:
    site = make_site()
    links = site.host.do(lambda: [name for _, name in socket.if_nameindex()])
    options = {"com.docker.network.bridge.trusted_host_interfaces": ":".join(["absent0", *links])}
    ports = {"80/tcp": [{"HostPort": "8080"}], "81/tcp": [], "82/tcp": [{"HostIp": "127.0.0.1"}]}
    trusting = site.network("trusting", EnableIPv6=True, Options=options)
    one = site.container(trusting, ports=ports).serve(80).serve(81).serve(82)
    other = site.container(ports={"80/tcp": [{"HostPort": "8081"}]}).serve(80)
    for _ in range(2):
        assert reaches(site.other, one.address(), 80) == OTHER4
        assert reaches(site.other, one.address(6), 80) == OTHER6
        for address, port in ((one.address(), 81), (one.address(), 82), (other.address(), 80)):
            assert site.other.do(lambda address=address, port=port: visit(address, port)) == ""  # type: ignore[misc]
        site.restart()
    assert '"absent0"' in site.on_host("nft list ruleset")
    site.engine.ok("DELETE", f"/containers/{one.id}?force=1")
    assert '"absent0"' not in site.on_host("nft list ruleset")
    site.sweep()


def test_ports_may_be_reached_at_the_containers_own_address(make_site: Callable[..., Site]) -> None:
    site = make_site("--allow-direct-routing")
    ports = {"80/tcp": [{"HostPort": "8080"}], "81/tcp": [], "82/tcp": [{"HostIp": "127.0.0.1"}]}
    one = site.container(site.network("six", EnableIPv6=True), ports=ports).serve(80).serve(81).serve(82)
    for _ in range(2):
        assert reaches(site.other, HOST4, 8080) == OTHER4
        assert reaches(site.other, one.address(), 80) == OTHER4
        assert reaches(site.other, one.address(6), 80) == OTHER6
        for port in (81, 82):  # not published, and for the host alone
            assert site.other.do(lambda port=port: visit(one.address(), port)) == ""  # type: ignore[misc]
        site.restart()
    site.engine.ok("DELETE", f"/containers/{one.id}?force=1")
    assert "@open4" in site.on_host("nft list ruleset")
    assert "198.19.192.2" not in site.on_host("nft list ruleset")
    site.sweep()


@pytest.mark.parametrize(("flag", "left"), [("--ip6tables=false", "ipv6"), ("--iptables=false", "ipv4")])
def test_packets_of_one_version_may_be_left_alone(make_site: Callable[..., Site], flag: str, left: str) -> None:
    site = make_site(flag)
    site.container(site.network("both", EnableIPv6=True), ports={"80/tcp": [{"HostPort": "8080"}]}).serve()
    gateways = [pool["Gateway"] for pool in site.engine.get("/networks/both")["IPAM"]["Config"]]
    # what the kernel does not translate is relayed, and comes from the bridge's own address
    for host, other, gateway in zip((HOST4, HOST6), (OTHER4, OTHER6), gateways, strict=True):
        relayed = (":" in host) == (left == "ipv6")
        assert reaches(site.other, host, 8080) == (gateway if relayed else other)
    chain = site.on_host("nft list table inet " + site.on_host("nft list tables").split()[-1])
    assert chain.count(f"meta nfproto {left} return") == 5
    site.sweep()
