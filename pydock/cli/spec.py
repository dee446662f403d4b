"""What a command is: one `Command` in each module of `commands/`, read by `main`, `help` and `click_tree`."""

from pydock.cli.exits import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydock.cli.console import Console
    from pydock.cli.flags import Flag, Options

    Run = Callable[[Console, Options, list[str]], int | None]


class Command:
    """A command's usage, flags and arguments, and the function that does its work.

    `least` and `most` bound the number of arguments (`most` -1: no bound).  `run` answers with an exit code, None
    for 0.
    """

    __slots__ = ("aliases", "flags", "interspersed", "least", "long", "most", "run", "short", "usage")

    def __init__(
        self,
        usage: str,
        short: str,
        run: "Run",
        flags: "Sequence[Flag]" = (),
        arguments: tuple[int, int] = (0, 0),
        aliases: str = "",
    ) -> None:
        self.usage = usage
        self.short = short
        self.run = run
        self.flags = flags
        self.least, self.most = arguments
        self.aliases = aliases
        #: whether flags may stand behind arguments; where a command line of the container's follows, they are its own
        self.interspersed = True
        #: more than the short line, for `--help`
        self.long = ""

    def check(self, path: str, arguments: "Sequence[str]") -> None:
        """Raise Exit where there are too few or too many arguments; `path` is `docker container ls`."""
        count, least, most = len(arguments), self.least, self.most
        if count >= least and (most < 0 or count <= most):
            return
        see = "Run"
        if most == 0:
            claim = "accepts no arguments"
        elif least == most:
            claim = f"requires {least} {_arguments(least)}"
        elif most < 0:
            claim, see = f"requires at least {least} {_arguments(least)}", "See"
        elif least == 0:
            claim, see = f"requires at most {most} {_arguments(most)}", "SRun"  # docker's slip, which is what it says
        else:
            claim = f"requires at least {least} and at most {most} {_arguments(most)}"
        program = path.partition(" ")[0]
        raise Exit(
            f"{program}: '{path}' {claim}\n\nUsage:  {self.usage_line(path)}\n\n"
            f"{see} '{path} --help' for more information"
        )

    def usage_line(self, path: str) -> str:
        """`docker container ls [OPTIONS]`."""
        return f"{path} {self.usage.replace('{program}', path.partition(' ')[0])}".rstrip()


def _arguments(count: int) -> str:
    return "argument" if count == 1 else "arguments"
