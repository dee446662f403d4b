import pytest

from pydock.errors import InvalidParameter
from pydock.imagestore import times

DAY = 86_400 * times.SECOND


@pytest.mark.parametrize(
    ("text", "nanoseconds", "shown"),
    [
        ("1970-01-02T00:00:00Z", DAY, "1970-01-02T00:00:00Z"),
        ("1970-01-01T00:00:00.120Z", 120_000_000, "1970-01-01T00:00:00.12Z"),
        ("1970-01-01T00:00:00,5Z", 500_000_000, "1970-01-01T00:00:00.5Z"),
        ("1970-01-01T00:00:00.123456789999Z", 123_456_789, "1970-01-01T00:00:00.123456789Z"),
        ("1970-01-01T1:00:00+01:00", 0, "1970-01-01T01:00:00+01:00"),
        ("1970-01-01T00:00:00-00:30", 1800 * times.SECOND, "1970-01-01T00:00:00-00:30"),
        ("1970-01-01T00:00:00+00:60", -3600 * times.SECOND, "1970-01-01T00:00:00+01:00"),
        ("1970-01-01T00:00:00+24:00", -DAY, "1970-01-01T00:00:00+24:00"),
        ("1970-01-01T00:00:00+00:00", 0, "1970-01-01T00:00:00Z"),
        ("0000-02-29T00:00:00Z", -719_469 * DAY, "0000-02-29T00:00:00Z"),
        ("0001-01-01T00:00:00+23:00", -719_162 * DAY - 23 * 3600 * times.SECOND, "0001-01-01T00:00:00+23:00"),
        ("9999-12-31T23:00:00-01:00", 2_932_897 * DAY, "9999-12-31T23:00:00-01:00"),
    ],
)
def test_times_as_go_takes_and_writes_them(text: str, nanoseconds: int, shown: str) -> None:
    assert times.parse(text) == times.Time(nanoseconds, shown)


LAYOUT = '"2006-01-02T15:04:05Z07:00"'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("yesterday", f' as {LAYOUT}: cannot parse "yesterday" as "2006"'),
        ("", f' as {LAYOUT}: cannot parse "" as "2006"'),
        ("2024-01-01", f' as {LAYOUT}: cannot parse "" as "T"'),
        ("2024-01-01t00:00:00Z", f' as {LAYOUT}: cannot parse "t00:00:00Z" as "T"'),
        ("2024-01-01T00:00:00", f' as {LAYOUT}: cannot parse "" as "Z07:00"'),
        ("2024-01-01T00:00:00.Z", f' as {LAYOUT}: cannot parse ".Z" as "Z07:00"'),
        ("2024-01-01T00:00:00-0700", f' as {LAYOUT}: cannot parse "-0700" as "Z07:00"'),
        ("99999-01-01T00:00:00Z", f' as {LAYOUT}: cannot parse "9-01-01T00:00:00Z" as "-"'),
        ("2024-13-01T00:00:00Z", ": month out of range"),
        ("2023-02-29T00:00:00Z", ": day out of range"),
        ("2024-01-01T24:00:00Z", ": hour out of range"),
        ("2024-01-01T00:00:60Z", ": second out of range"),
        ("2024-01-01T00:00:00+25:00", ": time zone offset hour out of range"),
        ("2024-01-01T00:00:00Zx", ': extra text: "x"'),
    ],
)
def test_what_is_no_time_is_told_in_gos_words(text: str, why: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        times.parse(text)
    assert refused.value.message == f'parsing time "{text}"{why}'


@pytest.mark.parametrize(
    ("text", "quoted"),
    [("é", r'"\xc3\xa9"'), ('a"\\', r'"a\"\\"'), ("\n", r'"\x0a"'), ("٢٠٢٤-01-01T00:00:00Z", r'"\xd9\xa2')],
)
def test_what_is_told_is_plain_ascii(text: str, quoted: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        times.parse(text)
    assert refused.value.message.startswith(f"parsing time {quoted}")
    assert refused.value.message.isascii()
    assert refused.value.message.isprintable()


def test_what_is_told_is_not_long() -> None:
    with pytest.raises(InvalidParameter) as refused:
        times.parse("2" * 100_000)
    assert len(refused.value.message) < 500
