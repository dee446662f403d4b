"""An engine in a network namespace of its own, and another host beside it; the machine's own network is left alone."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.kernel.daemon_networks.site import Site


@pytest.fixture(scope="session")
def whole_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for all tests."""
    with ExitStack() as stack:
        yield Site(tmp_path_factory.mktemp("site"), stack, "w")


@pytest.fixture
def site(whole_site: Site) -> Iterator[Site]:
    """The site, swept after the test."""
    with ExitStack() as stack:
        whole_site.servers = stack
        yield whole_site
    whole_site.sweep()
