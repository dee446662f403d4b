"""Which kernel parameters a container may have."""

import pytest

from pydock.errors import InvalidParameter
from pydock.runtime import sysctls

ALL = ("ipc", "network", "uts")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
        ("net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding"),
        ("net.ipv4.conf.eth0/100.forwarding", "net/ipv4/conf/eth0.100/forwarding"),
        ("kernel.shmmax", "kernel/shmmax"),
        ("fs.mqueue.msg_max", "fs/mqueue/msg_max"),
        ("kernel.domainname", "kernel/domainname"),
    ],
)
def test_namespaced_parameters_have_a_path(name: str, path: str) -> None:
    assert sysctls.check(name, ALL) == path


@pytest.mark.parametrize(
    "name",
    [
        "kernel.panic", "vm.swappiness", "net", "", ".", "/", "net..x", "net/../kernel/panic",
        "net/ipv4/../../kernel/panic",
        "net.ipv4./../../../kernel/panic", "/net/ipv4/ip_forward", "kernel.shmmax/../panic", "net.ipv4.a\0b",
        "kernel.hostname",
        "fs.mqueue", "fs.file-max",
    ],
)  # fmt: skip
def test_others_and_tricks_are_refused(name: str) -> None:
    with pytest.raises(InvalidParameter):
        sysctls.check(name, ALL)


def test_a_parameter_of_the_hosts_namespace_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="network"):
        sysctls.check("net.ipv4.ip_forward", ("ipc", "uts"))
