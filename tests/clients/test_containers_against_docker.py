"""Containers that are created and run, the same on pydock and on a real Docker Engine: flags, inspect, lists, refusals.

What pydock shows is valid input for create, too: a container made from it is the same again.
"""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.clients.engines import Engine, File, Outcome, Pair

FULL = (
    "ENV X=1", 'ENTRYPOINT ["/bin/echo"]', "USER 1000:5", "EXPOSE 80 443/udp", "VOLUME /data", "WORKDIR /tmp",
    "LABEL a=b c=d", "STOPSIGNAL SIGINT", "HEALTHCHECK --interval=5s CMD true",
)  # fmt: skip
#: what runc and its Go libraries say of a step that failed; the step and its reason differ in wording
_STEP = re.compile(r"(error during container init: ).*", re.DOTALL)
#: what each engine chooses for itself
_LOCAL = ("GraphDriver", "Created", "ResolvConfPath", "HostnamePath", "HostsPath", "LogPath")
#: lines in flight at once
_AT_ONCE = 4


def cases(kind: str) -> dict[str, list[str]]:
    """The command lines of a kind, by theme."""
    themes: dict[str, list[str]] = {}
    for line in Path(__file__).with_name("container_cases.txt").read_text().splitlines():
        if line.startswith("["):
            section, _, theme = line.strip("[]").partition(" ")
            lines = themes.setdefault(theme, []) if section == kind else []
        elif line and not line.startswith("# "):
            lines.append(line)
    return themes


def parameters(kind: str) -> list[Any]:
    """A parameter for each theme."""
    return [pytest.param(lines, id=theme) for theme, lines in cases(kind).items()]


@pytest.fixture(scope="module")
def engines(pydock_engine: Engine, docker_engine: Engine) -> Iterator[Pair]:
    """Both engines, with an image that has something of everything."""
    for engine in (docker_engine, pydock_engine):
        engine.import_image("full", {"data": File(None), "data/file": File(b"hi\n"), "tmp": File(None)}, FULL)
    yield Pair(pydock_engine, docker_engine)
    for engine in (docker_engine, pydock_engine):
        engine.run("rmi -f @full")


def played(lines: list[str], play: Callable[[str, str], Any]) -> dict[str, Any]:
    """What `play` makes of each line and a name of its own."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        names = [f"c{number}" for number in range(len(lines))]
        return dict(zip(lines, pool.map(play, lines, names), strict=True))


def shown(on: Engine, name: str) -> Any:
    """Inspect's answer and the entry of the list, without what an engine chooses, or a client leaves to chance."""
    inspected = on.api("GET", f"/containers/@{name}/json").value
    if inspected["Config"]["Env"]:
        inspected["Config"]["Env"].sort()
    if inspected["HostConfig"]["Links"]:
        inspected["HostConfig"]["Links"].sort()
    (listed,) = on.api("GET", "/containers/json", all="1", filters={"id": [inspected["Id"]]}).value
    for key in _LOCAL:
        inspected.pop(key, None)
    listed["Created"] = ""
    if not inspected["HostConfig"]["CgroupParent"]:
        inspected["HostConfig"].pop("CgroupParent")
    for view in (inspected, listed):
        view["Mounts"].sort(key=lambda mount: str(mount["Destination"]))
        for mount in view["Mounts"]:
            if mount["Type"] == "image":
                mount["Source"] = ""
        for endpoint in view["NetworkSettings"]["Networks"].values():
            endpoint["NetworkID"] = ""
    return inspected, listed


@pytest.mark.parametrize("lines", parameters("create"))
def test_create(engines: Pair, lines: list[str]) -> None:
    def scene(on: Engine) -> Any:
        def one(line: str, name: str) -> Any:
            made = on.run(f"create --pull never --name @{name} {line}")
            if made.code:
                return made
            seen = shown(on, name)
            on.api("DELETE", f"/containers/@{name}?v=1")
            return made, seen

        on.ok("create --name @src -v @vol:/vol -v /usr:/bnd @box")
        return played(lines, one)

    engines.compare(scene)


