"""The start of the daemon itself, beside many containers.  Docker's own is not asked: it is not ours to restart."""

import time
from pathlib import Path

from benchmarks import engines
from benchmarks.cases_containers import sleeper
from benchmarks.engines import Engine
from benchmarks.images import SMALL
from benchmarks.measure import Case

STOPPED = 1000


def cases(folder: Path) -> tuple[Case, ...]:
    """The cases; `folder` holds the small image's archive, and takes a second daemon's roots."""
    second = folder / "second"

    def fill(_: Engine) -> None:
        second.mkdir()
        with engines.pydock(second, "pydockbench1", 123) as engine:
            engine.cli("load", "-q", "-i", str(folder / "small.tar"))
            for _number in range(STOPPED):
                engine.api.call("POST", "/containers/create", sleeper("stopped"))

    def start(_: Engine) -> float:
        begin = time.perf_counter()
        with engines.pydock(second, "pydockbench1", 123) as engine:
            spent = time.perf_counter() - begin
            assert len(engine.api.call("GET", "/containers/json", all=1)) >= STOPPED
        return spent

    def empty(_: Engine) -> None:
        with engines.pydock(second, "pydockbench1", 123) as engine:
            for one in engine.api.call("GET", "/containers/json", all=1):
                engine.api.call("DELETE", f"/containers/{one['Id']}")
            engine.cli("rmi", "-f", SMALL)

    title = "start of the daemon with 1,000 stopped containers"
    return (Case("daemon", title, 0.0, start, 3, "s", 3.0, alone=True, prepare=fill, clean=empty),)
