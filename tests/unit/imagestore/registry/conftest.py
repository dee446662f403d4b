"""What the tests of the registry client share: a store in memory and a registry that can misbehave."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.imagestore.registry.faulty_registry import FaultyRegistry
from tests.unit.imagestore.registry.memory_store import MemoryStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MemoryStore]:
    """A store of the test's own."""
    made = MemoryStore(tmp_path)
    yield made
    made.close()


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry without TLS on loopback."""
    with FaultyRegistry() as made:
        yield made
