"""Names of hosts in the options of network volumes, and what of options is shown."""

import socket

import pytest

from pydock.daemon.volumes.mount_flags import resolve, without_passwords
from pydock.errors import System


@pytest.mark.parametrize(
    ("kind", "device", "data", "resolved"),
    [
        ("nfs", ":/x", "addr=localhost,addr=localhost,rw", (":/x", "addr=127.0.0.1,addr=localhost,rw")),
        ("nfs", ":/x", "addr=192.0.2.1", (":/x", "addr=192.0.2.1")),
        ("nfs", ":/x", "addr=", (":/x", "addr=")),
        ("nfs4", "localhost:/x", "", ("localhost:/x", "")),
        ("cifs", "//localhost/x", "username=a", ("//127.0.0.1/x", "username=a")),
        ("cifs", "//u:p@localhost/x y", "", ("//u:p@127.0.0.1/x y", "")),
        ("cifs", "//nope.invalid/x", "addr=localhost", ("//nope.invalid/x", "addr=127.0.0.1")),
        ("cifs", "//[::1]/x", "", ("//[::1]/x", "")),
        ("tmpfs", "tmpfs", "addr=localhost", ("tmpfs", "addr=localhost")),
    ],
)
def test_names_become_addresses(
    monkeypatch: pytest.MonkeyPatch, kind: str, device: str, data: str, resolved: tuple[str, str]
) -> None:
    both = [(socket.AF_INET6, 1, 6, "", ("::1", 0, 0, 0)), (socket.AF_INET, 1, 6, "", ("127.0.0.1", 0))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: both)
    assert resolve(kind, device, data) == resolved


def test_a_name_that_nobody_knows() -> None:
    with pytest.raises(
        System, match=r"^error resolving passed in network volume address: lookup a\.\.b: no such host$"
    ):
        resolve("nfs", ":/x", "addr=a..b")


def test_passwords_are_not_shown() -> None:
    assert without_passwords("username=a,password=b,rw") == "username=a,password=********,rw"
    assert without_passwords("pass=a,passwd=b,password2=c,x=password=d") == (
        "pass=********,passwd=********,password2=********,x=password=d"
    )
    assert without_passwords("password=") == "password="
