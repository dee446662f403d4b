"""Which image a pull is asked for."""

import pytest

from pydock.daemon.images.pull import named
from pydock.errors import Forbidden
from pydock.imagestore.reference import Reference

DIGEST = "sha256:" + "1" * 64


@pytest.mark.parametrize(
    ("name", "tag", "wanted"),
    [
        ("r.io/x", "", ("", "")),
        ("r.io/x:1", "2", ("2", "")),
        ("r.io/x:1", DIGEST, ("", DIGEST)),
        # the digest is what shall be had: a tag beside it made the pull take whatever the tag led to
        (f"r.io/x@{DIGEST}", "2", ("2", DIGEST)),
        (f"r.io/x@{DIGEST}", "", ("", DIGEST)),
    ],
)
def test_a_name_and_a_tag(name: str, tag: str, wanted: tuple[str, str]) -> None:
    assert named(name, tag) == Reference("r.io", "x", *wanted)


def test_a_reserved_name() -> None:
    with pytest.raises(Forbidden):
        named("scratch", "1")
