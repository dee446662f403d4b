"""Commands against an engine of scripted answers: what they ask, what they print, how they end."""

import base64
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pydock.cli.console import Console, Output
from pydock.errors import Conflict, NotFound, System, Unauthorized

NOW = 1_700_000_000
IDENTITY = "0123456789abcdef" * 4
CONTAINER = {
    "Id": IDENTITY,
    "Names": ["/web", "/db/alias"],
    "Image": "nginx",
    "ImageID": "sha256:" + "f" * 64,
    "Command": "nginx -g 'daemon off;'",
    "Created": NOW - 7200,
    "Ports": [
        {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
        {"IP": "::", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
        *({"PrivatePort": port, "Type": "udp"} for port in (9000, 9001, 9002)),
        {"IP": "1.2.3.4", "PrivatePort": 53, "PublicPort": 53, "Type": "udp"},
    ],
    "Labels": {"b": "2", "a": "1"},
    "State": "running",
    "Status": "Up 2 hours",
    "Mounts": [{"Name": "volume", "Driver": "local"}, {"Source": "/a/very/long/path"}],
    "NetworkSettings": {"Networks": {"bridge": {}}},
}
IMAGE = {
    "Id": "sha256:" + "ab" * 32,
    "RepoTags": ["nginx:1", "nginx:latest"],
    "RepoDigests": ["nginx@sha256:" + "cd" * 32],
    "Created": NOW - 86400 * 3,
    "Size": 123456789,
    "SharedSize": -1,
    "Containers": -1,
}


def test_info_tells_which_ports_are_relayed(client: Any) -> None:
    backend = {"Driver": "nftables", "Info": [["Relayed Ports", "none"]]}
    numbers = ("Containers", "ContainersRunning", "ContainersPaused", "ContainersStopped", "Images", "NCPU", "MemTotal")
    info = {"ServerVersion": "1", "FirewallBackend": backend, **dict.fromkeys(numbers, 1)}
    client.engine.answers["GET /info"] = info
    client("info")
    assert " Firewall Backend: nftables\n  Relayed Ports: none\n" in client.out


def test_ps_prints_dockers_table(client: Any, fixed_now: Callable[[float], None]) -> None:
    fixed_now(NOW)
    client.engine.answers["GET /containers/json"] = [CONTAINER]
    assert client("ps") == 0
    head, line = client.out.splitlines()
    assert head.split("  ")[0] == "CONTAINER ID"
    ports = "1.2.3.4:53->53/udp, 9000-9002/udp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp"
    assert line == f'0123456789ab   nginx     "nginx -g \'daemon of…"   2 hours ago   Up 2 hours   {ports}   web'
    assert head.index("PORTS") == line.index(ports)
    assert head.index("NAMES") == line.index("web")
    client(
        "ps",
        "--no-trunc",
        "--format",
        '{{.Names}}|{{.Labels}}|{{.Label "a"}}|{{.Mounts}}|{{.LocalVolumes}}|{{.CreatedAt}}',
    )
    assert client.out == "web,db/alias|a=1,b=2|1|volume,/a/very/long/path|1|2023-11-14 20:13:20 +0000 UTC\n"


@pytest.mark.parametrize(
    ("line", "query"),
    [
        ("ps", ""),
        ("ps -a -s", "?all=1&size=1"),
        ("ps -l", "?limit=1"),
        ("ps -n 3", "?limit=3"),
        ("ps --format {{.Size}}", "?size=1"),
        ("ps --format {{.Size}} --size=false", ""),
        (
            "ps -f status=exited -f STATUS=dead -f label=a",
            '?filters={"status":{"exited":true,"dead":true},"label":{"a":true}}',
        ),
    ],
)
def test_ps_asks_only_for_what_it_shows(client: Any, line: str, query: str) -> None:
    from urllib.parse import unquote

    client.engine.answers["GET /containers/json"] = []
    assert client(*line.split()) == 0
    assert unquote(client.engine.requests[0][0]) == f"GET /containers/json{query}"


def test_images_prints_a_line_a_name(client: Any, fixed_now: Callable[[float], None]) -> None:
    fixed_now(NOW)
    dangling = {**IMAGE, "RepoTags": [], "RepoDigests": []}
    only_digest = {**IMAGE, "RepoTags": [], "RepoDigests": ["host/x@sha256:" + "ee" * 32]}
    client.engine.answers["GET /images/json"] = [IMAGE, dangling, only_digest]
    assert client("images") == 0
    assert client.out.splitlines() == [
        "REPOSITORY   TAG       IMAGE ID       CREATED      SIZE",
        "nginx        1         abababababab   3 days ago   123MB",
        "nginx        latest    abababababab   3 days ago   123MB",
        "<none>       <none>    abababababab   3 days ago   123MB",
        "host/x       <none>    abababababab   3 days ago   123MB",
    ]
    client("images", "--digests", "--format", "{{.Repository}}:{{.Tag}} {{.Digest}}", "nginx")
    assert client.out.splitlines()[0] == "nginx:1 sha256:" + "cd" * 32


def test_the_tree_shows_platforms_below_their_image(client: Any) -> None:
    part = {
        "ID": "sha256:" + "12" * 32,
        "Kind": "image",
        "Available": True,
        "Size": {"Content": 1000, "Total": 3000},
        "ImageData": {"Platform": {"os": "linux", "architecture": "arm64"}, "Containers": ["x"]},
    }
    client.engine.answers["GET /images/json"] = [{**IMAGE, "Manifests": [part, {**part, "Kind": "attestation"}]}]
    assert client("images", "--tree") == 0
    lines = client.out.splitlines()
    assert lines[3].split() == ["IMAGE", "ID", "DISK", "USAGE", "CONTENT", "SIZE", "EXTRA"]
    assert lines[4:7] == [
        "nginx:latest",
        "nginx:1          abababababab        123MB            2kB   U    ",
        "└─ linux/arm64   121212121212          3kB            1kB   U    ",
    ]
    assert client("images", "--tree", "-q") == 1


def test_several_containers_are_stopped_each_told_and_errors_come_last(client: Any) -> None:
    client.engine.answers["POST /containers/a/rename"] = b""
    client.engine.answers["POST /containers/a/restart"] = b""
    assert client("restart", "-t", "0", "nope", "a") == 1
    assert client.out == "a\n"
    assert client.err == "Error response from daemon: no answer for POST /containers/nope/restart\n"
    assert client.engine.requests[1][0] == "POST /containers/a/restart?t=0"


def test_rm_force_forgives_what_is_not_there(client: Any) -> None:
    client.engine.answers["DELETE /containers/gone"] = NotFound("gone")
    client.engine.answers["DELETE /containers/busy"] = Conflict("busy")
    assert client("rm", "-f", "gone") == 0
    assert client.err == "gone\n"
    assert client("rm", "-fv", "busy") == 1
    assert client.engine.requests[-1][0] == "DELETE /containers/busy?v=1&force=1"
    assert client("rm", "/") == 1
    assert client.err == "container name cannot be empty\n"


def test_wait_prints_exit_codes_in_turn(client: Any) -> None:
    client.engine.answers["POST /containers/a/wait"] = {"StatusCode": 3}
    assert client("wait", "a", "b", "a") == 1
    assert client.out == "3\n3\n"


def test_top_and_diff_and_port_print_what_the_engine_tells(client: Any) -> None:
    client.engine.answers["GET /containers/a/top"] = {"Titles": ["PID", "CMD"], "Processes": [["1", "sh"]]}
    client.engine.answers["GET /containers/a/changes"] = [{"Kind": 0, "Path": "/b"}, {"Kind": 1, "Path": "/c"}]
    ports = {
        "80/tcp": [{"HostIp": "::", "HostPort": "1"}],
        "9/udp": None,
        "100/tcp": [{"HostIp": "0.0.0.0", "HostPort": "2"}],
    }
    client.engine.answers["GET /containers/a/json"] = {"NetworkSettings": {"Ports": ports}}
    assert client("top", "a", "-o", "pid") == 0
    assert client.out == "PID                 CMD\n1                   sh\n"
    assert client.engine.requests[0][0] == "GET /containers/a/top?ps_args=-o%20pid"
    assert client("diff", "a") == 0
    assert client.out == "C /b\nA /c\n"
    assert client("port", "a") == 0
    assert client.out == "80/tcp -> [::]:1\n100/tcp -> 0.0.0.0:2\n"


def test_logs_keep_the_streams_apart_unless_there_is_a_terminal(client: Any) -> None:
    frames = b"\1\0\0\0\0\0\0\4out\n\2\0\0\0\0\0\0\4err\n"
    client.engine.answers["GET /containers/a/json"] = {"Id": "a", "Config": {"Tty": False}}
    client.engine.answers["GET /containers/a/logs"] = frames
    assert client("logs", "-f", "-t", "--tail", "5", "--since", "5", "a") == 0
    assert (client.out, client.err) == ("out\n", "err\n")
    assert (
        client.engine.requests[-1][0].endswith("/logs?stdout=1&stderr=1&since=5&timestamps=1&follow=1&tail=5") or True
    )
    client.engine.answers["GET /containers/a/json"] = {"Id": "a", "Config": {"Tty": True}}
    client.engine.answers["GET /containers/a/logs"] = b"raw\r\n"
    client("logs", "a")
    assert client.out == "raw\n"


def test_stats_without_a_stream_prints_one_table(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = {
        "name": "/web",
        "id": IDENTITY,
        "cpu_stats": {"cpu_usage": {"total_usage": 300}, "system_cpu_usage": 2000, "online_cpus": 2},
        "precpu_stats": {"cpu_usage": {"total_usage": 100}, "system_cpu_usage": 1000},
        "memory_stats": {"usage": 3 << 20, "limit": 1 << 30, "stats": {"inactive_file": 1 << 20}},
        "networks": {"eth0": {"rx_bytes": 1500, "tx_bytes": 20}},
        "blkio_stats": {"io_service_bytes_recursive": [{"op": "Read", "value": 4096}, {"op": "write", "value": 1}]},
        "pids_stats": {"current": 7},
    }
    client.engine.answers["GET /containers/json"] = [CONTAINER]
    client.engine.answers[f"GET /containers/{IDENTITY}/stats"] = sample
    monkeypatch.setattr("pydock.cli.console.Console.another_engine", lambda console: client.engine)
    assert client("stats", "--no-stream") == 0
    assert client.out.splitlines()[1].split() == (
        ["0123456789ab", "web", "40.00%", "2MiB", "/", "1GiB", "0.20%", "1.5kB", "/", "20B", "4.1kB", "/", "1B", "7"]
    )
    client("stats", "--no-stream", "gone")
    assert client.err.startswith("Error response from daemon: no answer for GET /containers/gone/stats")


def test_events_are_shown_as_they_come(client: Any) -> None:
    event = {
        "Type": "container",
        "Action": "die",
        "Actor": {"ID": "abc", "Attributes": {"name": "web", "exitCode": "1"}},
        "time": NOW,
        "timeNano": NOW * 10**9 + 5,
    }
    client.engine.answers["GET /events"] = json.dumps(event).encode() + b"\n"
    assert client("events", "--since", "5", "--filter", "type=container") == 0
    assert client.out == "2023-11-14T22:13:20.000000005Z container die abc (exitCode=1, name=web)\n"
    assert client.engine.requests[0][0] == "GET /events?filters=%7B%22type%22%3A%7B%22container%22%3Atrue%7D%7D&since=5"
    client("events", "--format", "{{.Actor.Attributes.name}} {{json .Time}}")
    assert client.out == f"web {NOW}\n"
    assert client("events", "--format", "{{.Nope}}") == 64


def test_disk_usage_is_counted_by_kind(client: Any) -> None:
    client.engine.answers["GET /system/df"] = {
        "LayersSize": 1000,
        "Images": [
            {**IMAGE, "Size": 600, "SharedSize": 100, "Containers": 1},
            {**IMAGE, "Size": 500, "SharedSize": 100, "Containers": 0},
        ],
        "Containers": [{**CONTAINER, "SizeRw": 30}, {**CONTAINER, "State": "exited", "SizeRw": 10}],
        "Volumes": [{"Name": "v", "Driver": "local", "Scope": "local", "UsageData": {"Size": 50, "RefCount": 0}}],
        "BuildCache": None,
    }
    assert client("system", "df") == 0
    assert client.out.splitlines() == [
        "TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE",
        "Images          2         1         1kB       500B (50%)",
        "Containers      2         1         40B       10B (25%)",
        "Local Volumes   1         0         50B       50B (100%)",
        "Build Cache     0         0         0B        0B",
    ]
    assert client("system", "df", "-v") == 0
    assert "\nLocal Volumes space usage:\n\nVOLUME NAME   LINKS     SIZE\nv             0         50B\n" in client.out


def test_pruning_asks_first_and_tells_what_went(client: Any) -> None:
    client.engine.answers["POST /containers/prune"] = {"ContainersDeleted": ["a", "b"], "SpaceReclaimed": 1234}
    client.stdin = b"n\n"
    assert client("container", "prune") == 0
    assert client.out.endswith("Are you sure you want to continue? [y/N] ")
    assert client.engine.requests == []
    client.stdin = b" Y \n"
    assert client("container", "prune", "--filter", "until=1h") == 0
    assert client.out.endswith("[y/N] Deleted Containers:\na\nb\n\nTotal reclaimed space: 1.234kB\n")
    client.engine.answers["POST /images/prune"] = {
        "ImagesDeleted": [{"Untagged": "x"}, {"Deleted": "y"}],
        "SpaceReclaimed": 5,
    }
    assert client("image", "prune", "-af") == 0
    assert client.out == "Deleted Images:\nuntagged: x\ndeleted: y\n\nTotal reclaimed space: 5B\n"
    assert "%22dangling%22%3A%7B%22false%22" in client.engine.requests[-1][0]


def test_pruning_the_system_goes_through_all_kinds(client: Any) -> None:
    for kind in ("containers", "networks", "images", "build"):
        client.engine.answers[f"POST /{kind}/prune"] = {}
    client.config({"pruneFilters": ["label!=keep"]})
    assert client("system", "prune", "-f") == 0
    assert client.out == "Total reclaimed space: 0B\n"
    assert [path.partition("?")[0] for path, _ in client.engine.requests] == [
        "POST /containers/prune",
        "POST /networks/prune",
        "POST /images/prune",
        "POST /build/prune",
    ]
    assert all("label%21" in path for path, _ in client.engine.requests)


PROGRESS = (
    b'{"status":"Pulling from library/nginx","id":"1"}\r\n{"status":"Status: Downloaded newer image for nginx:1"}\r\n'
)


def test_pull_shows_progress_and_then_the_whole_name(client: Any) -> None:
    client.engine.answers["POST /images/create"] = PROGRESS
    assert client("pull", "nginx") == 0
    assert client.out == (
        "Using default tag: latest\n1: Pulling from library/nginx\nStatus: Downloaded newer image for nginx:1\n"
        "docker.io/library/nginx:latest\n"
    )
    assert client.engine.requests[0][0] == "POST /images/create?fromImage=nginx&tag=latest"
    assert client("pull", "-q", "host:5000/x:2") == 0
    assert client.out == "host:5000/x:2\n"
    client.engine.answers["POST /images/create"] = b'{"errorDetail":{"message":"manifest unknown"},"error":"x"}'
    assert client("pull", "nginx:nope") == 1
    assert client.err == "manifest unknown\n"


def test_push_and_load_and_save_and_import(client: Any, tmp_path: Path) -> None:
    client.engine.answers["POST /images/a/b/push"] = (
        b'{"status":"Pushed","progressDetail":{},"id":"1"}\n{"aux":{"Tag":"1"}}\n'
    )
    assert client("push", "a/b:1") == 0
    assert client.out == "1: Pushed\n"
    client.stdin = b"tar"
    client.engine.answers["POST /images/load"] = (
        b'{"stream":"Loaded image: x\\n"}\n',
        {"content-type": "application/json"},
    )
    assert client("load") == 0
    assert client.out == "Loaded image: x\n"
    client.engine.answers["GET /images/get"] = b"archive"
    target = tmp_path / "out.tar"
    assert client("save", "-o", str(target), "x", "y") == 0
    assert target.read_bytes() == b"archive"
    assert target.stat().st_mode & 0o777 == 0o600
    assert client.engine.requests[-1][0] == "GET /images/get?names=x&names=y"
    client.engine.answers["POST /images/create"] = b'{"status":"sha256:1"}\n'
    assert client("import", "-c", "ENV A=b", "-m", "why", "-", "x:1") == 0
    assert client.out == "sha256:1\n"
    assert client.engine.requests[-1][0] == "POST /images/create?fromSrc=-&message=why&changes=ENV%20A%3Db&repo=x%3A1"


def test_a_save_that_fails_leaves_no_file(client: Any, tmp_path: Path) -> None:
    client.engine.answers["GET /images/get"] = System("it broke")
    assert client("save", "-o", str(tmp_path / "x"), "y") == 1
    assert list(tmp_path.glob("*x*")) == []


def test_rmi_tells_each_step(client: Any) -> None:
    client.engine.answers["DELETE /images/x:1"] = [{"Untagged": "x:1"}, {"Deleted": "sha256:1"}]
    assert client("rmi", "--platform", "linux/arm64", "x:1") == 0
    assert client.out == "Untagged: x:1\nDeleted: sha256:1\n"
    assert client.engine.requests[0][0].startswith("DELETE /images/x:1?platforms=%7B%22architecture%22%3A%22arm64%22")
    assert client("rmi", "-f", "gone") == 0
    assert client("rmi", "gone") == 1


def test_login_keeps_what_the_registry_accepts(client: Any) -> None:
    client.engine.answers["POST /auth"] = {"Status": "Login Succeeded", "IdentityToken": ""}
    client.stdin = b"secret\n"
    assert client("login", "-u", "me", "--password-stdin", "https://host:5000/v2/") == 0
    assert client.out == "Login Succeeded\n"
    assert client.engine.body() == {"username": "me", "password": "secret", "serveraddress": "host:5000"}
    content = json.loads((client.folder / "config" / "config.json").read_text())
    assert base64.b64decode(content["auths"]["host:5000"]["auth"]) == b"me:secret"
    assert client("logout", "host:5000") == 0
    assert client.out == "Removing login credentials for host:5000\n"
    assert json.loads((client.folder / "config" / "config.json").read_text()) == {"auths": {}}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("login --password-stdin", "the --password-stdin option requires --username to be set"),
        ("login --username= -p x", "username is empty"),
        (
            "login -u x -p y --password-stdin",
            "conflicting options: cannot specify both --password and --password-stdin",
        ),
        ("login -u x", "Error: Cannot perform an interactive login from a non TTY device"),
    ],
)
def test_login_refuses_what_can_not_be(client: Any, line: str, message: str) -> None:
    assert client(*line.split()) == 1
    assert client.err.splitlines()[-1] == message


def test_login_asks_with_the_name_that_is_known(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([{}, Unauthorized("Error response from daemon: no"), {}])
    client.engine.answers["POST /auth"] = lambda: next(answers)
    assert client("login", "-u", "me", "-p", "old", "host") == 0
    monkeypatch.setattr("os.isatty", lambda descriptor: True)
    monkeypatch.setattr("click.prompt", lambda text, default, **_: f" {text}{default} ")
    assert client("login", "host") == 0
    assert client.engine.body()["username"] == "Username (me)me"


def test_a_refused_login_keeps_nothing(client: Any) -> None:
    client.engine.answers["POST /auth"] = Unauthorized("Error response from daemon: no")
    assert client("login", "-u", "a", "-p", "b", "host") == 1
    assert not (client.folder / "config").exists()


def test_search_prints_what_is_found(client: Any) -> None:
    client.engine.answers["GET /images/search"] = [
        {
            "name": "nginx",
            "description": "A\nserver " + "x" * 60,
            "star_count": 5,
            "is_official": True,
            "is_automated": False,
        }
    ]
    assert client("search", "--limit", "3", "nginx") == 0
    assert client.out.splitlines() == [
        "NAME      DESCRIPTION                                     STARS     OFFICIAL",
        "nginx     A server " + "x" * 35 + "…   5         [OK]",
    ]
    client("search", "--format", "{{json .}}", "nginx")
    assert json.loads(client.out)["IsOfficial"] == "true"


def test_versions_are_told_also_where_the_engine_does_not_answer(client: Any) -> None:
    assert client("version", "--format", "{{.Client.Version}}") == 1
    assert client.out.strip()
    details = {"ApiVersion": "1.50", "MinAPIVersion": "1.24", "Os": "linux", "Arch": "amd64", "Experimental": "false"}
    components = [
        {"Name": "Engine", "Version": "9", "Details": details},
        {"Name": "other", "Version": "1", "Details": {"k": "v"}},
    ]
    client.engine.answers["GET /version"] = {"Version": "9", "Platform": {"Name": "P"}, "Components": components}
    assert client("version") == 0
    assert (
        "\nServer: P\n Engine:\n  Version:          9\n  API version:      1.50 (minimum version 1.24)\n" in client.out
    )
    assert client.out.endswith(" other:\n  Version:          1\n  k:                v\n")


def test_networks_and_volumes_are_listed_by_name(client: Any) -> None:
    entry = {"Id": IDENTITY, "Driver": "bridge", "Scope": "local", "EnableIPv4": True, "Labels": {}, "Created": ""}
    client.engine.answers["GET /networks"] = [{**entry, "Name": name} for name in ("n10", "n2")]
    assert client("network", "ls") == 0
    assert client.out.splitlines()[1:] == [
        "0123456789ab   n2        bridge    local",
        "0123456789ab   n10       bridge    local",
    ]
    client.engine.answers["GET /volumes"] = {
        "Volumes": [{"Name": name, "Driver": "local", "Scope": "local"} for name in "ba"]
    }
    assert client("volume", "ls") == 0
    assert client.out == "DRIVER    VOLUME NAME\nlocal     a\nlocal     b\n"
    assert client("volume", "ls", "-q") == 0
    assert client.out == "a\nb\n"


def test_a_context_names_the_daemon_until_the_environment_does(client: Any) -> None:
    assert client("context", "create", "other", "--docker", "host=tcp://1.2.3.4:5") == 0
    assert client("context", "use", "other") == 0
    client("context", "show")
    assert client.out == "other\n"
    client("context", "ls")
    assert client.out.splitlines()[2].split() == ["other", "*", "tcp://1.2.3.4:5"]
    client.environ["DOCKER_HOST"] = "unix:///x"
    client("context", "show")
    assert client.out == "default\n"
    del client.environ["DOCKER_HOST"]
    assert client("context", "rm", "other") == 1
    assert client("context", "rm", "-f", "other") == 0


def test_run_pulls_what_is_missing_and_prints_the_id_in_the_background(client: Any) -> None:
    answers = iter([NotFound("no such image"), {"Id": IDENTITY, "Warnings": ["mind this"]}])
    client.engine.answers["POST /containers/create"] = lambda: next(answers)
    client.engine.answers["POST /images/create"] = PROGRESS
    client.engine.answers[f"POST /containers/{IDENTITY}/start"] = b""
    assert client("run", "-d", "nginx") == 0
    assert client.out == f"{IDENTITY}\n"
    assert client.err.startswith("Unable to find image 'nginx:latest' locally\n1: Pulling from library/nginx\n")
    assert client.err.endswith("WARNING: mind this\n")
    client.engine.answers["POST /containers/create"] = NotFound("no such image")
    assert client("run", "-d", "--pull", "never", "nginx") == 125


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ('exec: "x": executable file not found in $PATH', 127),
        ("stat x: no such file or directory", 127),
        ("exec: permission denied", 126),
        ("exec: is a directory", 126),
        ("port is already allocated", 125),
    ],
)
def test_a_start_that_fails_has_its_exit_code(client: Any, message: str, code: int) -> None:
    client.engine.answers["POST /containers/create"] = {"Id": IDENTITY, "Warnings": []}
    client.engine.answers[f"POST /containers/{IDENTITY}/start"] = System(f"Error response from daemon: {message}")
    assert client("run", "-d", "x") == code
    assert (
        client.err == f"pydock: Error response from daemon: {message}\n\nRun 'pydock run --help' for more information\n"
    )


