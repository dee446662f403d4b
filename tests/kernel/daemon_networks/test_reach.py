"""Which containers and hosts reach each other, by the kinds of networks; by which addresses and ways."""

import socket
import time
from pathlib import Path

import pytest

from tests.kernel.daemon_networks.site import HOST4, OTHER4, OTHER6, Container, Site, answer, reaches, visit
from tests.kernel.places import run

BRIDGE = "com.docker.network.bridge."


@pytest.fixture
def far(site: Site) -> Site:
    """The site with a server on the other host, at port 90."""
    sock = site.other.do(lambda: socket.create_server(("::", 90), family=socket.AF_INET6, dualstack_ipv6=True))
    answer(sock, site.servers)
    return site


def test_bridges_are_apart(site: Site) -> None:
    one = site.container("bridge").serve()
    near, far = site.container("bridge"), site.container(site.network("far"))
    assert reaches(near, one.address(), 80) == near.address()
    assert far.visit(one.address()) == ""
    assert site.other.do(lambda: visit(one.address(), 80)) == ""
    assert reaches(site.host, one.address(), 80)


def test_who_gets_what_another_container_had_is_reached_at_once(site: Site) -> None:
    network = site.network("near", EnableIPv6=True)
    near = site.container(network)
    seen = set()
    for _ in range(3):
        one = site.container(network).serve()
        assert reaches(near, one.address(), 80) == near.address()
        assert reaches(near, one.address(6), 80) == near.address(6)
        assert reaches(site.host, one.address(), 80)
        seen.add((one.address(), one.address(6), one.run("cat", "/sys/class/net/eth0/address")))
        site.engine.ok("DELETE", f"/containers/{one.id}?force=1")
    assert len(seen) == 1  # neighbours, who remember the last, reach the next


def test_neighbours_hear_of_another_hardware_address(site: Site) -> None:
    network = site.network("near", EnableIPv6=True, IPAM={"Config": [{"Subnet": "198.18.30.0/24"}]})
    near = site.container(network)
    for mac in ("02:42:ac:11:00:01", "", "02:42:ac:11:00:02"):
        endpoint = {"IPAMConfig": {"IPv4Address": "198.18.30.9"}, "MacAddress": mac}
        body = {"Image": "box", "Cmd": ["sleep", "1000"], "HostConfig": {"NetworkMode": network}}
        body["NetworkingConfig"] = {"EndpointsConfig": {network: endpoint}}
        one = Container(site, site.engine.ok("POST", "/containers/create", body)["Id"])
        site.engine.ok("POST", f"/containers/{one.id}/start")
        one.serve()
        for address in (one.address(), one.address(6)):
            known = near.run("busybox", "ip", "neigh", "show", address)
            assert "lladdr" not in known or one.settings["Networks"][network]["MacAddress"] in known
        assert reaches(near, one.address(), 80) == near.address()
        assert reaches(near, one.address(6), 80) == near.address(6)
        time.sleep(1.1)  # the kernel believes nobody who takes a word back within a second (locktime)
        site.engine.ok("DELETE", f"/containers/{one.id}?force=1")


def test_a_container_neither_reaches_nor_forges_the_hosts_loopback(site: Site) -> None:
    one = site.container()
    gateway = site.gateway("bridge")
    answer(site.host.do(lambda: socket.create_server(("", 90))), site.servers)
    assert reaches(site.host, "127.0.0.9", 90)
    assert reaches(one, gateway, 90)
    one.inside(lambda: Path("/proc/sys/net/ipv4/conf/eth0/route_localnet").write_text("1"))
    one.as_root("ip route flush table local 127.0.0.0/8")
    one.as_root(f"ip route add 127.0.0.9 via {gateway}")
    assert one.visit("127.0.0.9", 90) == ""
    one.as_root("ip addr add 127.0.0.10/32 dev eth0")
    one.as_root(f"ip route replace {gateway} dev eth0 src 127.0.0.10")
    run(f"ip -n {site.host.name} route add 127.0.0.10 table local dev {site.engine.bridge}")
    try:
        assert one.visit(gateway, 90) == ""
    finally:
        run(f"ip -n {site.host.name} route del 127.0.0.10 table local dev {site.engine.bridge}")


