"""`wait`."""

from pydock.cli.exits import Exit
from pydock.cli.spec import Command
from pydock.client import containers, json_text
from pydock.errors import PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pydock.cli.console import Console
    from pydock.cli.flags import Options


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Wait for each container in turn and print its exit code."""
    problems: list[str] = []
    for name in arguments:
        try:
            response = containers.wait(console.engine(), name)
            answer = json_text.loads(response.read())
            console.engine().release(response)
        except PydockError as error:
            problems.append(error.message)
            continue
        console.out.line(str(answer["StatusCode"]))
        console.out.flush()
    if problems:
        raise Exit("\n".join(problems))


COMMAND = Command(
    "CONTAINER [CONTAINER...]",
    "Wait for containers to end, then print their exit codes",
    run,
    (),
    (1, -1),
    "container wait, wait",
)
