"""The keys that end an attachment, found however they come."""

import pytest

from pydock.runtime.detach_keys import DetachKeys

KEYS = b"\x10\x11"


def fed(keys: bytes, *pieces: bytes) -> list[tuple[bytes, bool]]:
    scanner = DetachKeys(keys)
    return [scanner.feed(piece) for piece in pieces]


def test_other_input_passes() -> None:
    assert fed(KEYS, b"abc", b"\x11", b"") == [(b"abc", False), (b"\x11", False), (b"", False)]


def test_the_keys_are_found_at_once_and_one_by_one() -> None:
    assert fed(KEYS, KEYS) == [(b"", True)]
    assert fed(KEYS, b"\x10", b"\x11") == [(b"", False), (b"", True)]


def test_what_comes_before_passes_and_what_comes_after_does_not() -> None:
    assert fed(KEYS, b"ls\r\x10\x11rm\r") == [(b"ls\r", True)]


def test_a_beginning_is_held_back_until_it_is_known_to_be_none() -> None:
    assert fed(KEYS, b"a\x10", b"b") == [(b"a", False), (b"\x10b", False)]


def test_a_key_that_breaks_a_sequence_begins_none() -> None:
    assert fed(KEYS, b"\x10\x10\x11") == [(b"\x10\x10\x11", False)]
    assert fed(KEYS, b"\x10\x10\x10\x11") == [(b"\x10\x10", True)]


@pytest.mark.parametrize("keys", [b"a", b"\x01", b"abcdef"])
def test_sequences_of_any_length_work(keys: bytes) -> None:
    assert fed(keys, b"x" + keys) == [(b"x", True)]
    assert fed(keys, *(bytes([key]) for key in keys))[-1] == (b"", True)


def test_without_keys_everything_passes() -> None:
    assert fed(b"", KEYS) == [(KEYS, False)]
