"""pydock and Docker's own client, given the same command lines against the same real Docker Engine.

Output, errors and exit codes must be equal; for `run` and its kin the requests are compared too, by an engine that only
writes down what it is asked.  Skipped where Docker is not at hand (PYDOCK_TEST_DOCKER, PYDOCK_TEST_DOCKER_SOCKET).
"""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from pydock.cli import index, main
from tests.clients.engines import followed_client

IMAGE = "pydock-cli-test"
Outcome = tuple[int, str, str]


class Pair:
    """The two clients; both call themselves `docker`."""

    def __init__(self, docker: str, pydock: str, host: str, folder: Path) -> None:
        self._programs = (docker, pydock)
        self._environ = {**os.environ, "DOCKER_HOST": host, "DOCKER_CONFIG": str(folder), "DOCKER_BUILDKIT": "0"}
        self._environ.pop("PYDOCK_HOST", None)
        self._folder = folder

    def both(self, line: str, stdin: bytes = b"") -> tuple[Outcome, Outcome]:
        """The outcome of one command line with each client."""
        first, second = (self._run(program, line, stdin) for program in self._programs)
        return first, second

    def docker(self, line: str, stdin: bytes = b"") -> str:
        """Run Docker's client, which must succeed; its output."""
        code, out, err = self._run(self._programs[0], line, stdin)
        assert code == 0, err
        return out

    def pydock(self, line: str) -> str:
        """Run pydock, which must succeed; its output."""
        code, out, err = self._run(self._programs[1], line, b"")
        assert code == 0, err
        return out

    def _run(self, program: str, line: str, stdin: bytes) -> Outcome:
        done = subprocess.run(
            [program, *shlex.split(line)], input=stdin, capture_output=True, env=self._environ, cwd=self._folder
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()


def pydock_program(folder: Path) -> str:
    """pydock under docker's name, so that messages can be compared as they are."""
    program = folder / "docker"
    text = f"#!{sys.executable}\nimport sys\nsys.argv[0] = 'docker'\nfrom pydock.cli.main import main\nmain()\n"
    program.write_text(text)
    program.chmod(0o755)
    return str(program)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both clients on a real engine, with an image, two containers, a network and a volume."""
    path = os.environ.get("PYDOCK_TEST_DOCKER_SOCKET", "/var/run/docker.sock")
    if not os.path.exists(path):
        pytest.skip("no docker engine at hand")
    folder = tmp_path_factory.mktemp("pair")
    made = Pair(followed_client(), pydock_program(folder), f"unix://{path}", folder)
    names = "pct-running pct-ended"
    made.pydock(f"image from-host {IMAGE} sh coreutils env")
    made.docker(f"rm -f {names}")
    made.docker(
        f"run -d --name pct-running -p 127.0.0.1::80 -p 9090/udp --expose 9000-9003 -l a=b -l 'c=<d>' "
        f"-e X=1 --health-cmd true --health-interval 1h {IMAGE} sh -c 'echo out; echo err >&2; exec sleep 1000'"
    )
    made.both(f"run --name pct-ended {IMAGE} sh -c 'exit 7'")
    made.docker("network create pct-network --label x=y")
    made.docker("volume create pct-volume --label a=b")
    yield made
    made.docker(f"rm -f {names}")
    made.docker("network rm pct-network")
    made.docker("volume rm pct-volume")
    made.docker(f"rmi -f {IMAGE}")


SAME = """
ps --filter name=pct
ps -a --no-trunc --filter name=pct
ps -aq --filter name=pct
ps -n 1 --filter name=pct
ps -l --format json --filter name=pct
ps -s --filter name=pct
ps --filter name=pct --format {{.ID}}:{{.Names}}:{{.Ports}}:{{.Label}}
ps --format '{{.Foo}}'
ps --format '{{.ID.x}}'
ps --format '{{'
ps --filter name=pct --format 'table {{.ID | lower}}\\t{{.Names}}'
ps --format raw --filter name=pct
ps --filter x
ps --filter foo=bar
ps --foo
ps -x
ps a
images pydock-cli-test
images --digests --no-trunc pydock-cli-test
images -q --filter reference=pydock-cli-test
images --format '{{.Repository}}:{{.Tag}} {{.Size}} {{.Digest}}' pydock-cli-test
images nope
images pull
history pydock-cli-test
history -H=false --no-trunc pydock-cli-test
history nope
port pct-running
port pct-running 80
port pct-running 81
port pct-running abc
logs pct-running
logs -n 1 pct-running
logs --since foo pct-running
logs nope
diff pct-ended
top pct-running
top pct-running -o pid,args
top pct-ended
wait pct-ended
wait pct-ended nope
attach pct-ended
attach nope
start nope
start -a pct-ended
kill nope pct-ended
stop nope
pause nope
rename nope other
rename pct-running pct-ended
rm nope
rm -f nope
rm pct-running
exec pct-ended true
exec nope true
exec pct-running nope
exec pct-running sh -c 'echo out; echo err >&2; exit 3'
exec -w /tmp -e A=b pct-running env
exec -it pct-running true
exec -u nope pct-running true
inspect pct-running
inspect pct-running pct-ended nope
inspect -f '{{.State}}' pct-ended
inspect -f '{{json .HostConfig}}' pct-running
inspect -f '{{json .}}' pct-running
inspect -f '{{.Nope}}' pct-running
inspect -f '{{range $p, $c := .NetworkSettings.Ports}}{{$p}}={{len $c}} {{end}}' pct-running
inspect -f '{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}' pct-running
inspect -f '{{.Config.Healthcheck.Interval}} {{.Config.Labels}} {{index .Config.Labels "nope"}}' pct-running
inspect -f '{{.NetworkSettings.Networks.nope.IPAddress}}' pct-running
inspect -f '{{eq .State.Status 1}}' pct-running
inspect --type image pct-running
inspect --type foo x
inspect ''
inspect -f {{.Name}} /pct-ended pct-ended/ ' pct-ended '
rm ' '
kill '' nope
start '' nope
commit '' a:b:c
diff /pct-ended
port /pct-running 80
rename '' x
network inspect ''
network rm ''
volume inspect '' /pct-volume
volume rm ' '
image inspect ''
image inspect -f '{{json .}}' pydock-cli-test
network inspect -f '{{json .}}' pct-network
network inspect bridge
network ls --filter name=pct --format json
network rm nope bridge
network create --subnet foo x
network create pct-network
volume inspect pct-volume
volume inspect -f '{{.Labels}} {{.Nope}}' pct-volume
volume ls --filter name=pct
volume ls --format json --filter name=pct
volume rm nope
system df --format {{.Type}}
system df -v --format {{.Foo}}
info --format '{{.ServerVersion}} {{json .Plugins}}'
info --format '{{.Foo}}'
version --format '{{json .Server}}'
version --format '{{.Server.Foo}}'
events --since 10m --until 0s --filter container=pct-ended
events --since 10m --until 0s --filter container=pct-ended --format '{{json .}}'
events --format '{{.Foo}}'
update pct-running
update --restart on-failure:x pct-running
commit nope
tag pydock-cli-test UPPER
tag nope other
rmi nope
rmi -f nope
save nope
save -o /nope/x pydock-cli-test
export nope
load -i /nope
import /nope
pull UPPER
pull -a x:1
push -a x:1
run
run --foo
run -e
run -c x y
run -it pydock-cli-test true
run pydock-cli-test nope
run --rm pydock-cli-test nope
run --rm pydock-cli-test /etc
run --rm pydock-cli-test sh -c 'exit 3'
run --rm pydock-cli-test sh -c 'echo out; echo err >&2'
run --rm --name pct-running pydock-cli-test true
run --rm --network nope pydock-cli-test true
run --pull foo pydock-cli-test
run -d -a stdout pydock-cli-test
run --rm --restart always pydock-cli-test
run --rm -v : pydock-cli-test
run --rm -p foo pydock-cli-test
run --rm -p 80-90:1-2 pydock-cli-test
run --rm -p 1.2.3:80:80 pydock-cli-test
run --rm --memory 1x pydock-cli-test
run --rm --cpus a pydock-cli-test
run --rm --mount type=foo pydock-cli-test
run --rm --ulimit nofile=2:1 pydock-cli-test
run --rm --device a:b:c:d pydock-cli-test
run --rm --env-file /nope pydock-cli-test
run --rm --add-host x:1.2.3 pydock-cli-test
run --rm --health-interval 5 pydock-cli-test
run --rm --expose x pydock-cli-test
container
container foo
foo
image rm
system prune
volume prune --filter x
""".strip().splitlines()


@pytest.mark.parametrize("line", SAME)
def test_a_command_line_has_the_same_outcome_with_both_clients(pair: Pair, line: str) -> None:
    for _ in range(3):
        first, second = pair.both(line)
        if line == "container":
            # the texts of help are our own
            first, second = (first[0], first[1], ""), (second[0], second[1], "")
        if first == second:
            break
        # "1 second ago" may have become "2 seconds ago" between the two: try again
    assert second == first


def test_standard_input_reaches_the_container_and_its_end_too(pair: Pair) -> None:
    data = os.urandom(300_000).hex().encode()
    first, second = pair.both(f"run --rm -i {IMAGE} cat", data)
    assert second == first
    assert second[1].encode() == data


def test_files_copied_in_and_out_are_the_same(pair: Pair, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "inner").mkdir(parents=True)
    (source / "file").write_text("text")
    (source / "inner" / "link").symlink_to("../file")
    os.link(source / "file", source / "inner" / "hard")
    (source / "file").chmod(0o750)
    pair.pydock(f"cp {source} pct-running:/copied")
    listing = pair.docker("exec pct-running sh -c 'cd /copied; stat -c %n:%A:%s ./file ./inner/link'")
    assert "./file:-rwxr-x---:4" in listing
    assert "./inner/link:lrwxrwxrwx:7" in listing
    pair.pydock(f"cp pct-running:/copied/. {tmp_path / 'back'}")
    assert (tmp_path / "back" / "inner" / "link").readlink() == Path("../file")
    assert os.stat(tmp_path / "back" / "file").st_ino == os.stat(tmp_path / "back" / "inner" / "hard").st_ino


class Recorder:
    """An engine that says no to everything but the ping, and remembers what it was asked."""

    def __init__(self, path: Path) -> None:
        self.requests: list[tuple[str, Any]] = []
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen(20)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream:
            while line := stream.readline():
                headers = {}
                while text := stream.readline().strip():
                    name, _, value = text.decode().partition(":")
                    headers[name.lower()] = value.strip()
                body = stream.read(int(headers.get("content-length", 0)))
                path = line.split()[1].decode()
                if path == "/_ping":
                    stream.write(b"HTTP/1.1 200 OK\r\nApi-Version: 1.50\r\nOstype: linux\r\nContent-Length: 0\r\n\r\n")
                else:
                    self.requests.append((path, json.loads(body or b"null")))
                    answer = b'{"message":"no"}'
                    head = f"HTTP/1.1 500 No\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
                    stream.write(head.encode() + answer)
                stream.flush()

    def close(self) -> None:
        """Stop listening."""
        self._server.close()


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[tuple[Pair, Recorder]]:
    """Both clients on an engine that only listens."""
    recorder = Recorder(tmp_path / "s")
    yield Pair(followed_client(), pydock_program(tmp_path), f"unix://{tmp_path / 's'}", tmp_path), recorder
    recorder.close()


REQUESTS = """
run image
run -i --rm image sh
create -i -a stdin -a stderr image
run -d --name n --hostname h --domainname d -u 1:2 -w /w -e A=1 -e B --entrypoint /e --label x=y -l z image a b
run --entrypoint= --stop-signal TERM --stop-timeout 3 --init --read-only --privileged image
run -p 80 -p 8080:80 -p 127.0.0.1:90:90/udp -p '[::1]:1:2' -p 8000-8002:9000-9002 -p 7000-7010:70 image
run -p published=1,target=2 --expose 3 --expose 4-6/udp -P image
run -v /a:/b -v vol:/c:ro -v /d -v ./rel:/e:rshared --volumes-from x:ro --volume-driver local image
run --mount type=bind,src=/a,dst=/b,ro,bind-propagation=rslave --mount dst=/c,volume-opt=a=b,volume-nocopy image
run --mount type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1770 --mount type=image,src=i,dst=/i,image-subpath=s image
run --mount type=volume,src=v,dst=/v,volume-subpath=s,volume-label=a=b,volume-driver=d,readonly=true image
run --tmpfs /t:size=1m --tmpfs /u image
run -m 64m --memory-swap -1 --memory-reservation 32m --memory-swappiness 10 --oom-kill-disable image
run --cpus 1.5 -c 512 --cpu-period 1000 --cpu-quota 500 --cpuset-cpus 0 --cpuset-mems 0 --pids-limit 9 image
run --blkio-weight 100 --blkio-weight-device /dev/a:200 --device-read-bps /dev/a:1mb --device-write-iops /dev/a:5 image
run --device /dev/a --device /dev/b:/dev/c:r --device /dev/d:rw --device-cgroup-rule 'c 1:3 rwm' --gpus all image
run --gpus '"device=0,1",capabilities=utility' --device vendor.com/class=name image
run --ulimit nofile=1:2 --ulimit core=-1 --sysctl net.x=1 --shm-size 1g --oom-score-adj 5 image
run --cap-add A --cap-drop B --security-opt no-new-privileges --security-opt label=disable --group-add g image
run --security-opt systempaths=unconfined --security-opt seccomp=unconfined --userns host --cgroupns private image
run --ipc host --pid host --uts host --cgroup-parent /p --runtime r --isolation default image
run --dns 1.1.1.1 --dns-option a --dns-search b --add-host a:1.2.3.4 --add-host b=host-gateway image
run --network n --ip 1.2.3.4 --ip6 ::1 --network-alias a --link l:m --mac-address 02:42:ac:11:00:02 image
run --network name=n,alias=a,ip=1.2.3.4,driver-opt=k=v,gw-priority=3 --network other image
run --network host image
run --network container:x image
run --link a:b --link-local-ip 169.254.1.1 image
run --health-cmd c --health-interval 1m30s --health-retries 3 --health-timeout 5s --health-start-period 1ms image
run --no-healthcheck --log-driver local --log-opt a=b --storage-opt size=1g --annotation a=b image
run --restart on-failure:3 image
run --platform linux/arm64 --name n image
create --cidfile c image
update -m 1g --cpus 2 --restart always --pids-limit 5 --cpu-shares 3 c
commit -m msg -a me -c 'ENV A=b' -p=false c r:t
network create -d bridge --subnet 10.1.0.0/16 --gateway 10.1.0.1 --ip-range 10.1.2.0/24 --aux-address a=10.1.0.9 n
network create --ipv6 --internal --attachable -o a=b --label l --ipam-driver x --ipam-opt c=d n
network connect --ip 1.2.3.4 --alias a,b --link x:y --driver-opt k=v --gw-priority 2 n c
network disconnect -f n c
volume create -d d -o a=b --label l=m v
volume create
stop -t 3 -s INT c
restart -t 0 c
kill -s 9 c
rm -fv c
rm -l c
rename a b
ps -a --filter status=running --filter label=a --filter label=b
ps -n 3 -s
images -a --filter dangling=true nginx
rmi -f --no-prune i
tag i r:t
history i
top c -o pid
container prune -f --filter until=1h
image prune -af
volume prune -af
network prune -f --filter label!=x
system df
search --limit 5 --filter stars=3 x
events --since 1700000000 --until 1700000001.5 --filter type=container
image save -o f a b
export c
diff c
""".strip().splitlines()


def comparable(request: tuple[str, Any]) -> tuple[str, Any, Any]:
    """A request without what Go leaves to chance, or sends though it says nothing: orders, and zero values."""
    parts = urlsplit(request[0])
    query = {name: json.loads(value) if value[:1] == "{" else value for name, value in parse_qsl(parts.query)}
    body = told(request[1])
    if body:
        for unordered in (body.get("Env"), body.get("HostConfig", {}).get("Binds")):
            (unordered or []).sort()
    return parts.path.partition("/v1.")[2].partition("/")[2], query, body


def told(value: Any) -> Any:
    """`value` without members that have their type's zero value."""
    if isinstance(value, dict):
        return {name: item for name, item in ((name, told(item)) for name, item in value.items()) if item} or None
    return [told(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("line", REQUESTS)
def test_a_command_line_makes_the_same_request_with_both_clients(recorded: tuple[Pair, Recorder], line: str) -> None:
    pair, recorder = recorded
    pair.both(line)
    half = len(recorder.requests) // 2
    first, second = recorder.requests[:half], recorder.requests[half:]
    assert first, "nothing was asked"
    assert list(map(comparable, second)) == list(map(comparable, first))


def flags_in_help(text: str) -> dict[str, tuple[str, str]]:
    """Short name and kind of each flag in a help text."""
    found = re.findall(r"^ {2}(?:-(\w), |    )--([\w-]+)(?: (\S+))?(?: {2,}|$)", text, re.MULTILINE)
    return {name: (short, kind) for short, name, kind in found if name != "help"}


COMPARED = sorted(
    path
    for path in index.COMMANDS
    if path.partition(" ")[0] not in ("build", "builder") and path not in ("image build", "image from-host")
)


@pytest.mark.parametrize("path", COMPARED)
def test_a_command_has_the_flags_usage_and_aliases_of_dockers(path: str) -> None:
    done = subprocess.run([followed_client(), *path.split(), "--help"], capture_output=True, text=True, check=True)
    command = main.load(path)
    ours = {flag.name: (flag.short, flag.kind) for flag in command.flags}
    theirs = flags_in_help(done.stdout)
    # what belongs to swarm and to checkpoints is accepted, hidden and refused when used
    assert {name: ours.get(name, ("?", "?"))[0] for name in theirs} == {
        name: short for name, (short, _) in theirs.items()
    }
    shown = {flag.name: (flag.short, flag.kind) for flag in command.flags if not flag.hidden}
    assert shown.items() <= theirs.items()
    assert done.stdout.startswith(f"Usage:  {command.usage_line('docker ' + path)}")
