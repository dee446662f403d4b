"""The WWW-Authenticate header."""

import pytest

from pydock.imagestore.registry import challenges
from pydock.imagestore.registry.challenges import Challenge


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", []),
        ("Basic realm=r", [("basic", {"realm": "r"})]),
        ('Bearer realm="a, b" , Service=x,scope=""', [("bearer", {"realm": "a, b", "service": "x", "scope": ""})]),
        (
            r'Basic realm="a\"b", Negotiate, Bearer x=y',
            [("basic", {"realm": 'a"b'}), ("negotiate", {}), ("bearer", {"x": "y"})],
        ),
        (" , Basic ,, a=b", [("basic", {"a": "b"})]),
        ('Basic a="b', [("basic", {"a": ""})]),
        ("\x01", []),
    ],
)
def test_challenges(header: str, found: list[Challenge]) -> None:
    assert challenges.parse([header]) == found


@pytest.mark.parametrize("filler", [" ", "\t ,", ", ", "\\x", "a", "a=", 'a b="'])
def test_no_header_takes_long(filler: str) -> None:
    """Where the time goes with the square of the length, these take minutes."""
    for _ in range(20):
        challenges.parse([f"a b=c{filler * (16384 // len(filler))}\x01"])
