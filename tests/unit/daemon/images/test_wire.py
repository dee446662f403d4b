"""Images on the wire."""

import pytest

from pydock.daemon.api import images as wire
from pydock.errors import InvalidParameter
from pydock.imagestore.platforms import Platform


def test_a_platform_stays_as_it_was_written() -> None:
    text = '{"os": "linux", "architecture": "arm64", "variant": "v8", "os.version": "1", "other": 5}'
    assert wire.parse_platform(text) == Platform("linux", "arm64", "v8", "1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "both OS and Architecture must be provided"),
        ('{"os": "linux"}', "both OS and Architecture must be provided"),
        ('{"variant": "v8"}', "optional platform fields provided, but OS and Architecture are missing"),
        ("null", "both OS and Architecture must be provided"),
        (
            '{"OS": 5}',
            "failed to parse platform: json: cannot unmarshal number into Go struct field Platform.OS of type string",
        ),
        ("[]", "failed to parse platform: json: cannot unmarshal array into Go value of type v1.Platform"),
        ("x", "failed to parse platform: invalid character 'x' looking for beginning of value"),
        ('{"os"', "failed to parse platform: unexpected end of JSON input"),
    ],
)
def test_what_is_no_platform(text: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as raised:
        wire.parse_platform(text)
    assert raised.value.message == message


def test_rows_of_older_versions() -> None:
    row = {"RepoTags": [], "RepoDigests": [], "Size": 5}
    assert wire.summaries([dict(row)], (1, 44)) == [row]
    assert wire.summaries([dict(row)], (1, 43)) == [{**row, "VirtualSize": 5}]
    older = {"RepoTags": ["<none>:<none>"], "RepoDigests": ["<none>@<none>"], "Size": 5, "VirtualSize": 5}
    assert wire.summaries([dict(row)], (1, 42)) == [older]
