"""From the command line to a command: global flags, groups, errors, exit codes."""

import json
import subprocess
import sys
from typing import Any

import pytest

from pydock.cli import index, main
from pydock.errors import NotFound, Unavailable


@pytest.mark.parametrize("path", sorted(index.COMMANDS))
def test_each_command_in_the_index_has_its_module(path: str) -> None:
    command = main.load(path)
    assert command.short == index.COMMANDS[path][1] or path in ("inspect",)
    assert len({flag.name for flag in command.flags}) == len(command.flags)
    shorts = [flag.short for flag in command.flags if flag.short]
    assert len(set(shorts)) == len(shorts)


@pytest.mark.parametrize(
    ("line", "code", "start"),
    [
        ("foo", 1, "pydock: unknown command: pydock foo\n\nRun 'pydock --help'"),
        ("--foo", 125, "unknown flag: --foo\n\nUsage:  pydock [OPTIONS] COMMAND [ARG...]\n\nRun 'pydock --help'"),
        ("container foo", 1, "pydock: unknown command: pydock container foo\n\nUsage:  pydock container\n\nRun"),
        ("container -x", 125, "unknown shorthand flag: 'x' in -x\n\nUsage:  pydock container\n\nRun"),
        ("container --foo ls", 125, "unknown flag: --foo\n\nUsage:  pydock container\n\nRun"),
        ("container foo --bar", 125, "unknown flag: --bar\n\nUsage:  pydock container\n\nRun"),
        ("container --foo=1 ls", 1, "unknown flag: --foo\n"),
        ("container -fx ls", 1, "unknown shorthand flag: 'f' in -fx\n"),
        ("container --=x ls", 1, "bad flag syntax: --=x\n"),
        ("container -- ls", 1, "pydock: unknown command: pydock container ls\n"),
        ("container - ls", 1, "pydock: unknown command: pydock container -\n"),
        ("foo --bar", 125, "unknown flag: --bar\n\nUsage:  pydock [OPTIONS] COMMAND [ARG...]\n"),
        ("help --bar", 125, "unknown flag: --bar\n\nUsage:  pydock help [command]\n"),
        ("help container foo x", 1, "unknown help topic: foo x\n"),
        ("ps --help --foo", 125, "unknown flag: --foo\n\nUsage:  pydock ps [OPTIONS]"),
        ("ps --foo", 125, "unknown flag: --foo\n\nUsage:  pydock ps [OPTIONS]\n\nRun 'pydock ps --help'"),
        ("container ls --foo", 125, "unknown flag: --foo\n\nUsage:  pydock container ls [OPTIONS]"),
        ("container list --foo", 125, "unknown flag: --foo\n\nUsage:  pydock container ls [OPTIONS]"),
        ("ps a", 1, "pydock: 'pydock ps' accepts no arguments"),
        ("rm", 1, "pydock: 'pydock rm' requires at least 1 argument\n\nUsage:  pydock rm [OPTIONS]"),
        ("rename a", 1, "pydock: 'pydock rename' requires 2 arguments"),
        ("images a b", 1, "pydock: 'pydock images' requires at most 1 argument\n\nUsage:  pydock images [OPTIONS]"),
        ("port", 1, "pydock: 'pydock port' requires at least 1 and at most 2 arguments"),
        ("-l loud ps", 1, "Unable to parse logging level: loud"),
        ("-H a -H b ps", 125, 'invalid argument "b" for "-H, --host" flag: specify only one -H'),
        ("-H a -c b ps", 1, "conflicting options: cannot specify both --host and --context"),
        ("swarm init", 1, "pydock: 'swarm' is not available: pydock does not have swarm mode"),
        ("run --gpus", 125, "flag needs an argument: --gpus"),
    ],
)
def test_a_wrong_command_line_is_told_as_docker_tells_it(client: Any, line: str, code: int, start: str) -> None:
    assert client(*line.split()) == code
    assert client.err.startswith(start)
    assert client.out == ""


