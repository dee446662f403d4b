"""Image references, read by Docker's rules."""

import pytest

from pydock.cli import reference
from pydock.errors import InvalidParameter

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        ("busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("a/b:1", "docker.io/a/b:1", "a/b:1"),
        ("docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("index.docker.io/library/x", "docker.io/library/x:latest", "x:latest"),
        ("host:5000/x", "host:5000/x:latest", "host:5000/x:latest"),
        ("localhost/x:t", "localhost/x:t", "localhost/x:t"),
        ("Host/x", "Host/x:latest", "Host/x:latest"),
        (f"x@{DIGEST}", f"docker.io/library/x@{DIGEST}", f"x@{DIGEST}"),
        (f"x:t@{DIGEST}", f"docker.io/library/x:t@{DIGEST}", f"x:t@{DIGEST}"),
        ("a.b/c_d/e__f/g-h--i", "a.b/c_d/e__f/g-h--i:latest", "a.b/c_d/e__f/g-h--i:latest"),
        ("[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest"),
    ],
)
def test_a_reference_is_completed_and_shortened(text: str, full: str, familiar: str) -> None:
    found = reference.parse(text).tagged()
    assert (found.full, found.familiar) == (full, familiar)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "invalid reference format"),
        ("UPPER", "invalid reference format: repository name (library/UPPER) must be lowercase"),
        ("a//b", "invalid reference format"),
        ("-a", "invalid reference format"),
        ("a..b", "invalid reference format"),
        ("a___b", "invalid reference format"),
        ("a:", "invalid reference format"),
        ("a:.x", "invalid reference format"),
        ("a@sha256:1", "invalid reference format"),
        ("a:" + "x" * 129, "invalid reference format"),
        ("a/" * 130 + "b", "repository name must not be more than 255 characters"),
        ("a" * 64, f"invalid repository name ({'a' * 64}), cannot specify 64-byte hexadecimal strings"),
    ],
)
def test_what_is_no_reference_is_refused_in_dockers_words(text: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        reference.parse(text)
    assert caught.value.message == message
