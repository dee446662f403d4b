"""Query strings: filters."""

import json

import pytest

from pydock.daemon.http.query import Query
from pydock.errors import InvalidParameter


@pytest.mark.parametrize(("key", "message"), [("odd", "invalid filter 'odd'"), ("", "invalid filter")])
def test_filters_that_are_not_known(key: str, message: str) -> None:
    query = Query(f"filters={json.dumps({key: {'x': True}})}")
    assert query.filters() == {key: ["x"]}
    with pytest.raises(InvalidParameter) as refused:
        query.filters(("known",))
    assert refused.value.message == message


@pytest.mark.parametrize(("text", "told"), [("x", "invalid syntax"), ("9" * 20, "value out of range")])
def test_moments_that_are_none(text: str, told: str) -> None:
    with pytest.raises(InvalidParameter, match=f'parsing "{text}": {told}'):
        Query(f"since={text}").moment("since")


def test_a_moment_with_a_dot_has_a_fraction() -> None:
    assert Query("since=1.5").moment("since") == 1_500_000_000
    with pytest.raises(InvalidParameter, match='parsing "": invalid syntax'):
        Query("since=1.").moment("since")


def test_filters_have_one_shape() -> None:
    text = json.dumps({"name": ["a"], "label": {"a": True}})
    with pytest.raises(InvalidParameter, match="invalid filter"):
        Query(f"filters={text}").filters()
