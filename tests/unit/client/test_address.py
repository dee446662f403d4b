"""Which daemon a text, a flag or the environment means."""

import pytest

from pydock.client import address
from pydock.errors import InvalidParameter


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("unix", "/run/pydock.sock", "", 0)),
        ("unix:///a/b", ("unix", "/a/b", "", 0)),
        ("unix://", ("unix", "/run/pydock.sock", "", 0)),
        ("tcp://h", ("tcp", "", "h", 2375)),
        ("tcp://h:1", ("tcp", "", "h", 1)),
        ("h:1", ("tcp", "", "h", 1)),
        ("tcp://[::1]:7/base/", ("tcp", "", "::1", 7)),
        ("https://h", ("https", "", "h", 2376)),
        ("tcp://:5", ("tcp", "", "127.0.0.1", 5)),
    ],
)
def test_an_address_is_understood(text: str, expected: tuple[str, str, str, int]) -> None:
    found = address.parse(text)
    assert (found.scheme, found.path, found.host, found.port) == expected


@pytest.mark.parametrize("text", ["npipe://x", "tcp://h:x", "tcp://h:70000", "unix://tcp://x", "fd://", "ssh://u@"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        address.parse(text)


def test_the_flag_goes_before_the_environment_and_that_before_the_context() -> None:
    environ = {"PYDOCK_HOST": "p", "DOCKER_HOST": "d"}
    assert address.choose("f", environ, "c") == "f"
    assert address.choose("", environ, "c") == "p"
    assert address.choose("", {"DOCKER_HOST": "d"}, "c") == "d"
    assert address.choose("", {}, "c") == "c"
    assert address.choose("", {}) == ""
