"""Execs are kept for a while, whatever else runs."""

import time

import pytest

from pydock.daemon.containers import execs
from pydock.daemon.containers.execs import Exec, Execs
from pydock.daemon.containers.spec_builder import ExecOptions
from pydock.errors import NotFound


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def made(table: Execs, identity: str, container: str = "c", *, running: bool = False) -> Exec:
    one = Exec(identity, container, ExecOptions(("true",)), running=running, touched=time.monotonic())
    table.add(one)
    return one


def test_one_that_runs_for_long_keeps_no_other(clock: list[float]) -> None:
    table = Execs()
    long = made(table, "long", running=True)
    for number in range(3000):
        one = made(table, str(number), running=True)
        clock[0] += 1
        table.ended(one, 0)
    assert len(table.of("c")) <= execs.KEPT + 2
    assert table.find("long") is long
    assert table.find("2999").exit_code == 0
    with pytest.raises(NotFound):
        table.find("0")


def test_those_of_a_container_go_with_it(clock: list[float]) -> None:
    table = Execs()
    one, other = made(table, "one", "a"), made(table, "other", "b")
    table.ended(one, 3)
    assert (table.of("a"), table.of("b")) == ([one], [other])
    table.forget("a")
    assert (table.of("a"), table.of("b")) == ([], [other])
    with pytest.raises(NotFound):
        table.find("one")


def test_one_that_was_never_started_is_forgotten(clock: list[float]) -> None:
    table = Execs()
    made(table, "never")
    clock[0] += execs.KEPT + 1
    made(table, "next")
    with pytest.raises(NotFound):
        table.find("never")
