"""Names in containers: the resolver over deaths and changes, and the files that users may edit."""

import os
import signal
from pathlib import Path

from tests.kernel.daemon import leftovers
from tests.kernel.daemon.daemon_process import eventually
from tests.kernel.daemon_networks.site import Container, Site


def find(container: Container, name: str) -> str:
    """What a look-up prints."""
    return container.run("nslookup", "-type=a", name)


def kill_resolver(site: Site) -> None:
    resolvers = [pid for pid, name in leftovers.processes(site.engine).items() if name == "pydock-dns"]
    for pid in resolvers:
        os.kill(pid, signal.SIGKILL)
    assert resolvers


def test_names_outlive_the_resolver_and_the_daemon(site: Site) -> None:
    site.network("front")
    one = site.container("front", name="one")
    kill_resolver(site)
    two = site.container("front", name="two")
    for asking, name, found in ((one, "two", two), (two, "one", one)):
        assert found.address() in find(asking, name)
    site.host.do(site.engine.kill)
    kill_resolver(site)
    site.host.do(site.engine.start)
    assert two.address() in find(one, "two")
    assert one.address() in find(two, "one")


def test_names_follow_changes(site: Site) -> None:
    for name in ("front", "back"):
        site.network(name)
    one, two = site.container("front", name="one"), site.container("back", name="two")
    assert "NXDOMAIN" in find(two, "one") or "can't find" in find(two, "one")
    wanted = {"Container": one.id, "EndpointConfig": {"Aliases": ["uno"]}}
    site.engine.ok("POST", "/networks/back/connect", wanted)
    for name in ("one", "uno", "one.back", "UNO", one.id[:12]):
        assert one.address(4, "back") in find(two, name)
    site.engine.ok("POST", f"/containers/{one.id}/rename?name=first")
    assert one.address(4, "back") in find(two, "first")
    assert one.address(4, "back") not in find(two, "one")
    site.engine.ok("POST", "/networks/back/disconnect", {"Container": one.id})
    assert "Address: 198" not in find(two, "first").partition("Name:")[2]


def test_a_container_without_names_gets_them_with_its_first_network_of_its_own(site: Site) -> None:
    site.network("front")
    one, two = site.container("bridge", name="one"), site.container("front", name="two")
    assert "127.0.0.11" not in one.run("cat", "/etc/resolv.conf")
    site.engine.ok("POST", "/networks/front/connect", {"Container": one.id})
    assert "nameserver 127.0.0.11" in one.run("cat", "/etc/resolv.conf")
    assert two.address() in find(one, "two")
    assert one.address(4, "front") in find(two, "one")


def test_who_is_linked_to_is_known_by_its_hostname_too(site: Site) -> None:
    linked = site.engine.run("sleep", "1000", name="linked", host={"NetworkMode": "bridge"}, Hostname="fred")
    asking = site.container("bridge", Links=["linked:alias"])
    assert f"{Container(site, linked).address()}\talias fred linked\n" in asking.run("cat", "/etc/hosts")


def test_what_a_user_wrote_into_the_files_stays(site: Site) -> None:
    site.network("front")
    one = site.container("front")
    one.run("sh", "-c", "echo 192.0.2.9 mine >> /etc/hosts; echo nameserver 192.0.2.9 > /etc/resolv.conf")
    site.engine.ok("POST", "/networks/bridge/connect", {"Container": one.id})
    hosts = one.run("cat", "/etc/hosts")
    assert "192.0.2.9 mine\n" in hosts
    assert f"{one.address(4, 'bridge')}\t{one.id[:12]}\n" in hosts
    site.engine.ok("POST", f"/containers/{one.id}/restart?t=0")
    hosts = one.run("cat", "/etc/hosts")
    assert "192.0.2.9 mine\n" in hosts
    for network in ("front", "bridge"):
        assert hosts.count(f"{one.address(4, network)}\t{one.id[:12]}\n") == 1
    assert one.run("cat", "/etc/resolv.conf") == "nameserver 192.0.2.9\n"
    assert Path(site.engine.get(f"/containers/{one.id}/json")["HostsPath"]).read_text() == hosts


def test_many_containers_have_one_name(site: Site) -> None:
    site.network("front")
    endpoint = {"front": {"Aliases": ["web"]}}
    identities = []
    for _ in range(3):
        body = {
            "Image": "box",
            "Cmd": ["sleep", "1000"],
            "HostConfig": {"NetworkMode": "front"},
            "NetworkingConfig": {"EndpointsConfig": endpoint},
        }
        identities.append(site.engine.ok("POST", "/containers/create", body)["Id"])
        site.engine.ok("POST", f"/containers/{identities[-1]}/start")
    many = [Container(site, identity) for identity in identities]
    assert all(one.address() in find(many[0], "web") for one in many)
    site.engine.ok("POST", f"/containers/{many[2].id}/kill")
    gone = many[2].id
    eventually(lambda: site.engine.status(gone) == "exited")
    assert find(many[0], "web").count("Address") == 3  # the resolver's own, and two
