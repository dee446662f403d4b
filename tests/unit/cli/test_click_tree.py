"""The commands as click sees them: help, completion, and calls through click's own runner."""

import os
import subprocess
import sys
from typing import Any

import click
import pytest
from click.shell_completion import get_completion_class
from click.testing import CliRunner

from pydock.cli import click_tree, index


@pytest.mark.parametrize("path", sorted(index.COMMANDS))
def test_each_command_explains_itself(client: Any, path: str) -> None:
    assert client(*path.split(" "), "--help") == 0
    assert client.out.startswith(f"Usage:  pydock {path}")
    # wrapped to the terminal, which is 80 columns wide where there is none
    assert all(len(line) <= 100 for line in client.out.split("\n")[4:] if "pydock" not in line)


@pytest.mark.parametrize("group", sorted(index.GROUPS))
def test_each_group_lists_its_commands(client: Any, group: str) -> None:
    assert client(group, "--help") == 0
    names = [path.partition(" ")[2] for path in index.COMMANDS if path.startswith(f"{group} ")]
    assert all(f"\n  {name} " in client.out for name in names)


def test_the_root_lists_commands_by_use(client: Any) -> None:
    assert client("help") == 0
    for title in ("Common Commands:", "Management Commands:", "Commands:", "Global Options:"):
        assert f"\n{title}\n" in client.out
    assert client() == 0
    assert client.out == ""
    assert client.err.startswith("Usage:  pydock [OPTIONS] COMMAND")


def test_help_of_what_is_not_there_is_refused(client: Any) -> None:
    assert client("help", "nothing") == 1
    assert client.err == "unknown help topic: nothing\n"


def test_click_runs_a_command() -> None:
    result = CliRunner().invoke(click_tree.tree(), ["container", "rename", "only-one"])
    assert result.exit_code == 1


def test_the_tree_is_clicks() -> None:
    tree = click_tree.tree()
    with click.Context(tree) as context:
        group = tree.get_command(context, "container")
        assert isinstance(group, click.Group)
        leaf = group.get_command(context, "ls")
        assert isinstance(leaf, click.Command)
        assert {"quiet", "all", "filter"} <= {parameter.name for parameter in leaf.get_params(context)}
        assert tree.get_command(context, "nothing") is None


@pytest.mark.parametrize("shell", click_tree.SHELLS)
def test_a_completion_script_is_printed_for_each_shell(client: Any, shell: str) -> None:
    assert client("completion", shell) == 0
    assert "_PYDOCK_COMPLETE" in client.out


def test_the_program_answers_a_shell_that_completes() -> None:
    code = "import sys; sys.argv[0] = 'pydock'; from pydock.cli.main import main; main()"
    environ = {**os.environ, "_PYDOCK_COMPLETE": "bash_complete", "COMP_WORDS": "pydock pau", "COMP_CWORD": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True)
    assert done.stdout == "plain,pause\n"


def test_commands_and_flags_are_completed() -> None:
    tree = click_tree.tree()
    completion = get_completion_class("bash")
    assert completion is not None
    made = completion(tree, {}, "pydock", "_PYDOCK_COMPLETE")
    assert {item.value for item in made.get_completions([], "re")} == {"rename", "restart"}
    assert "--interactive" in {item.value for item in made.get_completions(["run"], "--int")}
    assert {item.value for item in made.get_completions(["container"], "un")} == {"unpause"}
