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

    ``limit``: where the budget is no ratio, what pydock may need, in the base of ``unit`` (seconds, MiB, times).
    ``alone``: docker is not asked.  ``prepare`` and ``clean`` are called once on each engine, before the first round
    and after the last.
    """

    name: str
    title: str
    budget: float
    run: Callable[[Engine], float]
    rounds: int = 5
    unit: str = "ms"
    limit: float = 0.0
    alone: bool = False
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
        """pydock's median by docker's; 0 where docker was not asked."""
        docker = self.medians.get("docker")
        return self.medians["pydock"] / docker if docker else 0.0

    @property
    def budget(self) -> str:
        """The budget, as a ratio or an amount."""
        case = self.case
        return f"at most {amount(case.limit, case.unit)}" if case.limit else f"{case.budget:g}"


def measure(case: Case, engines: Sequence[Engine], rounds: int = 0) -> Outcome:
    """Run `case` on all engines in alternation, after one round that does not count."""
    engines = [engine for engine in engines if engine.name == "pydock" or not case.alone]
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
            lines.append(f"| {case.title} | | | {outcome.error.splitlines()[0][:100]} | {outcome.budget} |")
            continue
        docker, pydock = (
            amount(outcome.medians[name], case.unit) if name in outcome.medians else "" for name in ("docker", "pydock")
        )
        ratio = f"{outcome.ratio:.2f}" if outcome.ratio > 0 else ""
        lines.append(f"| {case.title} | {docker} | {pydock} | {ratio} | {outcome.budget} |")
    return "\n".join(lines)


def amount(value: float, unit: str) -> str:
    """A measured value with its unit."""
    scale = {"ms": 1000.0}.get(unit, 1.0)
    return f"{value * scale:.{0 if value * scale >= 100 else 1}f} {unit}"