@pytest.mark.parametrize("words", [["--version"], ["-v"]])
def test_the_version_is_told(client: Any, words: list[str]) -> None:
    assert client(*words) == 0
    assert client.out.startswith("pydock version ")


@pytest.mark.parametrize("line", ["foo --help", "--help", "--help foo", "-v --help", "help"])
def test_the_programs_help_is_shown(client: Any, line: str) -> None:
    assert client(*line.split()) == 0
    assert client.out.startswith("Usage:  pydock [OPTIONS] COMMAND\n")


@pytest.mark.parametrize("line", ["--help ps", "ps --help extra", "help ps", "help -- ps", "-h ps"])
def test_a_commands_help_is_shown(client: Any, line: str) -> None:
    assert client(*line.split()) == 0
    assert client.out.startswith("Usage:  pydock ps [OPTIONS]\n")


@pytest.mark.parametrize(
    "line", ["container --help=false ls", "container ls --help=0", "-v ps", "-l INFO ps", "--log-level= ps"]
)
def test_what_asks_for_nothing_else_runs_the_command(client: Any, line: str) -> None:
    client.engine.answers["GET /containers/json"] = []
    assert client(*line.split()) == 0
    assert client.out.startswith("CONTAINER ID ")


def test_the_help_of_a_group_is_shown_whatever_else_is_asked(client: Any) -> None:
    for line in ("container foo --help", "container --help", "container -h"):
        assert client(*line.split()) == 0
        assert "\nUsage:  pydock container COMMAND\n" in "\n" + client.out


def test_too_many_arguments_of_what_takes_some_are_told_with_dockers_slip(client: Any) -> None:
    assert client("images", "a", "b") == 1
    assert client.err.endswith("\n\nSRun 'pydock images --help' for more information\n")


def test_an_error_of_the_daemon_is_shown_and_ends_with_1(client: Any) -> None:
    client.engine.answers["GET /containers/x/json"] = NotFound("Error response from daemon: No such container: x")
    assert client("port", "x") == 1
    assert client.err == "Error response from daemon: No such container: x\n"


def test_run_ends_with_125_where_there_is_no_daemon(client: Any) -> None:
    client.engine.answers["POST /containers/create"] = Unavailable("Cannot connect")
    assert client("run", "image") == 125
    assert client.err == "pydock: Cannot connect\n\nRun 'pydock run --help' for more information\n"


def test_global_flags_stand_before_the_command_only(client: Any) -> None:
    client.engine.answers["GET /containers/json"] = []
    assert client("-D", "--config", str(client.folder), "ps", "-q") == 0
    assert client("ps", "-D") == 125


def test_a_missing_file_is_told_as_go_tells_it(client: Any) -> None:
    assert client("load", "-i", "/none") == 1
    assert client.err == "open /none: no such file or directory\n"


def test_a_broken_config_file_is_told_and_passed_over(client: Any) -> None:
    client.config({})
    (client.folder / "config" / "config.json").write_text("{")
    client.engine.answers["GET /containers/json"] = []
    assert client("ps") == 0
    assert client.err.startswith("WARNING: Error parsing config file (")


def test_ps_takes_its_format_from_the_config_file(client: Any) -> None:
    client.config({"psFormat": "{{.ID}}"})
    client.engine.answers["GET /containers/json"] = [{"Id": "0123456789abcdef", "Created": 0}]
    assert client("ps") == 0
    assert client.out == "0123456789ab\n"
    assert json.loads((client.folder / "config" / "config.json").read_text()) == {"psFormat": "{{.ID}}"}


def test_closed_standard_streams_are_not_taken_by_what_is_opened_next() -> None:
    script = (
        "import os, socket\n"
        "from pydock.cli import main\n"
        "os.close(0), os.close(1)\n"
        "main.run = lambda console, words: socket.socket(socket.AF_UNIX).fileno() * 10 + len(os.read(0, 9))\n"
        "main.main()\n"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 30
