"""Logs, attach and exec, the same on pydock and on a real Docker Engine: what comes, when it ends, what is refused."""

import base64
import contextlib
import json
import os
import re
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.engines import Engine, Pair

_LIMIT = 30.0
LINES = "i=0; while [ $i -lt 200 ]; do echo line $i; i=$((i+1)); done"


class Stream:
    """A connection that was taken over: what the engine answered, and what comes after."""

    def __init__(self, on: Engine, method: str, path: str, body: Any = None, headers: tuple[str, ...] = ()) -> None:
        self._sock = socket.socket(socket.AF_UNIX)
        self._sock.settimeout(_LIMIT)
        self._sock.connect(on.socket)
        text = b"" if body is None else json.dumps(body).encode()
        lines = [
            f"{method} {on.fill(path)} HTTP/1.1", "Host: x", "Content-Type: application/json",
            f"Content-Length: {len(text)}", *(headers or ("Connection: Upgrade", "Upgrade: tcp")), "", "",
        ]  # fmt: skip
        self._sock.sendall("\r\n".join(lines).encode() + text)
        head, _, self._rest = self._read_until(b"\r\n\r\n").partition(b"\r\n\r\n")
        status, *fields = head.decode().split("\r\n")
        self.status = int(status.split()[1])
        names = ("content-type", "connection", "upgrade")
        self.head = sorted(field for field in fields if field.split(":")[0].lower() in names)
        #: whether the head says which engine this is
        self.named = any(field.startswith("Api-Version:") for field in fields)

    def send(self, data: bytes) -> None:
        """Write to the container, if it reads."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._sock.sendall(data)

    def half_close(self) -> None:
        """Say that no more will be written."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)

    def read_until(self, text: bytes) -> bytes:
        """What comes until `text` is in it."""
        while text not in self._rest:
            data = self._sock.recv(1 << 16)
            if not data:
                break
            self._rest += data
        taken, self._rest = self._rest, b""
        return taken

    def read(self) -> bytes:
        """What comes until the engine closes."""
        parts = [self._rest]
        self._rest = b""
        with contextlib.suppress(ConnectionResetError):
            while data := self._sock.recv(1 << 16):
                parts.append(data)
        return b"".join(parts)

    def frames(self) -> dict[str, str]:
        """The same, taken apart by stream."""
        return frames(self.read())

    def close(self) -> None:
        """Hang up."""
        self._sock.close()

    def _read_until(self, text: bytes) -> bytes:
        data = b""
        while text not in data:
            more = self._sock.recv(1 << 16)
            if not more:
                return data + text
            data += more
        return data


def frames(data: bytes) -> dict[str, str]:
    """What is in stdcopy frames, by stream."""
    found: dict[str, str] = {}
    while data:
        size = int.from_bytes(data[4:8], "big")
        found[str(data[0])] = found.get(str(data[0]), "") + data[8 : 8 + size].decode("utf-8", "replace")
        data = data[8 + size :]
    return found


@contextlib.contextmanager
def attached(on: Engine, name: str, query: str) -> Iterator[Stream]:
    """A client attached to a container."""
    stream = Stream(on, "POST", f"/containers/{name}/attach?{query}")
    try:
        yield stream
    finally:
        stream.close()


ALL = "stream=1&stdin=1&stdout=1&stderr=1"


def test_attach_before_the_start(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok(["create", "-i", "--name", "@c", "@box", "sh", "-c", "cat; echo error >&2; exit 3"])
        with attached(on, "@c", ALL) as first, attached(on, "@c", "stream=1&stdout=1") as second:
            on.ok("start @c")
            first.send(b"hello\n")
            first.half_close()
            seen = [first.status, first.head, first.frames(), second.frames(), on.ok("wait @c")]
        return seen, on.run("logs @c")

    pair.compare(scene)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "stream=1",
        "logs=1",
        "logs=1&stdout=1",
        "logs=1&stderr=1",
        "logs=1&stdout=1&stderr=1&stream=1",
        "stdout=1",
        "stream=1&stdin=1",
        "stream=1&stdout=1&detachKeys=zz",
        "stream=1&stdout=1&detachKeys=ctrl-a",
    ],
)
def test_attach_to_what_has_ended(pair: Pair, query: str) -> None:
    def scene(on: Engine) -> Any:
        on.ok(["run", "--name", "@c", "@box", "sh", "-c", "echo out; echo err >&2"])
        with attached(on, "@c", query) as stream:
            if stream.status != 101:
                return stream.status
            if "stream=1" in query and "zz" not in query:
                on.ok("start @c")
            return stream.status, stream.frames()

    pair.compare(scene)


