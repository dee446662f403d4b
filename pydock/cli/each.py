"""One operation on several objects, as `stop`, `rm` and their kin do it: names in order, errors at the end."""

from pydock.cli.exits import Exit
from pydock.errors import PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydock.cli.console import Console
    from pydock.client.engine import Engine

    Operation = Callable[[Engine, str], None]

#: how many operations may be under way at once
PARALLEL = 50


def for_each(
    console: "Console",
    names: "Sequence[str]",
    operation: "Operation",
    parallel: bool = False,
    forgive: "Callable[[PydockError], bool] | None" = None,
) -> None:
    """Print each name that `operation` succeeds for; errors that `forgive` takes are told, but don't count."""
    outcomes = _together(console, names, operation) if parallel and len(names) > 1 else None
    problems: list[str] = []
    for number, name in enumerate(names):
        problem = outcomes[number] if outcomes is not None else _attempt(console.engine(), operation, name)
        if problem is None:
            console.out.line(name)
            continue
        if forgive and forgive(problem):
            console.err.line(problem.message)
        else:
            problems.append(problem.message)
    if problems:
        raise Exit("\n".join(problems))


def _attempt(engine: "Engine", operation: "Operation", name: str) -> "PydockError | None":
    try:
        operation(engine, name)
    except PydockError as error:
        return error
    return None


def _together(console: "Console", names: "Sequence[str]", operation: "Operation") -> "list[PydockError | None]":
    from concurrent.futures import ThreadPoolExecutor

    def one(name: str) -> "PydockError | None":
        engine = console.another_engine()
        try:
            return _attempt(engine, operation, name)
        finally:
            engine.close()

    with ThreadPoolExecutor(min(PARALLEL, len(names))) as pool:
        return list(pool.map(one, names))
