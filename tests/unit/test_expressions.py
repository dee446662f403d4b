"""Expressions find what Python's find, refuse what Go's refuse, and never take for ever."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pydock.expressions import BadExpression, Expression, matcher

PARTS = (
    "a", "b", "1", "_", ".", "[ab]", "[^a]", "[]a]", "[a-c1-]", r"\d", r"\W", r"[\s_]", r"\.", r"\x61", "^", "$", "(",
    "(?:", "(?i:", "(?P<n>", "|", ")", "*", "+", "?", "*?", "{2}", "{1,2}", "{0,}", r"\b",
)  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=8).map("".join), st.text("abcA1_.- ", max_size=8))
def test_it_finds_what_the_standard_library_finds(pattern: str, text: str) -> None:
    try:
        oracle, expression = re.compile(pattern, re.ASCII), Expression(pattern)
    except (re.error, BadExpression):
        return
    assert expression.search(text) == (oracle.search(text) is not None)


@pytest.mark.parametrize(
    ("pattern", "found", "missed"),
    [
        (r"(?i)Ab", "xAB", "a"),
        (r"(?i:a)b", "Ab", "AB"),
        (r"(?s)a.b", "a\nb", "ab"),
        (r"a.b", "a-b", "a\nb"),
        (r"(?m)^b$", "a\nb\nc", "ab"),
        (r"\Ab\z", "b", "b\n"),
        (r"\Qa.b\E+", "a.bb", "axb"),
        (r"[[:digit:][:^alnum:]]", "-", "a"),
        (r"[\]\-]", "-", "a"),
        (r"\x{e9}|\t", "é", "e"),
        (r"a{,2}", "a{,2}", "aa"),
        (r"", "", None),
        (r"(|a)+$", "b", None),
        (r"\B", "", "a"),
    ],
)
def test_the_syntax_is_gos(pattern: str, found: str, missed: str | None) -> None:
    assert Expression(pattern).search(found)
    assert missed is None or not Expression(pattern).search(missed)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("a**", "invalid nested repetition operator: `**`"),
        ("{2}", "missing argument to repetition operator: `{2}`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("a{2,1}", "invalid repeat count: `{2,1}`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("[[:no:]]", "invalid character class range: `[:no:]`"),
        ("a\\", "trailing backslash at end of expression: ``"),
        (r"\8", r"invalid escape sequence: `\8`"),
        (r"\xg1", r"invalid escape sequence: `\xg1`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("((a{100}){100}){100}", "invalid repeat count: `{100}`"),
        ("(a", "missing closing ): `(a`"),
        ("[a", "missing closing ]: `[a`"),
        ("a)", "unexpected ): `a)`"),
        ("a" * 5000, "expression too large"),
        ("(?P<>a)", "invalid named capture: `(?P<>`"),
    ],
)
def test_what_is_none_is_refused_in_gos_words(pattern: str, message: str) -> None:
    with pytest.raises(BadExpression) as error:
        Expression(pattern)
    assert str(error.value) == message


@pytest.mark.parametrize("pattern", ["(a+)+$", "^(a|a)*$", "(a|aa)+$", "a*" * 30 + "b", "(.*a){12}b"])
def test_no_expression_takes_for_ever(pattern: str) -> None:
    assert not Expression(pattern).search("a" * 200 + "!")


def test_a_name_is_matched_as_docker_does() -> None:
    assert matcher("we")("web")
    assert matcher("^/?web.*[0-9]$")("web-1")
    assert not matcher("^/?web.*[0-9]$")("web-x")
    assert matcher("(")("(")
    assert not matcher("(")("x(")
