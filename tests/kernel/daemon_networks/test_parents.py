"""Networks on an interface of the host: macvlan and ipvlan, where the kernel has them."""

import os
import socket
import subprocess

import pytest

from tests.kernel.daemon_networks.site import HOST4, OTHER4, Site, answer, reaches, visit
from tests.kernel.places import run

SUBNET = {"Config": [{"Subnet": "198.18.20.0/24", "IPRange": "198.18.20.64/28", "Gateway": OTHER4}]}


def wants(site: Site, kind: str) -> None:
    """Skip the test where the kernel does not have this kind of links."""
    name = f"pdt{os.getpid()}k"
    how = {"dummy": "type dummy", "vlan": "link up0 type vlan id 9"}.get(kind, f"link up0 type {kind}")
    command = f"ip -n {site.host.name} link add name {name} {how}"
    if subprocess.run(command.split(), capture_output=True).returncode:
        pytest.skip(f"the kernel has no {kind}")
    run(f"ip -n {site.host.name} link del {name}")


@pytest.fixture
def far(site: Site) -> Site:
    """The site with a server on the other host, at port 90."""
    answer(site.other.do(lambda: socket.create_server(("", 90))), site.servers)
    return site


@pytest.mark.parametrize(
    ("driver", "options"),
    [
        ("macvlan", {}),
        ("macvlan", {"macvlan_mode": "private"}),
        ("ipvlan", {}),
        ("ipvlan", {"ipvlan_mode": "l2", "ipvlan_flag": "private"}),
    ],
)
def test_containers_beside_the_host_on_its_link(far: Site, driver: str, options: dict[str, str]) -> None:
    wants(far, driver)
    far.network("flat", Driver=driver, Options={"parent": "up0", **options}, IPAM=SUBNET)
    one = far.container("flat", name="one", ports={"80/tcp": [{"HostPort": "8080"}]}).serve()
    two = far.container("flat", name="two")
    assert one.address().startswith("198.18.20.")
    assert reaches(one, OTHER4, 90) == one.address()  # as it is, by the link itself
    assert reaches(far.other, one.address(), 80) == OTHER4
    assert far.host.do(lambda: visit(one.address(), 80)) == ""
    assert far.other.do(lambda: visit(HOST4, 8080)) == ""  # nothing is published there
    among = reaches if "private" not in options.values() else lambda *args: two.visit(*args[1:])
    assert among(two, one.address(), 80) == ("" if "private" in options.values() else two.address())
    assert one.address() in two.run("nslookup", "-type=a", "one")
    assert two.run("busybox", "ip", "route").startswith(f"default via {OTHER4} dev eth0")
    far.restart()
    assert reaches(far.other, one.address(), 80) == OTHER4
    far.engine.ok("POST", "/networks/flat/disconnect", {"Container": one.id})
    assert one.run("ls", "/sys/class/net") == "lo\n"
    far.engine.ok("POST", "/networks/flat/connect", {"Container": one.id})
    assert reaches(far.other, one.address(), 80) == OTHER4


def test_a_container_in_the_place_of_its_host_on_the_link(far: Site) -> None:
    wants(far, "macvlan")
    far.network("whole", Driver="macvlan", Options={"parent": "up0", "macvlan_mode": "passthru"}, IPAM=SUBNET)
    one = far.container("whole").serve()
    assert reaches(one, OTHER4, 90) == one.address()
    assert reaches(far.other, one.address(), 80) == OTHER4
    identity = far.engine.create("sleep", "1000", host={"NetworkMode": "whole"})
    status, said = far.engine.call("POST", f"/containers/{identity}/start")  # there is room for one
    assert status == 500
    assert "failed to add interface" in said["message"]


@pytest.mark.parametrize("mode", ["l3", "l3s"])
def test_ipvlan_that_routes(far: Site, mode: str) -> None:
    wants(far, "ipvlan")
    options = {"parent": "up0", "ipvlan_mode": mode}
    far.network("one", Driver="ipvlan", Options=options, IPAM={"Config": [{"Subnet": "198.18.21.0/24"}]})
    one = far.container("one").serve()
    run(f"ip -n {far.other.name} route add 198.18.21.0/24 via {HOST4}")  # such interfaces answer no ARP
    try:
        assert one.run("busybox", "ip", "route").startswith("default dev eth0")
        assert reaches(one, OTHER4, 90) == one.address()
        assert reaches(far.other, one.address(), 80) == OTHER4
    finally:
        run(f"ip -n {far.other.name} route del 198.18.21.0/24")


@pytest.mark.parametrize("driver", ["macvlan", "ipvlan"])
def test_a_vlan_is_made_for_its_networks(far: Site, driver: str) -> None:
    wants(far, driver)
    wants(far, "vlan")
    far.network("tagged", Driver=driver, Options={"parent": "up0.42"}, IPAM={"Config": [{"Subnet": "198.18.22.0/24"}]})
    run(f"ip -n {far.other.name} link add link up0 name up0.42 type vlan id 42")
    run(f"ip -n {far.other.name} addr add 198.18.22.200/24 dev up0.42")
    run(f"ip -n {far.other.name} link set up0.42 up")
    try:
        one = far.container("tagged").serve()
        assert reaches(far.other, one.address(), 80) == "198.18.22.200"
        far.restart()
        assert reaches(far.other, one.address(), 80) == "198.18.22.200"
    finally:
        run(f"ip -n {far.other.name} link del up0.42")
    far.sweep()
    assert "up0.42" not in far.on_host("ip link")


@pytest.mark.parametrize("internal", [True, False])
@pytest.mark.parametrize("driver", ["macvlan", "ipvlan"])
def test_a_network_of_containers_alone(far: Site, driver: str, internal: bool) -> None:
    wants(far, driver)
    wants(far, "dummy")
    far.network("alone", Driver=driver, Internal=internal)
    one, two = far.container("alone").serve(), far.container("alone")
    assert reaches(two, one.address(), 80) == two.address()
    assert ("default" in two.run("busybox", "ip", "route")) is not internal
    links = far.on_host("ip link")
    assert "dm-" in links
    far.sweep()
    assert "dm-" not in far.on_host("ip link")
