"""Signals as users write them."""

import pytest

from pydock.daemon.containers import signals
from pydock.errors import InvalidParameter


@pytest.mark.parametrize(
    ("text", "number"), [("9", 9), ("KILL", 9), ("sigterm", 15), ("RTMIN+3", 37), ("RTMAX-2", 62), ("64", 64)]
)
def test_names_and_numbers(text: str, number: int) -> None:
    assert signals.parse(text) == number


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nope", "invalid signal: nope"),
        ("0", "invalid signal: 0"),
        ("", "invalid signal: "),
        ("99", "the linux daemon does not support signal 99"),
        ("-1", "the linux daemon does not support signal -1"),
    ],
)
def test_what_is_no_signal(text: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as error:
        signals.parse(text)
    assert error.value.message == message
