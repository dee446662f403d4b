"""Hardware addresses as users write them."""

import pytest

from pydock.errors import InvalidParameter
from pydock.network.bridge import parse_mac


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("02:42:AC:11:00:99", "02:42:ac:11:00:99"),
        ("02-42-ac-11-00-99", "02:42:ac:11:00:99"),
        ("0242.ac11.0099", "02:42:ac:11:00:99"),
        ("02:00:00:ff:fe:00:00:01", "02:00:00:ff:fe:00:00:01"),
        ("0200.00ff.fe00.0001", "02:00:00:ff:fe:00:00:01"),
        (":".join(["02"] * 20), ":".join(["02"] * 20)),
    ],
)
def test_all_that_go_reads_are_read(text: str, read: str) -> None:
    assert parse_mac(text) == read


@pytest.mark.parametrize(
    "text",
    ["", "x", "02:42", "0242ac110099", "02:42-ac:11:00:99", "02:42:ac:11:00:99:", "02:42:ac:11:00:9g", "0242.ac11"],
)
def test_others_are_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match=f"invalid MAC address {text}".rstrip()):
        parse_mac(text)
