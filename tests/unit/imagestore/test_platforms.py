"""Platforms: how they are written, and which serves which."""

import pytest

from pydock.errors import InvalidParameter
from pydock.imagestore import platforms
from pydock.imagestore.platforms import Platform, host, normalize, parse, rank


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("linux/amd64", "linux/amd64"),
        ("LINUX/X86_64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/arm64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64/v8"),
        ("linux/aarch64/8", "linux/arm64/v8"),
        ("linux/arm", "linux/arm"),
        ("linux/arm/v7", "linux/arm/v7"),
        ("linux/armel", "linux/arm/v6"),
        ("arm64", "linux/arm64"),
        ("armhf", "linux/arm"),
        ("linux", str(host())),
        ("macos/arm64", "darwin/arm64"),
        ("windows(10.0.17763)/amd64", "windows/amd64"),
    ],
)
def test_parse(text: str, written: str) -> None:
    assert str(parse(text)) == written


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a/b/c/d", '"a/b/c/d": cannot parse platform specifier: invalid argument'),
        ("", '"" is an invalid OS component of ""'),
        ("/", '"" is an invalid OS component of "/"'),
        ("a.b/c", '"a.b" is an invalid OS component of "a.b/c"'),
        ("linux/", '"" is an invalid component of "linux/"'),
        ("linux/a b", '"a b" is an invalid component of "linux/a b"'),
        ("nonsense", '"nonsense": unknown operating system or architecture: invalid argument'),
    ],
)
def test_what_is_no_platform(text: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as raised:
        parse(text)
    assert raised.value.message.startswith(message)


@pytest.mark.parametrize(
    ("wanted", "offered", "place"),
    [
        ("linux/amd64", "linux/amd64", 0),
        ("linux/amd64", "linux/386", 1),
        ("linux/amd64", "linux/arm64", -1),
        ("linux/amd64/v3", "linux/amd64/v2", 1),
        ("linux/amd64", "linux/amd64/v2", -1),
        ("linux/arm64/v8", "linux/arm64", 0),
        ("linux/arm64", "linux/arm/v7", 2),
        ("linux/arm", "linux/arm/v7", 0),
        ("linux/arm/v7", "linux/arm/v6", 1),
        ("linux/arm/v6", "linux/arm/v7", -1),
        ("windows/amd64", "linux/amd64", -1),
    ],
)
def test_rank(wanted: str, offered: str, place: int) -> None:
    parsed = parse(offered)
    assert rank(parse(wanted), normalize(parsed.os, parsed.architecture, parsed.variant)) == place


def test_what_descriptors_say() -> None:
    value = {"os": "linux", "architecture": "arm64", "variant": "v8", "os.version": 5, "other": {}}
    assert platforms.of(value) == Platform("linux", "arm64")
    assert Platform("linux", "arm", "v7").wire() == {"architecture": "arm", "os": "linux", "variant": "v7"}
