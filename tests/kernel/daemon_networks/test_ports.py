"""Published ports: who reaches them, by which address, and what becomes of them."""

import contextlib
import socket
import subprocess

import pytest

from tests.kernel.daemon.daemon_process import eventually
from tests.kernel.daemon_networks.site import HOST4, HOST6, OTHER4, OTHER6, SILENCE, Site, reaches, visit
from tests.kernel.places import run

ANY = {"80/tcp": [{"HostPort": ""}]}


def knows(kind: int, protocol: int) -> bool:
    try:
        socket.socket(socket.AF_INET, kind, protocol).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("kind", ["tcp", "udp", "sctp"])
def test_a_port_is_reached_from_everywhere(site: Site, kind: str) -> None:
    if kind == "sctp" and not knows(socket.SOCK_STREAM, 132):
        pytest.skip("the kernel has no SCTP")
    one = site.container(ports={f"80/{kind}": [{"HostPort": "8080"}]}).serve(80, kind)
    gateway = one.settings["Networks"]["bridge"]["Gateway"]
    assert reaches(site.other, HOST4, 8080, kind) == OTHER4  # the source is kept
    assert reaches(site.host, HOST4, 8080, kind) in (HOST4, gateway)
    assert reaches(site.host, "127.0.0.1", 8080, kind) == gateway
    assert reaches(one, HOST4, 8080, kind) == gateway  # itself
    assert reaches(site.container(), HOST4, 8080, kind) == gateway  # its neighbour
    assert reaches(site.container(site.network("far")), HOST4, 8080, kind)  # one on another network


def test_ipv6(site: Site) -> None:
    site.network("six", EnableIPv6=True)
    one = site.container("six", ports={"80/tcp": [{"HostPort": "8080"}]}).serve()
    gateway = one.settings["Networks"]["six"]["IPv6Gateway"]
    assert reaches(site.other, HOST6, 8080) == OTHER6
    assert reaches(site.other, HOST4, 8080) == OTHER4
    assert reaches(site.host, HOST6, 8080) in (HOST6, gateway)
    assert reaches(site.host, "::1", 8080) == gateway
    assert reaches(one, HOST6, 8080) == gateway
    assert one.visit(one.address(6)) == one.address(6)


def test_the_host_is_reached_by_its_address_of_a_link(site: Site) -> None:
    site.network("six", EnableIPv6=True)
    one = site.container("six", ports={"80/tcp": [{"HostPort": "8080"}]}).serve()
    gateway = one.settings["Networks"]["six"]["IPv6Gateway"]
    address = site.on_host("ip -6 -o addr show dev up0 scope link").split()[3].partition("/")[0]

    def ask() -> str:
        with contextlib.suppress(OSError), socket.create_connection((f"{address}%up0", 8080), SILENCE) as sock:
            sock.send(b"?")
            return sock.recv(100).decode()
        return ""

    # the kernel could not lead the answers back
    assert eventually(lambda: site.other.do(ask)) == gateway
    assert eventually(lambda: site.host.do(ask)) == gateway


def test_a_container_without_ipv4_is_not_published_by_it(site: Site) -> None:
    site.network("six", EnableIPv6=True, EnableIPv4=False)
    one = site.container("six", ports={"80/tcp": [{"HostPort": "8080"}], "81/tcp": [{"HostIp": "127.0.0.1"}]}).serve()
    assert one.settings["Ports"] == {"80/tcp": [{"HostIp": "::", "HostPort": "8080"}], "81/tcp": None}
    assert reaches(site.other, HOST6, 8080) == OTHER6
    with site.host.do(lambda: socket.create_server(("0.0.0.0", 8080))):
        pass


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_a_container_without_ipv6_is_reached_by_ipv6(site: Site, kind: str) -> None:
    one = site.container(name="old", ports={f"80/{kind}": [{"HostPort": "8080"}]}).serve(80, kind)
    gateway = one.settings["Networks"]["bridge"]["Gateway"]
    for place, host in ((site.host, "::1"), (site.host, HOST6), (site.other, HOST6)):
        assert reaches(place, host, 8080, kind) == gateway
    site.restart(lambda: reaches(site.other, HOST6, 8080, kind))
    assert reaches(site.other, HOST6, 8080, kind) == gateway
    far = site.network("far", Internal=False)
    site.engine.ok("POST", f"/networks/{far}/connect", {"Container": one.id})
    site.engine.ok("POST", "/networks/bridge/disconnect", {"Container": one.id})
    assert reaches(site.host, "::1", 8080, kind) == site.gateway(far)
    site.engine.ok("POST", f"/networks/{far}/disconnect", {"Container": one.id})
    assert site.host.do(lambda: visit("::1", 8080, kind)) == ""
    site.engine.ok("POST", f"/containers/{one.id}/restart?t=0")
    site.engine.ok("POST", f"/containers/{one.id}/stop?t=0")
    with site.host.do(lambda: socket.create_server(("::", 8080), family=socket.AF_INET6)):
        pass


