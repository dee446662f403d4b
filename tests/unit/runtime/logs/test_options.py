"""What --log-opt may say, in Docker's words."""

import pytest

from pydock.errors import InvalidParameter
from pydock.runtime.logs import options
from pydock.runtime.logs.options import FileLimits


@pytest.mark.parametrize(
    ("driver", "given", "message"),
    [
        ("fluent", {}, "logger: no log driver named 'fluent' is registered"),
        ("json-file", {"max-sise": "1m"}, "unknown log opt 'max-sise' for json-file log driver"),
        ("local", {"x": "1"}, "unknown log opt 'x' for log driver local"),
        ("syslog", {"x": "1"}, "unknown log opt 'x' for syslog log driver"),
        ("json-file", {"max-size": "many"}, "invalid size: 'many'"),
        ("json-file", {"max-size": "0"}, "max-size must be a positive number"),
        ("json-file", {"max-file": "0"}, "max-file cannot be less than 1"),
        ("json-file", {"max-file": "x"}, 'strconv.Atoi: parsing "x": invalid syntax'),
        ("json-file", {"compress": "maybe"}, 'strconv.ParseBool: parsing "maybe": invalid syntax'),
        (
            "json-file",
            {"compress": "true"},
            "compress cannot be true when max-file is less than 2 or max-size is not set",
        ),
        ("json-file", {"mode": "later"}, "logger: logging mode not supported: later"),
        (
            "json-file",
            {"max-buffer-size": "1m"},
            "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
        ),
        ("json-file", {"labels-regex": "("}, "error parsing regexp"),
    ],
)
def test_what_cannot_be_is_refused(driver: str, given: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidParameter) as error:
        options.validate(driver, given)
    assert error.value.message.startswith(message)


def test_what_can_be_is_taken() -> None:
    for driver in ("json-file", "local"):
        options.validate(driver, {"max-size": "10m", "max-file": "3", "compress": "true", "tag": "x", "env": "A"})
    options.validate("syslog", {"syslog-address": "udp://1.2.3.4", "mode": "non-blocking", "max-buffer-size": "4m"})
    options.validate("journald", {"tag": "x", "cache-max-size": "1m"})
    options.validate("none", {"anything": "goes"})


def test_the_limits_have_each_drivers_defaults() -> None:
    assert options.file_limits("json-file", {}) == FileLimits(0, 1, False)
    assert options.file_limits("local", {}) == FileLimits(20_000_000, 5, True)
    assert options.file_limits("json-file", {"max-size": "1.5k", "max-file": "2"}) == FileLimits(1500, 2, False)
    assert options.file_limits("local", {"max-file": "1"}) == FileLimits(20_000_000, 1, False)
    assert options.file_limits("syslog", {"cache-max-size": "1m"}) == FileLimits(1_000_000, 5, True)


def test_attributes_are_chosen_by_name_and_by_pattern() -> None:
    given = {"labels": "a,missing", "labels-regex": "^z", "env": "HOME", "env-regex": "_DIR$"}
    labels = {"a": "1", "b": "2", "zed": "3"}
    assert options.attributes(given, labels, ["HOME=/root", "TMP_DIR=/t=1", "X=y", "ODD"]) == {
        "a": "1",
        "zed": "3",
        "HOME": "/root",
        "TMP_DIR": "/t=1",
    }
