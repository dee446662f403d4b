"""Command lines read as Docker reads them."""

import pytest

from pydock.cli.exits import FlagError
from pydock.cli.flags import boolean, hidden, integer, listing, parse, text

FLAGS = (
    boolean("all", "", "a"),
    boolean("interactive", "", "i"),
    boolean("tty", "", "t"),
    boolean("sig-proxy", "", default=True),
    text("name", "", "n"),
    integer("last", "", "l", -1),
    integer("weight", "", bits=16, kind="uint16"),
    listing("env", "", "e"),
    hidden(listing("old-env", ""), "env", "use --env"),
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-it x", {"interactive": True, "tty": True}),
        ("-a=false --sig-proxy=false", {"all": False, "sig_proxy": False}),
        ("--all", {"all": True}),
        ("-nfoo", {"name": "foo"}),
        ("-n=foo", {"name": "foo"}),
        ("-n foo", {"name": "foo"}),
        ("--name=a=b", {"name": "a=b"}),
        ("--name ''", {"name": "''"}),
        ("-itn foo -l5", {"interactive": True, "tty": True, "name": "foo", "last": 5}),
        ("-e a -e b --env c", {"env": ["a", "b", "c"]}),
        ("--old-env a", {"env": ["a"]}),
        ("-l 0x10", {"last": 16}),
        ("-l 010", {"last": 8}),
        ("-l -3", {"last": -3}),
        ("", {"last": -1, "env": [], "name": ""}),
    ],
)
def test_values_are_found_however_they_are_written(line: str, expected: dict[str, object]) -> None:
    options, _ = parse(FLAGS, line.split())
    assert {name: getattr(options, name) for name in expected} == expected


def test_arguments_may_stand_between_flags_or_end_them() -> None:
    assert parse(FLAGS, ["x", "-a", "y", "--", "-t"])[1] == ["x", "y", "-t"]
    options, arguments = parse(FLAGS, ["-a", "x", "-t", "--name"], interspersed=False)
    assert arguments == ["x", "-t", "--name"]
    assert options.all
    assert not options.tty
    assert parse(FLAGS, ["-", "-a"])[1] == ["-"]


def test_what_was_given_is_known_from_what_is_default() -> None:
    options, _ = parse(FLAGS, ["--sig-proxy", "--last=-1"])
    assert options.changed == {"sig_proxy", "last"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--foo", "unknown flag: --foo"),
        ("-ax", "unknown shorthand flag: 'x' in -x"),
        ("-x=1", "unknown shorthand flag: 'x' in -x=1"),
        ("-aé", "unknown shorthand flag: 'Ã' in -é"),
        ("--name", "flag needs an argument: --name"),
        ("-an", "flag needs an argument: 'n' in -an"),
        ("--=x", "bad flag syntax: --=x"),
        ("---x", "bad flag syntax: ---x"),
        ("-l x", 'invalid argument "x" for "-l, --last" flag: strconv.ParseInt: parsing "x": invalid syntax'),
        (
            "--weight=70000",
            'invalid argument "70000" for "--weight" flag: strconv.ParseUint: parsing "70000": value out of range',
        ),
        ("--weight=-1", 'invalid argument "-1" for "--weight" flag: strconv.ParseUint: parsing "-1": invalid syntax'),
        (
            "--all=maybe",
            'invalid argument "maybe" for "-a, --all" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
        ),
    ],
)
def test_what_does_not_parse_is_told_in_pflags_words(line: str, message: str) -> None:
    with pytest.raises(FlagError) as caught:
        parse(FLAGS, line.split())
    assert str(caught.value) == message


def test_help_may_be_asked_for_by_either_name_unless_h_is_taken() -> None:
    assert all(parse(FLAGS, [word])[0].help for word in ("--help", "-h", "-ah", "--help=true"))
    assert not any(parse(FLAGS, words)[0].help for words in (["--help=false"], ["--help", "--help=0"], []))
    options, _ = parse([text("hostname", "", "h")], ["-h", "x"])
    assert options.hostname == "x"
    assert not options.help


@pytest.mark.parametrize("line", ["--help --foo", "-hx", "--help=x"])
def test_help_does_not_hide_what_is_wrong(line: str) -> None:
    notes: list[str] = []
    with pytest.raises(FlagError):
        parse(FLAGS, line.split(), note=notes.append)
    assert notes == []


def test_the_short_name_of_help_is_deprecated() -> None:
    notes: list[str] = []
    parse(FLAGS, ["-ah", "--help"], note=notes.append)
    assert notes == ["Flag shorthand -h has been deprecated, use --help"]


def test_a_deprecated_flag_says_so() -> None:
    notes: list[str] = []
    parse(FLAGS, ["--old-env", "a"], note=notes.append)
    assert notes == ["Flag --old-env has been deprecated, use --env"]
