"""The client's own JSON: equal to the standard library's, and to Go's where that differs."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pydock.client import json_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_can_be_read_by_others(value: object) -> None:
    assert json.loads(json_text.dumps(value)) == value
    assert json.loads(json_text.dumps_go(value)) == value


@given(VALUES, st.sampled_from([None, 0, 2]))
def test_what_others_write_can_be_read(value: object, indent: int | None) -> None:
    assert json_text.loads(json.dumps(value, indent=indent)) == value


@pytest.mark.parametrize("text", ["", "{", '{"a":}', "nul", "1 2", '"a', "[1,]"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        json_text.loads(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (1.5, "1.5"), (1e21, "1e+21"), (1e-7, "1e-07"), (0.000001, "0.000001"), (123456789.0, "123456789")],
)
def test_floats_are_written_as_go_writes_them(value: float, text: str) -> None:
    assert float(json_text.dumps(value)) == float(text)


def test_html_and_other_scripts_stay_as_they_are_for_go() -> None:
    assert json_text.dumps_go("<é>&") == '"<é>&"'
    assert json_text.dumps("é") == '"\\u00e9"'


def test_indenting_leaves_texts_and_empty_containers_alone() -> None:
    text = '{"a":[1,{"b":"x, {\\"y\\"}: [z]"}],"c":{},"d":[ ]}'
    assert json.loads(json_text.indent(text, "  ")) == json.loads(text)
    assert json_text.indent('{"a":[],"b":{},"c":[1]}', "    ") == (
        '{\n    "a": [],\n    "b": {},\n    "c": [\n        1\n    ]\n}'
    )


def test_what_is_no_json_is_refused_where_the_standard_package_was_never_imported() -> None:
    """The C scanner looks for json.decoder's error, which no test process lacks."""
    script = (
        "import sys\nfrom pydock.client import json_text\nassert 'json.decoder' not in sys.modules\n"
        "for text in ('{', '[1 2]', '\"a'):\n"
        "    try: json_text.loads(text)\n"
        "    except ValueError: print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("refused\n" * 3, "")
