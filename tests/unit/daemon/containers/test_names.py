"""Names of containers."""

import re

import pytest

from pydock.daemon.containers import names
from pydock.errors import InvalidParameter


@pytest.mark.parametrize("name", ["ab", "/ab", "a.b-c_d", "0x"])
def test_fine(name: str) -> None:
    assert names.check(name) == name.removeprefix("/")


@pytest.mark.parametrize("name", ["", "a", "/", "_a", "a/b", "a b", "ä", "a\n", "//ab", "../x"])
def test_refused(name: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        names.check(name)
    words = f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
    assert caught.value.message == words


def test_made_up_names_are_fine() -> None:
    for attempt in range(6):
        name = names.generate(attempt)
        assert re.fullmatch(r"[a-z]+_[a-z]+[0-9]?", name)
        assert names.check(name) == name
