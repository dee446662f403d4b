"""Credentials in config.json, in helpers, in the header."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from pydock.cli import credentials
from pydock.cli.config_file import ConfigFile, load
from pydock.errors import System

PAIR = base64.b64encode(b"user:pass:word").decode()


@pytest.fixture
def config(tmp_path: Path) -> ConfigFile:
    """An empty configuration."""
    return ConfigFile(str(tmp_path / "config" / "config.json"))


def helper(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Install a credential helper called `test`."""
    path = folder / "docker-credential-test"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize("kept", ["host:5000", "https://host:5000", "http://host:5000/v1/"])
def test_a_server_is_found_however_it_was_kept(config: ConfigFile, kept: str) -> None:
    config.content["auths"] = {kept: {"auth": PAIR}}
    found = credentials.get(config, "host:5000")
    assert found == {"username": "user", "password": "pass:word", "serveraddress": "host:5000"}


def test_what_is_stored_can_be_read_by_others_and_forgotten(config: ConfigFile) -> None:
    entry = {"username": "user", "password": "pass:word", "serveraddress": "host"}
    config.content["detachKeys"] = "ctrl-a"
    assert credentials.store(config, entry)
    content = json.loads(Path(config.path).read_text())
    assert content == {"detachKeys": "ctrl-a", "auths": {"host": {"auth": PAIR}}}
    assert Path(config.path).stat().st_mode & 0o777 == 0o600
    assert credentials.get(load(str(Path(config.path).parent), pytest.fail), "host") == entry
    credentials.erase(config, "host")
    assert json.loads(Path(config.path).read_text())["auths"] == {}


def test_what_was_kept_before_is_nothing_new_in_the_file(config: ConfigFile) -> None:
    """No warning then, as Docker gives none."""
    entry = {"username": "me", "password": "secret", "serveraddress": "reg.io"}
    assert credentials.store(config, entry)
    assert not credentials.store(config, entry)
    assert credentials.store(config, {**entry, "password": "other"})


def test_a_token_is_kept_in_place_of_a_password(config: ConfigFile) -> None:
    credentials.store(config, {"username": "user", "identitytoken": "t", "serveraddress": "host"})
    assert credentials.get(config, "host")["identitytoken"] == "t"


def test_a_helper_keeps_what_the_file_must_not(
    config: ConfigFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = 'echo "{\\"host\\":\\"user\\"}"'
    script = f"case $1 in store) cat >{tmp_path}/kept;; get) cat {tmp_path}/kept;; list) {known};; esac"
    helper(tmp_path, monkeypatch, script)
    config.content["credsStore"] = "test"
    entry = {"username": "user", "password": "secret", "serveraddress": "host"}
    assert not credentials.store(config, entry)
    assert "secret" not in Path(config.path).read_text()
    assert credentials.get(config, "host") == entry
    assert credentials.every(config) == {"host": entry}


def test_a_helper_that_knows_nothing_is_no_error_and_one_that_fails_is(
    config: ConfigFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.content["credHelpers"] = {"host": "test"}
    helper(tmp_path, monkeypatch, "echo credentials not found in native keychain; exit 1")
    assert credentials.get(config, "host") == {}
    helper(tmp_path, monkeypatch, "echo it broke; exit 2")
    with pytest.raises(System, match="error getting credentials - err: exit status 2, out: `it broke`"):
        credentials.get(config, "host")


def test_the_header_is_urlsafe_base64_of_json(config: ConfigFile) -> None:
    assert json.loads(base64.urlsafe_b64decode(credentials.header({"username": "ü?>"}))) == {"username": "ü?>"}
    assert json.loads(base64.urlsafe_b64decode(credentials.header_for(config, "docker.io"))) == {}
    assert credentials.server_of("docker.io") == "https://index.docker.io/v1/"


def test_proxies_are_those_of_the_host_or_the_default(config: ConfigFile) -> None:
    config.content["proxies"] = {"default": {"httpProxy": "a"}, "unix:///x": {"noProxy": "b"}}
    assert config.proxies("tcp://other") == {"HTTP_PROXY": "a", "http_proxy": "a"}
    assert config.proxies("unix:///x") == {"NO_PROXY": "b", "no_proxy": "b"}


def test_a_helper_that_is_not_there_is_told_in_gos_words(client: Any) -> None:
    client.config({"credsStore": "is-not-there"})
    assert client("logout") == 0
    missing = 'exec: "docker-credential-is-not-there": executable file not found in $PATH, out: ``'
    assert client.err == (
        f"WARNING: error getting credentials - err: {missing}\nWARNING: could not erase credentials:\n"
        f"https://index.docker.io/v1/: error erasing credentials - err: {missing}\n"
    )


def test_the_environment_goes_before_the_file(config: ConfigFile) -> None:
    config.content["auths"] = {"host": {"auth": PAIR}, "other": {"auth": PAIR}}
    config.environment = json.dumps({"auths": {"host": {"auth": base64.b64encode(b"me:secret").decode()}}})
    assert credentials.get(config, "host")["username"] == "me"
    assert credentials.get(config, "other")["username"] == "user"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x", "invalid character 'x' looking for beginning of value"),
        ("{} {}", "DOCKER_AUTH_CONFIG does not support more than one JSON object"),
        ('{"foo":1}', 'json: unknown field "foo"'),
        ('{"auths":{"h":{"username":"u"}}}', 'json: unknown field "username"'),
        ('{"auths":{"h":{}}}', "DOCKER_AUTH_CONFIG environment variable is missing key `auth` for h"),
        ('{"auths":{"h":{"auth":"YQ=="}}}', "Invalid auth configuration file"),
        ("5", "json: cannot unmarshal number into Go value of type configfile.configEnv"),
    ],
)
def test_an_environment_that_cannot_be_read_is_told_and_passed_over(config: ConfigFile, text: str, told: str) -> None:
    heard: list[str] = []
    config.environment, config.complain = text, heard.append
    assert credentials.get(config, "h") == {}
    assert heard == [f"Failed to create credential store from DOCKER_AUTH_CONFIG:  {told}"]


def test_who_logs_out_hears_that_the_environment_has_credentials(client: Any) -> None:
    client.environ["DOCKER_AUTH_CONFIG"] = "{}"
    assert client("logout", "host") == 0
    assert client.err.startswith("\n Warn -> DOCKER_AUTH_CONFIG is set and takes precedence.\n")