@pytest.mark.parametrize("lines", parameters("create"))
def test_what_inspect_shows_makes_the_same_again(pydock_engine: Engine, engines: Pair, lines: list[str]) -> None:
    on = pydock_engine

    def one(line: str, name: str) -> None:
        if on.run(f"create --pull never --name @{name} {line}").code:
            return
        before = on.api("GET", f"/containers/@{name}/json").value
        on.api("DELETE", f"/containers/@{name}")
        body = {**before["Config"], "HostConfig": before["HostConfig"]}
        body["NetworkingConfig"] = {"EndpointsConfig": before["NetworkSettings"]["Networks"]}
        made = on.api("POST", f"/containers/create?name=@{name}", body)
        assert made.status == 201, (line, made)
        after = on.api("GET", f"/containers/@{name}/json").value
        on.api("DELETE", f"/containers/@{name}?v=1")
        if all(view["Config"]["Hostname"] == view["Id"][:12] for view in (before, after)):
            after["Config"]["Hostname"] = before["Config"]["Hostname"]  # each its own, where none can be chosen
        for key in ("Id", "Created", "Mounts", "GraphDriver", "ResolvConfPath"):
            before.pop(key), after.pop(key)
        assert after == before, line

    try:
        on.ok("create --name @src -v @vol:/vol -v /usr:/bnd @box")
        played(lines, one)
    finally:
        on.sweep()


@pytest.mark.parametrize("lines", parameters("run"))
def test_run(engines: Pair, lines: list[str]) -> None:
    def scene(on: Engine) -> Any:
        def one(line: str, name: str) -> Outcome:
            ran = on.run(f"run --rm --pull never --name @{name} {line}")
            on.api("DELETE", f"/containers/@{name}?v=1&force=1")
            return Outcome(ran.code, ran.out.replace(address, "<peer>"), _STEP.sub(r"\1", ran.err))

        on.ok("create --name @src -v @vol:/vol -v /usr:/bnd @box")
        on.ok("run -d --name @peer -e Q=1 --expose 80-81 --expose 80/udp @box sleep 1000")
        address = on.ok(["inspect", "-f", "{{.NetworkSettings.IPAddress}}", "@peer"]).strip()
        return played(lines, one)

    engines.compare(scene)


def test_the_working_directory_is_there_from_the_creation_on(engines: Pair) -> None:
    def scene(on: Engine) -> Any:
        return [
            on.run("create --name @c -w /app/new @box true"),
            on.run("diff @c"),
            on.run("cp /etc/hostname @c:/app/new"),
            on.run("diff @c"),
            on.run("create --name @d -w /bin/sh @box true"),
            on.run("create --name @e -w /bin/new -v @vol:/bin @box true"),
            on.run("diff @e"),
            on.run("create --name @f -w /bin @box true"),
            on.run("diff @f"),
        ]

    engines.compare(scene)


#: (flags, whether the other container @d ends before the start)
STARTS = [
    ("--gpus all", False),
    ("--device vendor.com/class=name", False),
    ("--device /dev/nope", False),
    ("--device /usr", False),
    ("-u nosuch", False),
    ("-u 1:nosuch", False),
    ("-u 99999999999", False),
    ("-u -1", False),
    ("--group-add nosuch", False),
    ("--network container:@d", True),
    ("--ipc container:@d", False),
    ("--ipc container:@d", True),
    ("--pid container:@d", True),
    ("--device-read-bps /dev/nope:1m", False),
    ("--mount type=volume,source=@vol,target=/x,volume-opt=type=nosuch,volume-opt=device=x", False),
    ("--tmpfs /t:size=x", False),
    ("--network host --entrypoint nope", False),
]


@pytest.mark.parametrize("words", ["", "gone"])
def test_starts_refused(engines: Pair, words: str) -> None:
    def scene(on: Engine) -> Any:
        on.ok("run -d --name @d @box sleep 1000")
        lines = [flags for flags, ends in STARTS if ends == bool(words)]
        made = {flags: on.run(f"create --name @c{number} {flags} @box true") for number, flags in enumerate(lines)}
        seen: dict[str, Any] = {"made": [(flags, outcome.code, outcome.err) for flags, outcome in made.items()]}
        for turn in ("stopped", "removed") if words else ("",):
            if turn == "stopped":
                on.ok("stop -t 0 @d")
            elif turn == "removed":
                on.ok("rm @d")
            for number, flags in enumerate(lines):
                answer = on.api("POST", f"/containers/@c{number}/start")
                text = _STEP.sub(r"\1", (answer.value or {}).get("message", ""))
                shown = on.api("GET", f"/containers/@c{number}/json").value
                state, files = shown["State"], [key for key, value in shown.items() if key.endswith("Path") and value]
                told = (state["Status"], state["ExitCode"], _STEP.sub(r"\1", state["Error"]), files)
                seen[f"{flags} {turn}"] = (answer.status, text, told)
        return seen

    engines.compare(scene)
