"""Waiting, watching and checking containers, the same on pydock and on a real Docker Engine.

top, port, stats, wait and its conditions, stop and kill, health checks.
"""

import json
import os
import re
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.clients.engines import Answer, Engine, Pair

_LIMIT = 40.0


def until(true: Callable[[], Any]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + _LIMIT
    while not true():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.05)


def state(on: Engine, name: str = "@c") -> Any:
    """The state of a container."""
    return on.api("GET", f"/containers/{name}/json").value["State"]


class Waiting:
    """A request that is answered later."""

    def __init__(self, on: Engine, path: str) -> None:
        self._answers: list[Answer] = []
        self._thread = threading.Thread(target=lambda: self._answers.append(on.api("POST", path)))
        self._thread.start()

    def answer(self) -> Answer:
        """Its answer."""
        self._thread.join(_LIMIT)
        return self._answers[0]

    @property
    def waits(self) -> bool:
        """Whether it has not been answered yet."""
        return self._thread.is_alive()


def test_wait(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        seen: list[Any] = [on.api("POST", f"/containers/@none/wait{query}") for query in ("", "?condition=removed")]
        on.ok(["create", "--name", "@c", "@box", "sh", "-c", "exit 5"])
        queries = ("", "?condition=", "?condition=not-running", "?condition=nope")
        seen += [(query, on.api("POST", f"/containers/@c/wait{query}")) for query in queries]
        following = [Waiting(on, f"/containers/@c/wait?condition={one}") for one in ("next-exit", "removed")]
        time.sleep(0.3)
        seen.append([one.waits for one in following])
        on.run("start -a @c")
        seen.append(following[0].answer())
        seen += [on.api("POST", f"/containers/@c/wait{query}") for query in queries[:3]]
        seen.append(following[1].waits)
        on.ok("rm @c")
        seen.append(following[1].answer())
        return *seen, on.run("wait @none"), on.run("wait")

    pair.compare(scene)


def test_wait_for_what_runs(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("run -d --rm --name @c @box sleep 1000")
        waiting = [Waiting(on, f"/containers/@c/wait{query}") for query in ("", "?condition=removed")]
        time.sleep(0.3)
        before = [one.waits for one in waiting]
        on.ok("kill @c")
        return before, [one.answer() for one in waiting]

    pair.compare(scene)


def test_states(pair: Pair) -> None:
    """What each call says in each state."""
    odd = [
        "kill?signal=USR9", "kill?signal=0", "kill?signal=CONT", "kill?signal=99", "stop?t=x", "stop?signal=nope",
        "rename?name=", "rename?name=@c",
    ]  # fmt: skip

    def scene(on: Engine) -> Any:
        seen: list[Any] = []

        def call(name: str) -> None:
            answer = on.api("POST", f"/containers/@c/{on.fill(name)}")
            # where Docker calls what the client sent an error of its own, pydock says that it is the client's
            status = 400 if answer.status == 500 and "=" in name else answer.status
            seen.append((name, status, answer.value, state(on)["Status"]))

        on.ok("create --name @c @box sleep 1000")
        for name in ("stop?t=0", "kill", "pause", "unpause", *odd):
            call(name)
        for name in ("start", "start", "unpause", *odd, "pause", "pause", "start", "restart?t=0", "pause"):
            call(name)
        seen.append(on.api("DELETE", "/containers/@c"))
        for name in ("kill?signal=USR1", "stop?t=0", "stop?t=0", "start", "kill", "kill"):
            call(name)
        seen.append(on.api("DELETE", "/containers/@c"))
        seen.append(on.api("DELETE", "/containers/@c"))
        return [(line, on.run(line)) for line in ("start @c @d", "stop @c", "rm @c", "rm -f @c", "kill @c")], seen

    pair.compare(scene)


TOPS = [
    "", "-ef", "aux", "-o pid,cmd", "-o cmd", "-eo pid,user,comm", "-x -o pid", "--nope", "-ef; id", "-o pid=P,args",
]  # fmt: skip


def test_starts_that_fail_after_a_life(pair: Pair) -> None:
    """What a start and a restart say, and which exit code stays."""

    def scene(on: Engine) -> Any:
        on.ok("run -d --name @d --ipc shareable @box sleep 1000")
        on.ok("create --name @never @box nope")
        for code in (0, 3):
            on.run(f"run --name @ended{code} --ipc container:@d @box sh -c 'exit {code}'")
        on.ok("stop -t 0 @d")
        seen = []
        for name in ("never", "ended0", "ended3"):
            for action in ("start", "restart", "restart?t=0"):
                answer = on.api("POST", f"/containers/@{name}/{action}")
                after = state(on, f"@{name}")
                seen.append((name, action, answer, after["Status"], after["ExitCode"], after["Error"]))
        return seen, on.run("restart @ended3 @none"), on.api("POST", "/containers/@none/restart")

    pair.compare(scene)


def test_what_ipc_a_container_may_join(pair: Pair) -> None:
    """The host's through another container, which a pod with the host's IPC asks for; one that is itself joined."""

    def scene(on: Engine) -> Any:
        seen: list[Any] = []
        for number, mode in enumerate(("host", "shareable", "private", "none", "")):
            first, last = f"@a{number}", f"@c{number}"
            on.ok(["run", "-d", "--network", "none", "--name", first, "--ipc", mode, "@box", "sleep", "1000"])
            middle = f"run -d --network none --name @b{number} --ipc container:{first} @box sleep 1000"
            seen.append(on.run(middle).code)
            answer = on.run(
                ["run", "--network", "none", "--name", last, "--ipc", f"container:@b{number}", "@box", "sh", "-c",
                 "readlink /proc/self/ns/ipc; stat -c %d /dev/shm"]
            )  # fmt: skip
            pid = on.api("GET", f"/containers/{first}/json").value["State"]["Pid"]
            space = os.readlink(f"/proc/{pid}/ns/ipc")
            shared = os.stat(f"/proc/{pid}/root/dev/shm").st_dev if mode in ("host", "shareable") else 0
            seen.append((answer.code, answer.out == f"{space}\n{shared}\n"))
        assert seen[:4] == [0, (0, True)] * 2
        return seen

    pair.compare(scene)


def test_top(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok(["run", "-d", "--name", "@c", "-u", "1234", "@box", "sh", "-c", "sleep 1000 & exec sleep 2000"])
        until(lambda: len(on.api("GET", "/containers/@c/top").value["Processes"]) == 2)
        seen: list[Any] = []
        for flags in TOPS:
            outcome = on.run(f"top @c {flags}")
            lines = [re.sub(r"\d+", "0", line).split() for line in outcome.out.splitlines()]
            seen.append((flags, outcome.code, outcome.err, lines))
        on.ok("pause @c")
        seen.append(on.api("GET", "/containers/@c/top").status)
        return seen, on.run("top @none")

    pair.compare(scene)


def test_top_of_what_does_not_run(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("create --name @c @box true")
        return on.run("top @c"), on.api("GET", "/containers/@c/top"), on.run("top")

    pair.compare(scene)


def test_port(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        flags = "-p 127.0.0.1:39473:80 -p 39474:81/udp -p 127.0.0.1:39475:82 --expose 90"
        on.ok(f"run -d --name @c {flags} @box sleep 1000")
        asked = ["", "80", "80/tcp", "81", "81/udp", "90", "7", "x", "80/x", "80-82"]
        seen = [(port, on.run(f"port @c {port}")) for port in asked]
        on.ok("kill @c")
        return seen, on.run("port @c"), on.run("port @c 80"), on.run("port @none")

    pair.compare(scene)


def _shape(value: Any) -> Any:
    """The keys and types of a value."""
    if isinstance(value, dict):
        return {key: _shape(one) for key, one in sorted(value.items())}
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    return type(value).__name__


def test_stats(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("run -d --name @c -m 64m @box sleep 1000")
        on.ok("create --name @new @box true")
        seen: list[Any] = []
        for query in ("stream=false", "stream=0&one-shot=1", "stream=1&one-shot=1"):
            for name in ("c", "new", "none"):
                answer = on.api("GET", f"/containers/@{name}/stats?{query}")
                if isinstance(answer.value, dict) and "memory_stats" in answer.value:
                    value = answer.value
                    value["memory_stats"].pop("stats", None)
                    value["blkio_stats"] = None
                    answer = Answer(answer.status, (value["pids_stats"], value.get("name"), _shape(value)))
                seen.append((query, name, answer))
        for flags in ("--no-stream --format json", "--no-stream", "--no-stream --no-trunc", "-a --no-stream"):
            text = re.sub(r"\b[0-9a-f]{12,64}\b", "<id>", on.ok(f"stats {flags} @c @new"))
            seen.append((flags, [re.sub(r"[\d.]+([kMG]i?)?B?", "0", line).split() for line in text.splitlines()]))
        return seen, on.run("stats --no-stream @none"), on.run("stats --no-stream --format {{.Nope}} @c").code

    pair.compare(scene)


HEALTH = "--health-interval 300ms --health-timeout 2s --health-retries 2"


def _health(on: Engine) -> Any:
    return state(on).get("Health")


def test_health(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        program = "test -e /ok && { echo fine; exit 0; }; echo bad >&2; exit 3"
        on.ok(["run", "-d", "--name", "@c", *HEALTH.split(), "--health-cmd", program, "@box", "sleep", "1000"])
        seen = [_health(on)["Status"]]
        until(lambda: _health(on)["Status"] == "unhealthy")
        until(lambda: len(_health(on)["Log"]) == 5)
        health = _health(on)
        seen += [[_result(one) for one in health["Log"]], health["FailingStreak"] >= 5]
        seen.append(on.ok(["ps", "--filter", on.fill("name=@c"), "--format", "{{.Status}}"]).split("(")[1])
        for state in ("healthy", "unhealthy", "starting", "none", "nope"):
            chosen = ["--filter", on.fill("name=@c"), "--filter", f"health={state}"]
            seen.append(on.run(["ps", "-a", *chosen, "--format", "{{.Names}}"]))
        on.ok("exec @c touch /ok")
        until(lambda: _health(on)["Status"] == "healthy")
        seen += [_result(_health(on)["Log"][-1]), _health(on)["FailingStreak"]]
        on.ok("stop -t 0 @c")
        seen.append(_health(on)["Status"])
        on.ok("start @c")
        seen.append(_health(on)["FailingStreak"])
        return seen

    pair.compare(scene)


def _result(one: Any) -> Any:
    assert set(one) == {"Start", "End", "ExitCode", "Output"}
    return one["ExitCode"], one["Output"]


CHECKS: list[tuple[list[str], dict[str, Any]]] = [
    (["NONE"], {}),
    ([], {}),
    (["CMD", "true"], {}),
    (["CMD", "/nope"], {}),
    (["CMD-SHELL", "echo shell; exit 1"], {}),
    (["CMD-SHELL", "head -c 5000 /dev/zero | tr '\\0' x"], {}),
    (["CMD-SHELL", "echo waits; sleep 1000"], {"Timeout": 500_000_000}),
    (["CMD-SHELL", "sleep 1000"], {"Timeout": 500_000_000}),
    (["CMD-SHELL", "kill -9 $$"], {}),
    (["CMD-SHELL", "exit 1"], {"StartPeriod": 60 * 10**9, "StartInterval": 200_000_000, "Interval": 60 * 10**9}),
    (["nope", "true"], {}),
]


def test_checks(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        names = []
        for number, (test, more) in enumerate(CHECKS):
            check = {"Test": test, "Interval": 300_000_000, "Retries": 1, **more}
            host = {"NetworkMode": "none"}
            body = {"Image": "@box", "Cmd": ["sleep", "1000"], "Healthcheck": check, "HostConfig": host}
            answer = on.api("POST", f"/containers/create?name=@c{number}", body)
            started = on.api("POST", f"/containers/@c{number}/start") if answer.status == 201 else None
            names.append((answer.status, answer.value.get("message"), started))
        seen: list[Any] = []
        for number, made in enumerate(names):
            if made[0] != 201:
                seen.append((CHECKS[number], made, None))
                continue

            def health(number: int = number) -> Any:
                return state(on, f"@c{number}").get("Health")

            if health() is not None:
                until(lambda: health()["Log"])
                first = health()
                result = _result(first["Log"][0])
                seen.append((CHECKS[number], made, first["Status"], first["FailingStreak"] > 0, result))
            else:
                seen.append((CHECKS[number], made, health() and health()["Status"]))
        return seen

    pair.compare(scene)


def test_health_of_flags(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        seen = []
        for flags in (
            "--no-healthcheck", "--health-cmd true", "--health-cmd ''", "--health-interval 2s",
            "--health-retries -1 --health-cmd x",
            "--health-interval 1ns --health-cmd x",
            "--health-start-period 1s --health-start-interval 2s --health-cmd x",
            "--no-healthcheck --health-cmd x", "--health-timeout x", "--health-timeout -1s --health-cmd x",
        ):  # fmt: skip
            outcome = on.run(f"create --name @c {flags} @box true")
            made = json.dumps(on.inspect("container", "c")["Config"].get("Healthcheck")) if outcome.code == 0 else ""
            seen.append((flags, outcome.code, outcome.err, made))
            on.run("rm @c")
        return seen

    pair.compare(scene)
