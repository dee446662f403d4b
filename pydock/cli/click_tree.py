"""The commands as a click tree: help, shell completion, and a way in for whatever drives click commands.

Called by `main` when click is needed; `tree()` may also be invoked by itself (`click.testing`, documentation tools).
"""

from __future__ import annotations

import os
from typing import Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from pydock.cli import help, index, main
from pydock.cli.console import Console, Output
from pydock.cli.exits import Exit
from pydock.cli.flags import Flag
from pydock.cli.spec import Command

SHELLS = ("bash", "fish", "zsh")


def _parameters(flags: tuple[Flag, ...] | list[Flag]) -> list[click.Parameter]:
    made: list[click.Parameter] = []
    for flag in flags:
        names = [f"--{flag.name}", flag.target.replace("-", "_")]
        if flag.short:
            names.insert(0, f"-{flag.short}")
        made.append(
            click.Option(
                names,
                help=flag.help,
                is_flag=flag.kind == "",
                multiple=flag.repeat,
                hidden=flag.hidden,
                metavar=flag.kind or None,
            )
        )
    return made


class Leaf(click.Command):
    """One command; the module that does its work is imported when it is called, completed or explained."""

    def __init__(self, path: str, short: str) -> None:
        super().__init__(path.rpartition(" ")[2], short_help=short, add_help_option=False)
        self.path = path
        self.context_settings = {"ignore_unknown_options": True, "allow_extra_args": True}

    @property
    def spec(self) -> Command:
        """What the command's module declares."""
        return main.load(self.path)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The flags, for completion."""
        return _parameters(list(self.spec.flags))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Leave the words alone: `main.call` reads them as Docker does."""
        ctx.args = list(args)
        return ctx.args

    def invoke(self, ctx: click.Context) -> int:
        """Run the command."""
        console = ctx.find_object(Console) or Console(Output(1), Output(2), os.environ)
        code = main.run(console, [*self.path.split(" "), *ctx.args])
        console.flush()
        ctx.exit(code)

    def get_help(self, ctx: click.Context) -> str:
        """The help text in Docker's layout."""
        return help.command_help(f"{_program(ctx)} {self.path}", self.spec)


class Branch(click.Group):
    """The program or a group of its commands."""

    def __init__(self, group: str = "") -> None:
        super().__init__(group or "pydock", add_help_option=False)
        self.prefix = group
        if not group:
            self.params = _parameters(main.global_flags())

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names inside the group."""
        if self.prefix:
            return [name.partition(" ")[2] for name in index.COMMANDS if name.startswith(self.prefix + " ")]
        return sorted({*index.GROUPS, *(name for name in index.COMMANDS if " " not in name)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command or group of that name."""
        path = f"{self.prefix} {cmd_name}".strip()
        path = index.ALIASES.get(path, path)
        if path in index.COMMANDS:
            return Leaf(path, index.COMMANDS[path][1])
        return Branch(path) if path in index.GROUPS else None

    def get_help(self, ctx: click.Context) -> str:
        """The help text in Docker's layout."""
        program = _program(ctx)
        return (
            help.group_help(f"{program} {self.prefix}") if self.prefix else help.root_help(program, main.global_flags())
        )

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands whose names begin so."""
        found = [self.get_command(ctx, name) for name in self.list_commands(ctx) if name.startswith(incomplete)]
        return [CompletionItem(leaf.name, help=leaf.short_help) for leaf in found if leaf is not None]


def _program(ctx: click.Context) -> str:
    console = ctx.find_object(Console)
    return console.program if console else "pydock"


def tree() -> Branch:
    """The whole program as a click group."""
    return Branch()


def describe(console: Console, topic: list[str], to_error: bool = False) -> int:
    """The help of the command or group whose path is `topic`, of the program where there is none."""
    node: click.Command = tree()
    with click.Context(node, info_name=console.program, obj=console) as ctx:
        for number, word in enumerate(topic):
            found = node.get_command(ctx, word) if isinstance(node, Branch) else None
            if found is None:
                raise Exit(f"unknown help topic: {' '.join(topic[number:])}")
            node = found
        text = node.get_help(ctx)
    (console.err if to_error else console.out).write(text)
    return 0


def completion(console: Console, words: list[str]) -> int:
    """`completion SHELL`: the script that makes a shell ask `complete`."""
    if not words or words[0] not in SHELLS:
        console.out.line(f"Usage:  {console.program} completion [{'|'.join(SHELLS)}]")
        return 0
    if len(words) > 1:
        raise Exit(f'unknown command "{words[1]}" for "{console.program} completion {words[0]}"')
    kind: Any = get_completion_class(words[0])
    console.out.write(kind(tree(), {}, console.program, main.COMPLETION).source() + "\n")
    return 0


def complete(console: Console, instruction: str) -> int:
    """Answer a shell that completes a command line (the script from `completion` asks)."""
    from click.shell_completion import shell_complete

    return shell_complete(tree(), {}, console.program, main.COMPLETION, instruction)