def test_containers_without_communication(site: Site) -> None:
    site.network("closed", Options={BRIDGE + "enable_icc": "false"}, EnableIPv6=True)
    one = site.container("closed", ports={"80/tcp": [{"HostPort": "8080"}]}).serve()
    two = site.container("closed").serve()
    for version in (4, 6):
        assert one.visit(two.address(version)) == ""
    assert two.visit(one.address()) == ""
    assert reaches(site.other, HOST4, 8080) == OTHER4
    assert reaches(site.host, two.address(), 80)


def test_an_internal_network(far: Site) -> None:
    far.network("inner", Internal=True, EnableIPv6=True)
    one = far.container("inner", name="one", ports={"80/tcp": [{"HostPort": "8080"}]}).serve()
    two = far.container("inner")
    assert reaches(two, one.address(), 80) == two.address()
    assert one.address() in two.run("nslookup", "-type=a", "one")
    assert one.visit(OTHER4, 90) == ""
    assert one.run("busybox", "ip", "route").count("default") == 0
    run(f"ip -n {far.other.name} route replace {one.address()} via {HOST4}")
    assert far.other.do(lambda: visit(one.address(), 80)) == ""
    # one that names the bridge as its gateway gets out no more
    one.as_root(f"ip route add default via {far.gateway('inner')}")
    assert one.visit(OTHER4, 90) == ""


def test_masquerade(far: Site) -> None:
    far.network("plain", Options={BRIDGE + "enable_ip_masquerade": "false"})
    plain, usual = far.container("plain"), far.container("bridge")
    assert reaches(usual, OTHER4, 90) == HOST4
    assert reaches(plain, OTHER4, 90) == plain.address()  # the way back is the other host's default route


def test_the_address_that_a_network_goes_out_by(far: Site) -> None:
    run(f"ip -n {far.host.name} addr add 198.18.20.9/24 dev up0")
    try:
        one = far.container(far.network("named", Options={"com.docker.network.host_ipv4": "198.18.20.9"}))
        assert reaches(one, OTHER4, 90) == "198.18.20.9"
    finally:
        run(f"ip -n {far.host.name} addr del 198.18.20.9/24 dev up0")


def test_routed_networks(far: Site) -> None:
    options = {BRIDGE + f"gateway_mode_ipv{version}": "routed" for version in (4, 6)}
    far.network("routed", Options=options, EnableIPv6=True)
    one = far.container("routed", ports={"80/tcp": [{}], "81/tcp": []}).serve(80).serve(81)  # 81 is exposed only
    assert reaches(far.other, one.address(), 80) == OTHER4
    assert reaches(far.other, one.address(6), 80) == OTHER6
    assert far.other.do(lambda: visit(one.address(), 81)) == ""
    assert reaches(one, OTHER4, 90) == one.address()
    assert reaches(one, OTHER6, 90) == one.address(6)
    assert one.settings["Ports"]["80/tcp"] == [{"HostIp": host, "HostPort": ""} for host in ("0.0.0.0", "::")]
    far.restart()
    assert reaches(far.other, one.address(), 80) == OTHER4
    assert far.other.do(lambda: visit(one.address(), 81)) == ""


