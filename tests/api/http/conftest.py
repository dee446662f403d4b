"""A real HTTP server over a few made-up handlers, on a socket of its own, and clients that speak bytes."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from http_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """The server; it is closed with every connection that is left."""
    with Bench(tmp_path / "http.sock") as running:
        yield running
