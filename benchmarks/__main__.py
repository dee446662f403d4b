"""`python -m benchmarks [CASE...]`: run pydock beside a Docker Engine and print a table of medians and ratios.

Docker is the one at --docker (a socket's path), or the dockerd that is installed, on roots of its own.  Wants root.
"""

import argparse
import platform
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks import cases_containers, cases_images, cases_networks, cases_starts, cases_streams, engines, images
from benchmarks.measure import Case, Outcome, amount, measure, table


def main() -> None:
    """Parse the command line, start the engines, run the cases."""
    options = _parser().parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pydock-bench-")))
        small, large = folder / "small.tar", folder / "large.tar"
        images.small(small)
        images.large(large)
        registry = stack.enter_context(cases_images.registry(large))
        chosen = _choose(
            (
                *cases_containers.CASES,
                *cases_streams.CASES,
                *cases_images.cases(large, registry),
                *cases_networks.CASES,
                *cases_starts.cases(folder),
            ),
            options.case,
        )
        pair = (
            stack.enter_context(engines.docker(folder, options.docker, options.client)),
            stack.enter_context(engines.pydock(folder)),
        )
        for engine in pair:
            engine.cli("load", "-q", "-i", str(small))
        outcomes = [_tell(measure(case, pair, options.rounds)) for case in chosen]
        print(f"\n{_machine()}\n\n{table(outcomes)}")
        for engine in pair:
            engine.cli("rmi", "-f", images.SMALL)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("case", nargs="*", help="names of cases; all where none is given")
    parser.add_argument("--docker", default="", metavar="SOCKET", help="socket of a Docker Engine that runs")
    parser.add_argument("--client", default=shutil.which("docker") or "docker", help="Docker's own client")
    parser.add_argument("--rounds", type=int, default=0, help="rounds of each case, instead of its own number")
    return parser


def _choose(cases: Sequence[Case], names: Sequence[str]) -> list[Case]:
    known = {case.name: case for case in cases}
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"benchmarks: no case {unknown[0]!r}; there are: {', '.join(known)}")
    return [known[name] for name in names] or list(cases)


def _tell(outcome: Outcome) -> Outcome:
    told = outcome.error or f"{outcome.ratio:.2f} of docker's (budget {outcome.budget})"
    if not outcome.error and outcome.case.limit:
        told = f"{amount(outcome.medians['pydock'], outcome.case.unit)} ({outcome.budget})"
    print(f"{outcome.case.name}: {told}", file=sys.stderr, flush=True)
    return outcome


def _machine() -> str:
    cpus = Path("/proc/cpuinfo").read_text()
    cores = cpus.count("processor\t")
    model = next((line.partition(": ")[2] for line in cpus.splitlines() if line.startswith("model name")), "")
    memory = int(Path("/proc/meminfo").read_text().split()[1]) >> 20
    return (
        f"{cores} cores ({model.strip()}), {memory} GiB, Linux {platform.release()}, Python {platform.python_version()}"
    )


if __name__ == "__main__":
    main()
