"""How a stream is cut into lines, whatever the pieces it comes in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pydock.runtime.logs.lines import LONGEST, LineCutter


def fed(*pieces: bytes) -> list[bytes]:
    cutter = LineCutter()
    return [out for piece in pieces for out in cutter.feed(piece)]


def test_whole_lines_stay_together_and_the_rest_waits() -> None:
    assert fed(b"a\nb\nc", b"d\n", b"e") == [b"a\nb\n", b"cd\n"]


def test_the_last_line_comes_without_its_end() -> None:
    cutter = LineCutter()
    assert list(cutter.feed(b"a\nb")) == [b"a\n"]
    assert cutter.rest == b"b"
    assert list(cutter.finish()) == [b"b"]
    assert list(cutter.finish()) == []


def test_a_long_line_is_cut_at_16_kib() -> None:
    assert [len(piece) for piece in fed(b"x" * (2 * LONGEST + 5) + b"\n")] == [LONGEST, LONGEST, 6]
    assert [len(piece) for piece in fed(b"x" * LONGEST + b"\n")] == [LONGEST + 1]
    assert [len(piece) for piece in fed(b"x" * LONGEST, b"\n")] == [LONGEST, 1]


def test_lines_around_a_long_one_stay_together() -> None:
    short = b"short\n" * 5000
    assert [len(piece) for piece in fed(short + b"x" * (LONGEST + 1) + b"\n" + short)] == [
        len(short),
        LONGEST,
        2 + len(short),
    ]


@pytest.mark.parametrize("character", ["é", "€", "🐳"])
@pytest.mark.parametrize("shift", range(5))
def test_no_character_is_torn_apart(character: str, shift: int) -> None:
    text = "a" * shift + character * LONGEST
    pieces = fed(text.encode() + b"\n")
    assert "".join(piece.decode() for piece in pieces) == text + "\n"
    assert all(LONGEST - 3 <= len(piece) <= LONGEST for piece in pieces[:-1])


def test_what_is_no_text_is_cut_all_the_same() -> None:
    assert [len(piece) for piece in fed(b"\x80" * (LONGEST + 1) + b"\n")] == [LONGEST, 2]
    assert [len(piece) for piece in fed(b"\xff" * (LONGEST + 1) + b"\n")][-1] <= 5


@given(
    st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([b"\n", b"x" * 5000, b"y" * 20000, b"\xe2\x82"]))),
    st.data(),
)
def test_nothing_is_lost_or_over_long_in_whatever_pieces_it_comes(parts: list[bytes], data: st.DataObject) -> None:
    text = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=4)))
    cutter = LineCutter()
    out = [o for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True) for o in cutter.feed(text[a:b])]
    out += cutter.finish()
    assert b"".join(out) == text
    assert all(len(line) <= LONGEST for piece in out for line in piece.split(b"\n"))
    assert all(piece.endswith(b"\n") or len(piece) >= LONGEST - 3 for piece in out[:-1])
