"""Cases, and how they are run: every round on each engine in turn, so that what the machine does hits both alike."""

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.engines import Engine

Step = Callable[[Engine], None]


def nothing(engine: Engine) -> None:
    """What most cases need before and after."""


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to measure.  ``run`` gives a number in ``unit``, less is better; ``budget`` is the ratio to docker's.

    ``prepare`` and ``clean`` are called once on each engine, before the first round and after the last.
    """

    name: str
    title: str
    budget: float
    run: Callable[[Engine], float]
    rounds: int = 5
    unit: str = "ms"
    prepare: Step = nothing
    clean: Step = nothing


@dataclass(frozen=True, slots=True)
class Outcome:
    """The medians of a case by engine; ``error`` tells why there are none."""

    case: Case
    medians: dict[str, float]
    error: str = ""

    @property
    def ratio(self) -> float:
        """pydock's median by docker's."""
        return self.medians["pydock"] / self.medians["docker"]


def measure(case: Case, engines: Sequence[Engine], rounds: int = 0) -> Outcome:
    """Run `case` on all engines in alternation, after one round that does not count."""
    samples: dict[str, list[float]] = {engine.name: [] for engine in engines}
    try:
        for engine in engines:
            case.prepare(engine)
        for number in range((rounds or case.rounds) + 1):
            for engine in engines if number % 2 else reversed(engines):
                value = case.run(engine)
                if number:
                    samples[engine.name].append(value)
    except Exception as error:
        return Outcome(case, {}, f"{type(error).__name__}: {error}")
    finally:
        for engine in engines:
            try:
                case.clean(engine)
            except Exception as error:
                print(f"benchmarks: {case.name}: cleaning {engine.name}: {error}", file=sys.stderr)
    return Outcome(case, {name: statistics.median(values) for name, values in samples.items()})


def table(outcomes: Sequence[Outcome]) -> str:
    """The outcomes as a Markdown table."""
    lines = ["| what | docker | pydock | ratio | budget |", "|---|---|---|---|---|"]
    for outcome in outcomes:
        case = outcome.case
        if outcome.error:
            lines.append(f"| {case.title} | | | {outcome.error.splitlines()[0][:100]} | {case.budget:g} |")
            continue
        docker, pydock = (_amount(outcome.medians[name], case.unit) for name in ("docker", "pydock"))
        lines.append(f"| {case.title} | {docker} | {pydock} | {outcome.ratio:.2f} | {case.budget:g} |")
    return "\n".join(lines)


def _amount(value: float, unit: str) -> str:
    scale = {"ms": 1000.0, "s": 1.0, "MiB": 1.0}[unit]
    return f"{value * scale:.{0 if value * scale >= 100 else 1}f} {unit}"
