"""An engine in a network namespace of its own, and another host beside it; the machine's own network is left alone."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.kernel.daemon_networks.site import Site


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Root and busybox, or there is nothing to test."""
    reason = "needs root" if os.geteuid() else "" if shutil.which("busybox") else "needs busybox-static"
    if reason:
        for item in items:
            if "kernel/daemon_networks" in str(item.path):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def whole_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for all tests."""
    with ExitStack() as stack:
        yield Site(tmp_path_factory.mktemp("site"), stack)


@pytest.fixture
def site(whole_site: Site) -> Iterator[Site]:
    """The site, swept after the test."""
    with ExitStack() as stack:
        whole_site.servers = stack
        yield whole_site
    whole_site.sweep()
