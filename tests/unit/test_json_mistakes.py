"""`json_mistakes`: what is wrong with a body, in the words of Go's decoder (encoding/json)."""

import pytest

from pydock import json_mistakes

KEY = "looking for beginning of object key string"
VALUE = "looking for beginning of value"


@pytest.mark.parametrize(
    ("body", "mistake"),
    [
        (b"{invalid json", f"invalid character 'i' {KEY}"),
        (b"{} trailing content", "unexpected content after JSON"),
        (b'{"a": 1', "unexpected EOF"),
        (b'{"a": {"b": "x', "unexpected EOF"),
        (b"", "unexpected EOF"),
        (b'{"a": 1 "b": 2}', "invalid character '\"' after object key:value pair"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b'{"a": 1,}', f"invalid character '}}' {KEY}"),
        (b"[1 2]", "invalid character '2' after array element"),
        (b"[1,]", f"invalid character ']' {VALUE}"),
        (b"x", f"invalid character 'x' {VALUE}"),
        (b"'a'", rf"invalid character '\'' {VALUE}"),
        (b"\xc3\xbc", f"invalid character '\u00c3' {VALUE}"),
        (b'"a\nb"', r"invalid character '\n' in string literal"),
        (rb'"\x"', "invalid character 'x' in string escape code"),
        (rb'"\u00g0"', r"invalid character 'g' in \u hexadecimal character escape"),
        (b"-x", "invalid character 'x' in numeric literal"),
        (b"[-]", "invalid character ']' in numeric literal"),
        (b"[1.]", "invalid character ']' after decimal point in numeric literal"),
        (b"[1e+]", "invalid character ']' in exponent of numeric literal"),
        (b"[1.e5]", "invalid character 'e' after decimal point in numeric literal"),
        (b"[01]", "invalid character '1' after array element"),
        (b"trye", "invalid character 'y' in literal true (expecting 'u')"),
        (b"[nul", "unexpected EOF"),
        (b"[" * 100_000, "unexpected EOF"),
        (b'{"a": [1.5e-3, -0, true, false, null, {}, [], "\\u00e9\\n"], "b": {"c": ""}} \n', ""),
    ],
)
def test_mistakes(body: bytes, mistake: str) -> None:
    assert json_mistakes.explain(body) == mistake


@pytest.mark.parametrize(
    ("data", "mistake"),
    [
        (b"", "unexpected end of JSON input"),
        (b'{"a": ', "unexpected end of JSON input"),
        (b"{} x", "invalid character 'x' after top-level value"),
        (b"x", "invalid character 'x' looking for beginning of value"),
        (b"{}\n", ""),
    ],
)
def test_mistakes_of_files(data: bytes, mistake: str) -> None:
    assert json_mistakes.explain_file(data) == mistake