def test_ports_are_reached_without_rules(site: Site) -> None:
    one = site.container(ports={"80/tcp": [{"HostPort": "8080"}], "80/udp": [{"HostPort": "8080"}]})
    one.serve(80).serve(80, "udp")
    run(f"ip netns exec {site.host.name} nft flush ruleset")
    for kind in ("tcp", "udp"):
        assert reaches(site.host, "127.0.0.1", 8080, kind) == site.gateway("bridge")
        assert reaches(site.other, HOST4, 8080, kind) == site.gateway("bridge")
    site.container()  # which makes the rules again
    assert reaches(site.other, HOST4, 8080) == OTHER4


def test_what_is_published_at_one_address_is_reached_there_alone(site: Site) -> None:
    ports = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}], "81/tcp": [{"HostIp": HOST4, "HostPort": "8081"}]}
    one = site.container(ports=ports).serve(80).serve(81)
    assert reaches(site.host, "127.0.0.1", 8080)
    assert reaches(site.other, HOST4, 8081) == OTHER4
    assert site.other.do(lambda: visit(HOST4, 8080)) == ""
    assert site.host.do(lambda: visit("127.0.0.1", 8081)) == ""
    # a neighbour on the link who sends packets for 127.0.0.1, or for the container itself
    run(f"ip -n {site.other.name} route add 127.0.0.5 via {HOST4} dev up0")
    assert site.other.do(lambda: visit("127.0.0.5", 8080)) == ""
    assert site.other.do(lambda: visit(one.address(), 80)) == ""
    assert site.other.do(lambda: visit(one.address(), 81)) == ""


def test_ranges_and_all_exposed_ports(site: Site) -> None:
    one = site.container(ports={"80/tcp": [{"HostPort": "8080-8082"}], "81/tcp": [{"HostPort": "8080-8082"}]})
    other = site.container(ports={"80/tcp": [{"HostPort": "8080-8082"}]})
    assert sorted((one.port("80/tcp"), one.port("81/tcp"), other.port())) == [8080, 8081, 8082]
    every = site.container(ports={"80/tcp": [], "81/udp": []}, PublishAllPorts=True).serve(80).serve(81, "udp")
    assert reaches(site.other, HOST4, every.port("80/tcp")) == OTHER4
    assert reaches(site.other, HOST4, every.port("81/udp"), "udp") == OTHER4


def test_a_port_is_one_containers_and_no_other_processes(site: Site) -> None:
    one = site.container(ports={"80/tcp": [{"HostPort": "8080"}]})
    with pytest.raises(OSError, match="in use"):
        site.host.do(lambda: _bind(8080))
    second = site.engine.create("sleep", "1000", host={"NetworkMode": "bridge",
                                                       "PortBindings": {"80/tcp": [{"HostPort": "8080"}]}})  # fmt: skip
    status, said = site.engine.call("POST", f"/containers/{second}/start")
    assert status == 500
    assert said["message"].endswith("Bind for 0.0.0.0:8080 failed: port is already allocated")
    site.engine.ok("POST", f"/containers/{one.id}/stop?t=0")
    site.engine.ok("POST", f"/containers/{second}/start")


def _bind(port: int) -> None:
    with socket.socket() as sock:
        sock.bind(("0.0.0.0", port))


def test_a_port_of_another_process_is_refused(site: Site) -> None:
    sock = site.host.do(lambda: socket.create_server(("0.0.0.0", 8080)))
    wanted = {"NetworkMode": "bridge", "PortBindings": {"80/tcp": [{"HostPort": "8080"}]}}
    identity = site.engine.create("sleep", "1000", host=wanted)
    with sock:
        status, said = site.engine.call("POST", f"/containers/{identity}/start")
    assert status == 500
    assert "failed to bind host port for 0.0.0.0:8080:" in said["message"]
    assert said["message"].endswith("/tcp: address already in use")
    site.engine.ok("POST", f"/containers/{identity}/start")


