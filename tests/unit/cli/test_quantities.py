"""Sizes and times, read and shown."""

import re

import pytest

from pydock.cli import quantities


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("32", 32),
        ("32b", 32),
        ("32k", 32 << 10),
        ("32 KB", 32 << 10),
        ("1.5m", 3 << 19),
        ("2GiB", 2 << 30),
        ("1t", 1 << 40),
        ("1e3", 1000),
        ("1_000k", 1000 << 10),
        ("+64m", 64 << 20),
        (".5g", 1 << 29),
        ("1p", 1 << 50),
    ],
)
def test_a_size_is_read_in_powers_of_1024(text: str, size: int) -> None:
    assert quantities.ram_size(text) == size


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "invalid size: ''"),
        ("x", "invalid size: 'x'"),
        ("-1", "invalid size: '-1'"),
        ("1X", "invalid suffix: 'x'"),
        ("1kbB", "invalid suffix: 'kbb'"),
        ("1KBBB", "invalid suffix: 'KBBB'"),
        ("1e", "invalid suffix: 'e'"),
        (" 1", 'strconv.ParseFloat: parsing " 1": invalid syntax'),
        ("1m ", 'strconv.ParseFloat: parsing "1m": invalid syntax'),
        ("1  m", 'strconv.ParseFloat: parsing "1 ": invalid syntax'),
        ("1.2.3", 'strconv.ParseFloat: parsing "1.2.3": invalid syntax'),
        ("a@b1:x", 'strconv.ParseFloat: parsing "a@b1": invalid syntax'),
        ("1e999", 'strconv.ParseFloat: parsing "1e999": value out of range'),
    ],
)
def test_what_is_no_size_is_refused_in_gos_words(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=r"^" + re.escape(told) + "$"):
        quantities.ram_size(text)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("1s", 10**9),
        ("1m30s", 90 * 10**9),
        ("1.5h", 5400 * 10**9),
        ("-2ms", -2 * 10**6),
        ("1us2ns", 1002),
        (".5s", 5 * 10**8),
    ],
)
def test_a_duration_is_read_as_go_reads_it(text: str, nanoseconds: int) -> None:
    assert quantities.duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'time: invalid duration ""'),
        ("5", 'time: missing unit in duration "5"'),
        ("5x", 'time: unknown unit "x" in duration "5x"'),
        ("s", 'time: invalid duration "s"'),
    ],
)
def test_what_is_no_duration_is_refused_in_gos_words(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        quantities.duration(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("size", "short", "memory"),
    [
        (0, "0B", "0B"),
        (999, "999B", "999B"),
        (1984256, "1.98MB", "1.892MiB"),
        (10**9, "1GB", "953.7MiB"),
        (123456789, "123MB", "117.7MiB"),
    ],
)
def test_a_size_is_shown_in_few_digits(size: int, short: str, memory: str) -> None:
    assert quantities.human_size(size) == short
    assert quantities.bytes_size(size) == memory
