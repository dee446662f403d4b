"""Networks on pydock and on a real Docker Engine: the same requests, the same answers."""

import os
import re
import shlex
import time
from typing import Any

import pytest

from tests.clients import network_cases
from tests.clients.engines import Engine, Outcome, Pair

#: subnets that no other test uses, nor anybody else on a shared engine
NET = f"10.{100 + os.getpid() % 100}"
SIX = f"fd00:{os.getpid() % 0xFFFF:x}"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT")
#: a subnet of the engine's own choice, or an address in one
_CHOSEN = re.compile(
    r"(?<![0-9.])(10\.(?!1\d\d\.)|172\.|192\.168\.|198\.19\.)[0-9.]+(/\d+)?|\bfd(?!00:)[0-9a-f]{2}:[0-9a-f:]+(/\d+)?"
)


@pytest.fixture(scope="module")
def pair(pydock_engine: Engine, docker_engine: Engine) -> Pair:
    """Both engines."""
    return Pair(pydock_engine, docker_engine)


def cases(themes: dict[str, str]) -> list[Any]:
    return [pytest.param(lines.strip().splitlines(), id=theme) for theme, lines in themes.items()]


def words(line: str) -> list[str]:
    line = line.replace("NET.", f"{NET}.").replace("SIX:", f"{SIX}:")
    return shlex.split(line.replace("ENDPOINT.", "driver-opt=com.docker.network.endpoint."))


def settled(value: Any) -> Any:
    """Without the addresses that an engine chose, which tell the engines apart."""
    if isinstance(value, str):
        return value if _TIME.match(value) else _CHOSEN.sub("<chosen>", value)
    if isinstance(value, dict):
        return {key: settled(one) for key, one in value.items()}
    if isinstance(value, Outcome):
        return settled(value.__dict__)
    return [settled(one) for one in value] if isinstance(value, (list, tuple)) else value


def anonymous(outcome: Outcome) -> Outcome:
    """Without the random name of a container that was not given one."""
    return Outcome(outcome.code, outcome.out, re.sub(r"(on endpoint )\w+", r"\1<name>", outcome.err))


@pytest.mark.parametrize("lines", cases(network_cases.CREATE))
def test_create(pair: Pair, lines: list[str]) -> None:
    def scene(on: Engine) -> Any:
        seen = []
        for line in lines:
            made = on.run(["network", "create", *words(line)])
            shown = on.api("GET", "/networks/@n") if made.code == 0 else None
            seen.append((line, settled(made), settled(shown.value) if shown else None))
            if made.code == 0:
                on.ok("network rm @n")
        return seen

    pair.compare(scene)


@pytest.mark.parametrize("lines", cases(network_cases.RUN))
def test_run(pair: Pair, lines: list[str]) -> None:
    def scene(on: Engine) -> Any:
        on.ok(words("network create --subnet NET.10.0/24 --ip-range NET.10.64/26 --aux-address r=NET.10.65 @s"))
        on.ok("network create @a")
        on.ok(words("network create --ipv6 --subnet NET.11.0/24 --subnet SIX:6::/64 @six"))
        return [(line, settled(anonymous(on.run(["run", "--rm", *words(line)])))) for line in lines]

    pair.compare(scene)


