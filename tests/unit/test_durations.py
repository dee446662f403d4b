"""Ages in words."""

import pytest

from pydock.durations import human


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "Less than a second"), (1, "1 second"), (59, "59 seconds"), (60, "About a minute"),
        (150, "2 minutes"), (3600, "About an hour"), (3600 * 5, "5 hours"), (3600 * 47, "47 hours"),
        (3600 * 24 * 3, "3 days"), (3600 * 24 * 21, "3 weeks"), (3600 * 24 * 100, "3 months"),
        (3600 * 24 * 800, "2 years"),
    ],
)  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert human(seconds) == text
