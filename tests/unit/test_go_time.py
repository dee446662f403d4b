"""Times as Go reads them, and what it says of others."""

import pytest

from pydock.cli.exits import Exit
from pydock.cli.timestamps import to_unix
from pydock.go_time import RFC3339, parse


@pytest.mark.parametrize(
    ("layout", "text", "read"),
    [
        (RFC3339, "2020-09-13T12:26:40Z", (1600000000, 0)),
        (RFC3339, "2020-09-13T14:26:40+02:00", (1600000000, 0)),
        (RFC3339, "2020-09-13T12:26:40,25Z", (1600000000, 250_000_000)),
        ("2006-01-02T15Z07:00", "2020-09-13T7-05:00", (1599998400, 0)),
    ],
)
def test_what_fits(layout: str, text: str, read: tuple[int, int]) -> None:
    moment = parse(layout, text)
    assert (moment.seconds, moment.nanoseconds) == read


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "2006-01-02T15:04:0Z",
            'parsing time "2006-01-02T15:04:0Z" as "2006-01-02T15:04:05Z07:00": cannot parse "0Z" as "05"',
        ),
        ("2006-1-02", 'parsing time "2006-1-02" as "2006-01-02": cannot parse "1-02" as "01"'),
        ("2006-13-02", 'parsing time "2006-13-02": month out of range'),
        ("2006-02-31", 'parsing time "2006-02-31": day out of range'),
        ("2006-01-02Zx", 'parsing time "2006-01-02Zx": extra text: "x"'),
        ("2006-01-02T", 'parsing time "2006-01-02T" as "2006-01-02T15": cannot parse "" as "15"'),
        ("1.2.3", 'failed to parse value as time or duration: "1.2.3"'),
    ],
)
def test_what_does_not_is_refused_in_gos_words(text: str, words: str) -> None:
    with pytest.raises(Exit) as refused:
        to_unix(text, "since")
    assert str(refused.value) == f'invalid value for "since": {words}'
