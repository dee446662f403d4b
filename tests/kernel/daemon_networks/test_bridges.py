"""Bridges with options that change how they are made, and an engine that has none for its default network."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.kernel.daemon_networks.site import Site

BRIDGE = "com.docker.network.bridge."


@pytest.fixture
def make_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Site]]:
    """Makes a site with flags for its engine."""
    with ExitStack() as stack:
        yield lambda *flags: Site(tmp_path_factory.mktemp("site"), stack, "y", *flags)


def test_options_of_bridges(make_site: Callable[..., Site]) -> None:
    mtu = "com.docker.network.driver.mtu"
    site = make_site("--default-network-opt", f"bridge={mtu}=1234")
    # too small a MTU for IPv6
    site.network("small")
    assert site.container("small").run("cat", "/sys/class/net/eth0/mtu") == "1234\n"
    # the defaults are not for what another network configures
    site.network("configuration", ConfigOnly=True, Options={mtu: "1233"})
    site.network("configured", ConfigFrom={"Network": "configuration"})
    assert site.container("configured").run("cat", "/sys/class/net/eth0/mtu") == "1233\n"
    # the host has no address on an isolated bridge, and no gateway takes one
    modes = {mtu: "1500", **{f"{BRIDGE}gateway_mode_ipv{version}": "isolated" for version in (4, 6)}}
    site.network("isolated", Internal=True, EnableIPv6=True, Options={**modes, BRIDGE + "name": "isolated0"})
    assert "inet" not in site.on_host("ip addr show dev isolated0")
    pair = {"Config": [{"Subnet": "198.19.180.0/31"}]}
    site.network("pair", Internal=True, IPAM=pair, Options={BRIDGE + "inhibit_ipv4": "true"})
    assert {site.container("pair").address() for _ in "ab"} == {"198.19.180.0", "198.19.180.1"}
    site.sweep()


def test_ipv4_cannot_be_switched_off_by_older_clients(make_site: Callable[..., Site]) -> None:
    site = make_site()
    for version, name, on in (("1.47", "older", True), ("1.48", "newer", False)):
        wanted = {"Name": name, "EnableIPv4": False, "EnableIPv6": True}
        site.engine.ok("POST", f"/v{version}/networks/create", wanted)
        assert site.engine.get(f"/networks/{name}")["EnableIPv4"] is on
    site.sweep()


def test_a_container_without_ipv6_gets_no_address_of_it(make_site: Callable[..., Site]) -> None:
    site = make_site()
    one, other = (site.network(name, EnableIPv6=True) for name in ("one", "other"))
    without = site.container(one, name="without", Sysctls={"net.ipv6.conf.all.disable_ipv6": "1"})
    site.engine.ok("POST", f"/networks/{other}/connect", {"Container": without.id})
    for network in (one, other):
        assert without.address(4, network)
        assert without.address(6, network) == ""
    assert "::" not in without.run("cat", "/etc/hosts")
    assert "::" not in site.container(one).run("nslookup", "-type=aaaa", "without")
    site.sweep()


def test_a_name_may_be_anothers_id(make_site: Callable[..., Site]) -> None:
    site = make_site("--bridge", "none")
    first = site.engine.ok("POST", "/networks/create", {"Name": "first"})["Id"]
    other = site.engine.ok("POST", "/networks/create", {"Name": first})["Id"]
    site.engine.ok("DELETE", f"/networks/{first}")
    assert site.engine.get("/networks/" + first)["Id"] == other
    # without a default network containers run all the same
    one = site.container("default")
    assert one.run("ls", "/sys/class/net") == "lo\n"
    assert one.address(network="bridge") == ""
    site.sweep()
