"""What the filters of lists and of prune mean."""

import pytest

from pydock.daemon import filter_keys
from pydock.daemon.images import filtering
from pydock.errors import InvalidParameter


@pytest.mark.parametrize(
    ("values", "found"),
    [([], True), (["1"], True), (["true"], True), (["0"], False), (["false"], False), (["x", "true"], True)],
)
def test_booleans(values: list[str], found: bool) -> None:
    assert filtering.boolean({"dangling": values}, "dangling", True) is found


@pytest.mark.parametrize("values", [["x"], ["1", "0"], ["True"], [""]])
def test_what_is_neither_true_nor_false(values: list[str]) -> None:
    with pytest.raises(InvalidParameter, match=r"invalid filter 'dangling=\["):
        filtering.boolean({"dangling": values}, "dangling", True)


def test_unknown_keys() -> None:
    filter_keys.check({"label": ["x"]}, frozenset(("label",)))
    for key, message in (("x", "invalid filter 'x'"), ("", "invalid filter")):
        with pytest.raises(InvalidParameter) as raised:
            filter_keys.check({key: []}, frozenset(("label",)))
        assert raised.value.message == message


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("a*", "abc", True),
        ("a*", "a/b", False),
        ("*/*", "a/b", True),
        ("a?c", "abc", True),
        ("[a-c]x", "bx", True),
        ("[^a-c]x", "bx", False),
        ("\\*", "*", True),
        ("a.c", "abc", False),
    ],
)
def test_globs(pattern: str, text: str, matches: bool) -> None:
    assert filtering.matches_glob(pattern, text) is matches


@pytest.mark.parametrize("pattern", ["[", "[a", "a\\", "[a-", "[a-]", "[]x]", "[-a]", "[]"])
def test_globs_that_are_none(pattern: str) -> None:
    with pytest.raises(InvalidParameter, match="syntax error in pattern"):
        filtering.matches_glob(pattern, "a")


def test_a_glob_with_many_stars_does_not_take_for_ever() -> None:
    assert not filtering.matches_glob("*a" * 30 + "b", "a" * 200)
    assert filtering.matches_glob("*a" * 30 + "b", "a" * 200 + "b")