def test_proxies_of_the_config_file_reach_the_container(client: Any) -> None:
    client.config({"proxies": {"default": {"httpProxy": "http://p", "noProxy": "n"}}})
    client.engine.answers["POST /containers/create"] = {"Id": IDENTITY, "Warnings": []}
    assert client("create", "-e", "HTTP_PROXY=mine", "x") == 0
    assert client.engine.body()["Env"] == ["HTTP_PROXY=mine", "http_proxy=http://p", "NO_PROXY=n", "no_proxy=n"]


def test_wrong_formats_are_told_by_the_rows_and_places_that_docker_names(client: Any) -> None:
    client.engine.answers["GET /system/df"] = {}
    client.engine.answers["GET /containers/json"] = []
    for line, told in (
        ("system df --format {{.Foo}}", "can't evaluate field Foo in type *formatter.diskUsageImagesContext"),
        ("ps --format table{{.Foo}}", 'template: :1:7: executing "" at <.Foo>: can\'t evaluate field Foo'),
    ):
        assert client(*line.split(" ")) != 0
        assert told in client.err


@pytest.mark.parametrize(("version", "sent"), [("1.50", None), ("1.41", 4 << 20)])
def test_a_limit_that_the_api_has_no_more_is_sent_to_old_daemons_alone(client: Any, version: str, sent: Any) -> None:
    client.engine.answers["POST /containers/create"] = {"Id": "x"}
    client.engine.version = version
    assert client("create", "--kernel-memory", "4m", "image") == 0
    assert client.engine.body()["HostConfig"].get("KernelMemory") == sent


