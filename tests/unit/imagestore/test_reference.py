"""Normalisation of image references: the table is that of Docker's own parser."""

import pytest

from pydock.errors import InvalidParameter
from pydock.imagestore.reference import Reference, parse, validate_digest

DIGEST = "sha256:86e0e091d0da6bde2456dbb48306f3956bbeb2eae1b5b9a43045843f69fe4aaa"
HEX = "1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a"

SPELLINGS = [
    # what is written, what it means, how it is shown
    ("busybox", "docker.io/library/busybox", "busybox"),
    ("busybox:1.0_a-b", "docker.io/library/busybox:1.0_a-b", "busybox:1.0_a-b"),
    ("docker.io/busybox", "docker.io/library/busybox", "busybox"),
    ("index.docker.io/library/busybox", "docker.io/library/busybox", "busybox"),
    ("user/app", "docker.io/user/app", "user/app"),
    ("library/foo/bar", "docker.io/library/foo/bar", "library/foo/bar"),
    ("localhost/app", "localhost/app", "localhost/app"),
    ("localhost:5000/app:x", "localhost:5000/app:x", "localhost:5000/app:x"),
    ("127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b"),
    ("[fc00::1]:5000/docker", "[fc00::1]:5000/docker", "[fc00::1]:5000/docker"),
    ("example.com/app", "example.com/app", "example.com/app"),
    ("LOCALDOMAIN/debian", "LOCALDOMAIN/debian", "LOCALDOMAIN/debian"),
    ("Foo/bar", "Foo/bar", "Foo/bar"),
    ("192.168.0.1:80", "docker.io/library/192.168.0.1:80", "192.168.0.1:80"),
    ("dock__er/docker", "docker.io/dock__er/docker", "dock__er/docker"),
    ("docker---rules/docker", "docker.io/docker---rules/docker", "docker---rules/docker"),
    (f"docker.io/{HEX}", f"docker.io/library/{HEX}", HEX),
    (f"busybox:latest@{DIGEST}", f"docker.io/library/busybox:latest@{DIGEST}", f"busybox:latest@{DIGEST}"),
]


@pytest.mark.parametrize(("written", "full", "familiar"), SPELLINGS)
def test_a_reference_is_normalised_and_shown_short(written: str, full: str, familiar: str) -> None:
    reference = parse(written)
    assert str(reference) == full
    assert reference.familiar == familiar
    assert parse(full) == reference


@pytest.mark.parametrize(
    "written",
    [
        "",
        "https://github.com/docker/docker",
        "-docker",
        "-docker/docker",
        "docker-/docker",
        "docker///docker",
        "docker/",
        "dock..er/docker",
        "dock_.er/docker",
        "dock___er/docker",
        "____/____",
        "[fc00::1]",
        "[fc00::1]:5000",
        "fc00::1:5000/debian",
        "[fe80::1%eth0]:5000/debian",
        "busybox:",
        "busybox:-tag",
        "busybox:" + "a" * 129,
        "busybox:\u00e4",
        "busybox\n",
        "busybox:latest\n",
        "busybox@sha256:1234",
        "a" * 100_000,
        "a-" * 400,
    ],
)
def test_what_is_no_reference_is_refused(written: str) -> None:
    with pytest.raises(InvalidParameter, match=r"^invalid reference format"):
        parse(written)


def test_upper_case_is_named_as_the_reason() -> None:
    with pytest.raises(InvalidParameter, match=r"repository name \(library/BusyBox\) must be lowercase"):
        parse("BusyBox:latest")


def test_an_identifier_is_no_repository() -> None:
    with pytest.raises(InvalidParameter, match="cannot specify 64-byte hexadecimal strings"):
        parse(HEX)


def test_a_long_path_is_refused_by_its_length_without_the_domain() -> None:
    assert parse("example.com:5000/" + "a" * 255).path == "a" * 255
    with pytest.raises(InvalidParameter, match="must not be more than 255 characters"):
        parse("example.com:5000/" + "a" * 256)


def test_the_default_tag_is_added_only_where_nothing_is_said() -> None:
    assert parse("busybox").with_default_tag().tag == "latest"
    assert parse("busybox:1").with_default_tag().tag == "1"
    assert parse(f"busybox@{DIGEST}").with_default_tag().tag == ""


def test_tag_and_digest_are_replaced_by_the_one_asked_for() -> None:
    reference = parse(f"busybox:1@{DIGEST}")
    assert reference.with_tag("2") == Reference("docker.io", "library/busybox", "2")
    assert reference.with_digest(DIGEST) == Reference("docker.io", "library/busybox", "", DIGEST)
    with pytest.raises(InvalidParameter, match="invalid tag format"):
        reference.with_tag("-x")


@pytest.mark.parametrize(
    ("digest", "reason"),
    [
        ("sha256", "format"),
        ("md5:d41d8cd98f00b204e9800998ecf8427e", "unsupported"),
        ("sha256:12", "length"),
        ("sha256:" + "A" * 64, "format"),
        ("sha256:" + "../" * 10, "format"),
    ],
)
def test_a_wrong_digest_is_refused(digest: str, reason: str) -> None:
    with pytest.raises(InvalidParameter, match=reason):
        validate_digest(digest)