def test_attach_replays_the_log_and_goes_on(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok(["run", "-di", "--name", "@c", "@box", "sh", "-c", "echo before; read x; echo after $x"])
        until = time.monotonic() + _LIMIT
        while not on.ok("logs @c") and time.monotonic() < until:
            time.sleep(0.05)
        with attached(on, "@c", f"logs=1&{ALL}") as first, attached(on, "@c", "stream=1&stdout=1") as late:
            seen = first.read_until(b"before\n")
            first.send(b"this\n")
            return frames(seen + first.read()), late.frames(), on.ok("logs @c")

    pair.compare(scene)


def test_attach_with_a_terminal(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok(["run", "-dit", "--name", "@c", "@box", "sh", "-c", "read x; echo got $x"])
        with attached(on, "@c", ALL) as stream:
            resized = on.api("POST", "/containers/@c/resize?h=33&w=44")
            stream.send(b"text\r")
            seen = [stream.head, stream.read(), resized]
        on.ok("wait @c")
        on.ok("rm @c")
        on.ok(["run", "-dit", "--name", "@c", "@box", "sh", "-c", "read x; echo got $x"])
        with attached(on, "@c", ALL) as stream:
            stream.send(b"\x10\x11")
            seen.append(stream.read())
        with attached(on, "@c", f"{ALL}&detachKeys=ctrl-a,x") as stream:
            stream.send(b"a\x01b\x01x")
            seen.append(stream.read())
        seen.append(on.inspect("container", "c")["State"]["Running"])
        return seen

    pair.compare(scene)


@pytest.mark.parametrize("flags", ["-i", "", "-it"])
def test_half_close(pair: Pair, flags: str) -> None:
    def scene(on: Engine) -> Any:
        on.ok(["create", *flags.split(), "--name", "@c", "@box", "sh", "-c", "wc -c"])
        with attached(on, "@c", ALL) as stream:
            on.ok("start @c")
            stream.send(b"12345\r\x04" if flags == "-it" else b"12345")
            if flags != "-it":
                stream.half_close()
            return stream.read()

    pair.compare(scene)


def test_refusals_of_attach(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("run -d --network none --name @c @box sleep 1000")
        on.ok("pause @c")

        def attach(name: str) -> Any:
            answer = on.api("POST", f"/containers/{name}/attach?stream=1&stdout=1")
            # Docker's is not JSON, as that of everything else is
            message = answer.value["message"] if isinstance(answer.value, dict) else answer.value.strip()
            return answer.status, message

        seen = [attach("@c"), on.run("attach @c")]
        on.ok("unpause @c")
        seen += [attach("@none"), on.run("attach @none")]
        on.ok("kill @c")
        return *seen, on.run("attach @c"), on.run("attach --no-stdin @c"), on.run("attach --detach-keys zz @c")

    pair.compare(scene)


READS = [
    "", "-f", "-t", "--details", "--tail 1", "--tail 0", "--tail all", "--tail -1", "--tail x", "-n 2",
    "--since 10m", "--since 0", "--until 1s", "--since 1h --until 1h", "--since x", "--until x",
    "--since 2001-01-01", "--until 2001-01-01T00:00:00", "--tail 2 -f", "-ft --details", "--since 1.5",
    "-f --until 0s", "--since 2030-01-01", "-f --since 2030-01-01", "--until 2030-01-01 -f",
]  # fmt: skip


def test_logs(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        options = "--label l=1 -e E=x --log-opt labels=l --log-opt env=E --log-opt tag={{.Name}}"
        program = "echo a; sleep 0.1; echo b >&2; sleep 0.1; printf c"
        on.ok(["run", "--name", "@c", *options.split(), "@box", "sh", "-c", program])
        state = on.inspect("container", "c")["State"]
        more = [f"--since {state['FinishedAt']}", f"--until {state['StartedAt']}"]
        seen = [on.run(f"logs {flags} @c") for flags in (*READS, *more)]
        on.ok("create --name @new @box true")
        return seen, on.run("logs @none"), on.run("logs @new"), on.run("logs -t --tail 3 @new")

    pair.compare(scene)


@pytest.mark.parametrize(
    "flags",
    [
        "--log-driver json-file --log-opt max-size=2k --log-opt max-file=3",
        "--log-driver json-file --log-opt max-size=2k",
        "--log-driver local --log-opt max-size=2k --log-opt max-file=3",
        "--log-driver local --log-opt max-size=1k --log-opt max-file=1 --log-opt compress=false",
        "--log-driver none",
        "--log-driver syslog --log-opt syslog-address=udp://127.0.0.1:9",
        "--log-driver syslog --log-opt syslog-address=udp://127.0.0.1:9 --log-opt cache-disabled=true",
        "-t --log-driver local",
    ],
)
def test_drivers(pair: Pair, flags: str) -> None:
    def scene(on: Engine) -> Any:
        on.ok(["run", "--name", "@c", *flags.split(), "@box", "sh", "-c", LINES])
        reads: list[Any] = [on.run(f"logs {read} @c") for read in ("", "--tail 5", "--tail 60")]
        if "json-file" in flags:  # how long the entries are depends on the times in them
            reads = [(read.code, read.out.splitlines()[-10:]) for read in reads]
        return reads, on.inspect("container", "c")["LogPath"]

    pair.compare(scene)


OPTIONS: list[dict[str, Any]] = [
    {"Type": "nope"},
    {"Type": "none", "Config": {"max-size": "1k"}},
    {"Config": {"foo": "bar"}},
    *(
        {"Type": "json-file", "Config": config}
        for config in (
            {"max-size": "0"}, {"max-size": "x"}, {"max-size": "1z"}, {"max-size": ""}, {"max-file": "0"},
            {"compress": "true"}, {"compress": "x"}, {"labels-regex": "("}, {"env-regex": "["}, {"tag": "{{.Foo}}"},
            {"tag": "{{"}, {"mode": "x"}, {"mode": "non-blocking", "max-buffer-size": "x"}, {"max-buffer-size": "4m"},
            {"syslog-address": "x"}, {"cache-disabled": "true"}, {"cache-disabled": "x"}, {"tag": "{{upper .Name}}"},
        )
    ),
    *(
        {"Type": "local", "Config": config}
        for config in (
            {"max-size": "x"}, {"max-file": "x"}, {"max-file": "1"}, {"max-file": "-1"}, {"compress": ""},
            {"labels": "a"}, {"tag": "x"}, {"max-size": "0"},
        )
    ),
    *(
        {"Type": "syslog", "Config": config}
        for config in (
            {"syslog-address": "foo"}, {"syslog-address": "foo://x"}, {"syslog-address": "unix:///nope"},
            {"syslog-facility": "nope"}, {"syslog-format": "nope"}, {"max-size": "1k"}, {},
            {"syslog-address": "tcp://127.0.0.1:9"}, {"syslog-address": "udp://127.0.0.1:9", "cache-max-size": "x"},
        )
    ),
    {"Type": "journald", "Config": {"tag": "x"}},
]  # fmt: skip


def test_options_of_drivers(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        seen = []
        for number, config in enumerate(OPTIONS):
            body = {"Image": "@box", "Cmd": ["true"], "HostConfig": {"LogConfig": config, "NetworkMode": "none"}}
            made = on.api("POST", f"/containers/create?name=@c{number}", body)
            started = on.api("POST", f"/containers/@c{number}/start") if made.status == 201 else None
            seen.append((config, made.status, made.value.get("message"), started))
        return seen

    pair.compare(scene)


EXECS = [
    "@c true", "@c false", "@c /nope", "@c nope", "@c /etc", "@c /bin", "@c sh -c 'exit 42'", "@c sh -c 'kill -9 $$'",
    "@c sh -c 'kill -TERM $$'", "-u nobody @c true", "-u 1000 @c id", "-u 1000:1000 @c id", "-u :5 @c id",
    "-u 0:nogrp @c true", "-u 4294967296 @c true", "-u -1 @c true", "-w /nope @c pwd", "-w /etc @c pwd",
    "-w etc @c pwd", "-w /bin/busybox @c pwd", "-e A=b @c env", "-e =x @c env", "--env-file /nope @c env",
    "-d @c true", "-d @c /nope", "-t @c true", "-it @c true", "--detach-keys zz @c true", "@c", "@c ''",
    "-u 1000 @c sh -c 'echo $HOME $PATH'", "@c sh -c 'echo out; echo err >&2; exit 3'", "--privileged @c true",
]  # fmt: skip


def test_exec(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("run -d --network none --name @c @box sleep 1000")
        seen = [(line, on.run(f"exec {line}")) for line in EXECS]
        data = b"hello\n" * 20_000
        seen.append(("input", on.run("exec -i @c wc -c", stdin=data)))
        seen.append(("closed early", on.run("exec -i @c head -c 5", stdin=data)))
        on.ok("pause @c")
        seen.append(("paused", on.run("exec @c true")))
        on.ok("rm -f @c")
        on.ok("create --name @c @box true")
        return *seen, on.run("exec @c true"), on.run("exec @none true")

    pair.compare(scene)


EMPTY: list[dict[str, Any]] = [{}, {"Cmd": []}, {"Cmd": None}]


def test_what_exec_shows(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("run -d --network none --name @c @box sleep 1000")
        seen: list[Any] = []

        def show(identity: str) -> None:
            shown = on.api("GET", f"/exec/{identity}/json")
            if isinstance(shown.value, dict) and "Pid" in shown.value:
                shown.value["Pid"] = shown.value["Pid"] > 0
            seen.append(shown)

        ids = []
        bodies: list[dict[str, Any]] = [
            {"Cmd": ["sleep", "1000"]},
            {
                "Cmd": ["sh", "-c", "exit 4"],
                "User": "0",
                "Privileged": True,
                "DetachKeys": "ctrl-a",
                "AttachStdin": True,
            },
            {"Cmd": ["/nope"], "Tty": True, "AttachStdout": True, "AttachStderr": True},
            {"Cmd": ["true"], "ConsoleSize": [1]},
        ]
        for body in bodies:
            made = on.api("POST", "/containers/@c/exec", body)
            ids.append(made.value["Id"])
            show(ids[-1])
            if body["Cmd"] != ["true"]:
                seen.append(on.api("POST", f"/exec/{ids[-1]}/start", {"Detach": True}))
        time.sleep(0.3)
        seen.append(on.api("POST", f"/exec/{ids[0]}/start", {"Detach": True}))
        for identity in ids:
            show(identity)
            if identity != ids[3]:  # Docker waits for its start
                seen.append(on.api("POST", f"/exec/{identity}/resize?h=5&w=5"))
        seen.append(len(on.inspect("container", "c")["ExecIDs"]))
        seen += [on.api("POST", "/containers/@c/exec", body) for body in EMPTY]
        seen += [on.api("POST", "/exec/none/start", {}), on.api("GET", "/exec/none/json")]
        seen.append(on.api("POST", "/exec/none/resize?h=1&w=1"))
        on.ok("kill @c")
        on.ok("wait @c")
        for identity in ids:
            show(identity)
        return *seen, on.inspect("container", "c")["ExecIDs"], on.api("POST", f"/exec/{ids[3]}/start", {"Detach": True})

    pair.compare(scene)


def test_streams_of_exec(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("run -d --network none --name @c @box sleep 1000")
        seen: list[Any] = []
        bodies: list[dict[str, Any]] = [
            {"Cmd": ["sh", "-c", "cat; echo err >&2"], "AttachStdin": True, "AttachStdout": True, "AttachStderr": True},
            {"Cmd": ["sh", "-c", "echo out; echo err >&2"], "AttachStderr": True},
            {"Cmd": ["sh", "-c", "echo out; echo err >&2"]},
            {"Cmd": ["/nope"], "AttachStdout": True},
            {"Cmd": ["/nope"], "AttachStdout": True, "Tty": True},
        ]
        for body in bodies:
            identity = on.api("POST", "/containers/@c/exec", body).value["Id"]
            start = {"Detach": False, "Tty": bool(body.get("Tty"))}
            stream = Stream(on, "POST", f"/exec/{identity}/start", start)
            stream.send(b"input\n")
            stream.half_close()
            seen.append((stream.status, stream.head, stream.read() if body.get("Tty") else stream.frames()))
            stream.close()
            seen.append(_exit_code(on, identity))
        return seen

    pair.compare(scene)


def _exit_code(on: Engine, identity: str) -> int:
    """How an exec ends, which may be after its connection."""
    deadline = time.monotonic() + _LIMIT
    while (code := on.api("GET", f"/exec/{identity}/json").value["ExitCode"]) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(code)


RUNS = [
    "run --rm --network none @box sh -c 'echo out; echo err >&2; exit 5'",
    "run --rm --network none -a stdout @box sh -c 'echo out; echo err >&2'",
    "run --rm --network none -a stderr @box sh -c 'echo out; echo err >&2'",
    "run --rm --network none -a stdin @box cat",
    "run --rm --network none -i @box cat",
    "run --rm --network none @box cat",
    "run --rm --network none -t @box sh -c 'echo out; echo err >&2'",
    "run --rm --network none -it @box true",
    "run -d --network none -a stdout @box true",
    "run -d --network none --rm --sig-proxy @box nope",
    "run --rm --network none @box nope",
    "run --rm --network none @box /etc",
    "run --rm --network none @box sh -c 'kill -9 $$'",
    "run --rm --network none @box sh -c 'kill -TERM $$'",
    "run --rm --network none --nope @box",
    "run --rm --network none -a nope @box",
    "run --rm --network none --name @none/x @box",
    "start -a -i @none",
    "start -a @none @none",
    "attach",
    "run --rm --network none -w /x/y @box pwd",
    "run --rm --network none --detach-keys zz @box true",
]


def test_run(pair: Pair) -> None:
    pair.compare(lambda on: [(line, on.run(line, stdin=b"input\n")) for line in RUNS])


def test_a_reader_that_leaves(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok(["run", "-d", "--name", "@c", "@box", "sh", "-c", "while true; do echo y; done"])
        with attached(on, "@c", "stream=1&stdout=1") as stream:
            stream.read_until(b"y")
        with attached(on, "@c", "stream=1&stdout=1") as stream:
            again = b"y" in stream.read_until(b"y")
        return again, on.inspect("container", "c")["State"]["Running"]

    pair.compare(scene)


def test_websocket(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok(["run", "-di", "--name", "@c", "@box", "sh", "-c", "read x; echo got $x"])
        key = base64.b64encode(os.urandom(16)).decode()
        headers = (
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
        )
        stream = Stream(
            on, "GET", "/containers/@c/attach/ws?stream=1&stdin=1&stdout=1", None, (*headers, "Origin: http://x")
        )
        stream.send(b"\x81\x86\0\0\0\0there\n")
        found = stream.read()
        stream.close()
        return stream.status, b"got there\n" in found

    pair.compare(scene)


@pytest.mark.parametrize("driver", ["json-file", "local"])
def test_following(pair: Pair, driver: str) -> None:
    def scene(on: Engine) -> Any:
        program = "i=0; while [ $i -lt 20 ]; do echo line $i; sleep 0.05; i=$((i+1)); done; echo last >&2"
        on.ok(["run", "-d", "--name", "@c", "--log-driver", driver, "@box", "sh", "-c", program])
        return on.run("logs -f @c"), on.run("logs -f --tail 3 @c"), on.run("wait @c")

    pair.compare(scene)


@pytest.mark.parametrize(
    "options", ["", "syslog-format=rfc3164 syslog-facility=local3", "syslog-format=rfc5424micro tag={{.Name}}/x"]
)
def test_syslog(pair: Pair, options: str) -> None:
    def scene(on: Engine) -> Any:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            server.settimeout(_LIMIT)
            words = [f"syslog-address=udp://127.0.0.1:{server.getsockname()[1]}", *options.split()]
            flags = [word for option in words for word in ("--log-opt", option)]
            program = "echo out; sleep 0.2; echo err >&2; sleep 0.2; printf 'a\\n\\nb'"
            on.ok(["run", "--name", "@c", "--log-driver", "syslog", *flags, "@box", "sh", "-c", program])
            return [_timeless(server.recv(1 << 16).decode()) for _ in range(4)]

    pair.compare(scene)


def _timeless(message: str) -> str:
    """A message without the time and the process that it names."""
    message = re.sub(r"(?<=>)[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d", "<stamp>", message)
    message = re.sub(r"\d\d:\d\d:\d\d(\.\d{6})?", lambda match: f"<clock{len(match[1] or '')}>", message)
    return re.sub(r"\[\d+\]|(?<= )\d+(?= )", "<pid>", message)
