"""Progress: plain lines in a pipe, bars redrawn in place on a terminal, errors raised."""

import json
from typing import Any

import pytest

from pydock.cli import progress
from pydock.errors import System


class Screen:
    """An output that keeps what is written."""

    def __init__(self, terminal: bool) -> None:
        self.text = ""
        self._terminal = terminal

    def write(self, text: str) -> None:
        """Keep it."""
        self.text += text

    def flush(self) -> None:
        """Nothing to do."""

    def is_terminal(self) -> bool:
        """As the test wants it."""
        return self._terminal

    def size(self) -> tuple[int, int]:
        """A wide one."""
        return 24, 120


MESSAGES: list[dict[str, Any]] = [
    {"status": "Pulling from library/x", "id": "latest"},
    {"status": "Pulling fs layer", "progressDetail": {}, "id": "aaa"},
    {"status": "Pulling fs layer", "progressDetail": {}, "id": "bbb"},
    {"status": "Downloading", "progressDetail": {"current": 512, "total": 1024}, "id": "aaa"},
    {"status": "Pull complete", "progressDetail": {}, "id": "aaa"},
    {"aux": {"ID": "sha256:1"}},
    {"status": "Digest: sha256:abc"},
    {"stream": "Step 1\n"},
]


def shown(messages: list[dict[str, Any]], terminal: bool) -> str:
    """What the user sees."""
    screen: Any = Screen(terminal)
    data = "\r\n".join(map(json.dumps, messages)).encode()
    progress.show([data[:50], data[50:]], screen)
    return str(screen.text)


def test_a_pipe_gets_plain_lines_without_bars() -> None:
    assert shown(MESSAGES, False) == (
        "latest: Pulling from library/x\naaa: Pulling fs layer\nbbb: Pulling fs layer\naaa: Pull complete\n"
        "Digest: sha256:abc\nStep 1\n"
    )


def test_a_terminal_gets_bars_that_are_redrawn_in_their_line() -> None:
    text = shown(MESSAGES, True)
    assert "\n\x1b[1A\x1b[2K\raaa: Pulling fs layer \r\x1b[1B" in text
    bar = "[=========================>                         ]     512B/1.024kB"
    assert f"\x1b[2A\x1b[2K\raaa: Downloading {bar}\r\x1b[2B" in text
    assert text.endswith("Digest: sha256:abc\nStep 1\n")


def test_what_belongs_to_the_program_goes_to_it() -> None:
    screen: Any = Screen(False)
    found: list[Any] = []
    progress.show([json.dumps(message).encode() + b"\n" for message in MESSAGES], screen, found.append)
    assert found == [{"aux": {"ID": "sha256:1"}}]


@pytest.mark.parametrize("message", [{"error": "why"}, {"errorDetail": {"code": 1, "message": "why"}, "error": "x"}])
def test_an_error_ends_the_show(message: dict[str, Any]) -> None:
    with pytest.raises(System, match=r"^why$"):
        shown([{"status": "a"}, message], False)


@pytest.mark.parametrize(
    ("detail", "width", "bar"),
    [
        ({}, 120, ""),
        ({"current": 5}, 120, "      5B"),
        ({"current": 5, "units": "layers"}, 120, "5 layers"),
        ({"current": 1, "total": 2}, 80, "      1B/2B"),
        ({"current": 3, "total": 2}, 80, "      3B"),
        ({"current": 1, "total": 2, "units": "x"}, 80, "1/2 x"),
        ({"current": 1, "total": 2, "hidecounts": True}, 120, "[=========================>                         ] "),
    ],
)
def test_a_bar_shows_what_is_known(detail: dict[str, Any], width: int, bar: str) -> None:
    assert progress.progress_bar(detail, width) == bar
