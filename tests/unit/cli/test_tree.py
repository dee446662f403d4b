"""The tree of images on a terminal: the very bytes that Docker's client writes."""

from types import SimpleNamespace
from typing import Any

from pydock.cli.tree import Tree

IMAGE = {
    "Id": "sha256:" + "ab" * 32,
    "RepoTags": ["nginx:1", "nginx:latest"],
    "Size": 123_000_000,
    "Containers": 1,
    "Manifests": [
        {
            "ID": "sha256:" + "34" * 32,
            "Kind": "image",
            "Available": False,
            "Size": {"Content": 1000, "Total": 3000},
            "ImageData": {"Platform": {"os": "linux", "architecture": "amd64"}, "Containers": []},
        }
    ],
}


def drawn(columns: int) -> list[str]:
    lines: list[str] = []
    out = SimpleNamespace(is_terminal=lambda: True, size=lambda: (40, columns), line=lines.append)
    console: Any = SimpleNamespace(out=out, environ={})
    Tree(console, [IMAGE]).draw()
    return [line.replace("\x1b", "^") for line in lines]


def test_colours() -> None:
    warning, legend, _, title, other, name, platform, _ = drawn(80)
    assert warning.startswith("^[93mWARNING: This is an experimental feature.")
    assert legend == " " * 59 + "^[1m^[106m^[30mi^[0m^[0m ^[96mInfo → ^[0m^[0m ^[38;5;0m^[48;5;14m U ^[0m In Use "
    assert title == (
        "^[39m^[1mIMAGE^[0m            ^[39m^[1mID^[0m             ^[39m^[1mDISK USAGE^[0m   "
        "^[39m^[1mCONTENT SIZE^[0m   ^[39m^[1mEXTRA^[0m"
    )
    assert other == "^[34m^[1mnginx:latest^[0m"
    assert name == (
        "^[34m^[1mnginx:1^[0m          ^[39mabababababab^[0m        ^[39m123MB^[0m            ^[39m1kB^[0m   "
        "^[38;5;0m^[48;5;14m U ^[0m  "
    )
    assert platform == (
        "^[39m^[2m└─ linux/amd64^[0m   ^[39m^[2m343434343434^[0m          ^[39m^[2m3kB^[0m            "
        "^[39m^[2m1kB^[0m        "
    )


def test_columns_that_do_not_fit_are_left_out() -> None:
    assert drawn(30)[3] == "^[39m^[1mIMAGE^[0m            ^[39m^[1mID^[0m          "