def test_list_and_look_up(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("network create --label a=1 --label b @one")
        on.ok("network create --label a=2 --internal @two")
        seen: list[Any] = [
            on.run(f"network ls --no-trunc {flags} --filter name={on.own('')} --format '{{{{.Name}}}} {{{{.Driver}}}}'")
            for flags in (
                "", "--filter label=a", "--filter label=a=1", "--filter label=a=1 --filter label=b",
                "--filter driver=bridge", "--filter driver=nope", "--filter type=custom", "--filter type=builtin",
                "--filter scope=local", "--filter scope=swarm", "--filter dangling=true", "--filter dangling=false",
                "--filter dangling=x", "--filter type=x", "--filter nope=x", "--filter id=zz", "-q",
            )
        ]  # fmt: skip
        form = "{{.ID}}|{{.Name}}|{{.Driver}}|{{.Scope}}|{{.IPv6}}|{{.Internal}}|{{.Labels}}"
        seen.append(on.run(["network", "ls", "--filter", f"name={on.own('two')}", "--format", form]))
        seen.append(on.run("network inspect @one @none -f '{{.Name}} {{.Driver}}'"))
        seen.append(on.run("network inspect @none"))
        seen.append(on.run("network inspect -f '{{.Nope}}' @one"))
        seen.append(on.api("GET", "/networks/@one?scope=local").status)
        seen.append(on.api("GET", "/networks/@one?scope=swarm"))
        seen.append(on.api("GET", "/networks/@one?verbose=x"))
        seen.append(on.api("GET", "/networks/bridge").value["Name"])
        seen.append(on.api("GET", "/networks/host").value["Options"])
        return seen

    pair.compare(scene)


def test_removal_and_prune(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        for name in ("a", "b", "c"):
            on.ok(f"network create --label mine={on.own('')} @{name}")
        on.ok("run -d --name @run --network @a @box sleep 100")
        on.ok("run -d --name @more --network @b @box sleep 100")
        label = f"label=mine={on.own('')}"
        seen: list[Any] = [
            on.run("network rm @a"),
            on.run("network rm -f @a"),
            on.run("network rm host"),
            on.run("network rm @none"),
            on.run("network rm -f @none"),
            on.run("network rm @none @c @a"),
            on.run(["network", "prune", "-f", "--filter", label]),
            on.api("POST", "/networks/prune", filters={"nope": ["x"]}),
            on.api("POST", "/networks/prune", filters={"until": ["x"]}),
        ]
        on.ok("rm -f @run @more")
        pruned = on.ok(["network", "prune", "-f", "--filter", label, "--filter", "label!=nope"])
        seen.append(sorted(pruned.splitlines()))  # Docker has no order
        seen.append(on.run(["network", "prune", "-f", "--filter", label]))
        return seen

    pair.compare(scene)


def test_connect_and_disconnect(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok(words("network create --subnet NET.12.0/24 @s"))
        on.ok("network create @a")
        on.ok("run -d --name @run --network @a @box sleep 100")
        on.ok("create --name @made --network @a @box true")
        on.ok("run -d --name @host --network host @box sleep 100")
        on.ok("run -d --name @none --network none @box sleep 100")
        on.ok("run -d --name @shared --network container:@run @box sleep 100")
        lines = network_cases.CONNECT.strip().splitlines()
        seen: list[Any] = [(line, settled(on.run(["network", *words(line)]))) for line in lines]
        shown = [on.inspect("container", name)["NetworkSettings"]["Networks"] for name in ("run", "made", "none")]
        seen += settled(shown)
        return _without_macs(seen)

    pair.compare(scene)


def test_links(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("network create @a")
        for name, mode in (("user", "@a"), ("host", "host"), ("none", "none"), ("default", "bridge")):
            on.ok(f"run -d --name @{name} --network {mode} @box sleep 100")
        on.ok("create --name @idle @box true")
        seen = []
        for network in ("bridge", "@a", "none", "host"):
            for name in ("user", "host", "none", "default", "idle", "nope"):
                line = f"run --rm --name @c --network {network} --link @{name}:x @box grep -c x /etc/hosts"
                seen.append((line, on.run(line)))
        return seen

    pair.compare(scene)


def test_leaving_a_network_that_is_not_there(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        for name in ("a", "b", "gone"):
            on.ok(f"network create @{name}")
        on.ok("run -d --name @run --network @a @box sleep 100")
        on.ok("create --name @made --network @gone @box true")
        on.ok("network rm @gone")
        seen: list[Any] = [on.run("start @made")]
        for container in ("run", "made"):
            for network in ("b", "gone", "nope"):
                for force in (False, True):
                    body = {"Container": f"@{container}", "Force": force}
                    seen.append((body, on.api("POST", f"/networks/@{network}/disconnect", body)))
        seen.append(on.run("start -a @made"))
        on.ok("network create @gone")
        on.ok("create --name @again --network @gone @box true")
        on.ok("network rm @gone")
        on.ok("network create @gone")
        seen.append(on.run("start -a @again"))
        return seen

    pair.compare(scene)


def test_what_a_container_shows(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        first = "name=@six,alias=x,ip=NET.13.9,mac-address=02:42:ac:11:00:77"
        on.ok(words("network create --ipv6 --subnet NET.13.0/24 --subnet SIX:8::/64 @six"))
        on.ok("network create @a")
        flags = "-p 127.0.0.1::80 -p 81/udp --expose 82 --hostname foo --network @a"
        on.ok(words(f"create --name @c {flags} --network {first} @box sleep 100"))
        seen = []
        for step in (
            "",
            "start @c",
            "network disconnect @six @c",
            "network connect --ip6 SIX:8::7 @six @c",
            "rename @c @d",
            "stop -t0 @d",
        ):
            if step:
                on.ok(words(step))
            name = "d" if "@d" in step else "c"
            shown = on.inspect("container", name)["NetworkSettings"]
            shown["Ports"] = {port: bool(bound) for port, bound in shown["Ports"].items()}
            del shown["SandboxKey"]
            seen.append((step, settled(shown)))
            network = on.api("GET", "/networks/@six").value["Containers"]
            seen.append((step, settled(list(network.values()))))
        return _without_macs(seen)

    pair.compare(scene)


def test_which_bridge_a_container_shows(pair: Pair) -> None:
    """The default network's, where that is the container's main one, from the first start on."""

    def scene(on: Engine) -> Any:
        bridge = on.api("GET", "/networks/bridge").value["Options"]["com.docker.network.bridge.name"]
        on.ok("network create @a")
        on.ok("create --name @default @box true")
        for name, mode in (("user", "@a"), ("none", "none"), ("shared", "container:@user"), ("host", "host")):
            on.ok(f"run -d --name @{name} --network {mode} @box sleep 100")
        on.ok("network connect bridge @user")

        def shown(name: str) -> str:
            return str(on.inspect("container", name)["NetworkSettings"]["Bridge"]).replace(bridge, "<bridge>")

        seen = [shown(name) for name in ("default", "user", "none", "shared", "host")]
        on.ok("start -a @default")
        return seen, shown("default")

    pair.compare(scene)


def test_events(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        since = time.time()
        on.ok("network create @a")
        on.ok("run -d --name @c --network @a @box sleep 100")
        on.ok("network connect bridge @c")
        on.ok("network disconnect @a @c")
        on.ok("rm -f @c")
        on.ok("network rm @a")
        form = "{{.Action}} {{.Actor.ID}} {{json .Actor.Attributes}}"
        window = ["--since", f"{since:.6f}", "--until", f"{time.time():.6f}"]
        lines = on.ok(["events", *window, "--filter", "type=network", "--format", form]).splitlines()
        # others' events on a shared engine, and the id of its bridge
        bridge = on.api("GET", "/networks/bridge").value["Id"]
        mine = on.api("GET", "/info").value["ID"]
        return [line.replace(bridge, "<bridge>") for line in lines if on.own("") in line or mine in line]

    pair.compare(scene)


def test_names(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("network create @a")
        on.ok("network create @b")
        on.ok("run -d --name @one -h hosty --network @a --network-alias web @box sleep 100")
        on.ok("run -d --name @two --network @a --network-alias web --link @one:db @box sleep 100")
        on.ok("run -d --name @three --network @b --network-alias web @box sleep 100")
        on.ok("network connect --alias other @b @one")
        short = on.inspect("container", "one")["Id"][:12]
        asked = (
            "@one",
            "web",
            "db",
            "other",
            "hosty",
            short,
            "@three",
            "@one.@a",
            "ONE".lower() + ".nope",
            "localhost",
        )
        seen = []
        for asking in ("one", "two", "three"):
            for name in asked:
                done = on.run(f"exec @{asking} nslookup -type=a {on.fill(name)}")
                found = re.findall(r"^Address: (?!127\.0\.0\.11)(.*)$", done.out, re.MULTILINE)
                seen.append((asking, name.replace(short, "<short>"), len(found), done.code == 0))
        return seen

    pair.compare(scene)


def _without_macs(value: Any) -> Any:
    """Random hardware addresses are the same for nobody; those that were asked for begin with 02:42:ac:11."""
    if isinstance(value, dict):
        return {key: _without_macs(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_macs(one) for one in value]
    if isinstance(value, str) and re.fullmatch(r"(?!02:42:ac:11)([0-9a-f]{2}:){5}[0-9a-f]{2}", value):
        return "<mac>"
    return value


def test_a_hardware_address_that_no_ethernet_interface_can_have(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        endpoints = {"bridge": {"MacAddress": "02:00:00:ff:fe:00:00:01"}}
        body = {"Image": on.own("box"), "Cmd": ["true"], "NetworkingConfig": {"EndpointsConfig": endpoints}}
        made = on.api("POST", "/containers/create", body, name=on.own("c"))
        said = on.api("POST", "/containers/@c/start")
        return made.status, said.status, said.value["message"].partition("to sandbox: ")[2]

    pair.compare(scene)
