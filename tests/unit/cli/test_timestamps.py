"""Moments as users write them."""

import time

import pytest

from pydock.cli.exits import Exit
from pydock.cli.timestamps import to_unix


def test_an_age_is_in_whole_seconds_and_a_moment_as_it_is_written() -> None:
    before = time.time_ns() - 1_500_000_000
    age = int(to_unix("1500ms"))
    assert before // 10**9 <= age <= (time.time_ns() - 1_500_000_000) // 10**9
    assert to_unix("0") == "0"
    assert to_unix("1600000000.25") == "1600000000.25"
    assert to_unix("2020-09-13T12:26:40.5Z") == "1600000000.500000000"


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(Exit, match='invalid value for "since": failed to parse value as time or duration: "x"'):
        to_unix("x", "since")
