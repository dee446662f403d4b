"""Keys that detach as users write them, and raw mode."""

import os
import termios

import pytest

from pydock.cli import terminal


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", b"\x10\x11"),
        ("ctrl-p,ctrl-q", b"\x10\x11"),
        ("ctrl-a", b"\x01"),
        ("a,b", b"ab"),
        ("ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_", b"\x00\x1b\x1c\x1d\x1e\x1f"),
        ("ctrl-Z", b"\x1a"),
    ],
)
def test_keys_are_read(text: str, keys: bytes) -> None:
    assert terminal.detach_keys(text, pytest.fail) == keys


@pytest.mark.parametrize("text", ["ctrl-", "ctrl-ab", "shift-a", ",", "ctrl-1"])
def test_what_are_no_keys_is_told_and_the_default_holds(text: str) -> None:
    told: list[str] = []
    assert terminal.detach_keys(text, told.append) == b"\x10\x11"
    assert told[0].startswith("invalid detach escape keys, using default: ")


def test_raw_mode_is_entered_and_left_as_often_as_one_likes() -> None:
    master, slave = os.openpty()
    try:
        before = termios.tcgetattr(slave)
        raw = terminal.RawMode(slave)
        raw.enter(signals=False)
        during = termios.tcgetattr(slave)
        assert not during[3] & (termios.ICANON | termios.ECHO | termios.ISIG)
        assert not during[1] & termios.OPOST
        raw.restore()
        raw.restore()
        assert termios.tcgetattr(slave) == before
    finally:
        os.close(master)
        os.close(slave)


def test_what_is_no_terminal_is_left_alone() -> None:
    reader, writer = os.pipe()
    raw = terminal.RawMode(reader)
    raw.enter(signals=False)
    raw.restore()
    os.close(reader)
    os.close(writer)
