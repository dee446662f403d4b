"""Where the client finds its daemon: contexts, environment and TLS flags; the same words from Docker's own client.

No daemon is asked.  Each client has a configuration folder of its own.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients import engines

Line = tuple[dict[str, str], str]
CONTEXTS = """
context ls -q
context show
context use nope
context inspect nope
context create
context create a
context create default --docker host=tcp://1.2.3.4:1
context create a/b --docker host=tcp://1.2.3.4:1
context create ab --docker host=tcp://1.2.3.4:1
context create ab --docker host=tcp://1.2.3.4:1
context create cd --docker foo=1
context create cd --docker host=zz
context create cd --docker ca=/nope/ca.pem
context create cd --docker host=tcp://1.2.3.4:5,skip-tls-verify=true --description "d e"
context create ef --from cd
context inspect cd
context inspect -f {{.Name}} cd ef
context ls --format "{{.Name}} {{.Description}} {{.Current}} {{.Error}}"
context update default
context update nope
context update cd --description new
context use cd
context show
context rm cd
context export cd out.tar
context import gh out.tar
context import gh out.tar
context rm -f cd
context use default
context rm ef gh nope
context rm default
context rm -f nope
"""
ENVIRONMENTS: tuple[Line, ...] = (
    ({"DOCKER_CONTEXT": "nope"}, "ps"),
    ({"DOCKER_CONTEXT": "nope"}, "context ls --format '{{.Name}} {{.Current}} {{.Error}}'"),
    ({"DOCKER_CONTEXT": "nope"}, "context show"),
    ({"DOCKER_HOST": "unix:///nope", "DOCKER_CONTEXT": "nope"}, "ps"),
    ({"DOCKER_HOST": "unix:///nope"}, "context ls"),
    ({"DOCKER_HOST": "unix:///nope"}, "context use default"),
    ({"DOCKER_HOST": "tcp://127.0.0.1:1"}, "ps"),
    ({"DOCKER_HOST": "tcp://127.0.0.1"}, "ps"),
    ({"DOCKER_HOST": "tcp://127.0.0.1:1", "DOCKER_TLS_VERIFY": "1"}, "ps"),
    ({"DOCKER_HOST": "foo://x"}, "ps"),
    ({"DOCKER_HOST": "unix://nope"}, "ps"),
    ({}, "-c nope ps"),
    ({}, "-H unix:///nope -c default ps"),
    ({}, "-H a -H b ps"),
    ({}, "-l loud ps"),
    ({"DOCKER_HOST": "tcp://127.0.0.1:1"}, "--tlsverify ps"),
    ({"DOCKER_HOST": "unix:///nope"}, "--tlsverify=false ps"),
    ({"DOCKER_HOST": "unix:///nope"}, "--tls ps"),
    ({"DOCKER_HOST": "unix:///nope", "DOCKER_TLS": "1"}, "ps"),
    ({"DOCKER_HOST": "unix:///nope"}, "--tls=false ps"),
    ({"DOCKER_HOST": "tcp://127.0.0.1:1"}, "--tls --tlscacert /nope/ca.pem ps"),
)


def _outcome(program: list[str], line: Line, config: Path) -> tuple[int, str, str]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("DOCKER_", "PYDOCK_"))}
    environ |= {"DOCKER_CONFIG": str(config), "HOME": str(config), **line[0]}
    done = subprocess.run([*program, *shlex.split(line[1])], capture_output=True, env=environ, cwd=config, text=True)
    return done.returncode, done.stdout.replace(str(config), "<config>"), done.stderr.replace(str(config), "<config>")


@pytest.fixture
def clients(tmp_path: Path) -> list[tuple[list[str], Path]]:
    """Docker's client and pydock, which calls itself docker too; each with its folder."""
    docker = engines.followed_client()
    script = "import sys; sys.argv[0] = 'docker'; from pydock.cli.main import main; main()"
    folders = [tmp_path / name for name in ("docker", "pydock")]
    for folder in folders:
        folder.mkdir()
    return list(zip([[docker], [sys.executable, "-c", script]], folders, strict=True))


def test_contexts_are_kept_as_docker_keeps_them(clients: list[tuple[list[str], Path]]) -> None:
    for words in CONTEXTS.strip().splitlines():
        expected, found = (_outcome(program, ({}, words), folder) for program, folder in clients)
        assert found == expected, words


def test_what_one_client_has_written_the_other_reads(clients: list[tuple[list[str], Path]]) -> None:
    (docker, first), (pydock, second) = clients
    for writer, reader, folder in ((docker, pydock, first), (pydock, docker, second)):
        made = _outcome(writer, ({}, "context create one --docker host=tcp://127.0.0.1:1"), folder)
        assert made[0] == 0
        assert _outcome(reader, ({}, "context use one"), folder)[0] == 0
        shown = [_outcome(program, ({}, "context inspect one"), folder) for program in (writer, reader)]
        assert shown[0] == shown[1]
        assert "tcp://127.0.0.1:1" in _outcome(reader, ({}, "ps"), folder)[2]


@pytest.mark.parametrize("line", ENVIRONMENTS, ids=lambda line: f"{' '.join(line[0].values())} {line[1]}"[:60])
def test_the_environment_and_flags_choose_the_daemon(clients: list[tuple[list[str], Path]], line: Line) -> None:
    expected, found = (_outcome(program, line, folder) for program, folder in clients)
    assert [_bare(part) for part in found] == [_bare(part) for part in expected]


def _bare(part: object) -> str:
    """Without what the default socket's name and a table's columns differ in."""
    return str(part).replace("unix:///run/pydock.sock", "unix:///var/run/docker.sock").replace(" ", "")
