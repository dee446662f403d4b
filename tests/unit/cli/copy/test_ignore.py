"""Which files of a build context stay at home."""

from pathlib import Path

import pytest

from pydock.cli.copy import ignore


@pytest.mark.parametrize(
    ("patterns", "path", "out"),
    [
        (["*.log"], "a.log", True),
        (["*.log"], "d/a.log", False),
        (["**/*.log"], "d/e/a.log", True),
        (["**/*.log"], "a.log", True),
        (["d"], "d/e/f", True),
        (["d/*"], "d", False),
        (["d/*"], "d/e", True),
        (["*", "!keep"], "keep", False),
        (["*", "!d/keep"], "d/keep", False),
        (["*", "!d/keep"], "d/other", True),
        (["d/**", "!**/x"], "d/e/x", False),
        (["a?c"], "abc", True),
        (["a[bx]c"], "axc", True),
        (["a\\*"], "a*", True),
        (["a.b"], "aXb", False),
        ([], "x", False),
    ],
)
def test_the_last_pattern_that_matches_decides(patterns: list[str], path: str, out: bool) -> None:
    assert ignore.Matcher(patterns).leaves_out(path) is out


def test_a_folder_is_looked_into_where_an_exception_may_be() -> None:
    matcher = ignore.Matcher(["*", "!d/keep"])
    assert matcher.may_have_exceptions("d")
    assert not matcher.may_have_exceptions("e")


def test_a_file_of_patterns_may_have_comments_and_blanks(tmp_path: Path) -> None:
    path = tmp_path / ".dockerignore"
    path.write_text("# no\n\n  /a/ \n!./b\n#\n")
    assert ignore.read(str(path)) == ["a", "!b"]
    assert ignore.read(str(tmp_path / "none")) == []
