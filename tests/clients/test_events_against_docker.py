"""Events, the same on pydock and on a real Docker Engine: which, in what order, with what attributes; filters."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

from tests.clients.engines import Engine, Pair

Event = list[Any]


def heard(on: Engine, play: Callable[[], Any], *flags: str) -> list[Event]:
    """The events while `play` runs, each [type, action, id, attributes, what clients before API 1.22 read]."""
    since = time.time()
    play()
    time.sleep(0.2)
    window = ["--since", f"{since:.6f}", "--until", f"{time.time():.6f}"]
    lines = on.ok(["events", *window, "--format", "{{json .}}", *flags]).splitlines()
    return [event for event in map(_plain, lines) if _is_own(on, event)]


def _plain(line: str) -> Event:
    event = json.loads(line)
    actor = event["Actor"]
    attributes = dict(actor["Attributes"])
    if "execDuration" in attributes:
        attributes["execDuration"] = "<duration>"
    legacy = {key: event.get(key) for key in ("status", "id", "from", "scope")}
    assert event["timeNano"] // 10**9 == event["time"]
    return [event["Type"], event["Action"], actor["ID"], attributes, legacy]


def _is_own(on: Engine, event: Event) -> bool:
    """Others use the engine too."""
    return on.own("") in json.dumps(event)


def in_one_order(events: list[Event]) -> list[Event]:
    """`events` with each `stop` after its `die`: in Docker they race."""
    for number, event in enumerate(events[:-1]):
        if event[1] == "stop" and events[number + 1][1] == "die":
            events[number], events[number + 1] = events[number + 1], event
    return events


def test_a_life(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        def play() -> None:
            on.ok("create --name @c --label a=b --label name=odd --stop-timeout 1 @box sleep 1000")
            on.ok("start @c")
            on.ok("exec @c true")
            on.run("exec @c /nope")
            on.ok(["exec", "@c", "sh", "-c", "exit 3"]) if False else on.run(["exec", "@c", "sh", "-c", "exit 3"])
            on.ok("top @c")
            on.ok("pause @c")
            on.ok("unpause @c")
            on.ok("update --cpu-shares 100 @c")
            on.ok("rename @c @d")
            on.ok("restart -t 0 @d")
            on.api("POST", "/containers/@d/resize?h=10&w=20")
            on.ok("kill -s USR1 @d")
            on.ok("kill @d")
            on.ok("wait @d")
            on.ok("rm @d")

        return in_one_order(heard(on, play, "--filter", "type=container"))

    pair.compare(scene)


def test_runs(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        def play() -> None:
            on.ok("run --rm --name @a @box true")
            on.run(["run", "--name", "@b", "@box", "sh", "-c", "exit 7"])
            on.run("run --name @x @box /nope")
            on.ok("run -d --name @s @box sleep 1000")
            on.ok("stop -t 0 @s")
            on.ok("start @s")
            on.ok("rm -f @s")
            on.ok("rm @b")
            on.ok("rm @x")

        events = in_one_order(heard(on, play, "--filter", "type=container"))
        # `attach` and the end of one that is removed at once race in Docker
        return [event for event in events if event[1] != "attach"], sum(event[1] == "attach" for event in events)

    pair.compare(scene)


def test_files_and_images(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        def play() -> None:
            on.ok("create --name @c @box true")
            on.run_bytes("cp @c:/etc -")
            on.ok("cp - @c:/", stdin=b"\0" * 1024)
            on.run_bytes("export @c")
            on.ok("diff @c")
            on.ok("logs @c")
            on.ok("commit -c 'LABEL x=y' @c @image:one")
            on.ok("tag @image:one @image:two")
            on.run_bytes("save @image:one")
            on.ok("rmi @image:two")
            on.ok("rmi @image:one")
            on.ok("rm @c")

        return heard(on, play)

    pair.compare(scene)


def test_networks_and_volumes(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        def play() -> None:
            on.ok("network create --label l=1 @n")
            on.ok("create --name @c --network @n -v @v:/v @box sleep 1000")
            on.ok("start @c")
            on.ok("network disconnect @n @c")
            on.ok("network connect @n @c")
            on.ok("rm -f @c")
            on.ok("network rm @n")
            on.ok("volume rm @v")

        def order(event: Event) -> tuple[str, str]:
            return event[0], ""

        # Docker tells of networks and volumes beside the container's own events
        return sorted(heard(on, play), key=order)

    pair.compare(scene)


def test_what_happens_by_itself(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        def play() -> None:
            on.ok("run -d --name @r --restart on-failure:1 @box false")
            health = "--health-cmd true --health-interval 1s --health-retries 1"
            on.ok(f"run -d --name @h {health} @box sleep 1000")
            on.api("POST", "/containers/@r/wait")
            limit = time.monotonic() + 30
            while on.inspect("container", "h")["State"]["Health"]["Status"] == "starting" and time.monotonic() < limit:
                time.sleep(0.1)
            while on.inspect("container", "r")["State"]["Running"] and time.monotonic() < limit:
                time.sleep(0.1)
            on.ok("rm -f @h @r")

        events = heard(on, play, "--filter", "type=container")
        # Docker may take a check that the removal cuts short for one that has failed
        seen = [event for event in events if event[1] != "health_status: unhealthy"]
        by_name = sorted(seen, key=lambda event: str(event[3]["name"]))
        checks = [event for event in by_name if str(event[1]).startswith("exec_")]
        # how many checks there are in the time is not the same
        kinds = sorted({(event[1], *sorted(event[3])) for event in checks})
        return kinds, [event for event in by_name if event not in checks]

    pair.compare(scene)


FILTERS = [
    "type=container", "type=network", "type=image", "type=volume", "type=nope", "event=start", "event=die",
    "event=exec_create", "event=exec_start", "event=health_status", "container=@c", "container=@d", "container=@",
    "container=nope", "image=@box", "image=@box:latest", "image=nope", "label=a", "label=a=b", "label=a=c", "label=z",
    "network=bridge", "volume=@v", "daemon=x", "scope=local", "scope=swarm", "plugin=x", "service=x", "node=x",
]  # fmt: skip


def test_a_process_that_is_killed_for_memory_in_a_container_that_goes_on(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        def play() -> None:
            script = "dd if=/dev/zero of=/dev/null bs=64M; touch /over; exec sleep 1000"
            on.ok(["run", "-d", "-m", "16m", "--memory-swap", "16m", "--name", "@c", "@box", "sh", "-c", script])
            while on.run("exec @c ls /over").code:
                pass
            time.sleep(0.2)

        seen = {event[1] for event in heard(on, play, "--filter", "type=container", "--filter", "event=oom")}
        shown = on.inspect("container", "c")["State"]
        on.ok("kill @c")
        on.ok("wait @c")
        return seen, shown["OOMKilled"], on.inspect("container", "c")["State"]["OOMKilled"]

    pair.compare(scene)


def test_filters(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        since = time.time()
        on.ok("run -d --name @c --label a=b -v @v:/v @box sleep 1000")
        on.ok("exec @c true")
        on.ok("create --name @d --label a=c @box true")
        on.ok("rm -f @c @d")
        time.sleep(0.2)
        window = ["--since", f"{since:.6f}", "--until", f"{time.time():.6f}"]
        seen = {}
        for one in [[one] for one in FILTERS] + [
            ["type=container", "event=start", "event=die"],
            ["type=container", "container=@c", "container=@d", "event=create"],
            ["label=a", "label=a=b"],
            ["image=@box", "event=destroy"],
        ]:
            flags = [word for text in one for word in ("--filter", on.fill(text))]
            form = "{{.Type}} {{.Action}} {{.Actor.ID}} {{.Actor.Attributes.name}}"
            outcome = on.run(["events", *window, "--format", form, *flags])
            lines = [line for line in outcome.out.splitlines() if on.own("") in line]
            lines.sort(key=lambda line: re.sub(r"\b[0-9a-f]{64}\b", "", line))
            seen[" ".join(one)] = outcome.code, outcome.err, lines
        return seen

    pair.compare(scene)


def test_questions(pair: Pair) -> None:
    queries: list[dict[str, Any]] = [
        {"since": "5", "until": "1"},
        {"filters": "nonsense"},
        {"filters": {"nope": ["x"]}, "until": "1"},
        {"filters": {"type": "x"}, "until": "1"},
        {"filters": {"type": {"container": True}}, "until": "1"},
        {"since": "1", "until": "2"},
    ]
    pair.compare(lambda on: [(query, on.api("GET", "/events", **query)) for query in queries])


def test_the_forms_of_the_client(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        since = time.time()
        on.ok("create --name @c --label z=1 --label a=2 @box true")
        on.ok("rm @c")
        time.sleep(0.2)
        seen = []
        for flags in ([], ["--format", "{{.ID}} {{.Status}} {{.From}}"], ["--format", "json"]):
            until = ["--since", f"{since:.6f}", "--until", f"{time.time():.6f}"]
            lines = on.ok(["events", *until, "--filter", on.fill("container=@c"), *flags]).splitlines()
            seen.append([re.sub(r'"time(Nano)?":\d+', r'"time\1":0', line) for line in lines])
        return seen

    pair.compare(scene)
