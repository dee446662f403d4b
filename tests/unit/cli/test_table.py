"""Columns aligned as text/tabwriter does it, and rows through plain and other formats."""

from typing import Any

import pytest

from pydock.cli import table
from pydock.cli.exits import Exit
from pydock.cli.template.values import Row


class Line(Row):
    """A row of two columns."""

    kind = "test.line"
    columns = ("A", "B")

    def __init__(self, first: str, second: str) -> None:
        self._texts = (first, second)

    def A(self) -> str:
        """The first."""
        return self._texts[0]

    def B(self) -> str:
        """The second."""
        return self._texts[1]


class Lines:
    """An output that keeps lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        """Keep one."""
        self.lines.append(text)

    told = line


HEADER = {"A": "FIRST", "B": "SECOND"}
ROWS = [Line("a", "b"), Line("a long text", "c")]


def rendered(source: str) -> list[str]:
    """The lines that the format makes."""
    output: Any = Lines()
    table.render(output, ROWS, HEADER, source)
    return list(output.lines)


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("table {{.A}}\t{{.B}}", ["FIRST         SECOND", "a             b", "a long text   c"]),
        ("table {{.B}}\\t{{.A}}", ["SECOND    FIRST", "b         a", "c         a long text"]),
        ("table {{upper .A}}\t{{.B}}", ["FIRST         SECOND", "A             b", "A LONG TEXT   c"]),
        ("table {{json .}}", ["", '{"A":"a","B":"b"}', '{"A":"a long text","B":"c"}']),
        (
            "table {{.B}} {{len .B | printf `%d`}}{{(split .A `-`) | len}}{{range split .A ` `}}{{.}};{{end}}",
            ["SECOND 65", "b 11a;", "c 11a;long;text;"],
        ),
        ("{{.A}}\\t{{.B}}", ["a\tb", "a long text\tc"]),
        ("{{.A}}-{{.B}}", ["a-b", "a long text-c"]),
        ("json", ['{"A":"a","B":"b"}', '{"A":"a long text","B":"c"}']),
        ("{{json .A}}", ['"a"', '"a long text"']),
        ("", ["", ""]),
    ],
)
def test_a_format_makes_its_lines(source: str, lines: list[str]) -> None:
    assert rendered(source) == lines


def test_a_wrong_format_ends_the_command() -> None:
    with pytest.raises(Exit, match="template parsing error: template: :1:2: "):
        rendered("{{.Nope}}")


def test_a_column_ends_where_a_line_lacks_it() -> None:
    lines = ["a\tb\tc", "aaaaaaaaaa\tb\tc", "x", "long cell here\tb"]
    assert table.align(lines, minimum=0, padding=1) == [
        "a          b c",
        "aaaaaaaaaa b c",
        "x",
        "long cell here b",
    ]


def test_wide_characters_take_two_columns() -> None:
    assert table.display_width("日本") == 4
    assert table.align(["日本\tx", "abcd\tx"], 0, 1) == ["日本 x", "abcd x"]
