"""How platforms are written: what the docker CLI makes of each, seen by a server that was sent it."""

import os

import pytest

from pydock import platform_words
from pydock.errors import InvalidParameter


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("arm", ("linux", "arm")),
        ("ARM", ("linux", "arm")),
        ("armhf", ("linux", "arm")),
        ("armel", ("linux", "arm", "v6")),
        ("i386", ("linux", "386")),
        ("sparc64", ("linux", "sparc64")),
        ("wasm", ("linux", "wasm")),
        ("linux/armhf", ("linux", "arm")),
        ("linux/armhf/v6", ("linux", "arm", "v7")),
        ("linux/armel/v7", ("linux", "arm", "v6")),
        ("linux/arm/7", ("linux", "arm", "v7")),
        ("linux/i386/sse", ("linux", "386")),
        ("linux/386/v1", ("linux", "386", "v1")),
        ("linux/arm64/8", ("linux", "arm64", "v8")),
        ("linux/arm64/v9", ("linux", "arm64", "v9")),
        ("MACOS/x86_64", ("darwin", "amd64")),
        ("x/Y/z", ("x", "y", "z")),
        ("windows(10+a+b)/amd64", ("windows", "amd64", "", "10", ("a", "b"))),
        ("windows(10%2B)/amd64", ("windows", "amd64", "", "10+")),
        ("linux(+a)/amd64", ("linux", "amd64", "", "", ("a",))),
    ],
)
def test_parse(text: str, found: tuple[str, ...]) -> None:
    assert platform_words.parse(text) == platform_words.Words(*found)  # type: ignore[arg-type]


@pytest.mark.parametrize("word", ["amd64(1)", "wasip1", "armv7l", "i586"])
def test_what_is_neither_a_system_nor_an_architecture(word: str) -> None:
    with pytest.raises(InvalidParameter, match=r"unknown operating system or architecture: invalid argument$"):
        platform_words.parse(word)


@pytest.mark.parametrize("text", ["*", "linux/*"])
def test_wildcards(text: str) -> None:
    with pytest.raises(InvalidParameter, match="wildcards not yet supported"):
        platform_words.parse(text)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("x86_64", ("hurd", "amd64", "")),
        ("i686", ("hurd", "386", "")),
        ("armv6l", ("hurd", "arm", "v6")),
        ("armv7l", ("hurd", "arm", "")),
        ("aarch64", ("hurd", "arm64", "")),
        ("riscv64", ("hurd", "riscv64", "")),
    ],
)
def test_a_system_alone_is_on_the_architecture_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, name: str, found: tuple[str, str, str]
) -> None:
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "", "", "", name)))
    assert platform_words.parse("Hurd")[:3] == found
