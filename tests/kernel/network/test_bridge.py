"""The host's links, in a network namespace of the test's own."""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest

from pydock.linux import netns
from pydock.linux.namespaces import CLONE_NEWNET, setns
from pydock.linux.netlink import Netlink
from pydock.network import bridge
from pydock.network.bridge import BridgeDevice, Host
from pydock.network.namespaces import Namespaces

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """An empty host's links."""
    thread = netns.NamespaceThread()
    namespaces = Namespaces()
    descriptor, netlink = thread.make(lambda own: (own, Netlink())).result()

    def inside() -> Netlink:
        assert threading.current_thread() is not threading.main_thread()
        setns(descriptor, CLONE_NEWNET)  # in a thread that ends soon
        return Netlink()

    monkeypatch.setattr(bridge, "Netlink", inside)
    monkeypatch.setattr(bridge, "_write_bridge_sysctls", lambda device: None)  # they are in the test's namespace
    try:
        yield Host(netlink, namespaces, "pdt-owner")
    finally:
        namespaces.close()
        netlink.close()
        os.close(descriptor)
        thread.close()


def test_a_dismissed_link_leaves_its_name_at_once_and_goes_soon(host: Host) -> None:
    host.ensure_bridge(BridgeDevice("pdt0"))
    host.dismiss_link("pdt0")
    assert host.link("pdt0") is None
    host.ensure_bridge(BridgeDevice("pdt0"))
    deadline = time.monotonic() + 30
    while [link.name for link in host.owned_links()] != ["pdt0"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_dismissed_link_goes_though_no_thread_can_be_had(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.ensure_bridge(BridgeDevice("pdt0"))
    with ThreadPoolExecutor(1) as alone, monkeypatch.context() as patch:
        alone.submit(threading.get_ident).result()  # it is there before, and has the test's namespace to itself
        patch.setattr(threading.Thread, "start", Mock(side_effect=RuntimeError("can't start new thread")))
        alone.submit(host.dismiss_link, "pdt0").result()
    assert host.owned_links() == []


def test_a_link_that_is_not_there_is_not_missed(host: Host) -> None:
    host.dismiss_link("pdt0")
    host.remove_link("pdt0")