def test_ports_follow_the_way_out_between_routed_and_translated_networks(far: Site) -> None:
    for name in ("first", "second"):
        far.network(name, Options={BRIDGE + "gateway_mode_ipv4": "routed"})
    nat = far.network("translated")
    one = far.container("first", ports={"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]}).serve()
    first = one.address()
    assert reaches(far.other, first, 80) == OTHER4
    far.engine.ok("POST", "/networks/second/connect", {"Container": one.id, "EndpointConfig": {"GwPriority": 5}})
    assert reaches(far.other, one.address(4, "second"), 80) == OTHER4
    far.engine.ok("POST", "/networks/first/disconnect", {"Container": one.id})
    two = far.container("first").serve()
    assert two.address() == first
    assert far.other.do(lambda: visit(first, 80)) == ""  # that was another's
    far.engine.ok("POST", f"/networks/{nat}/connect", {"Container": one.id, "EndpointConfig": {"GwPriority": 9}})
    assert reaches(far.other, HOST4, 8080) == OTHER4
    assert far.other.do(lambda: visit(one.address(4, "second"), 80)) == ""


def test_unprotected_networks(far: Site) -> None:
    far.network("bare", Options={BRIDGE + "gateway_mode_ipv4": "nat-unprotected"})
    one = far.container("bare", ports={"80/tcp": [{"HostPort": "8080"}]}).serve(80).serve(81)
    assert reaches(far.other, HOST4, 8080) == OTHER4
    assert reaches(far.other, one.address(), 81) == OTHER4
    assert reaches(one, OTHER4, 90) == HOST4


def test_an_isolated_network_has_no_address_on_the_host(site: Site) -> None:
    site.network(
        "alone", Internal=True, Options={BRIDGE + "gateway_mode_ipv4": "isolated", BRIDGE + "name": "pdtalone"}
    )
    one = site.container("alone").serve()
    assert reaches(site.container("alone"), one.address(), 80)
    assert site.host.do(lambda: visit(one.address(), 80)) == ""


def test_the_way_out_follows_the_priority(far: Site) -> None:
    for name in ("first", "second"):
        far.network(name, Options={BRIDGE + "enable_ip_masquerade": "false"})
    one = far.container("first", ports={"80/tcp": [{"HostPort": "8080"}]}).serve()
    assert reaches(one, OTHER4, 90) == one.address(4, "first")
    wanted = {"Container": one.id, "EndpointConfig": {"GwPriority": 5}}
    far.engine.ok("POST", "/networks/second/connect", wanted)
    assert reaches(one, OTHER4, 90) == one.address(4, "second")
    assert reaches(far.other, HOST4, 8080) == OTHER4
    far.engine.ok("POST", "/networks/second/disconnect", {"Container": one.id})
    assert reaches(one, OTHER4, 90) == one.address(4, "first")
    assert reaches(far.other, HOST4, 8080) == OTHER4
    far.engine.ok("POST", "/networks/first/disconnect", {"Container": one.id})
    assert far.other.do(lambda: visit(HOST4, 8080)) == ""
    assert one.run("ls", "/sys/class/net") == "lo\n"


def test_a_bridge_of_the_users_own(site: Site) -> None:
    run(f"ip -n {site.host.name} link add pdtown type bridge")
    try:
        site.network("own", Options={BRIDGE + "name": "pdtown"})
        site.container("own", ports={"80/tcp": [{"HostPort": "8080"}]}).serve()
        assert reaches(site.other, HOST4, 8080) == OTHER4
        site.sweep()
        run(f"ip -n {site.host.name} link show pdtown")
    finally:
        run(f"ip -n {site.host.name} link del pdtown")


def test_names_and_units_of_interfaces(site: Site) -> None:
    options = {"com.docker.network.driver.mtu": "1400", "com.docker.network.container_iface_prefix": "net"}
    site.network("odd", Options={**options, BRIDGE + "name": "pdtodd"})
    one = site.container("odd")
    assert one.run("ls", "/sys/class/net") == "lo\nnet0\n"
    assert one.run("cat", "/sys/class/net/net0/mtu") == "1400\n"
    assert one.run("cat", "/sys/class/net/net0/tx_queue_len") == "0\n"
    assert "mtu 1400" in site.on_host("ip link show pdtodd")


def test_subnets_that_the_host_routes_are_not_chosen(site: Site) -> None:
    run(f"ip -n {site.host.name} route add 198.19.192.0/24 via {OTHER4}")
    try:
        site.network("chosen")
        subnet = site.engine.get("/networks/chosen")["IPAM"]["Config"][0]["Subnet"]
        assert subnet == "198.19.193.0/26"
    finally:
        run(f"ip -n {site.host.name} route del 198.19.192.0/24")


def test_one_containers_network_for_another(site: Site) -> None:
    one = site.container(name="owner", ports={"80/tcp": [{"HostPort": "8080"}]})
    two = site.container("container:owner").serve()
    assert reaches(site.other, HOST4, 8080) == OTHER4
    assert two.run("busybox", "hostname") == two.run("cat", "/etc/hostname") == one.run("busybox", "hostname")
    assert two.settings["Networks"] == {}


def test_the_hosts_network(site: Site) -> None:
    site.container("host").serve(8085)
    assert reaches(site.other, HOST4, 8085) == OTHER4
    site.container("host", name="owner")
    site.container("container:owner").serve(8086)
    assert reaches(site.other, HOST4, 8086) == OTHER4
    alone = site.container("none")
    assert alone.run("ls", "/sys/class/net") == "lo\n"
    assert alone.run("busybox", "ip", "route") == ""


def test_interfaces_that_others_put_into_a_container_without_network_may_have_ipv6(site: Site) -> None:
    assert site.container("none").run("cat", "/proc/sys/net/ipv6/conf/default/disable_ipv6") == "0\n"
    assert site.container("bridge").run("cat", "/proc/sys/net/ipv6/conf/eth0/disable_ipv6") == "1\n"