def test_ports_stay_over_restarts_of_containers_and_daemons(site: Site) -> None:
    one = site.container(ports=ANY).serve()
    port = one.port()
    site.restart()
    assert one.port() == port
    assert reaches(site.other, HOST4, port) == OTHER4
    with pytest.raises(OSError, match="in use"):
        site.host.do(lambda: _bind(port))
    taken = site.container(ports=ANY)
    assert taken.port() != port
    site.engine.ok("POST", f"/containers/{one.id}/restart?t=0")
    one.serve()
    assert reaches(site.other, HOST4, one.port()) == OTHER4
    site.engine.ok("POST", f"/containers/{one.id}/stop?t=0")
    assert site.host.do(lambda: _bind(port)) is None


def test_ports_are_shown_while_they_lead_somewhere(site: Site) -> None:
    inner = site.network("inner", Internal=True)
    ports = {"80/tcp": [{"HostPort": "8080"}]}
    assert site.container(inner, ports=ports).settings["Ports"] == {}
    assert site.container("none", ports=ports).settings["Ports"] == {}
    one = site.container(ports=ports).serve()
    assert one.port() == 8080
    site.engine.ok("POST", "/networks/bridge/disconnect", {"Container": one.id})
    assert one.settings["Ports"] == {}
    site.restart()
    assert one.settings["Ports"] == {}
    site.engine.ok("POST", "/networks/bridge/connect", {"Container": one.id})
    assert one.port() == 8080
    assert reaches(site.other, HOST4, 8080) == OTHER4


def test_ports_are_published_with_the_first_way_out(site: Site) -> None:
    inner, outer = site.network("inner", Internal=True), site.network("outer")
    # no other test has this port: what relays served leaves TIME_WAIT behind
    ports = {"80/tcp": [{"HostPort": "8089"}]}
    one, two = (site.container(inner, ports=ports).serve() for _ in range(2))
    site.engine.ok("POST", f"/networks/{outer}/connect", {"Container": one.id})
    assert one.port() == 8089
    assert reaches(site.other, HOST4, 8089) == OTHER4
    assert reaches(site.host, "::1", 8089) == site.gateway(outer)  # which the shim relays
    status, said = site.engine.call("POST", f"/networks/{outer}/connect", {"Container": two.id})
    assert status == 500
    assert said["message"].endswith("Bind for 0.0.0.0:8089 failed: port is already allocated")
    assert list(two.settings["Networks"]) == [inner]
    assert two.run("ls", "/sys/class/net") == "eth0\nlo\n"
    assert two.run("busybox", "ip", "route").count("default") == 0
    site.restart()
    assert one.port() == 8089
    assert reaches(site.other, HOST4, 8089) == OTHER4
    with pytest.raises(OSError, match="in use"):
        site.host.do(lambda: _bind(8089))
    site.engine.ok("DELETE", f"/containers/{one.id}?force=1")
    site.engine.ok("POST", f"/networks/{outer}/connect", {"Container": two.id})
    assert reaches(site.other, HOST4, 8089) == OTHER4
    site.engine.ok("POST", f"/containers/{two.id}/stop?t=0")
    assert site.host.do(lambda: _bind(8089)) is None


@pytest.mark.parametrize("running", [True, False])
def test_flushed_rules_are_made_again(site: Site, running: bool) -> None:
    one = site.container(ports=ANY).serve()
    icc = site.network("closed", Options={"com.docker.network.bridge.enable_icc": "false"})

    def flush() -> None:
        run(f"ip netns exec {site.host.name} nft flush ruleset")

    if running:
        flush()
        site.container()
    else:
        site.restart(flush)
    assert reaches(site.other, HOST4, one.port()) == OTHER4
    assert reaches(site.host, "127.0.0.1", one.port())
    first = site.container(icc).serve()
    assert site.container(icc).visit(first.address()) == ""
    flush()
    site.engine.ok("POST", f"/containers/{one.id}/stop?t=0")
    site.engine.ok("DELETE", f"/containers/{first.id}?force=1")
    listed = subprocess.run(["ip", "netns", "exec", site.host.name, "nft", "list", "ruleset"], capture_output=True)
    assert b"closed" in listed.stdout or b"bridges" in listed.stdout
