"""docker-compose, unmodified, on pydock: a project from its start to its end.

The program is PYDOCK_TEST_COMPOSE, or ``docker-compose`` on PATH.
"""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.engines import PREFIX, Engine

PROJECT = """
name: {project}
services:
  db:
    image: {image}
    command: ["sh", "-c", "trap 'exit 0' TERM; touch /ready; echo db is up; while :; do sleep 0.2; done"]
    healthcheck: {{test: ["CMD-SHELL", "test -e /ready"], interval: 1s, retries: 30}}
    volumes: ["data:/data", "./conf:/conf:ro"]
    networks: {{back: {{aliases: [database]}}}}
    tmpfs: [/scratch]
    ulimits: {{nofile: 1000}}
  once:
    image: {image}
    command: ["sh", "-c", "echo once is done"]
    network_mode: none
  web:
    image: {image}
    command: ["sh", "-c", "trap 'exit 0' TERM; echo web $$WHO; while :; do sleep 0.2; done"]
    depends_on:
      db: {{condition: service_healthy}}
      once: {{condition: service_completed_successfully}}
    networks: [back, front]
    ports: ["127.0.0.1::80"]
    environment: [WHO]
    deploy: {{resources: {{limits: {{memory: 64M, cpus: "0.5"}}}}}}
    secrets: [word]
  extra:
    image: {image}
    command: ["sleep", "600"]
    profiles: [more]
    network_mode: "service:db"
volumes: {{data: {{labels: {{kind: data}}}}}}
networks:
  back: {{ipam: {{config: [{{subnet: 198.18.79.0/24}}]}}}}
  front: {{}}
secrets: {{word: {{file: ./word}}}}
"""


class Project:
    """A project's folder, and compose to run in it."""

    def __init__(self, engine: Engine, folder: Path, program: str) -> None:
        self.name = f"{PREFIX}compose"
        self._engine = engine
        self._folder = folder
        self._program = program
        (folder / "conf").mkdir()
        (folder / "word").write_text("secret")
        (folder / "compose.yaml").write_text(PROJECT.format(project=self.name, image=engine.own("box")))

    def run(self, line: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run compose."""
        environ = {**os.environ, "DOCKER_HOST": f"unix://{self._engine.socket}", "WHO": "one", **environment}
        environ |= {"DOCKER_CONFIG": str(self._engine.config), "COMPOSE_ANSI": "never"}
        words = [self._program, *shlex.split(line)]
        return subprocess.run(words, cwd=self._folder, env=environ, capture_output=True, text=True, timeout=200)

    def ok(self, line: str, **environment: str) -> str:
        """Run what must succeed; its output."""
        done = self.run(line, **environment)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        return done.stdout

    def states(self) -> dict[str, Any]:
        """Each container's state by its name without the project's."""
        rows = [json.loads(line) for line in self.ok("ps -a --format json").splitlines()]
        return {row["Name"].removeprefix(f"{self.name}-"): (row["State"], row["ExitCode"]) for row in rows}

    def identity(self, service: str) -> str:
        """A service's first container."""
        return self.ok(f"ps -q {service}").split()[0]


@pytest.fixture
def project(pydock_engine: Engine, tmp_path: Path) -> Iterator[Project]:
    """The project, not up yet; down in the end."""
    program = os.environ.get("PYDOCK_TEST_COMPOSE") or shutil.which("docker-compose") or ""
    if not program:
        pytest.skip("no docker-compose at hand")
    made = Project(pydock_engine, tmp_path, program)
    yield made
    made.run("--profile more down -v -t 1 --remove-orphans")


def test_a_project_comes_up_changes_and_goes(project: Project, pydock_engine: Engine) -> None:
    project.ok("up -d")
    running = ("running", 0)
    assert project.states() == {"db-1": running, "web-1": running, "once-1": ("exited", 0)}
    logs = project.ok("logs --no-log-prefix")
    assert {"db is up", "web one", "once is done"} <= set(logs.splitlines())
    assert project.ok("exec -T web cat /run/secrets/word") == "secret"
    assert "198.18.79." in project.ok("exec -T web nslookup database 127.0.0.11")
    assert project.ok("exec -T db sh -c 'ulimit -n; grep -c /scratch /proc/mounts'").split() == ["1000", "1"]
    assert project.run("exec -T web false").returncode == 1
    assert project.ok("port web 80").startswith("127.0.0.1:")

    first = {service: project.identity(service) for service in ("db", "web")}
    project.ok("up -d")
    assert {service: project.identity(service) for service in ("db", "web")} == first
    project.ok("up -d", WHO="two")
    assert project.identity("db") == first["db"]
    assert project.identity("web") != first["web"]
    assert "web two" in project.ok("logs --no-log-prefix web", WHO="two")

    project.ok("up -d --scale web=2", WHO="two")
    assert project.states()["web-2"] == running
    project.ok("--profile more up -d", WHO="two")
    assert project.states()["extra-1"] == running
    project.ok("restart -t 1 db")
    project.ok("pause web")
    assert project.states()["web-1"] == ("paused", 0)
    project.ok("unpause web")
    project.ok("stop -t 5 db")
    assert project.states()["db-1"] == ("exited", 0)
    project.ok("start db")

    project.ok("--profile more down -v -t 1")
    assert project.states() == {}
    assert project.name not in pydock_engine.ok("volume ls -q") + pydock_engine.ok("network ls")


def test_one_off_runs_have_their_exit_code_and_leave_nothing(project: Project) -> None:
    done = project.run("run --rm -T once sh -c 'echo here; exit 7'")
    assert (done.returncode, done.stdout) == (7, "here\n")
    assert project.states() == {}
