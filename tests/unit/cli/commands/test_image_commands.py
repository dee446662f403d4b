"""Commands on images: what they refuse before they ask, and what they ask."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from pydock.cli import flags


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["tag", "", "x"], 'Error parsing reference: "" is not a valid repository/tag: invalid reference format'),
        (["tag", "x", "UPPER"], 'Error parsing reference: "UPPER" is not a valid repository/tag'),
        (["load", "-i", "/"], "read /: is a directory"),
        (["import", "/"], "read /: is a directory"),
        (["load", "--platform", "x"], 'invalid platform: "x": unknown operating system or architecture'),
        (["save", "--platform", "x", "-o", "/dev/null", "i"], 'invalid platform: "x": unknown operating system'),
        (["history", "--platform", "x", "i"], 'invalid platform: "x": unknown operating system or architecture'),
        (["push", "--platform", "x", "i"], 'Invalid platform x"x": unknown operating system or architecture'),
        (["create", "--platform", "x", "i"], 'error parsing specified platform: "x": unknown operating system'),
        (["history", "--platform", "l/*", "i"], 'invalid platform: "l/*": wildcards not yet supported: invalid'),
        (["history", "--platform", "a/b/c/d", "i"], 'invalid platform: "a/b/c/d": cannot parse platform specifier'),
        (["history", "--platform", "a/", "i"], 'invalid platform: "" is an invalid component of "a/"'),
        (["history", "--platform", "a(/b", "i"], 'invalid platform: "a(" is an invalid OS component of'),
        (["push", "-q", f"i@sha256:{'0' * 64}"], "cannot push a digest reference"),
        (["commit", "c", f"i@sha256:{'0' * 64}"], "refusing to create a tag with a digest reference"),
        (["pull", "--disable-content-trust=false", "i"], "content trust is not available"),
        (["push", "-q", "--disable-content-trust=false", "i"], "content trust is not available"),
        (["image", "inspect", "--platform", "x", "i"], '"x": unknown operating system or architecture'),
    ],
    ids=repr,
)
def test_what_is_refused(client: Any, line: list[str], message: str) -> None:
    assert client(*line) == 1
    assert client.err.startswith(message)
    assert not client.engine.requests


@pytest.mark.parametrize("command", ["run", "create"])
def test_no_container_is_made_where_signatures_are_to_be_verified(client: Any, command: str) -> None:
    assert client(command, "--disable-content-trust=false", "i") == (125 if command == "run" else 1)
    assert "content trust is not available" in client.err
    assert not client.engine.requests


@pytest.mark.parametrize(("value", "skipped"), [("", True), ("0", True), ("false", True), ("1", False), ("y", False)])
def test_content_trust_may_be_asked_for_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, value: str, skipped: bool
) -> None:
    monkeypatch.setenv("DOCKER_CONTENT_TRUST", value)
    assert flags.trust("").default is skipped


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("linux/arm64/v8", {"architecture": "arm64", "os": "linux", "variant": "v8"}),
        ("linux/arm64", {"architecture": "arm64", "os": "linux"}),
        ("linux/arm", {"architecture": "arm", "os": "linux"}),
        ("linux/arm/v7", {"architecture": "arm", "os": "linux", "variant": "v7"}),
        ("LINUX/x86_64", {"architecture": "amd64", "os": "linux"}),
        (
            "windows(10.0+a+b)/amd64",
            {"architecture": "amd64", "os": "windows", "os.version": "10.0", "os.features": ["a", "b"]},
        ),
    ],
)
def test_platforms_are_sent_as_they_were_written(client: Any, text: str, platform: dict[str, str]) -> None:
    client.engine.answers["GET /images/i/history"] = []
    assert client("history", "--platform", text, "i") == 0
    asked = unquote(client.engine.requests[-1][0]).partition("platform=")[2]
    assert json.loads(asked) == platform


@pytest.mark.parametrize(
    ("text", "sent"),
    [("", None), ("=", {"": {"": True}}), (" =x", {"": {"x": True}}), ("label=a=b", {"label": {"a=b": True}})],
)
def test_filters_are_the_engines_to_refuse(client: Any, text: str, sent: Any) -> None:
    client.engine.answers["GET /images/json"] = []
    assert client("images", "--filter", text) == 0
    asked = unquote(client.engine.requests[-1][0]).partition("filters=")[2].partition("&")[0]
    assert (json.loads(asked) if asked else None) == sent


def test_a_search_asks_for_a_limit_only_where_there_is_one(client: Any) -> None:
    client.engine.answers["GET /images/search"] = []
    for limit, sent in (("-1", False), ("0", False), ("7", True)):
        assert client("search", "--limit", limit, "x") == 0
        assert ("limit=7" in client.engine.requests[-1][0]) is sent
        assert ("limit=" in client.engine.requests[-1][0]) is sent


@pytest.mark.parametrize("value", ["true", "false"])
def test_a_search_for_automated_builds_is_warned_of(client: Any, value: str) -> None:
    client.engine.answers["GET /images/search"] = []
    assert client("search", "--filter", f"is-automated={value}", "x") == 0
    assert client.err == (
        'WARNING: the "is-automated" filter is deprecated, and searching for "is-automated=true" will not yield any '
        "results in future.\n"
    )


def test_an_import_without_a_name(client: Any, tmp_path: Path) -> None:
    (tmp_path / "tar").write_bytes(b"")
    client.engine.answers["POST /images/create"] = b'{"status":"sha256:1"}\r\n'
    assert client("import", str(tmp_path / "tar"), "") == 0
    assert client.out == "sha256:1\n"
    assert "repo=" not in client.engine.requests[-1][0]


def test_a_push_of_one_platform_says_what_that_means(client: Any) -> None:
    client.engine.answers["POST /images/i/push"] = b""
    assert client("push", "-q", "--platform", "linux/amd64", "i:1") == 0
    lines = client.out.splitlines()
    assert lines[:2] == [
        "",
        " Info -> Using --platform pushes only the specified platform manifest of a multi-platform image index.",
    ]
    assert lines[3:] == [
        "         To push the complete multi-platform image, remove the --platform flag.",
        "         ",
        "docker.io/library/i:1",
    ]


def test_a_tree_in_a_pipe_has_no_symbols(client: Any) -> None:
    row = {"Id": f"sha256:{'1' * 64}", "RepoTags": ["i:1"], "Size": 5, "Containers": 0, "Created": 1}
    client.engine.answers["GET /images/json"] = [row]
    assert client("images", "--tree") == 0
    assert client.out.splitlines()[1] == " " * 62 + "Info ->  U In Use "


def test_the_year_one_has_four_digits(client: Any) -> None:
    entry = {"Id": "<missing>", "Created": -62130000000, "CreatedBy": "", "Tags": None, "Size": 0, "Comment": ""}
    client.engine.answers["GET /images/i/history"] = [entry]
    assert client("history", "--format", "{{.CreatedAt}}", "i") == 0
    assert client.out.startswith("0001-03-0")
