"""The host's ps(1), asked for some processes or for all."""

import os

import pytest

from pydock.errors import System
from pydock.runtime.host_ps import ps


def ask(words: list[str], otherwise: list[str]) -> str:
    return ps({"words": words, "otherwise": otherwise}, [], lambda _: None)


@pytest.mark.parametrize("refused", [f"-q{'1,' * 100_000}1", "--no-such-option"])
def test_what_cannot_be_asked_for_one_by_one_is_taken_from_all(refused: str) -> None:
    """As where a container has more processes than fit into an argument."""
    assert str(os.getpid()) in ask(["-e", refused], ["-e"]).split()


def test_the_last_reason_is_told() -> None:
    with pytest.raises(System, match="ps: argument list too long"):
        ask(["--no-such-option"], ["x" * 200_000])
