"""What an exec's start and its container's end make of its terminal, the same on pydock and on a real Docker Engine."""

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.clients.engines import Engine, Pair
from tests.clients.test_streams_against_docker import ALL, Stream, frames


@pytest.mark.parametrize("tty", [True, False])
@pytest.mark.parametrize("raw", [True, False])
def test_the_start_says_whether_there_are_frames(pair: Pair, tty: bool, raw: bool) -> None:
    def scene(on: Engine) -> Any:
        on.ok("run -d --network none --name @c @box sleep 1000")
        body = {"Cmd": ["echo", "hello"], "Tty": tty, "AttachStdout": True, "AttachStderr": True}
        identity = on.api("POST", "/containers/@c/exec", body).value["Id"]
        with contextlib.closing(Stream(on, "POST", f"/exec/{identity}/start", {"Tty": raw})) as stream:
            return stream.status, stream.head, stream.named, stream.read()

    pair.compare(scene)


def test_the_answer_to_an_attach_does_not_name_the_engine(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("run -d --network none --name @c @box sleep 1000")
        seen = []
        for headers in ((), ("X-No-Upgrade: 1",)):
            with contextlib.closing(Stream(on, "POST", "/containers/@c/attach?stream=1", headers=headers)) as stream:
                seen.append((stream.status, stream.head, stream.named))
        return seen

    pair.compare(scene)


@pytest.mark.parametrize("path", ["/containers/@none/attach", "/containers/@c/attach?detachKeys=nope"])
def test_an_attach_that_is_refused(pair: Pair, path: str) -> None:
    def scene(on: Engine) -> Any:
        on.ok("run -d --network none --name @c @box sleep 1000")
        with contextlib.closing(Stream(on, "POST", path)) as stream:
            heads = [field for field in stream.head if not field.startswith("Connection")]
            return stream.status, heads, stream.read().decode().replace(on.own("none"), "@none")

    pair.compare(scene)


def test_an_attach_shows_no_line_of_the_log_that_has_no_end(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok(["run", "-di", "--network", "none", "--name", "@c", "@box", "sh", "-c", "echo one; printf tw; cat"])
        while "one" not in on.ok("logs @c"):
            pass
        with contextlib.closing(Stream(on, "POST", f"/containers/@c/attach?logs=1&{ALL}")) as stream:
            stream.send(b"o\n")
            return frames(stream.read_until(b"o\n"))

    pair.compare(scene)


def test_the_size_of_what_has_no_container_any_more(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("run -d --network none --name @c @box sleep 1000")
        identity = on.api("POST", "/containers/@c/exec", {"Cmd": ["sleep", "1000"], "Tty": True}).value["Id"]
        on.api("POST", f"/exec/{identity}/start", {"Detach": True, "Tty": True})
        resize = f"/exec/{identity}/resize?h=5&w=5"
        seen = [on.api("POST", resize)]
        for word in ("pause", "unpause", "kill"):
            on.ok(f"{word} @c")
            seen.append(on.api("POST", resize))
        return seen

    pair.compare(scene)


def test_a_size_that_comes_before_the_start(pair: Pair) -> None:
    """Nomad sends it from a thread of its own."""

    def scene(on: Engine) -> Any:
        on.ok("run -d --network none --name @c @box sleep 1000")
        body = {"Cmd": ["sh", "-c", "read line; stty size"], "Tty": True, "AttachStdin": True, "AttachStdout": True}
        identity = on.api("POST", "/containers/@c/exec", body).value["Id"]
        with ThreadPoolExecutor() as threads:
            sizing = threads.submit(on.api, "POST", f"/exec/{identity}/resize?h=100&w=90")
            time.sleep(0.5)
            early = sizing.done()
            with contextlib.closing(Stream(on, "POST", f"/exec/{identity}/start", {"Tty": True})) as stream:
                answer = sizing.result()
                stream.send(b"go\n")
                return early, answer, stream.read_until(b"90")

    pair.compare(scene)


@pytest.mark.parametrize("user", ["", "1:2"])
@pytest.mark.parametrize("own", [{}, {"User": "3"}])
def test_the_user_that_an_exec_is_shown_with(pair: Pair, user: str, own: dict[str, str]) -> None:
    def scene(on: Engine) -> Any:
        on.ok(f"run -d --network none --name @c {'-u ' * bool(user)}{user} @box sleep 1000")
        identity = on.api("POST", "/containers/@c/exec", {"Cmd": ["true"], **own}).value["Id"]
        return on.api("GET", f"/exec/{identity}/json").value["ProcessConfig"]

    pair.compare(scene)
