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
        ("local", {"labels": "a"}, "unknown log opt 'labels' for log driver local"),
        ("syslog", {"cache-disabled": "x"}, "invalid value for option cache-disabled: x"),
        (
            "json-file",
            {"mode": "non-blocking", "max-buffer-size": "x"},
            "error parsing option max-buffer-size: invalid size: 'x'",
        ),
        ("json-file", {"mode": "later"}, "logger: logging mode not supported: later"),
        (
            "json-file",
            {"max-buffer-size": "1m"},
            "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
        ),
    ],
)
def test_what_cannot_be_is_refused(driver: str, given: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidParameter) as error:
        options.validate(driver, given)
    assert error.value.message == message


@pytest.mark.parametrize(
    ("driver", "given", "message"),
    [
        ("json-file", {"max-size": "many"}, "invalid size: 'many'"),
        ("json-file", {"max-size": "-1"}, "invalid size: '-1'"),
        ("json-file", {"max-size": "1z"}, "invalid suffix: 'z'"),
        ("json-file", {"max-size": " 1k"}, 'strconv.ParseFloat: parsing " 1": invalid syntax'),
        ("json-file", {"max-size": ""}, "invalid size: ''"),
        ("json-file", {"max-size": "0"}, "max-size must be a positive number"),
        ("json-file", {"max-file": "0"}, "max-file cannot be less than 1"),
        ("json-file", {"max-file": "x"}, 'strconv.Atoi: parsing "x": invalid syntax'),
        ("json-file", {"max-file": "9" * 20}, f'strconv.Atoi: parsing "{"9" * 20}": value out of range'),
        ("json-file", {"compress": "maybe"}, 'strconv.ParseBool: parsing "maybe": invalid syntax'),
        (
            "json-file",
            {"compress": "true"},
            "compress cannot be true when max-file is less than 2 or max-size is not set",
        ),
        ("local", {"max-size": "x"}, "invalid value for max-size: x: invalid size: 'x'"),
        ("local", {"max-file": "x"}, 'invalid value for max-file: x: strconv.Atoi: parsing "x": invalid syntax'),
        ("local", {"max-file": "1"}, "compression cannot be enabled when max file count is 1"),
        ("local", {"max-file": "-1"}, "max file count cannot be less than 0"),
        ("local", {"compress": ""}, 'error reading compress log option: strconv.ParseBool: parsing "": invalid syntax'),
    ],
)
def test_what_cannot_be_is_refused_when_the_container_starts(driver: str, given: dict[str, str], message: str) -> None:
    options.validate(driver, given)
    with pytest.raises(InvalidParameter) as error:
        options.file_limits(driver, given)
    assert error.value.message == message


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "missing closing ): `(`"),
        (")", "unexpected ): `)`"),
        ("x[a", "missing closing ]: `[a`"),
        ("*", "missing argument to repetition operator: `*`"),
    ],
)
def test_bad_patterns_are_told_of_in_the_words_of_go(pattern: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as error:
        options.attributes("json-file", {"labels-regex": pattern}, {}, ())
    assert error.value.message == f"error parsing regexp: {message}"


def test_no_pattern_holds_the_daemon_up() -> None:
    assert options.attributes("json-file", {"labels-regex": "(a+)+$"}, {"a" * 60 + "!": "x"}, ()) == {}


def test_what_can_be_is_taken() -> None:
    options.validate("json-file", {"max-size": "10m", "max-file": "3", "compress": "true", "tag": "x", "env": "A"})
    options.validate("local", {"max-size": "10m", "max-file": "3", "compress": "true", "cache-disabled": "true"})
    options.validate("syslog", {"syslog-address": "udp://1.2.3.4", "mode": "non-blocking", "max-buffer-size": "4m"})
    options.validate("journald", {"tag": "x", "cache-max-size": "1m"})
    options.validate("none", {"anything": "goes"})


def test_the_limits_have_each_drivers_defaults() -> None:
    assert options.file_limits("json-file", {}) == FileLimits(0, 1, False)
    assert options.file_limits("local", {}) == FileLimits(20_000_000, 5, True)
    assert options.file_limits("json-file", {"max-size": "1.5k", "max-file": "2"}) == FileLimits(1500, 2, False)
    assert options.file_limits("json-file", {"max-size": "1e3"}) == FileLimits(1000, 1, False)
    assert options.file_limits("local", {"max-file": "0", "compress": "false"}) == FileLimits(20_000_000, 1, False)
    assert options.file_limits("local", {"max-size": "0"}) == FileLimits(1, 5, True)
    assert options.file_limits("syslog", {"cache-max-size": "1m"}) == FileLimits(1_000_000, 5, True)
    assert options.file_limits("syslog", {"cache-max-size": "x"}) == FileLimits(20_000_000, 5, True)


def test_attributes_are_chosen_by_name_and_by_pattern() -> None:
    given = {"labels": "a,missing", "labels-regex": "^z", "env": "HOME", "env-regex": "_DIR$"}
    labels = {"a": "1", "b": "2", "zed": "3"}
    assert options.attributes("json-file", given, labels, ["HOME=/root", "TMP_DIR=/t=1", "X=y", "ODD"]) == {
        "a": "1",
        "zed": "3",
        "HOME": "/root",
        "TMP_DIR": "/t=1",
    }
    assert options.attributes("local", given, labels, []) == {}
