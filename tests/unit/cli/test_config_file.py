"""config.json as Docker's client reads it: what is wrong with it is told in Go's words, and the rest of it holds."""

from pathlib import Path
from typing import Any

import pytest

from pydock.cli.config_file import ConfigFile, load


def read(folder: Path, content: str) -> tuple[ConfigFile, list[str]]:
    """The configuration that a file with that content is, and what is told of it."""
    told: list[str] = []
    (folder / "config.json").write_text(content)
    return load(str(folder), told.append), told


@pytest.mark.parametrize(
    "content", ["", " \n", "null", "{}", '{"psFormat":null}', '{"auths":{"x":null}}', '{"unknown":5}', "{}trailing"]
)
def test_what_is_not_wrong_is_not_told(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content)[1] == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "unexpected EOF"),
        ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        ("[]", "json: cannot unmarshal array into Go value of type configfile.ConfigFile"),
        ("5", "json: cannot unmarshal number into Go value of type configfile.ConfigFile"),
        ('{"psFormat":5}', "json: cannot unmarshal number into Go struct field ConfigFile.psFormat of type string"),
        (
            '{"auths":5}',
            "json: cannot unmarshal number into Go struct field ConfigFile.auths of type map[string]types.AuthConfig",
        ),
        (
            '{"auths":{"x":{"username":true}}}',
            "json: cannot unmarshal bool into Go struct field ConfigFile.auths.x.username of type string",
        ),
        (
            '{"plugins":{"a":[]}}',
            "json: cannot unmarshal array into Go struct field ConfigFile.plugins.a of type map[string]string",
        ),
        (
            '{"proxies":{"d":{"httpProxy":{}}}}',
            "json: cannot unmarshal object into Go struct field ConfigFile.proxies.d.httpProxy of type string",
        ),
        ('{"pruneFilters":["a",1]}', "json: cannot unmarshal number into ConfigFile.pruneFilters.1 of type string"),
        ('{"auths":{"x":{"auth":"!"}}}', "illegal base64 data at input byte 0"),
        ('{"auths":{"x":{"auth":"YTpiY"}}}', "illegal base64 data at input byte 4"),
        ('{"auths":{"x":{"auth":"YTo=x"}}}', "illegal base64 data at input byte 4"),
        ('{"auths":{"x":{"auth":"YT="}}}', "illegal base64 data at input byte 3"),
        ('{"auths":{"x":{"auth":"YT=x"}}}', "illegal base64 data at input byte 2"),
        ('{"auths":{"x":{"auth":"YQ=="}}}', "Invalid auth configuration file"),
    ],
)
def test_what_is_wrong_is_told_as_go_tells_it(tmp_path: Path, content: str, told: str) -> None:
    assert read(tmp_path, content)[1] == [f"Error parsing config file ({tmp_path}/config.json): {told}"]


def test_what_is_well_formed_beside_a_mistake_holds(tmp_path: Path) -> None:
    config, told = read(tmp_path, '{"psFormat":5,"currentContext":"other"}')
    assert len(told) == 1
    assert (config.text("psFormat"), config.current_context) == ("", "other")


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.json").mkdir()
    told: list[str] = []
    load(str(tmp_path), told.append)
    assert told == [f"Error parsing config file ({tmp_path}/config.json): read {tmp_path}/config.json: is a directory"]


@pytest.mark.parametrize("line", ["context show", "ps --foo", "help"])
def test_a_mistake_is_told_before_all_else(client: Any, line: str) -> None:
    client.config({"psFormat": 5})
    client(*line.split())
    assert client.err.startswith("WARNING: Error parsing config file (")
    assert client.err.count("WARNING") == 1
