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
        ("tcp://:5", ("tcp", "", "localhost", 5)),
        ("tcp://", ("tcp", "", "localhost", 2375)),
        ("::1", ("tcp", "", "::1", 2375)),
    ],
)
def test_an_address_is_understood(text: str, expected: tuple[str, str, str, int]) -> None:
    found = address.parse(text)
    assert (found.scheme, found.path, found.host, found.port) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("http://h", "invalid bind address format: http://h"),
        ("tcp://h:70000", "invalid bind address format: tcp://h:70000"),
        ("tcp://h:x", 'parse "tcp://h:x": invalid port ":x" after host'),
        ("h i", 'parse "tcp://h i": invalid character " " in host name'),
        ("tcp://[::1", "parse \"tcp://[::1\": missing ']' in host"),
        ("unix://tcp://x", "invalid proto, expected unix: tcp://x"),
        ("npipe://x", "protocol not available"),
        ("fd://", "unable to parse docker host `fd://`"),
        ("ssh://u@", "ssh host connection is not valid: invalid SSH URL: hostname is empty"),
        ("ssh://u:p@h", "ssh host connection is not valid: invalid SSH URL: plain-text password is not supported"),
        ("ssh://h:x", 'parse "ssh://h:x": invalid port ":x" after host'),
    ],
)
def test_what_is_no_address_is_refused_in_dockers_words(text: str, told: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        address.parse(text)
    assert caught.value.message == told
    assert isinstance(caught.value, address.Unusable) == (text[:3] in ("npi", "fd:", "ssh"))


def test_the_flag_goes_before_the_environment_and_that_before_the_context() -> None:
    environ = {"PYDOCK_HOST": "p", "DOCKER_HOST": "d"}
    assert address.choose("f", environ, "c") == "f"
    assert address.choose("", environ, "c") == "p"
    assert address.choose("", {"DOCKER_HOST": "d"}, "c") == "d"
    assert address.choose("", {}, "c") == "c"
    assert address.choose("", {}) == ""
