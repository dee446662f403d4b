"""A Dockerfile's text as instructions."""

import pytest

from pydock.builder.lines import Instruction, instructions, one


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("CMD a", [("CMD", (), "a")]),
        ("  cmd   a  b ", [("cmd", (), "a  b")]),
        ("USER\tme", [("USER", (), "me")]),
        ("CMD", [("CMD", (), "")]),
        ("# comment\nCMD a\n  # another\nUSER b", [("CMD", (), "a"), ("USER", (), "b")]),
        ("CMD a # no comment", [("CMD", (), "a # no comment")]),
        ("ENV a=b \\\n  c=d\nUSER x", [("ENV", (), "a=b   c=d"), ("USER", (), "x")]),
        ("ENV a=b \\\n# between\n\n  c=d", [("ENV", (), "a=b   c=d")]),
        ("ENV a=b \\", [("ENV", (), "a=b")]),
        ("", []),
        ("\n \n", []),
        (
            "HEALTHCHECK --interval=5s --retries CMD x",
            [("HEALTHCHECK", (("interval", "5s"), ("retries", None)), "CMD x")],
        ),
        ("CMD -- --x", [("CMD", (), "--x")]),
        ("CMD --X=1 a", [("CMD", (), "--X=1 a")]),
    ],
    ids=repr,
)
def test_instructions(text: str, found: list[tuple[str, tuple[tuple[str, str | None], ...], str]]) -> None:
    assert list(instructions(text)) == [Instruction(*parts) for parts in found]


def test_another_escape_character_continues_lines() -> None:
    assert [each.rest for each in instructions("CMD a`\nb\\\n", escape="`")] == ["ab\\"]


def test_one_line_is_one_instruction() -> None:
    assert one(" RUN --mount=x echo hi ") == Instruction("RUN", (("mount", "x"),), "echo hi")
