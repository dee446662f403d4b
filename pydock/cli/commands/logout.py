"""`logout`."""

from pydock.cli import credentials
from pydock.cli.spec import Command
from pydock.errors import NotFound, PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Forget the credentials, under whichever of its spellings the server was kept."""
    credentials.tell_of_environment(console.config)
    server = arguments[0] if arguments and arguments[0] else credentials.INDEX_SERVER
    shown, names = server, [server]
    if arguments and arguments[0]:
        shown = server.removeprefix("https://").removeprefix("http://").partition("/")[0]
        names += [shown, f"http://{shown}", f"https://{shown}"]
    console.out.line(f"Removing login credentials for {shown}")
    if server == credentials.INDEX_SERVER and (keeper := credentials.helper(console.config, server)):
        try:
            keeper.get(f"{server}access-token")  # of a login by the browser
        except NotFound:
            pass
        except PydockError as error:
            console.out.flush()
            console.warn(error.message)
    problems: dict[str, str] = {}
    for name in names:
        try:
            credentials.erase(console.config, name)
        except PydockError as error:
            problems[name] = error.message
    if len(problems) == len(names):
        console.out.flush()
        console.err.line("WARNING: could not erase credentials:")
        for name, problem in problems.items():
            console.err.line(f"{name}: {problem}")


COMMAND = Command(
    "[SERVER]",
    "Log out from a registry",
    run,
    (),
    (0, 1),
)
COMMAND.long = "Log out from a registry.\nWithout a server, from the one that images without a registry come from."
