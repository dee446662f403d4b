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
        "Processes": [["root", "4559", "4535", "0", "04:32", "?", "00:00:00", "sleep 1000  x"]],
    }


def test_a_table_without_pids_is_refused() -> None:
    with pytest.raises(System, match="Couldn't find PID field in ps output"):
        parse("CMD\nsleep\n", {1})