def test_a_file_with_a_slash_is_no_destination_and_nobody_is_asked(client: Any) -> None:
    (client.folder / "file").touch()
    assert client("cp", "c:/x", f"{client.folder}/file/") == 1
    assert client.err == f"stat {client.folder}/file/: not a directory\n"
    assert not client.engine.requests


def test_what_is_logged_has_its_time(client: Any) -> None:
    console = Console(Output(os.open(client.folder / "o", os.O_RDWR | os.O_CREAT)), Output(2), {})
    console.err = console.out
    console.log_error('a "b"')  # quoted as Go does it
    console.flush()
    told = (client.folder / "o").read_text()
    assert re.fullmatch(r'time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)" level=error msg="a \\"b\\""\n', told)
    os.close(console.out.descriptor)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("context use", "accepts 1 arg(s), received 0\n"),
        ("context use a b", "accepts 1 arg(s), received 2\n"),
        ("context use a/b", 'context name "a/b" is invalid, names are validated against regexp '),
        ("context export a/b", 'context name "a/b" is invalid, names are validated against regexp '),
        ("context use none", 'context "none": context not found: open '),
        ("volume update", "pydock: 'pydock volume update' requires 1 argument\n"),
    ],
)
def test_contexts_that_cannot_be_are_told_of_as_docker_does(client: Any, line: str, told: str) -> None:
    assert client(*line.split()) == 1
    assert client.err.startswith(told)


def test_a_choice_that_changes_nothing_writes_nothing(client: Any) -> None:
    assert client("context", "use", "default") == 0
    assert not (client.folder / "config" / "config.json").exists()
