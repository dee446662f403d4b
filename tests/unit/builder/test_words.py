"""Words as a shell would read them, and what may stand in ``${...}``."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pydock.builder import words
from pydock.errors import InvalidParameter

VARIABLES = {"A": "one two", "E": "", "P": "aXbXc", "0": "zero"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a b", ["a", "b"]),
        ("  a\t b ", ["a", "b"]),
        ("a='x y' b=\"p q\"", ["a='x y'", 'b="p q"']),
        ("a=b\\ c d", ["a=b\\ c", "d"]),
        ("'a\\' b", ["'a\\'", "b"]),
        ('"a\\" b"', ['"a\\" b"']),
        ("a='open b", ["a='open b"]),
        ("", []),
    ],
    ids=repr,
)
def test_split(text: str, found: list[str]) -> None:
    assert words.split(text) == found


@pytest.mark.parametrize(
    ("word", "expanded"),
    [
        ("plain", "plain"),
        ("$A", "one two"),
        ("${A}", "one two"),
        ("x$A.y", "xone two.y"),
        ("$0 $ $. ", "zero $ $. "),
        ("$NONE-", "-"),
        ("'$A'", "$A"),
        ('"$A"', "one two"),
        ("\\$A", "$A"),
        ('"\\$A \\\\ \\n"', "$A \\ \\n"),
        ("a\\ b", "a b"),
        ("${A:-x}${NONE:-x}${E:-x}${E-x}", "one twoxx"),
        ("${A:+x}${NONE:+x}${E:+x}${E+x}", "xx"),
        ("${NONE:-$A}", "one two"),
        ("${NONE:-${A}}", "one two"),
        ("${P#a}${P#*X}${P##*X}", "XbXcbXcc"),
        ("${P%c}${P%X*}${P%%X*}", "aXbXaXba"),
        ("${P/X/-}${P//X/-}${P/?X/}", "a-bXca-b-cbXc"),
        ("${P#\\*}${P#[}", "aXbXcaXbXc"),
        ("${NONE#x}", ""),
    ],
    ids=repr,
)
def test_expand(word: str, expanded: str) -> None:
    assert words.expand(word, VARIABLES, words.Room()) == expanded


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("${A", "unsupported modifier"),
        ("${", "syntax error: missing '}'"),
        ("${}", "syntax error: bad substitution"),
        ("${:x}", "syntax error: bad substitution"),
        ("${A^^}", r"unsupported modifier \(\^\) in substitution"),
        ("${A:x}", r"unsupported modifier \(:x\) in substitution"),
        ("${NONE:?}", "NONE: is not allowed to be unset"),
        ("${E:?}", "E: is not allowed to be empty"),
        ("${NONE?why}", "NONE: why"),
        ("${A/x}", "syntax error: missing '/'"),
        ("'open", "unexpected end of statement while looking for matching single-quote"),
        ('"open', "unexpected end of statement while looking for matching double-quote"),
    ],
    ids=repr,
)
def test_what_cannot_be_expanded(word: str, message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        words.expand(word, VARIABLES, words.Room())


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("$A", ["one", "two"]),
        ('"$A"', ["one two"]),
        ("x$A", ["xone", "two"]),
        ("$E", []),
        ("''", [""]),
        ("a\\ b", ["a b"]),
    ],
    ids=repr,
)
def test_expand_words(word: str, found: list[str]) -> None:
    assert words.expand_words(word, VARIABLES, words.Room()) == found


@given(st.text(alphabet="aA$E{}:-+?#%/'\"\\ *", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (words.expand, words.expand_words):
        try:
            read(text, VARIABLES, words.Room())
        except InvalidParameter:
            pass
    assert "".join(words.split(text)).replace(" ", "") in (text.replace(" ", ""), text.replace(" ", "")[:-1])


@pytest.mark.parametrize("operator", ["#", "##", "%", "%%", "/", "//"])
def test_a_pattern_with_many_stars_does_not_take_for_ever(operator: str) -> None:
    many = "*a" * 30
    text = f"${{P{operator}{many}b{many}}}" if "/" not in operator else f"${{P{operator}{many}b{many}/x}}"
    assert words.expand(text, {"P": "a" * 200}, words.Room()) == "a" * 200


@pytest.mark.parametrize("text", ["${V//x/$V}", '"$V$V$V"', "${NONE:-$V$V$V}"])
def test_variables_cannot_fill_all_memory(text: str) -> None:
    with pytest.raises(InvalidParameter, match="variables make more than"):
        words.expand(text, {"V": "x" * (2 << 20)}, words.Room())


def test_substitutions_in_one_another_are_counted() -> None:
    with pytest.raises(InvalidParameter, match="substitutions in one another"):
        words.expand("${A:-" * 5000 + "}" * 5000, {}, words.Room())
