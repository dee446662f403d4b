"""ps's table, cut down to a container's processes."""

import pytest

from pydock.daemon.containers.top import parse
from pydock.errors import System

TABLE = """UID          PID    PPID  C STIME TTY          TIME CMD
root           1       0  0 04:32 ?        00:00:00 /sbin/init splash
root        4559    4535  0 04:32 ?        00:00:00 sleep 1000  x
"""


def test_the_lines_of_the_container_are_kept_with_their_whole_command() -> None:
    assert parse(TABLE, {4559}) == {
        "Titles": ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"],
        "Processes": [["root", "4559", "4535", "0", "04:32", "?", "00:00:00", "sleep 1000 x"]],
    }


def test_only_a_line_feed_ends_a_line() -> None:
    table = "PID CMD\n7 a\u2028b\x85c\x1cd\u00a0e\n8 f\n"
    assert parse(table, {7})["Processes"] == [["7", "a\u2028b\x85c\x1cd\u00a0e"]]


def test_threads_follow_their_process() -> None:
    table = "PID CMD\n7 a\n- a1\n8 b\n- b1\n"
    assert parse(table, {7})["Processes"] == [["7", "a"], ["-", "a1"]]


def test_a_pid_that_is_none_is_told_of() -> None:
    with pytest.raises(System, match=r"Unexpected pid '-c'"):
        parse("CMD PID\nsh -c x 7\n", {7})


def test_a_table_without_pids_is_refused() -> None:
    with pytest.raises(System, match="Couldn't find PID field in ps output"):
        parse("CMD\nsleep\n", {1})
