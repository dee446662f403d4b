"""A real HTTP server over a few made-up handlers, on a socket of its own, and clients that speak bytes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.http.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """The server; it is closed with every connection that is left."""
    with Bench(tmp_path / "http.sock") as running:
        yield running
